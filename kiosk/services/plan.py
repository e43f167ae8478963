"""What a plan is: the order in which a resident is asked, as data. Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from kiosk.ports import SecretKind


class Step(enum.Enum):
    """One question, or one thing the machine does before the next question."""

    LANGUAGE = "language"
    CARD = "card"
    PIN = "pin"
    CARD_BACK = "card_back"
    KINDS = "kinds"
    OPTIONS = "options"
    PREPARE = "prepare"
    CONFIRM = "confirm"
    PAY = "pay"
    ISSUE = "issue"
    TAKE = "take"


@dataclass(frozen=True, slots=True)
class Plan:
    """A named order of steps. `bar` says on which dot of the step bar each step stands (0 = no bar)."""

    name: str
    steps: tuple[Step, ...]
    bar: tuple[int, ...]
    binds_kinds: bool
    """The kinds are chosen before the card, so the card's signature covers them too."""
    secret: SecretKind = SecretKind.AUTH
    """What the card asks of its holder. Every plan that ships has the PIN; the screens have no keys for another."""

    def __post_init__(self) -> None:
        if len(self.steps) != len(self.bar) or len(set(self.steps)) != len(self.steps):
            raise ValueError("a plan has each step once and a dot for each")

    @property
    def dots(self) -> int:
        return max(self.bar)

    def after(self, step: Step) -> Step | None:
        """The step that follows; None at the end."""
        at = self.steps.index(step) + 1
        return self.steps[at] if at < len(self.steps) else None

    def dot(self, step: Step) -> int:
        return self.bar[self.steps.index(step)]

    def comes_before(self, first: Step, second: Step) -> bool:
        return self.steps.index(first) < self.steps.index(second)
