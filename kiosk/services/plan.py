"""What a plan is: the order in which a resident is asked, as data. Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from kiosk.ports import SecretKind


class Step(enum.Enum):
    """One question, or one thing the machine does before the next question."""

    LANGUAGE = "language"
    NUMBER = "number"
    """照合番号B, for the photo on the card; before the card goes in, because it is read off the card."""
    CARD = "card"
    RECORD = "record"
    """The card's own word on who its holder is, by its own PIN; nothing to ask where 照合番号B has opened it."""
    PIN = "pin"
    FACE = "face"
    CARD_BACK = "card_back"
    KINDS = "kinds"
    OPTIONS = "options"
    PREPARE = "prepare"
    CONFIRM = "confirm"
    PAY = "pay"
    ISSUE = "issue"
    TAKE = "take"


class Policy(enum.Enum):
    """How a service wants to be sure who is there. A town chooses, within what the service allows."""

    PIN = "pin"
    PIN_AND_FACE = "pin+face"
    """And that the person is the one on the card's photo; or a member of staff has looked."""
    FACE = "face"
    """Without the PIN: nothing is signed, so for forms only."""


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
    policies: tuple[Policy, ...] = (Policy.PIN,)
    """What a town may choose for this service."""
    policy: Policy = Policy.PIN

    def __post_init__(self) -> None:
        if len(self.steps) != len(self.bar) or len(set(self.steps)) != len(self.steps):
            raise ValueError("a plan has each step once and a dot for each")
        if self.policy not in self.policies:
            raise ValueError("a policy that this service does not allow")

    def under(self, policy: Policy, reads_record: bool = False) -> Plan:
        """The same service under a town's policy; `reads_record`: with the card's own record in any case. ValueError:
        not for this one.
        """
        steps, bar = list(self.steps), list(self.bar)
        more = [(Step.RECORD, Step.PIN, 0)] if reads_record else []
        if policy is Policy.PIN_AND_FACE:
            more += [(Step.NUMBER, Step.CARD, 0), (Step.FACE, Step.PIN, 1)]
        for new, beside, offset in more:
            at = steps.index(beside)
            steps.insert(at + offset, new)
            bar.insert(at + offset, bar[at])
        return replace(self, steps=tuple(steps), bar=tuple(bar), policy=policy)

    @property
    def wants_face(self) -> bool:
        return Step.FACE in self.steps

    def before(self, step: Step) -> Step:
        """The step that precedes; a plan begins with a question of its own."""
        return self.steps[self.steps.index(step) - 1]

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
