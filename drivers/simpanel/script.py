"""A journey as data: what a person does at the kiosk, and what they should see. Read from journeys/NAME.toml.

title = { ja = "…", en = "…" }
lang = "ja"
steps = [
  { see = "Attract" },                          wait until this screen stands, take its picture
  { see = "Pay", where = { inserted = 0 } },    … and shows these values
  { tap = "attract.begin" },                    a real touch on that key; a list is several touches
  { pin = "1234" },                             a touch on each digit of the keypad
  { number = "hanako birth" },                  a touch on each digit that stands on her card
  { follow = "FaceCheck" },                     while this screen stands: turn the head as it asks
  { choose = "つぎへ" },                        with the keys alone: down until this is said, then press
  { strike = "curtain" },                       one key of the pad, or several
  { hear = "暗証番号" },                        wait until a line with these words was heard to its end
  { do = ["insert-coin", "500"] },              what `kiosk-sim do` does
]
ends = { due = 200, … }                         what must be true of the money at the end
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, ClassVar, Literal

import msgspec

from kiosk.errors import ConfigError

FOLDER = Path(__file__).parent / "journeys"

SEE_WITHIN_S = 20.0


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing: exactly one of KINDS."""

    see: str = ""
    where: dict[str, Any] = {}
    within_s: float = SEE_WITHIN_S
    tap: str | list[str] = ""
    pin: str = ""
    number: str = ""
    follow: str = ""
    choose: str = ""
    strike: str | list[str] = ""
    hear: str = ""
    do: list[str] = []
    note: str = ""
    """For the report: why."""
    may_fail: bool = False
    """A hand that may find nothing (a receipt that was not printed)."""

    KINDS: ClassVar[tuple[str, ...]] = (
        "see",
        "tap",
        "pin",
        "number",
        "follow",
        "choose",
        "strike",
        "hear",
        "do",
    )

    def __post_init__(self) -> None:
        if sum(bool(getattr(self, kind)) for kind in self.KINDS) != 1:
            raise ValueError(f"a step has exactly one of {', '.join(self.KINDS)}")
        if self.where and not self.see:
            raise ValueError("where goes with see")

    @property
    def kind(self) -> str:
        return next(kind for kind in self.KINDS if getattr(self, kind))

    @property
    def strikes(self) -> list[str]:
        return [self.strike] if isinstance(self.strike, str) else self.strike

    @property
    def taps(self) -> list[str]:
        return [self.tap] if isinstance(self.tap, str) else self.tap

    def words(self) -> str:
        """For the table. A PIN's digits are the demo's, and still have no place in a report."""
        match self.kind:
            case "see":
                return f"see {self.see}" + "".join(f" {key}={value}" for key, value in self.where.items())
            case "tap":
                return "tap " + ", ".join(self.taps)
            case "pin":
                return f"tap {len(self.pin)} digits"
            case "number":
                return f"tap the digits of {self.number}"
            case "choose":
                return f"choose “{self.choose}” with the keys"
            case "strike":
                return "strike " + ", ".join(self.strikes)
            case "hear":
                return f"hear “{self.hear}”"
            case "follow":
                return f"do what {self.follow} asks"
        return "do " + " ".join(self.do)


class Ends(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What must be true at the end, beside a ledger that balances to ¥0 and simulators that agree with it."""

    receipts: int = 0
    """収納金 of the journey, in yen."""
    returned: int | Literal["any"] = 0
    """Change and money given back, in yen; `any` where it hangs on how quick a hand is."""
    sheets: int = 0
    """Sheets of certificates that came out."""
    owed: int = 0
    """Left on slips, in yen."""
    waits: int = 0
    """Transactions that stay open because a person has to look (a note in doubt)."""
    most_touches: int = 0
    """Of a person, PIN included, without those for want of a sensor; 0: not asked."""
    most_seconds: int = 0
    """Of a slow reader (effort.py); 0: not asked."""
    closed: str = ""
    """`result` of the last transaction, as the journal has it; empty: not asked."""


class Journey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One visit."""

    title: dict[str, str]
    steps: list[Step]
    lang: str = "ja"
    ends: Ends = Ends()
    up: list[str] = []
    """Further arguments of `kiosk-sim up`."""
    in_ci: bool = True
    """Walked at each `make test`; else by `make campaign` and by name."""

    @property
    def persons(self) -> list[str]:
        """Whose cards are used: making a card's keys takes a while."""
        placed = {step.do[1] for step in self.steps if step.do[:1] == ["place-card"]}
        return sorted(each for each in placed if not each.startswith("staff:"))


def names() -> list[str]:
    """All journeys in the box."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name: str) -> Journey:
    """A journey of the box by its name, or a file by its path. ConfigError names file and place."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file():
        raise ConfigError(f"no journey of this name: {name}. There are: {', '.join(names())}")
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Journey)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as why:
        raise ConfigError(f"{path.name}: {why}") from None
