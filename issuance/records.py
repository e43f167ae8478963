"""The record of each request, in place of the paper 申請書: who, what, when, assisted. Search with a reason, monthly
counts, an incident's dossier, retention.

Rows say what became of a request; the audit log, chained and append-only, says how. Whoever looks is written into it
too. Residents stand here by their id: a name is the register's to tell."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time

import msgspec

from issuance import audit
from issuance.audit import Entry
from issuance.clock import JST, town_day
from issuance.office import stamp
from issuance.store import Document, Session, Tx


class Record(msgspec.Struct, frozen=True):
    """One request."""

    serial: str
    resident: str
    kind: str
    options: str
    fee: int
    requested_at: str
    state: str
    changed_at: str
    reason: str
    kiosk: str
    assisted: bool
    pages: int
    sha256: str


class Dossier(msgspec.Struct, frozen=True):
    """Every paper of a time window, and everything that the log says of it. `broken_at`: the first entry of the whole
    log whose chain does not hold."""

    first: str
    last: str
    records: tuple[Record, ...]
    log: tuple[audit.Link, ...]
    broken_at: int | None


class Look(msgspec.Struct, frozen=True):
    """Somebody who looks, and why: an Unix user's name, and words that another person can check (a case number)."""

    by: str
    reason: str
    at: datetime

    def entry(self, act: str, resident: str, window: str) -> Entry:
        return Entry(stamp(self.at), act, resident=resident, detail=f"{self.by} {window} {self.reason}")


class NoReasonError(Exception):
    """Nobody looks without a reason."""


def search(tx: Tx, look: Look, resident: str, first: datetime, last: datetime) -> list[Record]:
    """What this person requested in `first` ≤ time < `last`."""
    _note(tx, look, "searched", first, last, resident)
    return [
        _record(row)
        for row in tx.between(Document, "reserved_at", stamp(first), stamp(last), resident=resident)
    ]


def refusals(tx: Tx, resident: str, first: datetime, last: datetime) -> list[Entry]:
    """Each time that this person was refused in `first` ≤ time < `last`; the look itself was noted by `search`."""
    window = (stamp(first), stamp(last))
    return [
        link.entry
        for link in tx.audit_log()
        if link.entry.act == "refused"
        and link.entry.resident == resident
        and window[0] <= link.entry.at < window[1]
    ]


def dossier(tx: Tx, look: Look, first: datetime, last: datetime) -> Dossier:
    """Every paper that was requested, changed or spoken of in `first` ≤ time < `last`."""
    _note(tx, look, "dossier", first, last)
    links = list(tx.audit_log())
    window = (stamp(first), stamp(last))
    log = tuple(link for link in links if window[0] <= link.entry.at < window[1])
    rows = {row.serial: row for row in tx.between(Document, "reserved_at", *window)}
    for serial in {link.entry.serial for link in log if link.entry.serial} - rows.keys():
        if (row := tx.get(Document, serial)) is not None:
            rows[serial] = row
    records = tuple(_record(rows[serial]) for serial in sorted(rows))
    return Dossier(*window, records, log, audit.first_broken(links))


def counts(tx: Tx, year: int, month: int) -> dict[str, int]:
    """A month of the town's calendar: `kind state` and `refused code`, how often. Of a refusal only what the outside
    saw is counted, so that a table tells no more than the screens did (支援措置)."""
    first = datetime.combine(date(year, month, 1), time(), JST)
    last = datetime.combine(date(year + month // 12, month % 12 + 1, 1), time(), JST)
    rows = tx.between(Document, "reserved_at", stamp(first), stamp(last))
    counter = Counter(f"{row.kind} {row.state}" for row in rows)
    counter.update(f"{row.kind} assisted" for row in rows if row.assisted)
    for link in tx.audit_log():
        if link.entry.act == "refused" and stamp(first) <= link.entry.at < stamp(last):
            counter[f"refused {link.entry.detail.split()[0]}"] += 1
    return dict(sorted(counter.items()))


def forget_old(tx: Tx, now: datetime, years: int) -> int:
    """Removes records whose time of keeping is over; how many. The log keeps their numbers, and says that they went."""
    today = town_day(now)
    # Whole years, from the first day of the next: a 29 February needs no rule.
    before = stamp(datetime.combine(date(today.year - years, today.month, 1), time(), JST))
    old = tx.between(Document, "reserved_at", "", before)
    for row in old:
        tx.remove(row)
    for session in tx.between(Session, "expires_at", "", before):
        if not tx.find(Document, transaction_id=session.transaction_id):
            tx.remove(session)
    if old:
        tx.append(Entry(stamp(now), "forgot", detail=f"{len(old)} records before {before}"))
    return len(old)


def _note(tx: Tx, look: Look, act: str, first: datetime, last: datetime, resident: str = "") -> None:
    if not look.reason.strip():
        raise NoReasonError
    tx.append(look.entry(act, resident, f"{stamp(first)}/{stamp(last)}"))


def _record(row: Document) -> Record:
    return Record(
        serial=row.serial,
        resident=row.resident,
        kind=row.kind,
        options=row.options,
        fee=row.fee,
        requested_at=row.reserved_at,
        state=row.state,
        changed_at=row.changed_at,
        reason=row.reason,
        kiosk=row.kiosk,
        assisted=bool(row.assisted),
        pages=row.pages,
        sha256=row.sha256,
    )
