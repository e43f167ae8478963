"""`kiosk-paper`: 用紙受払. What came into a printer, was spoiled, taken out, counted; and the book of a month."""

from __future__ import annotations

import argparse
import csv
import getpass
import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime

from kiosk.clock import SystemClock
from kiosk.config import Config, load
from kiosk.errors import ConfigError, MadoguchiError
from kiosk.journal.reading import open_for_reading, timed_records
from kiosk.journal.records import AnyRecord
from kiosk.slips import JST
from kiosk.stationery import Act, Book, Day, days, prints

FILE = "paper.jsonl"
"""In the machine's state folder."""
_HEAD = ("日付", "受入", "使用", "書損", "払出", "残", "過不足", "結果不明の発行番号")
_ACTS = {"in": Act.IN, "spoiled": Act.SPOILED, "removed": Act.REMOVED, "count": Act.COUNTED}


def main(argv: Sequence[str] | None = None) -> int:
    """0 done; 1 refused, and why."""
    given = _parser().parse_args(argv)
    try:
        config = load(given.config)
        papers = _papers(config)
        printer = _printer(given.printer, config)
        paper = given.paper or papers.get(printer, "plain")
        book = Book(config.paths.state / FILE)
        if given.verb == "report":
            found = _days(config, book, paper, printer)
            _report(given, [each for each in found if each.day.startswith(given.month)])
        else:
            by = os.environ.get("SUDO_USER") or getpass.getuser()
            now = SystemClock().wall().astimezone(JST)
            book.add(now, _ACTS[given.verb], paper, given.sheets, by, given.note, printer)
            *_, last = _days(config, book, paper, printer)
            sys.stdout.write(f"{printer} {paper}: 残 {last.left} 枚\n")
    except MadoguchiError as error:
        sys.stderr.write(f"kiosk-paper: {error}\n")
        return 1
    return 0


def _days(config: Config, book: Book, paper: str, printer: str) -> list[Day]:
    printed = prints(_journal(config), _papers(config))
    return days(book.entries(), printed, paper, printer, config.equipment.certificate_printer)


def _printer(given: str, config: Config) -> str:
    """The tray that is meant: the certificate printer's unless another is named. ConfigError: there is none."""
    known = (config.equipment.certificate_printer, config.equipment.spare_printer)
    if given and given not in known:
        raise ConfigError(f"no certificate printer of this machine: {given}")
    return given or config.equipment.certificate_printer


def _journal(config: Config) -> Iterator[tuple[str, AnyRecord]]:
    if not config.paths.journal.exists():
        return
    with closing(open_for_reading(config.paths.journal)) as connection:
        for _, wall, record in timed_records(connection):
            yield _town_time(wall), record


def _town_time(wall: str) -> str:
    return datetime.fromisoformat(wall).astimezone(JST).isoformat(timespec="seconds")


def _papers(config: Config) -> dict[str, str]:
    """Printer -> what lies in it (the option `paper`)."""
    return {each.id: str(each.options.get("paper", "plain")) for each in config.devices}


def _report(given: argparse.Namespace, found: list[Day]) -> None:
    rows = [
        (
            each.day,
            each.came,
            each.used,
            each.spoiled,
            each.removed,
            each.left,
            each.difference,
            " ".join(each.doubts),
        )
        for each in found
    ]
    moved = zip(*((each.came, each.used, each.spoiled, each.removed) for each in found), strict=True)
    left = found[-1].left if found else 0
    sums = ["計", *map(sum, moved), left, sum(each.difference for each in found), ""]
    out = io.StringIO()
    writer = csv.writer(out, delimiter="," if given.csv else "\t", lineterminator="\n")
    writer.writerow(_HEAD)
    writer.writerows(rows)
    writer.writerow(sums)
    sys.stdout.write(out.getvalue())


def _sheets(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 100_000:
        raise ValueError
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kiosk-paper", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    texts = {
        "in": "入れた（受入）",
        "spoiled": "だめにした（書損）。紙詰まりの紙、取り忘れて廃棄した紙",
        "removed": "取り出した（払出）",
        "count": "数えた（実査）。帳簿との差は過不足になる",
    }
    for verb, text in texts.items():
        sub = verbs.add_parser(verb, help=text, description=text)
        sub.add_argument("--sheets", type=_sheets, required=True, help="枚数")
        sub.add_argument("--note", default="", help="摘要。人の名前や証明書の内容は書かない")
    report = verbs.add_parser("report", help="用紙受払簿")
    report.add_argument("--month", required=True, help="2026-11")
    report.add_argument("--csv", action="store_true")
    for sub in verbs.choices.values():
        sub.add_argument("--config", action="append", required=True, help="as often as there are files")
        sub.add_argument("--paper", default="", help="plain, security … (default: what lies in that printer)")
        sub.add_argument(
            "--printer",
            default="",
            help="certificate2 … 2台目のプリンター (default: the certificate printer)",
        )
    return parser


if __name__ == "__main__":
    sys.exit(main())
