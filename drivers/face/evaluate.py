"""What a threshold costs a town's own people: error rates with intervals, per age band (ISO/IEC 19795-1, 30107-3).

    DIR/people.csv               person,age
    DIR/PERSON/card.*            the photo that stands for the card's (.jp2, .jpg, .png)
    DIR/PERSON/camera-*.*        pictures from the kiosk's camera, each compared with every card
    DIR/PERSON/live-*/           frames of a person who answered the turns of `seed` (a file: 32 hex digits)
    DIR/PERSON/attack-*/         frames of an attack on this person's card, with the `seed` that it was shown

Nothing is written; names stay in DIR, the report has counts only.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from drivers.face.decision import FaceCheck
from drivers.face.frames import FileFrames, Pixels, load
from drivers.face.photo import decode
from drivers.face.recogniser import Embedding, Recogniser, distance
from drivers.face.watcher import Watcher, photo_embedding
from kiosk.errors import ConfigError, DeviceUnavailable, PeerProtocolError
from kiosk.ids import DeviceId, OpId
from kiosk.ports import FaceJudged, FaceOutcome

BANDS: Final = ((0, "under 20"), (20, "20-39"), (40, "40-64"), (65, "65-74"), (75, "75 and over"))
PEOPLE_MIN: Final = 100
_PICTURES: Final = frozenset({".jpg", ".jpeg", ".png"})
_Z: Final = 1.959964


@dataclass(slots=True)
class Rate:
    errors: int = 0
    of: int = 0

    def count(self, is_error: bool) -> None:
        self.errors += is_error
        self.of += 1

    def interval(self) -> tuple[float, float]:
        """Wilson's, 95 %: it holds for few and for none, and what was not tried may be anything."""
        if self.of == 0:
            return 0.0, 1.0
        share, square = self.errors / self.of, _Z * _Z
        middle = (share + square / (2 * self.of)) / (1 + square / self.of)
        half = _Z / (1 + square / self.of)
        half *= math.sqrt(share * (1 - share) / self.of + square / (4 * self.of * self.of))
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        if self.of == 0:
            return "not tried"
        low, high = self.interval()
        return f"{self.errors}/{self.of} ({100 * low:.1f}-{100 * high:.1f} %)"


@dataclass(slots=True)
class Rates:
    people: int = 0
    not_acquired: Rate = field(default_factory=Rate)
    """Pictures or photos in which no single face was found (FTA)."""
    fmr: Rate = field(default_factory=Rate)
    fnmr: Rate = field(default_factory=Rate)
    apcer: Rate = field(default_factory=Rate)
    bpcer: Rate = field(default_factory=Rate)


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    folder: Path
    band: str
    card: Embedding | None
    cameras: tuple[Embedding, ...]


def band_of(age: int) -> str:
    return [name for begin, name in BANDS if age >= begin][-1]


