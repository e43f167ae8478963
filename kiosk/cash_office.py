"""The papers about the cash, made from the journal on disk, beside the living core or without it. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import msgspec

from kiosk.config_shape import Config, Mode
from kiosk.ids import DeviceId
from kiosk.ipc.staff_wire import Answer, Read
from kiosk.journal import records as r
from kiosk.journal.checkpoint import FileVerifier
from kiosk.journal.ledger import Ledger
from kiosk.journal.reading import open_for_reading, timed_records, verify_store
from kiosk.money import Denomination
from kiosk.plain import encode
from kiosk.ports import Slip
from kiosk.slips import codes_of, kinds_of
from kiosk.treasury import paper
from kiosk.treasury.days import Day, Entry, days
from kiosk.treasury.discrepancy import case_of, discrepancy
from kiosk.treasury.evidence import evidence
from kiosk.treasury.exchange_slip import exchange_slip
from kiosk.treasury.matching import (
    Matched,
    charges_of,
    fates,
    four_way,
    kept_by_trustee,
    matched,
    read_statement,
    reconciliations,
)
from kiosk.treasury.paper import Paper
from kiosk.treasury.readiness import readiness
from kiosk.treasury.refusals import RefusedError
from kiosk.treasury.remittance import assessment, payment_slip, remittances, revenue_rows
from kiosk.treasury.sheets import day_sheet, month_sheet, year_end
from kiosk.treasury.waiting import waiting
from kiosk.treasury.words import Town

_NUMBER_MAX = 6
_FORMS: Mapping[str, Callable[[Paper], str]] = {
    "text": paper.text,
    "csv": paper.csv,
    "data": lambda found: encode(found).decode("utf-8"),
}


class Office:
    """Knows where the journal lies and what the town calls things."""

    def __init__(self, config: Config) -> None:
        keys = (config.issuance.certificate, *config.issuance.earlier_certificates)
        self._config = config
        self._path: Path = config.paths.journal
        self._verify = FileVerifier(*keys)
        self.town = town_of(config)
        self._is_training = config.machine.mode is Mode.TRAINING

    def made(self, ask: Read) -> tuple[str, Slip | None]:
        """The paper in the form that is asked, and for the roll. RefusedError: no such day, month, exchange."""
        if ask.report in ("assessment", "revenue"):
            return paper.csv_of([*paper.specimen_row(self._is_training), *self._rows(ask)]), None
        if ask.report == "list":
            return "\n".join(waiting(self.ledger())) + "\n", None
        if ask.report == "units":
            units = units_of(self._config, self.ledger())
            rows = (" ".join((name, *(each.value for each in units[name]))) for name in sorted(units))
            return "".join(f"{row}\n" for row in rows), None
        found = self.paper_of(ask)
        return _FORMS[ask.form](found), paper.slip(found)

    def ledger(self) -> Ledger:
        """The balances now."""
        with closing(open_for_reading(self._path)) as connection:
            return verify_store(connection, self._verify).ledger

    def entries(self) -> Iterator[Entry]:
        """The whole journal, in order."""
        with closing(open_for_reading(self._path)) as connection:
            for seq, wall, record in timed_records(connection):
                yield Entry(seq, wall, record)

    def days(self) -> Iterator[Day]:
        return days(self.entries())

    def paper_of(self, ask: Read) -> Paper:
        """A paper that has pages, marked where the machine is for training. RefusedError as above."""
        return msgspec.structs.replace(self._paper(ask), is_specimen=self._is_training)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _paper(self, ask: Read) -> Paper:
        match ask.report:
            case "stock":
                return day_sheet(list(self.days())[-1], self.town)
            case "day":
                return day_sheet(self._day(ask.of), self.town)
            case "month":
                return month_sheet(self._month(ask.of), ask.of, self.town)
            case "year":
                year = _number("年度 / year", ask.of)
                found = [each for each in self.days() if each.is_closed and each.fiscal_year == year]
                if not found:
                    raise RefusedError("no-month", what=ask.of)
                return year_end(found, year, self.town)
            case "exchange":
                return self._exchange(ask.of)
            case "discrepancy":
                case = case_of(self.entries(), ask.of)
                if case is None:
                    raise RefusedError("no-exchange", what=ask.of)
                return discrepancy(case, self.town)
            case "payment":
                for each in remittances(self.entries()):
                    if each.exchange == ask.of:
                        return payment_slip(each, self.town)
                raise RefusedError("no-exchange", what=ask.of)
            case "evidence":
                paper_of = evidence(self.entries(), ask.of, self.town)
                if paper_of is None:
                    raise RefusedError("no-doubt", what=ask.of)
                return paper_of
            case "readiness":
                return readiness(self.entries(), self.ledger(), self.town)
        lines, match = fates(self.entries()), self._matched(ask)
        return four_way(lines, match, self.town, reconciliations(self.entries()))

    def _rows(self, ask: Read) -> list[tuple[str, ...]]:
        month = self._month(ask.of)
        if ask.report == "assessment":
            return assessment(month, ask.of, self.town)
        match = self._matched(ask)
        kept = kept_by_trustee(fates(self.entries()), match) if match is not None else None
        return revenue_rows(month, self.town, kept)

    def _matched(self, ask: Read) -> Matched | None:
        if not ask.statement:
            return None
        return matched(charges_of(self.entries()), read_statement(ask.statement))

    def _day(self, of: str) -> Day:
        """Empty: the last that was closed."""
        number = _number("締め番号 / day", of) if of else 0
        last = None
        for each in self.days():
            if each.is_closed:
                last = each
                if each.number == number:
                    return each
        if last is None or number:
            raise RefusedError("no-day", what=of or "1")
        return last

    def _month(self, of: str) -> list[Day]:
        found = [each for each in self.days() if each.is_closed and each.date[:7] == of]
        if not found:
            raise RefusedError("no-month", what=of)
        return found

    def _exchange(self, of: str) -> Paper:
        begun: tuple[r.ExchangeStarted, str] | None = None
        for entry in self.entries():
            match entry.record:
                case r.ExchangeStarted(exchange=exchange) as start if exchange == of:
                    begun = (start, entry.wall)
                case r.ExchangeEnded(exchange=exchange) as end if exchange == of and begun is not None:
                    return exchange_slip(*begun, end, entry.wall, self.town)
        if begun is None:
            raise RefusedError("no-exchange", what=of)
        return exchange_slip(*begun, None, "", self.town)


def _number(what: str, of: str) -> int:
    if not of.isdigit() or len(of) > _NUMBER_MAX:
        raise RefusedError("format", what=f"{what} {of}", want="数字 / a number")
    return int(of)


def refused(error: RefusedError) -> Answer:
    found = error.refusal
    return Answer(found.code, found.ja, found.en)


def units_of(config: Config, ledger: Ledger) -> dict[DeviceId, tuple[Denomination, ...]]:
    """Every unit and the faces that may lie in it: a hopper has one, the cash box any."""
    known = {each: tuple(Denomination) for each in ledger.units}
    return {**known, **{device: (face,) for device, face in config.equipment.hoppers.items()}}


def town_of(config: Config) -> Town:
    """The words of this town for its papers."""
    accounting = config.town.accounting
    return Town(
        name=config.town.name["ja"],
        machine=config.machine.kiosk,
        section=accounting.section or config.town.place["ja"],
        payee=accounting.payee,
        bank=accounting.bank,
        fund=accounting.fund,
        kinds=kinds_of("ja"),
        brands={each.key: each.name["ja"] for each in config.town.brands},
        codes=codes_of("ja"),
        revenues=tuple((e.kind, e.from_year, e.code, e.name) for e in accounting.revenues),
    )
