"""After a journey: papers and records gathered, and the question whether everybody tells the same story.

The journal is read as any auditor could: by `kiosk-check`, and by its SQLite file, read-only.
"""

from __future__ import annotations

import itertools
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from drivers.simpanel.effort import SLOW
from drivers.simpanel.process import clean_environment, python
from drivers.simpanel.report import Result, Sums
from drivers.simpanel.session import Session
from kiosk.errors import MadoguchiError
from kiosk.money import Denomination

Record = Mapping[str, Any]

PRINTERS = {"ipp": "certificate", "ipp2": "spare"}
"""Folder of each printer, and how its papers are named in a report."""

JOURNALS = (Path("state/core/journal.db"), Path("state/core/training/journal.db"))


def journal_of(out: Path) -> Path:
    """The run's; a training machine has one of its own."""
    return next((out / each for each in JOURNALS if (out / each).exists()), out / JOURNALS[0])


def gather(session: Session, result: Result) -> None:
    """Copy papers and records into the folder; check the ledger against what truly lies where."""
    out = session.out
    _papers(out, result)
    try:
        truth = session.do("state")
    except MadoguchiError as why:
        result.checks.append(("simulators", False, str(why)))
        truth = {}
    records = read_records(journal_of(out))
    with open(out / "journal.jsonl", "w", encoding="utf-8") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    books = check_journal(journal_of(out))
    result.sums = _sums(out, result, books, [each["record"] for each in records])
    result.checks += _balanced(books, result.journey.ends.waits)
    result.checks += _as_wanted(result)
    result.checks += _closed(result, [each["record"] for each in records])
    result.checks += _effort(result)
    result.checks += _same_pieces(books, truth)
    result.checks += _same_taken(books, truth)
    result.checks += _calls(records, truth)
    result.checks += _own_journal(out)
    result.checks += speech_checks(out, session)


def _own_journal(out: Path) -> list[tuple[str, bool, str]]:
    """A class leaves nothing in the place of a real journal."""
    real, training = (out / each for each in JOURNALS)
    if not training.exists():
        return []
    return [("the class has a journal of its own", not real.exists(), str(training.relative_to(out)))]


def _calls(records: Sequence[Record], truth: Mapping[str, Any]) -> list[tuple[str, bool, str]]:
    """What the journal says of calls is what the light showed and what the town was told, in that order."""
    types = [each["record"]["type"] for each in records]
    wanted = [_CALLS[each] for each in types if each in _CALLS]
    checks = []
    if "heard" in (truth.get("lamp") or {}):
        shown = [each["amber"] for each in truth["lamp"]["heard"]]
        changes = [b for a, b in itertools.pairwise([0, *shown]) if a != b]
        checks.append(("the light showed each call", changes == [each[0] for each in wanted], str(changes)))
    if "got" in (truth.get("webhook") or {}):
        told = [each["what"] for each in truth["webhook"]["got"] if each["what"] != "waiting"]
        checks.append(("the town was told of each call", told == [each[1] for each in wanted], str(told)))
    return checks


_CALLS = {"StaffCalled": (3, "called"), "CallAnswered": (1, "coming"), "CallEnded": (0, "ended")}
"""Record: the light's pattern (drivers/panel_io/codec.py), the message's word."""


# --- what was heard ---


def speech_checks(out: Path, session: Session) -> list[tuple[str, bool, str]]:
    """Every line that was heard has sound in it and a length that words have; the speaker said nothing private; the
    reading process said nothing to it at all. None where the kiosk does not speak."""
    try:
        lines = session.do("heard")["lines"]
    except MadoguchiError:
        return []
    if not lines:
        return []
    words = [each for each in lines if each["text"]]
    silent = [each["text"] for each in words if each["was_whole"] and each["loudness"] < 0.002]
    odd = [each["text"] for each in words if each["was_whole"] and not _is_plausible(each)]
    told = [each["text"] for each in words if each["is_private"] and each["outlet"] == "speaker"]
    with open(out / "speech.txt", "w", encoding="utf-8") as file:
        for each in lines:
            end = "" if each["was_whole"] else " …"
            file.write(
                f"{each['at_s']:10.2f}  {each['outlet']:10s} {each['language']:8s} {each['text']}{end}\n"
            )
    return [
        ("speech is heard", not silent, f"{len(words)} lines" if not silent else f"silent: {silent[:3]}"),
        ("speech has a length", not odd, "each as words have" if not odd else f"not: {odd[:3]}"),
        ("the speaker says nothing private", not told, "nothing" if not told else f"{len(told)} lines"),
        _unlogged(out, {each["text"] for each in words if each["folder"].endswith("read/heard")}),
    ]


