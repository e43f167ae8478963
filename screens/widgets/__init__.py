"""The parts that screens are made of. Importing this package makes them known to .kv files."""

from screens.widgets import (
    amount,
    bar,
    base,
    button,
    choice,
    code,
    head,
    keypad,
    messages,
    money,
    picture,
    ring,
    sheets,
    steps,
    text,
    things,
)

__all__ = [
    "amount",
    "bar",
    "base",
    "button",
    "choice",
    "code",
    "head",
    "keypad",
    "messages",
    "money",
    "picture",
    "ring",
    "sheets",
    "steps",
    "text",
    "things",
]
