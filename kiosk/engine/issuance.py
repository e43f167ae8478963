"""Commit, print, book: never twice. (Prepare and check: preparing.py.) Pure."""

from __future__ import annotations

from kiosk.engine import outlets, printers
from kiosk.engine.payout import pay_out
from kiosk.engine.state import Line, LineStage, Phase, Turn
from kiosk.engine.taking import CHANGE, intend_receipt
from kiosk.engine.till import account_of
from kiosk.engine.voiding import means_of
from kiosk.ids import DeviceId, LineId, OpId
from kiosk.journal.accounts import CASH, Print
from kiosk.journal.records import (
    CommitIntended,
    IncidentOpened,
    LineBooked,
    LineCommitted,
    LineVoided,
    PrintedReported,
    PrintIntended,
    PrintSettled,
    VoidReported,
)
from kiosk.ports import (
    Commit,
    CommitRefused,
    Committed,
    IssuanceFailed,
    Outcome,
    PageImprinted,
    PrintDocument,
    PrintedAcknowledged,
    PrintEnded,
    PrinterRead,
    ReportPrinted,
    ReportVoid,
    StartTimer,
    StopTimer,
    TimerExpired,
    VoidAcknowledged,
)

COMMIT_TRIES = 3
PRINT_TRIES = 3


# --- commit -----------------------------------------------------------------------------------------------------------


def enter_issue(turn: Turn) -> None:
    turn.go(Phase.ISSUING)
    issue_next(turn)


def issue_next(turn: Turn) -> None:
    """The next prepared line; after a doubt about the printer nothing more is printed."""
    session = turn.session
    in_doubt = any(line.stage is LineStage.IN_DOUBT for line in session.lines)
    open_stages = (LineStage.PREPARED, LineStage.COMMITTED)
    waiting = next((line for line in session.lines if line.stage in open_stages), None)
    if waiting is not None and in_doubt:
        fail_rest(turn, "printer-in-doubt")
    elif waiting is not None and waiting.stage is LineStage.COMMITTED:  # valid since before the payment
        turn.record(_print_intent(turn, waiting))
    elif waiting is not None:
        turn.edit(retries=0)
        turn.record(CommitIntended(session.transaction, waiting.line))
    else:
        all_lines_done(turn)


def commit_intended(turn: Turn, record: CommitIntended) -> None:
    if turn.state.session is not None and record.transaction == turn.session.transaction:
        _send_commit(turn, record.line)


def _send_commit(turn: Turn, line_id: LineId) -> None:
    line = _line(turn, line_id)
    if line is not None and line.document is not None:
        turn.do(Commit(turn.session.transaction, line.line, line.document.serial))


def _line(turn: Turn, line_id: LineId) -> Line | None:
    return next((each for each in turn.session.lines if each.line == line_id), None)


def committed(turn: Turn, event: Committed) -> None:
    line = _line(turn, event.line)
    if event.transaction != turn.session.transaction or line is None or line.stage is not LineStage.PREPARED:
        return
    turn.do(StopTimer("retry"))
    turn.edit_line(line.line, stage=LineStage.COMMITTED)
    turn.record(LineCommitted(event.transaction, event.line), _print_intent(turn, line))


def _print_intent(turn: Turn, line: Line, printer: DeviceId | None = None) -> PrintIntended:
    """By this printer, or by the one whose turn it is; where none can, the first says why not."""
    pages, sheets = (line.document.pages, line.document.sheets) if line.document else (0, 0)
    if printer is None:
        printer = printers.choose(turn.state, line.document) or turn.state.setup.certificate_printer
    return PrintIntended(OpId(turn.token()), turn.session.transaction, line.line, printer, pages, sheets)


def commit_refused(turn: Turn, event: CommitRefused) -> None:
    if event.transaction == turn.session.transaction:
        turn.edit(trouble="X-602")
        fail_line(turn, event.line, "commit-refused")


def commit_failed(turn: Turn, event: IssuanceFailed) -> None:
    """Commit is idempotent by line: ask again; in the end void it, which the server takes in either state."""
    if event.transaction != turn.session.transaction or event.request != "Commit" or event.line is None:
        return
    retries = turn.session.retries + 1
    turn.edit(retries=retries)
    if retries < COMMIT_TRIES:
        turn.do(StartTimer("retry", turn.state.setup.timeouts.retry_s))
    else:
        turn.edit(trouble="X-601")
        fail_line(turn, event.line, "server-silent")


def commit_again(turn: Turn, _: TimerExpired) -> None:
    line = next((each for each in turn.session.lines if each.stage is LineStage.PREPARED), None)
    if line is not None:
        _send_commit(turn, line.line)


# --- print ------------------------------------------------------------------------------------------------------------


