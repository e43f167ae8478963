"""catalogue.toml makes the enum, the page for technicians and systemd's message catalogue. --check: look only."""

from __future__ import annotations

import argparse
import re
import string
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.errors import ConfigError

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LEVELS = ("debug", "info", "warning", "error", "critical")


@dataclass(frozen=True)
class Entry:
    name: str
    id: str
    level: str
    text: str
    fields: tuple[str, ...]
    ja: str
    en: str


def read(source: str) -> tuple[dict[str, str], tuple[Entry, ...]]:
    """Fields and messages; ConfigError names what is not of the form."""
    found = tomllib.loads(source)
    fields: dict[str, str] = found.pop("fields")
    entries = tuple(_entry(name, facts, fields) for name, facts in found.pop("message").items())
    if found:
        raise ConfigError(f"catalogue: unknown table {', '.join(found)}")
    if len({each.id for each in entries}) != len(entries):
        raise ConfigError("catalogue: one id twice")
    if unused := set(fields) - {name for each in entries for name in each.fields}:
        raise ConfigError(f"catalogue: no message has the field {', '.join(sorted(unused))}")
    return fields, entries


def _entry(name: str, facts: dict[str, Any], fields: dict[str, str]) -> Entry:
    if set(facts) != {"id", "level", "text", "ja", "en"} or not re.fullmatch(r"[a-z]+(-[a-z]+)*", name):
        raise ConfigError(f"catalogue: {name}: id, level, text, ja and en are expected")
    used = tuple(each[1] for each in string.Formatter().parse(facts["text"]) if each[1])
    if missing := set(used) - set(fields):
        raise ConfigError(f"catalogue: {name}: unknown field {', '.join(sorted(missing))}")
    if not re.fullmatch(r"[0-9a-f]{32}", facts["id"]) or facts["level"] not in LEVELS:
        raise ConfigError(f"catalogue: {name}: id or level")
    return Entry(name, facts["id"], facts["level"], facts["text"], used, facts["ja"], facts["en"])


def enum(fields: dict[str, str], entries: Sequence[Entry]) -> str:
    lines = [
        '"""Made from catalogue.toml by `python -m kiosk.messages.make`: change that file, not this one."""',
        "",
        "from __future__ import annotations",
        "",
        "import logging",
        "from enum import Enum",
        "",
        "FIELDS = {",
        *(f'    "{name}": {_quoted(form)},' for name, form in fields.items()),
        "}",
        '"""Field -> the form of its value (a regular expression that matches it as a whole)."""',
        "",
        "",
        "class Message(Enum):",
        '    """Every message there is: id, level, words, fields."""',
        "",
        "    def __init__(self, id: str, level: int, text: str, *fields: str) -> None:",
        "        self.id = id",
        "        self.level = level",
        "        self.text = text",
        "        self.fields = fields",
        "",
    ]
    for each in entries:
        lines.append(f"    {each.name.replace('-', '_').upper()} = (")
        lines += [
            f'        "{each.id}",',
            f"        logging.{each.level.upper()},",
            f'        "{each.text}",',
        ]
        lines += [f'        "{name}",' for name in each.fields]
        lines.append("    )")
    return "\n".join(lines) + "\n"


def _quoted(form: str) -> str:
    return f'r"{form}"'


def page(entries: Sequence[Entry]) -> str:
    lines = [
        "# 記録される知らせ / Messages in the system's journal",
        "",
        "Made from `kiosk/messages/catalogue.toml` by `python -m kiosk.messages.make`. On a machine, by id:"
        " `journalctl MESSAGE_ID=…`; with the explanation: `journalctl -x`. Each field stands beside the text as"
        " `MADOGUCHI_FIELD=`. Nothing here can hold a name, a number of a card, an amount or what is on a paper.",
        "",
    ]
    for each in entries:
        lines += [
            f"## {each.name}",
            "",
            f"`{each.id}` · {each.level} · `{each.text}`",
            "",
            f"{each.ja}",
            "",
            f"{each.en}",
            "",
        ]
    return "\n".join(lines)


def catalogue(entries: Sequence[Entry]) -> str:
    """systemd.io/CATALOG: English, and Japanese under its locale."""
    parts = []
    for each in entries:
        for language, words in (("", each.en), (" ja", each.ja)):
            parts.append(
                f"-- {each.id}{language}\nSubject: Madoguchi: {each.name}\nDefined-By: Madoguchi\n\n{words}\n"
            )
    return "# Made from kiosk/messages/catalogue.toml.\n\n" + "\n".join(parts)


def made() -> dict[Path, str]:
    """Every file that comes from the catalogue, as it has to be."""
    fields, entries = read((HERE / "catalogue.toml").read_text(encoding="utf-8"))
    return {
        HERE / "message.py": enum(fields, entries),
        ROOT / "docs/messages.md": page(entries),
        ROOT / "systemd/catalog/madoguchi.catalog": catalogue(entries),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """1 with --check when a file is not as the catalogue says."""
    parser = argparse.ArgumentParser(prog="python -m kiosk.messages.make", description=__doc__)
    parser.add_argument("--check", action="store_true", help="say which file is old, change nothing")
    is_check = parser.parse_args(argv).check
    old = [path for path, text in made().items() if not path.exists() or path.read_text("utf-8") != text]
    for path in old:
        if is_check:
            print(f"{path}: not as catalogue.toml says (python -m kiosk.messages.make)")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(made()[path], encoding="utf-8")
    return 1 if old and is_check else 0


if __name__ == "__main__":
    sys.exit(main())