def _unlogged(out: Path, private: set[str]) -> tuple[str, bool, str]:
    """No log of any process has a line of the certificate, or a value on it."""
    long = {each for text in private for each in (text, *text.split("、")) if len(each) >= _TELLING}
    logs = list((out / "logs").glob("*.log"))
    found = [each.name for each in logs if any(text in each.read_text(errors="replace") for text in long)]
    return ("what is said is in no log", not found, f"{len(logs)} logs" if not found else ", ".join(found))


_TELLING = 4
"""Letters: shorter words stand everywhere."""
_LETTER_S = (0.015, 0.6)
"""A letter, spoken: at least, at most."""


def _is_plausible(line: Mapping[str, Any]) -> bool:
    least, most = (len(line["text"]) * each for each in _LETTER_S)
    return least <= float(line["seconds"]) <= most + 1.5


# --- papers ---


def _papers(out: Path, result: Result) -> None:
    folder = out / "papers"
    folder.mkdir(exist_ok=True)
    for source in sorted(each for name in PRINTERS for each in (out / "state" / name).glob("[0-9]*.pdf")):
        target = folder / f"{PRINTERS[source.parent.name]}-{source.name}"
        if target.exists():
            continue  # of an earlier visit
        shutil.copyfile(source, target)
        picture = ["pdftoppm", "-r", "110", "-png", str(target), str(target.with_suffix(""))]
        subprocess.run(picture, check=True, capture_output=True)
    for source in sorted((out / "state" / "escpos").glob("[0-9]*.png")):
        shutil.copyfile(source, folder / f"receipt-{source.name}")
    for number, name in enumerate(("voice", "read")):
        for source in sorted((out / "state" / name / "heard").glob("*")):
            shutil.copyfile(source, folder / f"heard-{number}-{source.name}")
    result.papers = sorted({f"papers/{each.name}" for each in folder.iterdir()} - result.before.papers)


# --- records ---


def read_records(path: Path) -> list[dict[str, Any]]:
    """Every record with its number and wall time; none when there is no journal."""
    if not path.is_file():
        return []
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as journal:
        rows = journal.execute("SELECT seq, wall, record FROM records ORDER BY seq").fetchall()
    return [{"seq": seq, "wall": wall, "record": json.loads(record)} for seq, wall, record in rows]


def check_journal(path: Path) -> Mapping[str, Any]:
    """`kiosk-check --journal --json`, as it answers."""
    done = subprocess.run(
        python("kiosk.check:main", "--journal", str(path), "--json"),
        capture_output=True,
        check=False,
        env=clean_environment({}),
    )
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return {"error": done.stderr.decode(errors="replace").strip() or "kiosk-check said nothing"}
    return report.get("journal") or {"error": report.get("error", "no journal")}


# --- the story ---

Check = tuple[str, bool, str]


def _balanced(books: Mapping[str, Any], waits: int) -> list[Check]:
    if "error" in books:
        return [("journal", False, str(books["error"]))]
    wrong = [*books["imbalances"]]
    balances = books["balances"]
    open_ones = books["open_transactions"]
    return [
        ("journal", not wrong, "; ".join(wrong) or f"{books['records']} records, balances to ¥0"),
        ("open transactions", len(open_ones) == waits, ", ".join(open_ones) or "none"),
        (
            "held, in doubt, unassigned",
            not (balances["held"] or balances["in_doubt"] or balances["unassigned"]),
            f"¥{balances['held']}, ¥{balances['in_doubt']}, ¥{balances['unassigned']}",
        ),
    ]


def _sums(out: Path, result: Result, books: Mapping[str, Any], records: Sequence[Record]) -> Sums:
    return Sums(
        receipts=sum(each["yen"] for each in books.get("receipts", {}).values()),
        returned=paid_out(records),
        owed=sum(books.get("slips", {}).values()),
        sheets=sum(sheets_out(out / "state" / name) for name in PRINTERS),
        records=len(records),
        papers=result.before.papers.union(result.papers),
    )


