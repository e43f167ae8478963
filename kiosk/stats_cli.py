"""`kiosk-stats`: the towns' figures from the journal, by one command each, without small cells.

kiosk-stats counts --config /etc/madoguchi/machine.toml --config /etc/madoguchi/municipality.toml --from 2026-11-01
kiosk-stats all --journal one.db=本庁 --journal two.db=支所 --csv --out figures.csv
kiosk-stats metrics --config …          Prometheus' text, as kiosk-metrics.socket serves it
kiosk-stats push --config …             the closed days of this machine to the town's server
"""

from __future__ import annotations

import argparse
import csv
import os
import queue
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import date, time, timedelta
from pathlib import Path

from kiosk import issuance_client
from kiosk.clock import SystemClock
from kiosk.config import Config, Mode, load
from kiosk.errors import ConfigError, JournalError
from kiosk.ids import DeviceId
from kiosk.journal import records as r
from kiosk.journal.ledger import EMPTY, Ledger, fold
from kiosk.journal.reading import open_for_reading, timed_records
from kiosk.ports import Event, FiguresKept, IssuanceFailed, KeepFigures
from kiosk.slips import JST
from kiosk.statistics import writing
from kiosk.statistics.cells import LEAST, Shown, shown_together
from kiosk.statistics.facts import Facts, gather
from kiosk.statistics.families import FAMILIES, Beside, Hours, Question
from kiosk.treasury.days import Entry, japan_date

GOOD, REFUSED, USAGE, AWAY = 0, 1, 2, 3
PUSHED = ("counts", "visits", "cashless", "times", "waiting", "satisfaction", "machine")
"""Families that go to the town's server."""
_DAYS = 7
"""So many closed days are pushed each time: one that failed is caught up, and one that came twice is one."""
_ANSWER_S = 20.0


def main(argv: Sequence[str] | None = None) -> int:
    """0 done; 1 refused: no journal, a file that is not understood; 2 usage; 3 the server does not take it."""
    given = _parser().parse_args(argv)
    try:
        if given.family == "list":
            return _list()
        if given.family == "metrics":
            return _metrics(given)
        if given.family == "push":
            return _push(given)
        return _write(given)
    except (ConfigError, JournalError, ValueError) as error:
        sys.stderr.write(f"kiosk-stats: {error}\n")
        return REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kiosk-stats", description=__doc__, formatter_class=_Raw)
    parser.add_argument("family", choices=(*FAMILIES, "all", "metrics", "push", "list"))
    parser.add_argument("--config", action="append", default=[], metavar="FILE", help="machine, then town")
    parser.add_argument(
        "--journal",
        action="append",
        default=[],
        metavar="FILE=PLACE",
        help="more machines, or without --config",
    )
    parser.add_argument(
        "--from", dest="first", type=date.fromisoformat, metavar="DAY", help="first day (Japan)"
    )
    parser.add_argument("--to", dest="last", type=date.fromisoformat, metavar="DAY", help="last day")
    parser.add_argument("--least", type=int, default=LEAST, help=f"smallest cell that is shown ({LEAST})")
    parser.add_argument("--hours", default="08:30-17:15", help="when the counters are open")
    parser.add_argument("--holidays", type=Path, metavar="CSV", help="date,name")
    parser.add_argument("--beside", type=Path, metavar="CSV", help="what,count: the town's own numbers")
    parser.add_argument("--language", choices=("ja", "en"), default="ja")
    parser.add_argument("--csv", action="store_true", help="for a spreadsheet")
    parser.add_argument("--out", type=Path, metavar="FILE")
    parser.add_argument(
        "--http", action="store_true", help="metrics: as an answer on a connection (a socket unit)"
    )
    return parser


class _Raw(argparse.RawDescriptionHelpFormatter):
    """The description as it is written."""


def _list() -> int:
    for name, family in FAMILIES.items():
        sys.stdout.write(f"{name:14}{(family.__doc__ or '').splitlines()[0]}\n")
    return GOOD


def _write(given: argparse.Namespace) -> int:
    facts = _facts(given)
    question = Question(facts, _hours(given), _beside(given.beside))
    tables = _tables(given.family, question, given.least)
    write = writing.as_csv if given.csv else writing.as_text
    text = write(tables, given.language, given.least)
    if given.out is None:
        sys.stdout.write(text)
    else:
        given.out.write_text(text, encoding="utf-8")
    return GOOD


def _tables(family: str, question: Question, least: int) -> list[Shown]:
    families = FAMILIES.values() if family == "all" else [FAMILIES[family]]
    return shown_together((table for each in families for table in each(question)), least)


# --- where it comes from ----------------------------------------------------------------------------------------------


def _facts(given: argparse.Namespace) -> Facts:
    found = Facts()
    for path, place in _journals(given):
        found = found + gather(entries(path), place, given.first, given.last)
    return found


def _journals(given: argparse.Namespace) -> list[tuple[Path, str]]:
    journals = []
    if given.config:
        config = load(given.config)
        journals.append((config.paths.journal, _place(config)))
    for named in given.journal:
        path, _, place = named.partition("=")
        journals.append((Path(path), place or Path(path).stem))
    if not journals:
        raise ConfigError("name a --config FILE or a --journal FILE=PLACE")
    return journals


def _place(config: Config) -> str:
    return config.town.place["ja"]


def entries(path: Path, after: int = 0) -> Iterable[Entry]:
    """The records of a journal beside the living core. JournalError: it is none."""
    if not path.is_file():
        raise JournalError(f"journal: no file {path}")
    with closing(open_for_reading(path)) as connection:
        for seq, wall, record in timed_records(connection, after):
            yield Entry(seq, wall, record)