def print_line(turn: Turn, record: PrintIntended) -> None:
    """The intent is durable: hash and pages are checked once more by the driver, then the bytes go, once."""
    line = _line(turn, record.line) if turn.state.session is not None else None
    if line is None or line.document is None:
        return
    turn.edit_line(
        line.line,
        stage=LineStage.PRINTING,
        pages_done=0,
        tries=line.tries + 1,
        printer=record.device,
        sheets_left=0,
        is_tray_filled=False,
        is_unwatched=False,
        ended=None,
    )
    document, setup = line.document, turn.state.setup
    turn.edit(is_slow=False)
    turn.do(
        PrintDocument(record.op, record.device, document.pdf, document.sha256, document.pages, document.sides)
    )
    turn.do(StartTimer("slow", document.pages * setup.page_s + setup.timeouts.slow_s))


def page_imprinted(turn: Turn, event: PageImprinted) -> None:
    """Also of what staff print at their desk, and of a job that outlived its visit: nobody's pages are counted then."""
    if turn.state.session is None:
        return
    line = next((each for each in turn.session.lines if each.stage is LineStage.PRINTING), None)
    intent = turn.state.ledger.prints.get(event.op)
    if line is not None and intent is not None and intent.line == line.line:
        turn.edit_line(line.line, pages_done=event.pages)


def printer_read_while_printing(turn: Turn, event: PrinterRead) -> None:
    """Paper out or a jam in the middle of a job: the screen says it at once, staff come; the job may go on."""
    turn.state = printers.with_reading(turn.state, event)
    is_at_work = any(
        line.printer == event.device and line.stage is LineStage.PRINTING for line in turn.session.lines
    )
    if is_at_work and not event.is_ready and event.reasons:
        turn.set(is_staff_called=True)


def print_is_slow(turn: Turn, _: TimerExpired) -> None:
    """No end in sight and the promised seconds long over: say so, and call staff. The driver goes on asking."""
    if any(line.stage is LineStage.PRINTING for line in turn.session.lines):
        turn.edit(is_slow=True)
        turn.set(is_staff_called=True)


def print_ended(turn: Turn, event: PrintEnded) -> None:
    """The printer is done. Where a sensor watches its outlet, that has to say so, too (kiosk/engine/outlets.py)."""
    intent = turn.state.ledger.prints.get(event.op)
    if intent is None:
        return
    turn.do(StopTimer("slow"))
    line = _line(turn, intent.line) if turn.state.session is not None else None
    if line is None:
        _settle(turn, intent, event)
        return
    judged = outlets.judge(turn.state, line, event, is_late=False)
    if judged is not None:
        _settle(turn, intent, judged)
        return
    turn.edit_line(line.line, ended=event)
    turn.do(StartTimer("exit", turn.state.setup.timeouts.exit_s))


def exit_is_over(turn: Turn, _: TimerExpired) -> None:
    """No more sheets are expected: what was seen is judged as it is."""
    _judge_what_left(turn, is_late=True)


def settle_what_left(turn: Turn) -> None:
    """After every event: a printer that is done waits only for what its sensor sees."""
    _judge_what_left(turn, is_late=False)


def _judge_what_left(turn: Turn, *, is_late: bool) -> None:
    lines = turn.session.lines if turn.state.session is not None else ()
    line = next((each for each in lines if each.ended is not None), None)
    if line is None or line.ended is None or line.stage is not LineStage.PRINTING:
        return
    judged = outlets.judge(turn.state, line, line.ended, is_late=is_late)
    intent = turn.state.ledger.prints.get(line.ended.op)
    if judged is None or intent is None:
        return
    turn.do(StopTimer("exit"))
    turn.edit_line(line.line, ended=None)
    _settle(turn, intent, judged)


def _settle(turn: Turn, intent: Print, event: PrintEnded) -> None:
    """Paper that is proven out is booked in the same write; a doubt keeps the money held and calls staff."""
    outcome = event.outcome
    if outcome is Outcome.CONFIRMED and event.pages != intent.pages:
        outcome = Outcome.UNKNOWN
    settled = PrintSettled(event.op, intent.transaction, intent.line, outcome.value, event.pages, event.code)
    line = _line(turn, intent.line) if turn.state.session is not None else None
    if line is None:
        turn.record(settled)
    elif outcome is Outcome.CONFIRMED:
        turn.edit_line(line.line, stage=LineStage.PRINTED, pages_done=event.pages)
        turn.record(settled, LineBooked(intent.transaction, line.line, line.kind, line.fee, _means(turn)))
    elif outcome is Outcome.REFUSED:
        refused_by = (*line.refused_by, event.device)
        turn.edit_line(line.line, stage=LineStage.COMMITTED, refused_by=refused_by)
        turn.record(settled)
    else:
        turn.edit_line(line.line, stage=LineStage.IN_DOUBT)
        turn.edit(trouble="R-503")
        turn.set(is_staff_called=True)
        incident = IncidentOpened(turn.token(), "R-503", intent.transaction, event.device, line.fee)
        turn.record(settled, incident)


