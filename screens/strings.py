"""Every text of a language beside the pictures that it is seen in: what a native checks. A part of the picture book.

`strings.html`: key, what the translator should know, Japanese, English, the language's own, and where it is seen.
`strings.tsv`: key and text, to be corrected in any editor and taken back by `python -m i18n.exchange in LANGUAGE FILE`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from i18n import exchange
from i18n.catalogue import Catalogue, load

Seen = tuple[str, tuple[int, int, int, int] | None]
"""A picture, and where on it."""
PAGE, TABLE = "strings.html", "strings.tsv"
SLIPS = "slips.json"
"""Which texts stand on each picture of a printed slip that lies in the folder (tests/screens/slip_pictures.py)."""
_SEEN_MOST = 3
"""So many places of one text are shown."""
_SCALE = 0.5
_AIR, _AIR_BESIDE = 60, 200
"""Pixels of the picture around a text: a short word needs its neighbours to be understood."""

_STYLE = """<style>
table{border-collapse:collapse;background:#fff}
td,th{border:1px solid #aaa;padding:6px;vertical-align:top;text-align:left;max-width:320px}
.cut{position:relative;overflow:hidden;border:1px solid #888;margin-bottom:4px;display:block}
.cut i{position:absolute;border:3px solid #c0f;border-radius:4px}
code{font-size:12px;color:#555}
body>p{background:#fff;padding:8px}
</style>
"""


class Picture(NamedTuple):
    """One picture of the book. `places`: key and rectangle of what shows a text of the catalogue as it is; `asked`:
    every text that went into it, also as a part of another."""

    name: str
    texts: list[tuple[str, str]]
    places: list[tuple[str, tuple[int, int, int, int]]]
    asked: frozenset[str]


@contextmanager
def asked_for() -> Iterator[set[str]]:
    """Which texts are asked of any catalogue meanwhile."""
    asked: set[str] = set()
    message, template = Catalogue.message, Catalogue.template

    def noted_message(self: Catalogue, key: str, *args: Any, **values: Any) -> Any:
        asked.add(key)
        return message(self, key, *args, **values)

    def noted_template(self: Catalogue, key: str) -> str:
        asked.add(key)
        return template(self, key)

    Catalogue.message, Catalogue.template = noted_message, noted_template  # type: ignore[method-assign]
    try:
        yield asked
    finally:
        Catalogue.message, Catalogue.template = message, template  # type: ignore[method-assign]


def places(root: Any) -> list[tuple[str, tuple[int, int, int, int]]]:
    """Where below this widget a text of the catalogue is seen."""
    return [
        (element.key, tuple(element.rect))
        for element in root.walk(restrict=True)
        if getattr(element, "key", "") and getattr(element, "message", None) and element.rect.width
    ]


def slips(folder: Path) -> list[Picture]:
    """The slips that were drawn into this folder."""
    try:
        found = json.loads((folder / SLIPS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [Picture(name, [], [], frozenset(keys)) for name, keys in found.items()]


def write(folder: Path, language: str, pictures: list[Picture], head: str) -> None:
    """Both files."""
    seen: dict[str, list[Seen]] = {}
    for picture in pictures:
        for key, rect in picture.places:
            seen.setdefault(key, []).append((picture.name, rect))
    for picture in pictures:
        for key in picture.asked:
            if key not in seen or all(rect is None for _, rect in seen[key]):
                seen.setdefault(key, []).append((picture.name, None))
    words = load(language)
    rows, lines = [], []
    for line in exchange.out(language, is_all=True):
        key, note, japanese, english = line.split("\t")
        own = exchange.one_line(words.forms(key)) if words.has(key) else ""
        lines.append(f"{key}\t{own}")
        cells = (
            f"<code>{html.escape(key)}</code><br>{html.escape(note)}",
            *map(html.escape, (japanese, english, own)),
        )
        cuts = "".join(_cut(*each) for each in _apart(seen.get(key, []))) or "on no picture"
        rows.append("<tr>" + "".join(f"<td>{cell}" for cell in (*cells, cuts)) + "\n")
    titles = "".join(
        f"<th>{each}" for each in ("key and note", "Japanese", "English", language, "where it is seen")
    )
    help_ = (
        f"Correct what is wrong in {TABLE} (tab-separated: key, text) and take it back with "
        f"<code>python -m i18n.exchange in {language} {TABLE}</code>. Marks: CONTRIBUTING.md."
    )
    table = f"<table><tr>{titles}\n{''.join(rows)}</table>\n"
    page = f"{head}{_STYLE}<h1>{language}: every text</h1>\n<p>{help_}\n{table}"
    (folder / PAGE).write_text(page + "</body></html>\n", encoding="utf-8")
    (folder / TABLE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _apart(seen: list[Seen]) -> list[Seen]:
    """Of each screen once, whatever page of it."""
    first = {re.sub(r"-[0-9]+$", "", each[0]): each for each in reversed(seen)}
    return list(reversed(first.values()))[:_SEEN_MOST]


def _cut(name: str, rect: tuple[int, int, int, int] | None) -> str:
    """A piece of the picture, with a frame around the text; the whole picture is behind it."""
    link = f'<a href="{html.escape(name)}.png">{html.escape(name)}</a>'
    if rect is None:
        return f"in {link}<br>"
    x, y, width, height = rect
    left, top = max(0, x - _AIR_BESIDE), max(0, y - _AIR)
    size = (
        f"width:{(x - left + width + _AIR_BESIDE) * _SCALE:.0f}px;height:{(height + 2 * _AIR) * _SCALE:.0f}px"
    )
    image = (
        f'<img src="{html.escape(name)}.png" loading="lazy" style="width:auto;zoom:{_SCALE};position:absolute;'
        f'left:{-left}px;top:{-top}px">'
    )
    frame = (
        f'<i style="left:{(x - left) * _SCALE - 3:.0f}px;top:{(y - top) * _SCALE - 3:.0f}px;'
        f'width:{width * _SCALE:.0f}px;height:{height * _SCALE:.0f}px"></i>'
    )
    return f'<span class="cut" style="{size}">{image}{frame}</span>{link}<br>'
