"""Prepare, and check what came against this session. Never the wrong person's paper. Pure."""

from __future__ import annotations

from kiosk.engine import printers
from kiosk.engine.choosing import make_lines
from kiosk.engine.session import advance, notify
from kiosk.engine.state import Line, LineStage, Phase, Turn
from kiosk.journal.records import IncidentOpened
from kiosk.ports import AbandonTransaction, IssuanceFailed, Order, Prepare, Prepared, PrepareRefused


def enter_prepare(turn: Turn) -> None:
    turn.go(Phase.PREPARING)
    turn.edit(lines=make_lines(turn), applicant_masked="")
    prepare_next(turn)


def prepare_next(turn: Turn) -> None:
    """One after the other; the confirm screen comes when every document is here and checked."""
    session = turn.session
    wanted = next((line for line in session.lines if line.stage is LineStage.WANTED), None)
    if wanted is None:
        advance(turn)
        return
    if session.card is None:
        notify(turn, "C-108")
        return
    order = Order(wanted.line, wanted.kind, wanted.options)
    turn.do(
        Prepare(session.transaction, order, session.card.fingerprint, session.is_assisted, session.holder)
    )


def prepared(turn: Turn, event: Prepared) -> None:
    """Every letter of DESIGN §6 before a fee is named: a document that is not this session's stops the machine."""
    session = turn.session
    line = next((each for each in session.lines if each.line == event.line), None)
    if event.transaction != session.transaction or line is None or line.stage is not LineStage.WANTED:
        return
    wrong = mismatches(turn, line, event)
    if wrong:
        turn.do(AbandonTransaction(session.transaction))
        turn.record(
            IncidentOpened(
                turn.token(), "X-603", session.transaction, facts=tuple((each, "differs") for each in wrong)
            )
        )
        turn.set(is_staff_called=True)
        notify(turn, "X-603")
        return
    if event.evidence.card is not None and not event.evidence.card.name_ok:
        turn.do(AbandonTransaction(session.transaction))
        turn.set(is_staff_called=True)
        notify(turn, "X-607")
        return
    if not printers.prints_backs_as(turn.state.setup, event.document):
        _unprintable(turn)
        return
    turn.edit_line(
        event.line,
        stage=LineStage.PREPARED,
        document=event.document,
        holders_masked=event.evidence.holders_masked,
    )
    turn.edit(applicant_masked=event.evidence.applicant_masked)
    prepare_next(turn)


def _unprintable(turn: Turn) -> None:
    """The right paper, and this machine's printer does not print backs: the town's file and the machine's do not fit.
    Said before any money; one incident for all residents whom it meets."""
    turn.do(AbandonTransaction(turn.session.transaction))
    if not any(each.code == "R-506" for each in turn.state.ledger.incidents.values()):
        facts = (("sides", "differs"),)
        turn.record(IncidentOpened(turn.token(), "R-506", turn.session.transaction, facts=facts))
    turn.set(is_staff_called=True)
    notify(turn, "R-506")


def mismatches(turn: Turn, line: Line, event: Prepared) -> tuple[str, ...]:
    """What of the evidence does not fit this session, in words without personal data. None: it is the right paper."""
    session, found, document = turn.session, event.evidence, event.document
    fingerprint = session.card.fingerprint if session.card else ""
    earlier = [each.document.serial for each in session.lines if each.document is not None]
    card = found.card
    is_card_heard = (card is None) == (session.holder is None)
    checks = {
        "card-record": is_card_heard,
        "birth": card is None or card.birth_ok,
        "sex": card is None or card.sex_ok,
        "paper-birth": card is None or card.paper_ok,
        "paper-sex": card is None or card.paper_sex_ok,
        "signature": found.signature_ok,
        "transaction": found.transaction == session.transaction,
        "line": found.line == line.line,
        "card": bool(fingerprint) and found.card_fingerprint == fingerprint,
        "sha256": found.sha256_ok,
        "pages": found.pages_claimed == found.pages_found == document.pages and document.pages > 0,
        "serial": bool(found.serial) and found.serial == document.serial and found.serial not in earlier,
        "serial-in-text": found.serial_in_text,
        "metadata": found.transaction_in_metadata,
        "applicant": session.applicant_masked in ("", found.applicant_masked)
        and bool(found.applicant_masked),
        "holders": bool(found.holders_masked),
    }
    return tuple(name for name, ok in checks.items() if not ok)


def prepare_refused(turn: Turn, event: PrepareRefused) -> None:
    if event.transaction == turn.session.transaction:
        turn.do(AbandonTransaction(turn.session.transaction))
        notify(turn, event.code)


def prepare_failed(turn: Turn, event: IssuanceFailed) -> None:
    """A timeout aborts the whole transaction and invalidates its ids; a late answer is dropped."""
    if event.transaction == turn.session.transaction:
        turn.do(AbandonTransaction(turn.session.transaction))
        notify(turn, "X-601" if event.code in ("unreachable", "timeout") else "X-602")


def enter_confirm(turn: Turn) -> None:
    turn.go(Phase.CONFIRMING)