def _hours(given: argparse.Namespace) -> Hours:
    opens, _, closes = given.hours.partition("-")
    holidays: frozenset[date] = frozenset()
    if given.holidays is not None:
        with given.holidays.open(encoding="utf-8", newline="") as lines:
            holidays = frozenset(date.fromisoformat(row["date"]) for row in csv.DictReader(lines))
    return Hours(time.fromisoformat(opens), time.fromisoformat(closes), holidays)


def _beside(path: Path | None) -> Beside:
    if path is None:
        return Beside()
    with path.open(encoding="utf-8-sig", newline="") as lines:
        try:
            return Beside(tuple((row["what"], float(row["count"])) for row in csv.DictReader(lines)))
        except (KeyError, TypeError, ValueError):
            raise ConfigError(f"{path.name}: a line is not what,count") from None


# --- Prometheus -------------------------------------------------------------------------------------------------------


def _metrics(given: argparse.Namespace) -> int:
    if given.http:
        _read_request()
    text = metrics(_journals(given), given.least)
    if given.http:
        body = text.encode()
        head = (
            "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        os.write(1, head.encode() + body)
    else:
        sys.stdout.write(text)
    return GOOD


def _read_request() -> None:
    """To the end of its head, at most 8 KiB: whatever is asked, this is the answer."""
    asked = b""
    while b"\r\n\r\n" not in asked and len(asked) < 8192:
        part = os.read(0, 1024)
        if not part:
            return
        asked += part


def metrics(journals: Iterable[tuple[Path, str]], least: int = LEAST) -> str:
    """Counters of closed days, without small ones; the machine itself as it stands now."""
    facts, gauges = Facts(), dict[str, dict[str, float]]()
    for path, place in journals:
        held = list(entries(path))
        closed = max((each.seq for each in held if isinstance(each.record, r.DayClosed)), default=0)
        facts = facts + gather((each for each in held if each.seq <= closed), place)
        ledger = EMPTY
        for each in held:
            ledger = fold(ledger, each.seq, each.record)
        _add_gauges(gauges, ledger, place)
    families = ("counts", "visits", "cashless", "waiting")
    tables = shown_together((table for each in families for table in FAMILIES[each](Question(facts))), least)
    return writing.as_metrics(tables, facts, gauges)


def _add_gauges(gauges: dict[str, dict[str, float]], ledger: Ledger, place: str) -> None:
    where = f'place="{place}"'
    codes: dict[str, float] = {}
    for incident in ledger.incidents.values():
        said = f'{where},code="{incident.code}"'
        codes[said] = codes.get(said, 0) + 1
    gauges.setdefault("incidents_open", {}).update(codes or {where: 0})
    gauges.setdefault("records", {})[where] = ledger.seq
    gauges.setdefault("cash_yen", {})[where] = ledger.in_units.value
    for unit in ledger.units.values():
        pieces = sum(count for _, count in unit.count.items())
        gauges.setdefault("cash_pieces", {})[f'{where},unit="{unit.unit}"'] = pieces


# --- the town's server ------------------------------------------------------------------------------------------------


def _push(given: argparse.Namespace) -> int:
    """The last closed days, each whole: the server puts one in place of the same one."""
    if not given.config:
        raise ConfigError("push: name the --config of this machine")
    config = load(given.config)
    today = SystemClock().wall().astimezone(JST).date()
    held = [each for each in entries(config.paths.journal) if each.wall]
    days = sorted({japan_date(each.wall) for each in held})
    whole = [day for day in days if today - timedelta(days=_DAYS) <= date.fromisoformat(day) < today]
    rows = {
        day: figures(
            gather(held, _place(config), date.fromisoformat(day), date.fromisoformat(day)), given.least
        )
        for day in whole
    }
    return _sent(config, rows)


def figures(facts: Facts, least: int = LEAST) -> tuple[tuple[str, str, float], ...]:
    """(table, labels, first cell) of what may leave; -1 stands for a cell that is too small."""
    tables = shown_together((table for each in PUSHED for table in FAMILIES[each](Question(facts))), least)
    return tuple(
        (table.name, " / ".join(labels), -1.0 if cells[0] is None else float(cells[0]))
        for table in tables
        for labels, cells in table.rows
    )


def _sent(config: Config, rows: dict[str, tuple[tuple[str, str, float], ...]]) -> int:
    heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
    given = config.issuance
    client = issuance_client.create(
        DeviceId("issuance"),
        {
            "url": given.url,
            "kiosk": config.machine.kiosk,
            "key": str(given.key),
            "certificate": str(given.certificate),
            "ca": str(given.server_ca),
            "manifest_key": str(given.manifest_key),
            "is_production": config.machine.mode is Mode.PRODUCTION,
        },
        heard.put,
    )
    client.start()
    try:
        for day, found in rows.items():
            client.perform(KeepFigures(day, found))
            if not _is_kept(heard):
                sys.stderr.write(f"kiosk-stats: the server did not take {day}\n")
                return AWAY
    finally:
        client.stop()
    sys.stdout.write(f"{len(rows)} days\n")
    return GOOD


def _is_kept(heard: queue.SimpleQueue[Event]) -> bool:
    while True:
        try:
            event = heard.get(timeout=_ANSWER_S)
        except queue.Empty:
            return False
        if isinstance(event, FiguresKept):
            return True
        if isinstance(event, IssuanceFailed):
            return False


if __name__ == "__main__":
    sys.exit(main())