class Evaluation:
    """One directory, one threshold. ConfigError when the directory is not as described."""

    def __init__(self, folder: Path, threshold: float) -> None:
        self._folder = folder
        self._threshold = threshold
        self._recogniser = Recogniser()
        self.rates: dict[str, Rates] = {name: Rates() for _, name in BANDS} | {"all": Rates()}

    def run(self) -> None:
        people = [self._read(person, age) for person, age in _people(self._folder)]
        for person in people:
            self._compare(person, people)
            self._replay(person)

    def _of(self, band: str) -> tuple[Rates, Rates]:
        return self.rates[band], self.rates["all"]

    def _read(self, person: str, age: int) -> Person:
        folder, band = self._folder / person, band_of(age)
        cards = sorted(folder.glob("card.*"))
        if len(cards) != 1:
            raise ConfigError("evaluate: a person without one card.*")
        cameras = [path for path in sorted(folder.glob("camera-*")) if path.suffix in _PICTURES]
        found = [self._embedding(path) for path in (cards[0], *cameras)]
        for rates in self._of(band):
            rates.people += 1
            for each in found:
                rates.not_acquired.count(each is None)
        return Person(folder, band, found[0], tuple(each for each in found[1:] if each is not None))

    def _embedding(self, path: Path) -> Embedding | None:
        try:
            return photo_embedding(self._recogniser, _pixels(path))
        except (PeerProtocolError, OSError, ValueError):
            return None

    def _compare(self, person: Person, people: list[Person]) -> None:
        if person.card is None:
            return
        for other in people:
            for camera in other.cameras:
                is_match = distance(person.card, camera) <= self._threshold
                for rates in self._of(other.band):
                    if other is person:
                        rates.fnmr.count(not is_match)
                    else:
                        rates.fmr.count(is_match)

    def _replay(self, person: Person) -> None:
        for folder in sorted(path for path in person.folder.iterdir() if path.is_dir()):
            kind = folder.name.partition("-")[0]
            if kind in ("live", "attack") and person.card is not None:
                has_passed = self._check(folder, person.card) is FaceOutcome.MATCHED
                for rates in self._of(person.band):
                    if kind == "live":
                        rates.bpcer.count(not has_passed)
                    else:
                        rates.apcer.count(has_passed)

    def _check(self, folder: Path, card: Embedding) -> FaceOutcome:
        """The very check of the kiosk, with the recorded questions."""
        try:
            seed = bytes.fromhex((folder / "seed").read_text().strip())
        except (OSError, ValueError):
            raise ConfigError("evaluate: a recording without its seed") from None
        frames = FileFrames(sorted(p for p in folder.iterdir() if p.suffix in _PICTURES), is_endless=False)
        check = FaceCheck(DeviceId("camera"), OpId("evaluate"), seed, self._threshold)
        watcher = Watcher(self._recogniser, card)
        try:
            frames.open()
            while (frame := frames.read()) is not None:
                for event in check.see(watcher.measure(frame, check.wants_distance)):
                    if isinstance(event, FaceJudged):
                        return event.outcome
        except DeviceUnavailable:
            pass  # the recording ended before a verdict
        return FaceOutcome.NOT_JUDGED


def _people(folder: Path) -> list[tuple[str, int]]:
    try:
        with (folder / "people.csv").open(encoding="utf-8", newline="") as file:
            rows = [(row["person"], int(row["age"])) for row in csv.DictReader(file)]
    except (OSError, KeyError, ValueError, TypeError):
        raise ConfigError("evaluate: people.csv must have the columns person and age") from None
    if any(not person or "/" in person or person.startswith(".") or age < 0 for person, age in rows):
        raise ConfigError("evaluate: a person is not a folder's name, or an age is none")
    if max(Counter(person for person, _ in rows).values(), default=1) > 1:
        raise ConfigError("evaluate: a person stands twice in people.csv")
    return rows


def _pixels(path: Path) -> Pixels:
    return decode(path.read_bytes()) if path.suffix == ".jp2" else load(path)


def report(rates: dict[str, Rates], threshold: float) -> str:
    """Text, with the warning that belongs to it."""
    heads = ("age", "people", "not acquired", "FNMR", "FMR", "BPCER", "APCER")
    rows = [heads]
    rows += [
        (band, str(r.people), str(r.not_acquired), str(r.fnmr), str(r.fmr), str(r.bpcer), str(r.apcer))
        for band, r in rates.items()
    ]
    widths = [max(len(row[index]) for row in rows) for index in range(len(heads))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    people = rates["all"].people
    lines += [
        "",
        f"Threshold {threshold}. In brackets: 95 % intervals (Wilson); comparisons are counted as if each",
    ]
    lines += ["were of its own, and those of one person are not, so true intervals are wider."]
    if people < PEOPLE_MIN:
        lines += [
            f"{people} people prove that the parts are connected, and nothing about accuracy: no threshold may be",
            f"set by this table. It wants {PEOPLE_MIN} people at the least, old and young, in the kiosk's own light.",
        ]
    return "\n".join(lines)
