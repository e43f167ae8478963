"""The picture book: every screen × language × text size × colours × panel, as pages to look at.

    python -m screens.book --out DIR                     every screen in every language; every mode in ja and my
    python -m screens.book --out DIR --every             every combination (hours)
    python -m screens.book --out DIR --language vi --size XL --contrast black --panel across

Needs no display (SDL's offscreen driver). Under each picture stand its texts with their keys. Beside each language's
page lies another one with every text of its catalogue and where it is seen (strings.py), for a native who checks it.
`--language en-XA` is a language that nobody speaks, a third longer. Not in the appliance.
"""

from __future__ import annotations

import argparse
import datetime as dt
import html
import itertools
import os
import sys
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from i18n import pseudo
from i18n.catalogue import languages
from screens import environment, fonts, strings
from screens.strings import Picture
from screens.theme import look, tokens
from screens.theme.colours import PALETTES

SIZE = (1080, 1920)
PANEL_MM = (267.8, 476.1)
PANELS = ("upright", "low", "across")
"""As it stands, with every control in low reach, and turned on its side."""
NOON = dt.datetime(2026, 11, 20, 10, 24)


class Look(NamedTuple):
    """One way to show everything: a page of the book."""

    language: str
    size: str = "S"
    contrast: str = "normal"
    panel: str = "upright"

    @property
    def folder(self) -> str:
        return "-".join(self)


_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Madoguchi: every screen</title><style>
body{font-family:'Noto Sans CJK JP',sans-serif;background:#8a8f98;margin:24px;color:#1a1a1a}
h1,h2{color:#fff}
main{display:flex;flex-wrap:wrap;gap:20px}
figure{margin:0;background:#fff;border-radius:6px;padding:8px}
img{width:360px;display:block}
details{max-width:360px;font-size:13px}
dt{color:#4d4d4d}
dd{margin:0 0 6px;font-size:15px}
a{color:inherit}
figcaption{padding:6px 2px 0;font-size:15px}
</style></head><body>
"""


def _window(is_across: bool) -> Any:
    size, panel = (SIZE[::-1], PANEL_MM[::-1]) if is_across else (SIZE, PANEL_MM)
    os.environ["SDL_VIDEODRIVER"] = "offscreen"
    environment.prepare(size)
    look.fit_panel(size, panel)
    look.moves = False
    look.now = lambda: NOON
    look.monotonic = lambda: 0.0
    from kivy.base import EventLoop  # noqa: PLC0415  # after the environment
    from kivy.core.window import Window  # noqa: PLC0415

    from screens.app import UiApp  # noqa: PLC0415

    app = UiApp("", "")
    EventLoop.ensure_window()
    Window.add_widget(app.frame)
    return app


def _pictures(app: Any, name: str, shown: Look, folder: Path) -> Iterator[Picture]:
    """Draw one exhibit."""
    from screens import exhibit  # noqa: PLC0415  # after the environment
    from screens.picture_of import free_textures, window_picture  # noqa: PLC0415

    manner = exhibit.Manner(shown.language, shown.size, shown.contrast, shown.panel == "low")
    free_textures()
    with strings.asked_for() as asked:
        for picture in exhibit.pose(app, name, manner):
            window_picture().save(folder / f"{picture}.png", compress_level=1)
            root, nodes = exhibit.in_front(app)
            texts = [(node.key, " / ".join(node.lines)) for node in nodes if any(node.lines)]
            yield Picture(picture, texts, strings.places(root), frozenset(asked))
            asked.clear()


def make(out: Path, looks: list[Look]) -> int:
    """Write the pages and their pictures; the number of pictures."""
    fonts.require()
    index = [_HEAD, "<h1>Every screen</h1>\n<ul>\n"]
    for shown in looks:
        words = f' · <a href="{shown.folder}/{strings.PAGE}">every text</a>' if _has_strings(shown) else ""
        title = html.escape(" · ".join(shown))
        index.append(f'<li><a href="{shown.folder}/index.html">{title}</a>{words}\n')
    index.append("</ul>\n</body></html>\n")
    out.mkdir(parents=True, exist_ok=True)
    (out / "index.html").write_text("".join(index), encoding="utf-8")
    for is_across in (False, True):  # one process has one window of one size
        process = get_context("spawn").Process(
            target=_pages, args=(out, [each for each in looks if (each.panel == "across") == is_across])
        )
        process.start()
        process.join()
        if process.exitcode:
            raise RuntimeError("a page could not be drawn")
    return sum(len(list((out / shown.folder).glob("*.png"))) for shown in looks)


def _has_strings(shown: Look) -> bool:
    return shown == Look(shown.language) and shown.language != pseudo.LANGUAGE


def _pages(out: Path, looks: list[Look]) -> None:
    if not looks:
        return
    app = _window(looks[0].panel == "across")
    from screens import exhibit  # noqa: PLC0415  # after the environment

    for shown in looks:
        folder = out / shown.folder
        folder.mkdir(parents=True, exist_ok=True)
        page = [_HEAD, f"<h1>{html.escape(' · '.join(shown))}</h1>\n<main>\n"]
        found: list[Picture] = []
        for name in exhibit.names():
            for picture in _pictures(app, name, shown, folder):
                found.append(picture)
                page.append(_figure(picture))
        page.append("</main>\n</body></html>\n")
        (folder / "index.html").write_text("".join(page), encoding="utf-8")
        if _has_strings(shown):
            strings.write(folder, shown.language, found + strings.slips(folder), _HEAD)


def _figure(picture: Picture) -> str:
    name = html.escape(picture.name)
    said = "".join(f"<dt>{html.escape(key)}<dd>{html.escape(text)}" for key, text in picture.texts)
    return (
        f'<figure><a href="{name}.png"><img src="{name}.png" loading="lazy" alt="{name}"></a>'
        f"<figcaption>{name}</figcaption><details><summary>texts</summary><dl>{said}</dl></details></figure>\n"
    )


def usual() -> list[Look]:
    """Every language once; every size, every palette, every panel in Japanese and in Burmese."""
    looks = [Look(language) for language in languages()]
    for language in [each for each in ("ja", "my") if each in languages()]:
        looks += [Look(language, size=size) for size in tokens.SIZE_FACTOR if size != "S"]
        looks += [Look(language, contrast=contrast) for contrast in PALETTES if contrast != "normal"]
        looks += [Look(language, panel=panel) for panel in PANELS if panel != "upright"]
    return looks


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m screens.book", description="Every screen as a picture.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--every", action="store_true", help="every combination of what is not chosen")
    parser.add_argument("--language", action="append", choices=(*languages(), pseudo.LANGUAGE))
    parser.add_argument("--size", action="append", choices=tuple(tokens.SIZE_FACTOR))
    parser.add_argument("--contrast", action="append", choices=tuple(PALETTES))
    parser.add_argument("--panel", action="append", choices=PANELS)
    chosen = parser.parse_args(argv)
    is_chosen = any((chosen.language, chosen.size, chosen.contrast, chosen.panel))
    looks = usual()
    if chosen.every or is_chosen:
        every = chosen.every
        looks = [
            Look(*each)
            for each in itertools.product(
                chosen.language or languages(),
                chosen.size or (tuple(tokens.SIZE_FACTOR) if every else ("S",)),
                chosen.contrast or (tuple(PALETTES) if every else ("normal",)),
                chosen.panel or (PANELS if every else ("upright",)),
            )
        ]
    count = make(chosen.out, looks)
    sys.stdout.write(f"{count} pictures: {chosen.out / 'index.html'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
