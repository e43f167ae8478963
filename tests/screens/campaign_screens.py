"""The gate over everything: every exhibit × 17 languages × 4 text sizes × 4 contrasts × upright, low reach, across.

    python -m tests.screens.campaign_screens                  all of it: an hour on two cores (part of make campaign)
    python -m tests.screens.campaign_screens --minutes 20     what comes first in so much time, and what it was
    python -m tests.screens.campaign_screens --whole          all of it in the order that costs least
    python -m tests.screens.campaign_screens --whole --resume without the blocks that the last run found whole
    python -m tests.screens.campaign_screens --language th --size XL --panel low --exhibit confirm

Each exhibit is laid out once for each language, size and panel, and asked everything that gate.py asks of places,
targets, words, speech, bar and main action. A palette cannot move anything: a layout that asked for a colour would be a
fault here, so what holds of a layout holds of it in all four (and that trees are equal is seen in the next sentence's
pictures). Pixels are looked at where colours need it: each exhibit in each language once, at sizes, palettes and panels
that take turns so that every pair of them is met; in colour and in grey. Across the panel, low reach changes nothing:
controls stand beside what is read.

A screen that does not hold the size that is asked for is set in the next smaller one: what ended at 1.15 when 1.4 was
asked for is the same picture when 1.25 or 1.15 is asked for. So a layout is not asked twice: with the largest
size first (`--whole`) this leaves out what is known. The pixels of the smaller size are taken all the same and must be
where the larger one was laid out, which would tell if it were not so.

The order without `--whole`: a third of the blocks (language, size, panel) holds every pair with every exhibit, and
every exhibit × language × size; so a run that is cut short has seen those.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

SIZES = ("S", "M", "L", "XL")
PANELS = ("upright", "low", "across")
PALETTES = ("normal", "low", "black", "yellow")
OUT = Path("build/screens-gate")
STAFF_LANGUAGES = ("ja", "en")
BLOCK_MOST_S = 1800
SHOWS_SIZE = ("kinds+display",)
"""Which size is chosen can be seen there."""
PICTURED = len(SIZES) * len(PANELS)
"""One in so many exhibits of a block is looked at in pixels: over the blocks of a language, each once."""


class Block(NamedTuple):
    """So many exhibits share these."""

    language: str
    size: str
    panel: str


def whole(languages: tuple[str, ...], sizes: tuple[str, ...], panels: tuple[str, ...]) -> list[Block]:
    """The largest size first, the smaller ones after it."""
    return [
        Block(language, size, panel)
        for language in languages
        for panel in panels
        for size in reversed(SIZES)
        if size in sizes
    ]


def blocks(languages: tuple[str, ...], sizes: tuple[str, ...], panels: tuple[str, ...]) -> list[Block]:
    """In three thirds; each has every language at every size, and the panels in another turn."""
    found = []
    for third in range(len(PANELS)):
        for at, size in enumerate(SIZES):
            for index, language in enumerate(languages):
                panel = PANELS[(index + at + third) % len(PANELS)]
                if size in sizes and panel in panels:
                    found.append(Block(language, size, panel))
    return found


class Gate:
    """One window; `across` decides which way round it is for good."""

    def __init__(self, is_across: bool) -> None:
        from screens import environment  # noqa: PLC0415  # before Kivy

        environment.prepare((1920, 1080) if is_across else (1080, 1920))
        from tests.screens import gate, window  # noqa: PLC0415  # import Kivy

        self.gate, self.window = gate, window
        self.app = window.lay(is_across)
        self.app._client = window.Recorder()
        self.bars: dict[Block, set[Any]] = {}
        self.laid_out = self.pictures = self.known = 0
        self._trees: dict[tuple[str, str, str], str] = {}
        self._ended: dict[tuple[str, str, str], tuple[float, float]] = {}
        """Language, panel, exhibit -> which size was asked for last, and in which it was shown."""
        self.faults: list[str] = []

    def block(self, block: Block, names: tuple[str, ...]) -> None:
        """Everything of this block; faults are added."""
        with self.window.undrawn():
            for name in names:
                self._exhibit(block, name)
        for name in [each for index, each in enumerate(names) if _is_pictured(block, index)]:
            self._picture(block, name, _palette(block, name, names))

    def _poses(self, block: Block, name: str, palette: str = "normal") -> Iterator[str]:
        from screens import exhibit  # noqa: PLC0415
        from screens.picture_of import free_textures  # noqa: PLC0415

        free_textures()
        return exhibit.pose(
            self.app, name, exhibit.Manner(block.language, block.size, palette, block.panel == "low")
        )

    def _exhibit(self, block: Block, name: str) -> None:
        from screens import exhibit, samples, tree  # noqa: PLC0415
        from screens.theme import look, tokens  # noqa: PLC0415

        gate, is_low, most = self.gate, block.panel == "low", 0.0
        asked = tokens.SIZE_FACTOR[block.size]
        before, ended = self._ended.get((block.language, block.panel, name), (0.0, 0.0))
        if ended <= asked < before and name not in SHOWS_SIZE:
            self.known += 1
            return
        for picture in self._poses(block, name):
            most = max(most, look.factor)
            root, nodes = exhibit.in_front(self.app)
            self.laid_out += 1
            found = gate.places(nodes) + gate.targets(nodes, is_low) + gate.words(root)
            if name in samples.names():
                found += self._of_a_screen(block, picture, nodes)
            self._trees[block.language, block.panel, picture] = tree.as_text(nodes)
            self.faults += [f"{'-'.join(block)} {picture}: {fault}" for fault in found]
        self._ended[block.language, block.panel, name] = (asked, most)

    def _of_a_screen(self, block: Block, picture: str, nodes: list[Any]) -> list[str]:
        from screens.theme import look  # noqa: PLC0415

        found = []
        if block.size in ("S", "XL"):  # what is said is the same at every size
            found += self.gate.speech(self.app, block.language)
        if len([node for node in nodes if node.role in self.gate.PRESSABLE]) < 5:
            found.append("nothing to press")
        if not picture.endswith("still-there"):
            bar = next(node for node in nodes if node.role == "bar")
            for node in nodes:
                gap = (bar.rect.y - node.rect.y - node.rect.height) / look.mm
                if node.key == "main" and not 0 < gap < 10:
                    found.append(f"main action {gap:.1f} mm above the bar")
        words = ("back", "cancel", "language", "voice", "call")
        places = tuple(node.rect for node in nodes if node.role == "button" and node.key in words)
        self.bars.setdefault(block, set()).add(places)
        if len(self.bars[block]) > 1 or len(places) != len(words):
            found.append("the bar moves")
        return found

    def _picture(self, block: Block, name: str, palette: str) -> None:
        from screens import exhibit, tree  # noqa: PLC0415
        from screens.picture_of import window_picture  # noqa: PLC0415

        gate = self.gate
        for picture in self._poses(block, name, palette):
            _, nodes = exhibit.in_front(self.app)
            shot = window_picture()
            self.pictures += 1
            found = gate.contrast(nodes, shot)
            found += [f"in grey: {each}" for each in gate.contrast(nodes, shot.convert("L").convert("RGB"))]
            found += gate.chosen_without_colour(self.app.frame, shot)
            if tree.as_text(nodes) != self._trees[block.language, block.panel, picture]:
                found.append("not where it was laid out")
            if palette == "normal":
                found += gate.known_colours(nodes, shot)
            if found:
                OUT.mkdir(parents=True, exist_ok=True)
                shot.save(OUT / f"{'-'.join(block)}-{palette}-{picture.replace('+', '_')}.png")
            self.faults += [f"{'-'.join(block)} {palette} {picture}: {fault}" for fault in found]


def _is_pictured(block: Block, index: int) -> bool:
    from i18n.catalogue import languages  # noqa: PLC0415

    turn = languages().index(block.language) * 5 + SIZES.index(block.size) * 3 + PANELS.index(block.panel)
    return (index + turn) % PICTURED == 0


def _palette(block: Block, name: str, names: tuple[str, ...]) -> str:
    from i18n.catalogue import languages  # noqa: PLC0415

    return PALETTES[(languages().index(block.language) + names.index(name)) % len(PALETTES)]


def names_for(language: str, wanted: list[str] | None) -> tuple[str, ...]:
    from screens import exhibit, samples  # noqa: PLC0415

    every = exhibit.names() + (samples.staff_names() if language in STAFF_LANGUAGES else ())
    return tuple(each for each in every if wanted is None or each in wanted)


def _found_whole() -> frozenset[Block]:
    """The blocks of earlier runs that had no fault."""
    lines = [
        json.loads(line) for path in OUT.glob("*.jsonl") for line in path.read_text("utf-8").splitlines()
    ]
    return frozenset(Block(*line["block"]) for line in lines if not line["faults"])


def work(asked: argparse.Namespace) -> int:
    """One process: the blocks of its panels. Its report is a line of JSON after each block."""
    from i18n.catalogue import languages  # noqa: PLC0415

    ends_s = time.monotonic() + asked.minutes * 60
    found = Gate(asked.panel == ["across"])
    order = whole if asked.whole else blocks
    todo = order(languages(), tuple(asked.size or SIZES), tuple(asked.panel))
    left_out = _found_whole() if asked.resume else frozenset()
    todo = [
        each
        for each in todo
        if each not in left_out and (not asked.language or each.language in asked.language)
    ]
    for number, block in enumerate(todo, 1):
        if time.monotonic() > ends_s:
            break
        found.faults.clear()
        names = names_for(block.language, asked.exhibit)
        found.block(block, names)
        done = {
            "block": block, "number": number, "of": len(todo), "exhibits": len(names), "laid_out": found.laid_out,
            "known": found.known, "pictures": found.pictures, "faults": found.faults,
        }  # fmt: skip
        sys.stdout.write(json.dumps(done, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    return 0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="The gate over every combination.")
    parser.add_argument("--minutes", type=float, default=600.0)
    parser.add_argument("--language", action="append")
    parser.add_argument("--size", action="append", choices=SIZES)
    parser.add_argument("--panel", action="append", choices=PANELS)
    parser.add_argument("--exhibit", action="append", help="a name of screens/exhibit.py")
    parser.add_argument("--whole", action="store_true", help="the order that costs least")
    parser.add_argument("--resume", action="store_true", help="without what the last runs found whole")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    if asked.worker:
        return work(asked)
    shares = [
        [each for each in asked.panel or PANELS if (each == "across") == across] for across in (False, True)
    ]
    OUT.mkdir(parents=True, exist_ok=True)
    processes = [_start(share, argv or sys.argv[1:]) for share in shares if share]
    faults = 0
    for process, path in processes:
        process.wait(asked.minutes * 60 + BLOCK_MOST_S)
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for line in lines:  # with --resume those of before, too
            faults += len(line["faults"])
            for fault in line["faults"]:
                sys.stdout.write(f"{fault}\n")
        last = lines[-1] if lines else {"number": 0, "of": 0, "laid_out": 0, "pictures": 0}
        sys.stdout.write(
            f"{path.stem}: {last['number']} of {last['of']} blocks, {last['laid_out']} layouts, "
            f"{last['pictures']} pictures\n"
        )
        if process.returncode or not lines:
            faults += 1
            sys.stdout.write(f"{path.stem}: ended with {process.returncode}\n")
    sys.stdout.write(f"{faults} faults\n")
    return 1 if faults else 0


def _start(panels: list[str], argv: list[str]) -> tuple[subprocess.Popen[bytes], Path]:
    kept = [
        each for at, each in enumerate(argv) if each != "--panel" and (not at or argv[at - 1] != "--panel")
    ]
    command = [sys.executable, "-m", "tests.screens.campaign_screens", "--worker", *kept]
    for panel in panels:
        command += ["--panel", panel]
    path = OUT / f"{'-'.join(panels)}.jsonl"
    environment = {**os.environ, "SDL_VIDEODRIVER": "offscreen"}
    with path.open("ab" if "--resume" in argv else "wb") as file:
        return subprocess.Popen(command, stdout=file, env=environment), path


if __name__ == "__main__":
    sys.exit(main())
