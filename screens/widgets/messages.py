"""Boxes that say something: `ok` green, `warn` yellow, `soft` grey, `panel` edged. An icon says it without colour."""

from __future__ import annotations

from typing import Any

from i18n.catalogue import Value
from screens.theme import tokens
from screens.widgets.base import Row
from screens.widgets.picture import Icon
from screens.widgets.text import Text

_TONES = {
    "ok": ("tick_round", "green"),
    "safe": ("safe", "green"),
    "warn": ("alert", "ink"),
    "soft": ("", "ink"),
    "lock": ("lock", "ink"),
    "ask": ("ask", "blue"),
    "info": ("info", "blue"),
    "phone": ("phone_call", "blue"),
    "call": ("call", "blue"),
    "plain": ("", "ink"),
}
_BOXES = {"ok": "ok", "safe": "ok", "warn": "warn", "plain": ""}


class Say(Row):
    """`tone` of _TONES; `key` of the catalogue; `style` of the words; `icon_high` in mm."""

    tone = "soft"
    key = ""
    style = "body"
    icon_high = 14.0
    gap = tokens.GAP_2
    pad_x = 6.0
    pad_y = 4.0

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.icon = Icon()
        self.text = Text()
        self.text.grow = 1.0
        self.add_widget(self.icon)
        self.add_widget(self.text)

    def say(self, key: str, count: int | None = None, **values: Value) -> None:
        self.key = key
        self.text.say(key, count, **values)

    def on_kv_post(self, base_widget: object) -> None:
        """From a .kv file: now everything is set. (Python calls `settle` itself; this comes before __init__ ends.)"""
        if self.children:
            self.settle()

    def settle(self) -> None:
        """Take over what was set on it."""
        icon, colour = _TONES[self.tone]
        self.box = _BOXES.get(self.tone, "soft")
        self.icon.high = self.icon_high
        self.icon.show(bool(icon))
        self.icon.use(icon, colour)
        self.text.style = self.style
        self.text.align = "center" if self.tone == "plain" else "left"
        if self.key and not self.text.key:
            self.text.say(self.key)

    def set_tone(self, tone: str) -> None:
        if tone != self.tone:
            self.tone = tone
            self.settle()
            self.changed()
