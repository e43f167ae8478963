"""縮退 as versioned data: which letters are written plainly as which, and `kiosk-letters`, which makes such a file.

    {"format": 1, "version": "1.2.0 / 006.02", "source": "…", "licence": "…",
     "letters": {"髙": "高", "齋": "斎斉", …}}

The file beside this module has the letters of names that occur most; it is our own. The national table (MJ縮退マップ
with MJ文字情報一覧表, 文字情報技術促進協議会) is under CC BY-SA 2.1 JP and is not in this tree: a town that wants it
makes its file from the two published ones and names it in `[town] letters`.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from kiosk.errors import ConfigError, MadoguchiError
from kiosk.same_name import PlainForms

OURS = Path(__file__).with_name("letters.json")

_RULES = (
    "JIS包摂規準・UCS統合規則",
    "法務省戸籍法関連通達・通知",
    "法務省告示582号別表第四",
    "辞書類等による関連字",
    "読み・字形による類推",
)
OFFICIAL = _RULES[:3]
"""Rules with a ministry or a standard behind them. The other two take letters for one that people take for two."""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of letters."""

    format: Literal[1]
    version: str
    source: str
    licence: str
    letters: dict[str, str]
    """A letter → every letter that may be written for it; one code point each, no variation selectors."""

    def forms(self) -> PlainForms:
        return {letter: frozenset(targets) for letter, targets in self.letters.items()}


def read_letters(file: Path = OURS) -> Table:
    """ConfigError: it is not such a file. The message names no letter."""
    try:
        table = msgspec.json.decode(file.read_bytes(), type=Table)
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError):
        raise ConfigError(f"{file}: not a table of letters") from None
    if any(len(letter) != 1 or not targets for letter, targets in table.letters.items()):
        raise ConfigError(f"{file}: a line of it is not a letter with what is written for it")
    return table


def make(shrink_map: Mapping[str, Any], rows: Iterator[Mapping[str, str]], rules: Sequence[str]) -> Table:
    """From the two published files: what each MJ letter may be written as, by the letter that it is in Unicode. Shapes
    that share a code point share what any of them may be written as. ConfigError: another form than is known."""
    listed, version = {}, ""
    for row in rows:
        name, code = row.get("MJ文字図形名") or "", row.get("対応するUCS") or ""
        version = version or row.get("版") or ""
        if name and code.startswith("U+"):
            listed[name] = chr(int(code[2:], 16))
    found: dict[str, set[str]] = {}
    try:
        for item in shrink_map["content"]:
            letter = listed.get(item["MJ文字図形名"])
            targets = {chr(int(each["UCS"][2:], 16)) for rule in rules for each in item.get(rule, ())}
            if letter is not None and targets - {letter}:
                found.setdefault(letter, set()).update(targets - {letter})
        version = str(shrink_map["meta"]["version"])
    except (KeyError, TypeError, ValueError):
        raise ConfigError("not an MJ縮退マップ of the form that is known (1.2.0)") from None
    letters = {letter: "".join(sorted(targets)) for letter, targets in sorted(found.items())}
    source = "MJ縮退マップ, MJ文字情報一覧表 (文字情報技術促進協議会): " + "、".join(rules)
    return Table(1, version, source, "CC BY-SA 2.1 JP", letters)


def main(argv: Sequence[str] | None = None) -> int:
    """0 done; 1 refused, and why."""
    given = _parser().parse_args(argv)
    try:
        if given.verb == "show":
            table = read_letters(given.file)
        else:
            with given.list.open(encoding="utf-8-sig", newline="") as lines:
                shrink_map = json.loads(given.map.read_text(encoding="utf-8-sig"))
                table = make(shrink_map, csv.DictReader(lines), given.rule or OFFICIAL)
            given.out.write_bytes(msgspec.json.encode(table))
    except (MadoguchiError, OSError, ValueError) as error:
        sys.stderr.write(f"kiosk-letters: {error}\n")
        return 1
    sys.stdout.write(f"{table.version}: {len(table.letters)} letters. {table.source} ({table.licence})\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kiosk-letters", description=__doc__.partition("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    show = verbs.add_parser("show", help="version, source and size of a table")
    show.add_argument("file", type=Path, nargs="?", default=OURS)
    made = verbs.add_parser("make", help="a table from the two published files")
    made.add_argument("--map", type=Path, required=True, help="MJShrinkMap.1.2.0.json")
    made.add_argument("--list", type=Path, required=True, help="MJ文字情報一覧表 saved as CSV (UTF-8)")
    made.add_argument("--rule", action="append", choices=_RULES, help="default: the three official ones")
    made.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    sys.exit(main())
