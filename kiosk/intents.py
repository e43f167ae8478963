"""What a screen may ask. An intent carries the `step` of the view it was made on; a stale one is refused, so a
double tap is one action and a coin that arrives never eats a Cancel. No intent can carry a secret."""

from __future__ import annotations

import msgspec


class Intent(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True, kw_only=True):
    """A wish of the person at the screen."""

    step: int


class Begin(Intent, frozen=True):
    """Leave the idle screen."""


class ChooseLanguage(Intent, frozen=True):
    """Possible on every screen, without losing the place. BCP 47: `ja`, `en`."""

    language: str


class Next(Intent, frozen=True):
    """The one main action of the screen."""


class Back(Intent, frozen=True):
    """One question back."""


class Cancel(Intent, frozen=True):
    """End it; money inside comes back."""


class KeepGoing(Intent, frozen=True):
    """「つづける」: not a cancel, or still there."""


class CallStaff(Intent, frozen=True):
    """A person, please. Possible on every screen."""


class SetCopies(Intent, frozen=True):
    kind: str
    copies: int


class ChooseOption(Intent, frozen=True):
    kind: str
    option: str
    choice: str


class ConsentLastTry(Intent, frozen=True):
    """Yes, use the last try."""


class ForgotPin(Intent, frozen=True):
    """The number is not known: card back, and where it can be set again."""


class NoCard(Intent, frozen=True):
    """There is no card: what to do instead."""


class Taken(Intent, frozen=True):
    """`certificate`, `receipt`, `change`: only where no sensor says it."""

    thing: str


class GiveBack(Intent, frozen=True):
    """After a restart: the resident asks for the money that is inside. This is the authority for the payout."""


class SetVoice(Intent, frozen=True):
    is_on: bool


class SetTextSize(Intent, frozen=True):
    """`S`, `M`, `L`, `XL`."""

    size: str


class SetContrast(Intent, frozen=True):
    """`normal`, `black`."""

    contrast: str


AnyIntent = (
    Begin
    | ChooseLanguage
    | Next
    | Back
    | Cancel
    | KeepGoing
    | CallStaff
    | SetCopies
    | ChooseOption
    | ConsentLastTry
    | ForgotPin
    | NoCard
    | Taken
    | GiveBack
    | SetVoice
    | SetTextSize
    | SetContrast
)