def _as_wanted(result: Result) -> list[Check]:
    """What the journey's file says must be true at the end."""
    ends, sums, before = result.journey.ends, result.sums, result.before
    found = {
        "receipts": (sums.receipts - before.receipts, ends.receipts),
        "given back": (sums.returned - before.returned, ends.returned),
        "owed on slips": (sums.owed - before.owed, ends.owed),
        "sheets": (sums.sheets - before.sheets, ends.sheets),
    }
    return [
        (
            what,
            wanted in (is_so, "any"),
            f"{is_so}" + ("" if wanted in (is_so, "any") else f", and {wanted} was wanted"),
        )
        for what, (is_so, wanted) in found.items()
    ]


def _closed(result: Result, records: Sequence[Record]) -> list[Check]:
    wanted = result.journey.ends.closed
    if not wanted:
        return []
    ours = records[result.before.records :]
    closed = [each["result"] for each in ours if each["type"] == "TransactionClosed"]
    last = closed[-1] if closed else "not closed"
    return [("the transaction", last == wanted, last)]


def _effort(result: Result) -> list[Check]:
    """No more of a person than the journey's file allows."""
    ends, effort = result.journey.ends, result.effort
    checks = []
    if ends.most_touches:
        words = f"{effort.touches} of at most {ends.most_touches}"
        checks.append(("touches", effort.touches <= ends.most_touches, words))
    if ends.most_seconds:
        needed = effort.seconds(SLOW, result.machine_s)
        words = f"{needed:.0f} s of at most {ends.most_seconds}"
        checks.append(("a slow reader", needed <= ends.most_seconds, words))
    return checks


def paid_out(records: Sequence[Record]) -> int:
    """Yen that the hoppers are proven to have paid, by the journal."""
    paid: dict[str, tuple[str, int]] = {}
    for record in records:
        if record["type"] in ("DispenseSettled", "DispenseResolved"):
            paid[record["op"]] = (record["denomination"], record["paid"])
    return sum(Denomination(face).face.value * count for face, count in paid.values())


def sheets_out(folder: Path) -> int:
    """Sheets of certificates that truly came out, by the simulated printer: one with a back is one."""
    return sum(json.loads(each.read_text())["sheets"] for each in folder.glob("[0-9]*.json"))


def _same_pieces(books: Mapping[str, Any], truth: Mapping[str, Any]) -> list[Check]:
    """Every unit holds what the journal says it holds."""
    units = books.get("units", {})
    real = pieces_there(truth)
    checks = []
    for name in sorted(set(units) | set(real)):
        booked = {face: count for face, count in units.get(name, {}).get("pieces", {}).items() if count}
        there = {face: count for face, count in real.get(name, {}).items() if count}
        checks.append(
            (
                f"pieces in {name}",
                booked == there,
                _pieces(there) if booked == there else _both(booked, there),
            )
        )
    return checks


def _same_taken(books: Mapping[str, Any], truth: Mapping[str, Any]) -> list[Check]:
    """What terminal and gateway truly took is earned, held or on a slip by the journal, unless it is openly UNKNOWN."""
    simulators = [truth[name] for name in ("terminal", "gateway") if "taken" in (truth.get(name) or {})]
    balances = books.get("balances", {})
    if not simulators or balances.get("in_doubt_cashless"):
        return []
    taken = sum(sum(each["taken"].values()) for each in simulators)
    earned = sum(each["yen"] for key, each in books["receipts"].items() if not key.endswith("/cash"))
    known = earned + balances["held_cashless"] + balances["owed_cashless"]
    return [("cashless", taken == known, f"¥{taken} taken, the journal says ¥{known}")]


def pieces_there(truth: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """What lies in the hoppers, the boxes, the cash box and a change machine's stacks, by face; the simulators count by
    coin id (`JP100A`) and by issue of a note (`N1000F`)."""
    found: dict[str, dict[str, int]] = {}
    for part in ("cctalk", "id003"):
        for place, kinds in (truth.get(part) or {}).get("places", {}).items():
            if place == "cashbox" or place.startswith(("hopper", "recycler")):
                faces = found.setdefault(place, {})
                for kind, count in kinds.items():
                    face = f"note{kind[1:-1]}" if kind.startswith("N") else f"coin{int(kind[2:5])}"
                    faces[face] = faces.get(face, 0) + count
    for face, count in (truth.get("changer") or {}).get("places", {}).get("stock", {}).items():
        found[f"stack{face[4:]}"] = {face: count}
    return found


def _pieces(pieces: Mapping[str, int]) -> str:
    return ", ".join(f"{face} x {count}" for face, count in pieces.items()) or "none"


def _both(booked: Mapping[str, int], there: Mapping[str, int]) -> str:
    return f"the journal says {_pieces(booked)}; there is {_pieces(there)}"
