"""What a visit asks of a person: touches, words, seconds by a keystroke-level model, beside the convenience store's.

The model is Card, Moran and Newell's (1980: point 1.1 s, press 0.2 s, decide M), with two readers. The slow one needs
3 s a decision and 5 s a coin, and reads 100 words a minute: every word once, where it stands first. What hands and eyes
do is counted; the machine's own time is added, what simulators spend on mechanics is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from drivers.simpanel.script import Step


@dataclass(frozen=True)
class Reader:
    """Seconds for one of each."""

    touch_s: float
    decision_s: float
    word_s: float
    coin_s: float
    note_s: float
    card_s: float
    thing_s: float


PRACTISED: Final = Reader(
    touch_s=1.3, decision_s=1.35, word_s=0.0, coin_s=2.0, note_s=3.0, card_s=2.0, thing_s=1.5
)
"""Knows the way and reads nothing twice: KLM as published."""
SLOW: Final = Reader(touch_s=1.3, decision_s=3.0, word_s=0.6, coin_s=5.0, note_s=8.0, card_s=5.0, thing_s=4.0)

HANDS: Final[Mapping[str, str]] = {
    "insert-coin": "coin",
    "insert-note": "note",
    "take-note": "note",
    "place-card": "card",
    "remove-card": "card",
    "touch-terminal": "card",
    "hold-code": "card",
    "scan-screen": "card",
    "take-paper": "thing",
    "take-spare": "thing",
    "take-receipt": "thing",
    "take-coins": "thing",
}
"""Act of a hand -> what it takes. Accidents take nobody's time."""

_WORD = re.compile(
    r"[\u4e00-\u9fff々]+[\u3041-\u309f]*|[\u3041-\u309f]+|[\u30a0-\u30ff]+|[0-9][0-9,.:]*\S?|[^\W\d_]+"
)
"""A Japanese phrase counts as one word: kanji with the kana behind them, a run of kana. Elsewhere: letters in a row."""
_RUNS_ON = re.compile(r"[\u0e00-\u0e7f\u1000-\u109f]+")
_LETTERS_A_WORD = 5
"""Thai and Burmese write no spaces: so many letters are one word."""


def words_in(text: str) -> list[str]:
    """The words of a text, as somebody reads them."""
    found: list[str] = []
    for run in _RUNS_ON.findall(text):
        found += [run[at : at + _LETTERS_A_WORD] for at in range(0, len(run), _LETTERS_A_WORD)]
    return found + _WORD.findall(_RUNS_ON.sub(" ", text))


@dataclass
class Effort:
    """Sums. `confirming`: touches that only say that something was taken, where no sensor says it."""

    touches: int = 0
    confirming: int = 0
    decisions: int = 0
    words: int = 0
    coins: int = 0
    notes: int = 0
    cards: int = 0
    things: int = 0

    def seconds(self, reader: Reader, machine_s: float = 0.0) -> float:
        return round(
            machine_s
            + (self.touches + self.confirming) * reader.touch_s
            + self.decisions * reader.decision_s
            + self.words * reader.word_s
            + self.coins * reader.coin_s
            + self.notes * reader.note_s
            + self.cards * reader.card_s
            + self.things * reader.thing_s,
            1,
        )


def of_steps(steps: Iterable[tuple[Step, Sequence[str]]]) -> Effort:
    """`steps`: each with the words that its screen shows (empty where it is no look)."""
    effort = Effort()
    known: set[str] = set()
    is_new_screen = True
    for step, shown in steps:
        match step.kind:
            case "see":
                fresh = [word for word in shown if word not in known]
                effort.words += len(fresh)
                known |= set(shown)
                is_new_screen = True
            case "tap" | "pin" | "number":
                count = len(step.taps) if step.kind == "tap" else len(step.pin) or 6
                if step.kind == "tap" and all(key.startswith("taken ") for key in step.taps):
                    effort.confirming += count
                    continue
                effort.touches += count
                effort.decisions += is_new_screen
                is_new_screen = False
            case "do":
                times = step.do[2] if len(step.do) > 2 else ""
                _hand(effort, HANDS.get(step.do[0], ""), int(times) if times.isdecimal() else 1)
    return effort


def _hand(effort: Effort, kind: str, times: int) -> None:
    match kind:
        case "coin":
            effort.coins += times
        case "note":
            effort.notes += 1
        case "card":
            effort.cards += 1
        case "thing":
            effort.things += 1


KONBINI: Final = Effort(touches=21, decisions=13, coins=2, cards=2, things=2, words=0)
"""住民票 of one person at a convenience store's copier, with nothing beyond the least, counted from the public
description of its steps (menu 2, municipality 1, PIN 4 and OK, kind 1, one of the household and who 2, three yes-or-no
questions, on 1, copies and on 2, confirm 1, issue 1, two coins, end the voice 1; printing "two minutes or more"). Not
measured; its words are not known and count as none."""
KONBINI_MACHINE_S: Final = 120.0
