"""`kiosk-cash`: the words are kiosk/cash_words.py's; here they are put to the core, or with the core stopped done."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kiosk import cash_words, intents
from kiosk.cash_office import Office, refused, units_of
from kiosk.clock import SystemClock
from kiosk.config import Config, load
from kiosk.errors import ConfigError, DeviceUnavailable, MadoguchiError
from kiosk.ids import DeviceId, random_token
from kiosk.ipc.staff import ask_core
from kiosk.ipc.staff_wire import Act, Answer, Read
from kiosk.journal.checkpoint import FileVerifier, seal
from kiosk.journal.ledger import Ledger, fold
from kiosk.journal.records import AnyRecord, DayClosed, UnitAfter
from kiosk.journal.store import Store, boot_id, open_store
from kiosk.money import NO_CASH, Denomination
from kiosk.plain import Codec
from kiosk.report_pdf import pdf_of
from kiosk.slips import JST
from kiosk.treasury import acts
from kiosk.treasury.acts import Scene, Staff
from kiosk.treasury.paper import Paper
from kiosk.treasury.refusals import Refusal, RefusedError
from kiosk.treasury.told import told_of

DONE, REFUSED, USAGE, AWAY = 0, 1, 2, 3
_PAPER: Codec[Paper] = Codec(Paper)


def main(argv: Sequence[str] | None = None) -> int:
    """0 done; 1 refused, and why; 2 usage; 3 the core does not answer (what it said before that is done)."""
    given = cash_words.parser().parse_args(argv)
    try:
        if given.verb in cash_words.PAPERS:
            return _told(given, _read(given))
        code = _told(given, _act(given))
        if code == DONE and given.verb in ("end", "close-day", "count"):
            _told(given, _read(_slip_of(given)))
        return code
    except RefusedError as error:
        return _told(given, refused(error))
    except DeviceUnavailable as error:
        sys.stderr.write(
            "kiosk-cash: コアに接続できません（動いていないか、この職員番号の登録がありません）。\n"
            "kiosk-cash: the core does not answer: it is stopped, or this account is not on its list of staff.\n"
            f"kiosk-cash: {error}\n"
        )
        return AWAY
    except MadoguchiError as error:
        sys.stderr.write(f"kiosk-cash: {error}\n")
        return REFUSED


# --- with the core, and without ---------------------------------------------------------------------------------------


def _act(given: argparse.Namespace) -> Answer:
    if not given.operator:
        if given.verb == "count":
            raise ConfigError("count: only with the core stopped (--operator, --config); else start and end")
        return ask_core(given.socket, Act(cash_words.intent_of(given, _units_there(given))))
    config = _config(given)
    store = _opened(config)
    try:
        return _written(store, config, given)
    finally:
        store.close()


def _read(given: argparse.Namespace) -> Answer:
    statement = ""
    if getattr(given, "statement", None):
        try:
            statement = Path(given.statement).read_text(encoding=given.encoding)
        except (OSError, UnicodeError, LookupError):
            raise ConfigError(f"{given.statement}: cannot be read as {given.encoding}") from None
    form = "csv" if getattr(given, "csv", False) else "data" if _wants_pages(given) else "text"
    if _wants_pages(given) and (form == "csv" or given.verb in cash_words.NO_PAGES):
        raise RefusedError("format", what=f"{given.verb} --out {given.out}", want="--out FILE.csv")
    ask = Read(given.verb, getattr(given, "of", "") or "", form, getattr(given, "print", False), statement)
    if not given.config:
        return ask_core(given.socket, ask)
    text, _ = Office(_config(given)).made(ask)
    return Answer("", text=text)


def _slip_of(given: argparse.Namespace) -> argparse.Namespace:
    """The paper that belongs to an act that is done; on the receipt printer unless nobody wants it there."""
    verb, of = ("day", "") if given.verb == "close-day" else ("exchange", getattr(given, "exchange", ""))
    found = argparse.Namespace(**{**vars(given), "verb": verb, "of": of, "print": not given.no_print})
    if given.verb == "count":
        found.of = Office(_config(given)).ledger().last_exchange
    return found


def _config(given: argparse.Namespace) -> Config:
    if not given.config:
        raise ConfigError("--config FILE is needed with the core stopped (as often as there are files)")
    return load(given.config)


def _opened(config: Config) -> Store:
    keys = (config.issuance.certificate, *config.issuance.earlier_certificates)
    return open_store(config.paths.journal, clock=SystemClock(), boot=boot_id(), verify=FileVerifier(*keys))


def _written(store: Store, config: Config, given: argparse.Namespace) -> Answer:
    """The same acts by the same rules as in the core; the list of staff says who the operator is."""
    ledger, staff = store.recovered, _staff(config, given.operator)
    beside = _staff(config, given.beside).id if getattr(given, "beside", "") else ""
    scene = Scene(
        units=units_of(config, ledger),
        token=random_token,
        date=SystemClock().wall().astimezone(JST).date().isoformat(),
        officer_beside=beside,
    )
    records: list[AnyRecord] = []
    for intent in (
        _filling(ledger, given, scene)
        if given.verb == "count"
        else [cash_words.intent_of(given, scene.units)]
    ):
        found = acts.perform(ledger, staff, intent, scene)
        if isinstance(found, Refusal):
            return Answer(found.code, found.ja, found.en)
        records += found
        for at, record in enumerate(found, ledger.seq + 1):
            ledger = fold(ledger, at, record)
    store.append(records)
    if any(isinstance(each, DayClosed) for each in records):
        from kiosk.enrolment.keys import open_key  # noqa: PLC0415  # loads cryptography

        store.append([seal(ledger, store.head[1], open_key(config.issuance.key))])
    return Answer("", *told_of(records))


def _units_there(given: argparse.Namespace) -> cash_words.Units:
    """What units the running core's machine has, and which faces may lie in each; asked where pieces are named."""
    if given.verb != "end":
        return {}
    answer = ask_core(given.socket, Read("units"))
    rows = (line.split() for line in answer.text.splitlines())
    return {DeviceId(name): tuple(Denomination(each) for each in faces) for name, *faces in rows}


