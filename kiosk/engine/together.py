"""What one event means to several rooms: each is told, in this order. Pure.

The rows of table.py name these where one handler is not enough; what a room does with it is in the room.
"""

from __future__ import annotations

from kiosk import ports
from kiosk.engine import (
    desk,
    desk_papers,
    desk_tests,
    face,
    fleet,
    identity,
    issuance,
    means,
    notes,
    number,
    payment,
    payout,
    preparing,
    recovery,
    service,
    session,
    taking,
    till,
)
from kiosk.engine.inner import DuplicateCredit, JournalDied
from kiosk.engine.state import Phase, Turn


def lost_while_checking(turn: Turn, event: ports.DeviceLost) -> None:
    reader_lost(turn, event)
    face.camera_lost(turn, event)


def lost_while_showing(turn: Turn, event: ports.DeviceLost) -> None:
    reader_lost(turn, event)
    number.reading_camera_lost(turn, event)


def reader_lost(turn: Turn, event: ports.DeviceLost) -> None:
    service.device_lost(turn, event)
    if event.device == turn.state.setup.card_reader:
        session.notify(turn, "C-101")


def reader_lost_at_login(turn: Turn, event: ports.DeviceLost) -> None:
    service.device_lost(turn, event)
    if event.device == desk.reader_of(turn.state):
        desk.leave_login(turn, event)


def slip_printed_at_desk(turn: Turn, event: ports.SlipPrinted) -> None:
    taking.slip_printed(turn, event)
    desk_papers.slip_printed(turn, event)
    desk_tests.slip_printed(turn, event)


def print_ended_at_desk(turn: Turn, event: ports.PrintEnded) -> None:
    issuance.print_ended(turn, event)
    desk_papers.pages_printed(turn, event)
    desk_tests.print_ended(turn, event)


def failed_while_identifying(turn: Turn, event: ports.IssuanceFailed) -> None:
    issuance_failed(turn, event)
    if event.request in ("RequestChallenge", "Authenticate"):
        identity.server_failed(turn, event)


def failed_while_preparing(turn: Turn, event: ports.IssuanceFailed) -> None:
    issuance_failed(turn, event)
    if event.request == "Prepare":
        preparing.prepare_failed(turn, event)


def failed_while_issuing(turn: Turn, event: ports.IssuanceFailed) -> None:
    issuance_failed(turn, event)
    issuance.commit_failed(turn, event)


def failed_while_proving(turn: Turn, event: ports.IssuanceFailed) -> None:
    issuance_failed(turn, event)
    means.commit_failed(turn, event)


def issuance_failed(turn: Turn, event: ports.IssuanceFailed) -> None:
    """Anywhere: a silent status request closes the service; an unheard report is repeated."""
    if event.request == "ReadIssuance":
        service.issuance_silent(turn, event)
    elif event.request in ("ReportPrinted", "ReportVoid"):
        turn.do(ports.StartTimer("report", turn.state.setup.timeouts.retry_s))


def device_arrived(turn: Turn, event: ports.DeviceArrived) -> None:
    service.device_arrived(turn, event)
    if event.device == turn.state.setup.receipt_printer:
        taking.print_again(turn)


def device_fault(turn: Turn, event: ports.DeviceFault) -> None:
    service.device_fault(turn, event)
    if event.clear and event.device == turn.state.setup.receipt_printer:
        taking.print_again(turn)


def report_again(turn: Turn, _: ports.TimerExpired) -> None:
    issuance.report_all(turn)


def ask_status(turn: Turn, event: ports.TimerExpired) -> None:
    """And say how this machine stands."""
    service.ask_status(turn, event)
    turn.do(fleet.report(turn.state))


def hopper_read(turn: Turn, event: ports.HopperRead) -> None:
    service.hopper_read(turn, event)
    notes.place(turn, event)
    recovery.resolve(turn, event)


def read_while_paying(turn: Turn, event: ports.HopperRead) -> None:
    """A box tells its count after a payout: the next one may be asked of it."""
    was_unread = event.device in turn.state.unread
    hopper_read(turn, event)
    if was_unread and not turn.state.unread:
        turn.do(ports.StopTimer("unread"))
        payout.pay_next(turn)


def lost_while_paying(turn: Turn, event: ports.DeviceLost) -> None:
    was_unread = event.device in turn.state.unread
    service.device_lost(turn, event)
    if was_unread:
        payout.pay_next(turn)


def fault_in_payment(turn: Turn, event: ports.DeviceFault) -> None:
    device_fault(turn, event)
    payment.set_slots(turn)


def journal_died(turn: Turn, _: JournalDied) -> None:
    service.journal_died(turn)
    if turn.state.session is not None:
        turn.edit(trouble="X-605")
        turn.do(ports.StopTimer("stage"))
        turn.go(Phase.IN_TROUBLE)
    else:
        turn.go(Phase.OUT_OF_SERVICE)


def trouble_over(turn: Turn, event: ports.TimerExpired) -> None:
    """Nobody touched 「わかりました」. While money waits for its owner, time ends nothing."""
    if not till.is_held(turn) and not turn.state.journal_is_dead:
        session.leave(turn, event)


def nothing(_: Turn, __: object) -> None:
    """Known, and no change: the row says that it was thought of."""


def written(turn: Turn, _: DuplicateCredit) -> None:
    """The write came back, and there was nothing new in it."""
    turn.set(writing=max(0, turn.state.writing - 1))
