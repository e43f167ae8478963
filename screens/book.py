"""The picture book: every screen × language × text size × colours × panel, as pages to look at.

    python -m screens.book --out DIR                     every screen in every language; every mode in ja and my
    python -m screens.book --out DIR --every             every combination (hours)
    python -m screens.book --out DIR --language vi --size XL --contrast black --panel across

Needs no display (SDL's offscreen driver). Under each picture stand its texts with their keys, so that a native can
check a catalogue where it is seen. For reviewers, translators and the manual; not in the appliance.
"""

from __future__ import annotations

import argparse
import datetime as dt
import html
import itertools
import os
import sys
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from i18n.catalogue import languages
from screens import environment, fonts, samples
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


def _picture(app: Any, name: str, shown: Look, path: Path) -> list[tuple[str, str]]:
    """Draw one screen; what it says, by key."""
    from kivy.core.window import Window  # noqa: PLC0415  # after the environment

    from screens import tree  # noqa: PLC0415
    from screens.picture_of import free_textures, window_picture  # noqa: PLC0415

    is_low = shown.panel == "low"
    app.router.forget()
    free_textures()
    if name == "connecting":
        app.router.show_connecting()
        look.dress(shown.language, shown.size, shown.contrast, is_low)
        app.frame.restyle()
        app.frame.regrow()
        app.frame.settle()
    else:
        base, _, sheet = name.partition("+")
        app.show(samples.sample(base, shown.language, shown.size, shown.contrast, is_low=is_low))
        if sheet:
            app.open_languages()
            if sheet == "display":
                app.frame.sheet.open(is_display=True)
            app.frame.settle()
    Window.clearcolor = look.colour("page")
    window_picture().save(path, compress_level=6)
    return [(node.key, " / ".join(node.lines)) for node in tree.in_front(app.frame) if any(node.lines)]


def names() -> tuple[str, ...]:
    """Every picture of a page."""
    return (*samples.names(), "connecting", "kinds+languages", "kinds+display")


def make(out: Path, looks: list[Look]) -> int:
    """Write the pages and their pictures; the number of pictures."""
    fonts.require()
    index = [_HEAD, "<h1>Every screen</h1>\n<ul>\n"]
    for shown in looks:
        index.append(f'<li><a href="{shown.folder}/index.html">{html.escape(" · ".join(shown))}</a>\n')
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
    return len(names()) * len(looks)


def _pages(out: Path, looks: list[Look]) -> None:
    app = _window(looks[0].panel == "across") if looks else None
    for shown in looks:
        folder = out / shown.folder
        folder.mkdir(parents=True, exist_ok=True)
        page = [_HEAD, f"<h1>{html.escape(' · '.join(shown))}</h1>\n<main>\n"]
        for name in names():
            texts = _picture(app, name, shown, folder / f"{name}.png")
            said = "".join(f"<dt>{html.escape(key)}<dd>{html.escape(text)}" for key, text in texts)
            page.append(
                f'<figure><a href="{name}.png"><img src="{name}.png" loading="lazy" alt="{name}"></a>'
                f"<figcaption>{name}</figcaption><details><summary>texts</summary><dl>{said}</dl></details></figure>\n"
            )
        page.append("</main>\n</body></html>\n")
        (folder / "index.html").write_text("".join(page), encoding="utf-8")


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
    parser.add_argument("--language", action="append", choices=languages())
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