def _staff(config: Config, operator: str) -> Staff:
    for each in config.staff:
        if each.id == operator:
            return Staff(each.id, each.role)
    raise RefusedError("unknown-staff", what=operator)


def _filling(ledger: Ledger, given: argparse.Namespace, scene: Scene) -> list[intents.StaffIntent]:
    """The first fill as one exchange: empty before, this many pieces of float put in."""
    units = []
    for word in given.what:
        unit, pieces = cash_words.pieces_of(word, scene.units)
        known = ledger.units.get(unit)
        if known is not None and known.accuracy != "unknown":
            raise ConfigError(f"{unit}: was counted before; use: start recount, or start replenish")
        units.append(UnitAfter(unit, counted=NO_CASH, put_in=pieces))
    number = f"E-{ledger.exchanges + 1:04d}"
    names = tuple(each.unit for each in units)
    return [
        intents.StartExchange(purpose="replenish", units=names),
        intents.EndExchange(exchange=number, units=tuple(units)),
    ]


def _told(given: argparse.Namespace, answer: Answer) -> int:
    if answer.code:
        sys.stderr.write(f"kiosk-cash: {answer.ja}\nkiosk-cash: {answer.en}  [{answer.code}]\n")
        return REFUSED
    if answer.ja:
        sys.stdout.write(f"{answer.ja}\n{answer.en}\n")
    if answer.text and _wants_pages(given):
        Path(given.out).write_bytes(pdf_of(_PAPER.decode(answer.text.encode("utf-8"))))
    elif answer.text and getattr(given, "out", None):
        Path(given.out).write_text(answer.text, encoding="utf-8-sig", newline="")
    elif answer.text:
        sys.stdout.write(answer.text)
    return DONE


def _wants_pages(given: argparse.Namespace) -> bool:
    """Acts have no --out; the paper that follows one is shown."""
    return str(getattr(given, "out", None) or "").lower().endswith(".pdf")


if __name__ == "__main__":
    sys.exit(main())
