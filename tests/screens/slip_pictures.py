"""The printed slips as pictures, for the native who checks a language's texts: they stand on no screen.

    python -m tests.screens.slip_pictures --out build/screens   beside the book's pages; `make screens` calls it

Each slip in each language, as the receipt printer draws it, and which texts of the catalogue went into it (SLIPS of
`screens/strings.py`).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from drivers.escpos.render import Painter
from i18n.catalogue import languages, load
from kiosk.money import Yen
from kiosk.ports import Slip
from kiosk.slips import Languages, owed
from screens import strings
from screens.book import Look
from tests.codec.test_slips import EVERY, HEADING

REASONS = ("unknown", "restart", "not-voided")
"""Why money is owed; the first one, a shortage, is among EVERY."""


def _slips() -> dict[str, Callable[[Languages], Slip]]:
    def because(reason: str) -> Callable[[Languages], Slip]:
        return lambda say: owed(say, HEADING, Yen(600), reason, "M-403")

    return {
        **EVERY,
        **{f"owed-{reason}": because(reason) for reason in REASONS},
        "owed-uncounted": lambda say: owed(say, HEADING, None, "unknown", "M-403"),
    }


def slips(language: str) -> Iterator[tuple[str, Slip, list[str]]]:
    """Name, slip and the texts that stand on it."""
    for name, slip in _slips().items():
        with strings.asked_for() as asked:
            own = load(language).template if language != "ja" else None
            written = slip(Languages(load("ja").template, own))
        yield f"slip-{name}", written, sorted(asked)


def make(out: Path, language: str) -> int:
    """Draw every slip of a language into its folder of the book; how many."""
    folder = out / Look(language).folder
    folder.mkdir(parents=True, exist_ok=True)
    painter, found = Painter(), {}
    for name, slip, keys in slips(language):
        painter.draw(slip).save(folder / f"{name}.png")
        found[name] = keys
    (folder / strings.SLIPS).write_text(json.dumps(found, indent=1), encoding="utf-8")
    return len(found)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Every slip as a picture.")
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args(argv).out
    count = sum(make(out, language) for language in languages())
    sys.stdout.write(f"{count} slips\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
