"""The assisted visit in three languages on two real displays, and both panels side by side, step by step, in
build/journeys/assisted-LANGUAGE. Part of `make campaign`; CI walks the Japanese one."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from drivers.simpanel import journey, report, script

LANGUAGES = ("ja", "en", "zh-Hans")
OUT = Path("build/journeys").resolve()
PAIRS = (
    ("03-PlaceCard", "assist-1-called"),
    ("04-EnterPin", "assist-2-pin"),
    ("07-ChooseKinds", "assist-3-kinds"),
    ("08-ChooseOptions", "assist-4-options"),
    ("09-Confirm", "assist-5-confirm"),
)
"""What the resident sees, and what the assistant sees in the same moment."""


def main() -> int:
    status = 0
    for language in sys.argv[1:] or LANGUAGES:
        folder = OUT / f"assisted-{language}"
        text = (script.FOLDER / "assisted.toml").read_text(encoding="utf-8")
        text = text.replace('lang = "ja"', f'lang = "{language}"')
        if language != "ja":
            more = "" if language == "en" else '{ tap = "attract.more" },\n  '
            text = text.replace('{ tap = "main" },', more + '{ tap = "{lang}" },', 1)
        OUT.mkdir(parents=True, exist_ok=True)
        file = OUT / f"assisted-{language}.toml"
        file.write_text(text, encoding="utf-8")
        result = journey.run(str(file), folder)
        print(report.table(result) if not result.is_good else f"assisted {language}: good", flush=True)
        status |= not result.is_good
        if result.is_good:
            for number, (left, right) in enumerate(PAIRS, 1):
                beside(folder / "screens", left, right).save(folder / f"side-{number}.png")
    return status


def beside(folder: Path, left: str, right: str) -> Image.Image:
    pictures = []
    for name in (left, right):
        with Image.open(folder / f"{name}.png") as picture:
            pictures.append(picture.convert("RGB").resize((540, 960)))
    both = Image.new("RGB", (1100, 960), (64, 64, 64))
    both.paste(pictures[0], (0, 0))
    both.paste(pictures[1], (560, 0))
    return both


if __name__ == "__main__":
    sys.exit(main())
