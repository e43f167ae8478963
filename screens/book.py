"""The picture book: every screen in every language, as a page to look at.

    python -m screens.book --out DIR [--language ja --language en] [--size S] [--contrast normal]

Needs no display (SDL's offscreen driver). For reviewers, translators and the manual; not in the appliance.
"""

from __future__ import annotations

import argparse
import datetime as dt
import html
import os
import sys
from pathlib import Path
from typing import Any

from i18n.catalogue import languages
from screens import environment, fonts, samples
from screens.theme import look, tokens
from screens.theme.colours import PALETTES

SIZE = (1080, 1920)
PANEL_MM = (267.8, 476.1)
THUMB_WIDE = 360
NOON = dt.datetime(2026, 11, 20, 10, 24)

_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Madoguchi: every screen</title><style>
body{font-family:'Noto Sans CJK JP',sans-serif;background:#8a8f98;margin:24px;color:#1a1a1a}
h1,h2{color:#fff}
main{display:flex;flex-wrap:wrap;gap:20px}
figure{margin:0;background:#fff;border-radius:6px;padding:8px}
img{width:360px;display:block}
figcaption{padding:6px 2px 0;font-size:15px}
</style></head><body>
"""


def _window() -> Any:
    os.environ["SDL_VIDEODRIVER"] = "offscreen"
    environment.prepare(SIZE)
    look.fit_panel(SIZE, PANEL_MM)
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


def _picture(app: Any, name: str, language: str, text_size: str, contrast: str, path: Path) -> None:
    from kivy.core.window import Window  # noqa: PLC0415  # after the environment

    from screens.picture_of import window_picture  # noqa: PLC0415

    app.router.show_connecting()
    if name != "connecting":
        app.show(samples.sample(name, language, text_size, contrast))
    else:
        look.dress(language, text_size, contrast)
        app.frame.restyle()
        app.frame.regrow()
        app.frame.settle()
    Window.clearcolor = look.colour("page")
    window_picture().save(path, compress_level=6)


def make(out: Path, chosen: list[str], text_size: str, contrast: str) -> int:
    """Write the page and its pictures; the number of pictures."""
    fonts.require()
    app = _window()
    out.mkdir(parents=True, exist_ok=True)
    names = (*samples.names(), "connecting")
    page = [_HEAD, f"<h1>Every screen · text {text_size} · {contrast}</h1>\n"]
    for language in chosen:
        page.append(f"<h2>{html.escape(language)}</h2>\n<main>\n")
        for name in names:
            file = f"{name}.{language}.png"
            _picture(app, name, language, text_size, contrast, out / file)
            page.append(
                f'<figure><a href="{file}"><img src="{file}" loading="lazy" alt="{name}"></a>'
                f"<figcaption>{name}</figcaption></figure>\n"
            )
        page.append("</main>\n")
    page.append("</body></html>\n")
    (out / "index.html").write_text("".join(page), encoding="utf-8")
    return len(names) * len(chosen)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m screens.book", description="Every screen as a picture.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--language", action="append", choices=languages())
    parser.add_argument("--size", choices=tuple(tokens.SIZE_FACTOR), default="S")
    parser.add_argument("--contrast", choices=tuple(PALETTES), default="normal")
    arguments = parser.parse_args(argv)
    count = make(arguments.out, arguments.language or list(languages()), arguments.size, arguments.contrast)
    sys.stdout.write(f"{count} pictures: {arguments.out / 'index.html'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