def _means(turn: Turn) -> str:
    account = account_of(turn)
    return means_of(account) if account is not None else CASH


def print_settled(turn: Turn, record: PrintSettled) -> None:
    """Refused = nothing came out: the same paper by the other printer, or again when one is ready. In doubt: never
    again by itself."""
    if turn.state.session is None or turn.state.phase is not Phase.ISSUING:
        return
    line = _line(turn, record.line)
    if line is None:
        return
    if line.stage is LineStage.IN_DOUBT:
        issue_next(turn)
    elif line.stage is LineStage.COMMITTED:
        other = printers.choose(turn.state, line.document, but=line.refused_by)
        if other is not None and line.tries < _most_tries(turn):
            turn.record(_print_intent(turn, line, other))
            return
        turn.go(Phase.AWAITING_PRINTER)
        turn.do(StartTimer("stage", turn.state.setup.timeouts.printer_s))
        turn.do(*printers.questions(turn.state.setup))  # one may be ready again already
        turn.set(is_staff_called=True)


def printer_is_back(turn: Turn, event: PrinterRead) -> None:
    """One of them says that it is ready, and has the paper that this certificate takes."""
    turn.state = printers.with_reading(turn.state, event)
    line = next((each for each in turn.session.lines if each.stage is LineStage.COMMITTED), None)
    if line is None or not printers.can_print(turn.state, event.device, line.document):
        return
    turn.do(StopTimer("stage"))
    if line.tries >= _most_tries(turn):
        give_up_printing(turn, None)
        return
    turn.set(is_staff_called=False)
    turn.go(Phase.ISSUING)
    turn.edit_line(line.line, refused_by=())
    turn.record(_print_intent(turn, line, event.device))


def _most_tries(turn: Turn) -> int:
    return PRINT_TRIES * len(printers.printers(turn.state.setup))


def give_up_printing(turn: Turn, _: object) -> None:
    """The resident does not wait any longer, or the printer does not come back: nothing came out, money back."""
    turn.do(StopTimer("stage"))
    line = next((each for each in turn.session.lines if each.stage is LineStage.COMMITTED), None)
    turn.go(Phase.ISSUING)
    turn.edit(trouble="R-502")
    if line is not None:
        fail_rest(turn)


def fail_rest(turn: Turn, reason: str = "not-printed") -> None:
    open_stages = (LineStage.COMMITTED, LineStage.PREPARED)
    rest = [line for line in turn.session.lines if line.stage in open_stages]
    for line in rest:
        turn.edit_line(line.line, stage=LineStage.FAILED)
    turn.record(*(LineVoided(turn.session.transaction, line.line, reason) for line in rest))


def fail_line(turn: Turn, line_id: LineId, reason: str) -> None:
    """Proven not printed: void, and its fee is given back with the change."""
    turn.edit_line(line_id, stage=LineStage.FAILED)
    turn.record(LineVoided(turn.session.transaction, line_id, reason))


def line_booked(turn: Turn, record: LineBooked) -> None:
    report(turn, record.line)
    if turn.state.phase is Phase.ISSUING:
        issue_next(turn)


def line_voided(turn: Turn, record: LineVoided) -> None:
    report(turn, record.line)
    if turn.state.phase is Phase.ISSUING and all(
        line.stage not in (LineStage.COMMITTED, LineStage.PRINTING) for line in turn.session.lines
    ):
        issue_next(turn)


# --- the end of issuing -----------------------------------------------------------------------------------------------


def all_lines_done(turn: Turn) -> None:
    """Something was printed: receipt and change together. Nothing: all of the held money goes back."""
    session, account = turn.session, account_of(turn)
    printed = any(line.stage is LineStage.PRINTED for line in session.lines)
    if account is None or not printed:
        pay_out(turn, "return")
        return
    things = [(each, "waiting") for each in outlets.used(turn.state)]
    if account.held:
        things.append((CHANGE, "coming"))
    turn.edit(things=tuple(things), change=account.held)
    if session.total:
        intend_receipt(turn)
    pay_out(turn, "change")  # it begins when the receipt's intent is durable


# --- reports to the server: repeated until it has them --------------------------------------------------------


def report(turn: Turn, line: LineId) -> None:
    due = turn.state.ledger.reports.get(line)
    if due is None:
        return
    if due.what == "printed":
        turn.do(ReportPrinted(due.transaction, line, due.serial, due.pages))
    else:
        turn.do(ReportVoid(due.transaction, line, due.serial, due.reason))


def report_all(turn: Turn) -> None:
    for line in turn.state.ledger.reports:
        report(turn, line)


def printed_acknowledged(turn: Turn, event: PrintedAcknowledged) -> None:
    if event.line in turn.state.ledger.reports:
        turn.record(PrintedReported(event.transaction, event.line))


def void_acknowledged(turn: Turn, event: VoidAcknowledged) -> None:
    if event.line in turn.state.ledger.reports:
        turn.record(VoidReported(event.transaction, event.line))
