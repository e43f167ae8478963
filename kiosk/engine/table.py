"""All states, all transitions, and the interpreter.

Rules
  1. Everything that changes the state of the kiosk happens in `handle`, through a row of this file. A screen, a
     driver, a thread, the clock: each can only put an event in.
  2. A row names the phase, the event (or the intent, or the timer by its name), the handler, and every phase that the
     handler may lead to. The diagram in docs/states.md is drawn from these rows.
  3. Irreversible acts are not in the handlers of events. A handler asks for a record; the act is in FOLLOWS, under
     the record's name, and is reached only when the record is durable.
  4. An event that no row knows is dropped. That is right for late answers and for a double tap; a row that is missing
     by mistake shows in the test that visits every cell.

Theory of operation
  `handle(state, event, now_s, wall)` finds the handler: first the phase's own row, then ANYWHERE. The handler works on
  a `Turn`, which collects commands in order. After it, in this order: recovery concludes when it can, the service
  opens or closes, the idle timer follows the phase, and `step` grows if the place in the conversation has changed.

Warning
  The order of commands matters: `Append` comes back as `Recorded` before anything else from outside is handled.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace

from kiosk import intents, ports, rights
from kiosk.engine import (
    advising,
    calls,
    card_record,
    cashless,
    choosing,
    day,
    desk,
    desk_acts,
    desk_papers,
    desk_tests,
    desk_walk,
    emergency,
    face,
    fleet,
    helping,
    identity,
    issuance,
    means,
    notes,
    number,
    outlets,
    payment,
    payout,
    preparing,
    reading,
    recovery,
    service,
    session,
    staff,
    taking,
    till,
    two_people,
    visits,
)
from kiosk.engine.project import NEVER_ASSISTED
from kiosk.engine.state import (
    BESIDE,
    Asked,
    CloseDayAsked,
    DuplicateCredit,
    JournalDied,
    Kiosk,
    Phase,
    Recorded,
    RoomJudged,
    StaffAsked,
    StaffSlipAsked,
    Turn,
)
from kiosk.errors import ContractError
from kiosk.journal import records
from kiosk.journal.ledger import fold
from kiosk.services.plan import Step
from kiosk.view import Role

Handler = Callable[[Turn, Any], None]


class Timer(str):
    """A timer by its name, as the key of a row."""

    __slots__ = ()


Key = type[ports.Event] | type[intents.Intent] | Timer


class Row(NamedTuple):
    """In this phase, on this event: this handler, which leads to one of these phases (or stays)."""

    phase: Phase
    on: Key
    handler: Handler
    to: tuple[Phase, ...] = ()


P = Phase
FACE, STAGE, IDLE, ANSWER, RETRY, SLOW, START, STATUS, REPORT = (
    Timer(name) for name in ("face", "stage", "idle", "answer", "retry", "slow", "start", "status", "report")
)
LOGIN, DESK_IDLE, DESK_END = (Timer(name) for name in (desk.LOGIN, desk.IDLE, desk.END))
NOTE, PATH, BEZEL, UNREAD = (Timer(name) for name in ("note", "note-path", "bezel", "unread"))
CALL, EXIT = Timer("call"), Timer("exit")

session.ENTRANCES.update(
    {
        Step.LANGUAGE: session.enter_language,
        Step.NUMBER: number.enter_number,
        Step.CARD: identity.enter_card,
        Step.RECORD: card_record.enter_record,
        Step.PIN: identity.enter_pin,
        Step.FACE: face.enter_face,
        Step.CARD_BACK: identity.enter_card_back,
        Step.KINDS: choosing.enter_kinds,
        Step.OPTIONS: choosing.enter_options,
        Step.PREPARE: preparing.enter_prepare,
        Step.CONFIRM: preparing.enter_confirm,
        Step.PAY: means.enter_pay,
        Step.ISSUE: issuance.enter_issue,
        Step.TAKE: taking.enter_take,
    }
)

REST = (P.IDLE, P.OUT_OF_SERVICE)
AFTER_SURFACE = (P.NOTIFIED, P.OPENING_PIN, P.CONSENTING_LAST_TRY)
AFTER_CARD = (P.READING_SURFACE, *AFTER_SURFACE)
AFTER_NUMBER = (P.AWAITING_CARD, *AFTER_CARD)
AFTER_LANGUAGE = (P.OFFERING_FACE, P.OPENING_NUMBER, P.CHOOSING_KINDS, *AFTER_NUMBER)
ASKING_NUMBER = (P.OPENING_NUMBER, P.CHOOSING_OTHER_WAY)
AFTER_IDENTITY = (P.CHOOSING_KINDS, P.CHOOSING_OPTIONS, P.PREPARING, P.NOTIFIED)
AFTER_MONEY = (P.PAYING_OUT, P.TAKING_THINGS, P.FINISHED, P.IN_TROUBLE, P.NOTIFIED, *REST)
LEAVING = (P.RETURNING_CARD, *REST)
AGAIN = (P.CHOOSING_MEANS, *AFTER_MONEY)
"""After nothing was taken: another means, or the end where none is left."""


def _leave_row(phase: Phase) -> tuple[Row, ...]:
    """Cancel, and nobody there: the card goes back, the session ends."""
    return (
        Row(phase, intents.Cancel, session.leave, LEAVING),
        Row(phase, ANSWER, session.leave, LEAVING),
    )


def _patience(phase: Phase) -> tuple[Row, ...]:
    return (
        Row(phase, IDLE, session.ask_still_there),
        Row(phase, intents.KeepGoing, session.keep_going),
    )


def _card_must_stay(
    phase: Phase, lost: Handler | None = None, lost_to: tuple[Phase, ...] = (P.NOTIFIED,)
) -> tuple[Row, ...]:
    """One session, one card: removal or trouble at any moment ends it cleanly."""
    return (
        Row(phase, ports.CardRemoved, identity.card_gone_early, (P.NOTIFIED,)),
        Row(phase, ports.CardFailed, identity.card_failed, (P.NOTIFIED,)),
        Row(phase, ports.DeviceLost, lost or _reader_lost, lost_to),
        Row(phase, ports.IssuanceFailed, _failed_while_identifying, (P.NOTIFIED,)),
    )


def _server_answers(phase: Phase) -> tuple[Row, ...]:
    """What the server thinks of card and signature comes while the person does something else."""
    return (
        Row(phase, ports.Authenticated, identity.authenticated),
        Row(phase, ports.AuthenticationRefused, identity.authentication_refused, (P.NOTIFIED,)),
    )


def _lost_while_checking(turn: Turn, event: ports.DeviceLost) -> None:
    _reader_lost(turn, event)
    face.camera_lost(turn, event)


def _lost_while_showing(turn: Turn, event: ports.DeviceLost) -> None:
    _reader_lost(turn, event)
    number.reading_camera_lost(turn, event)


def _reader_lost(turn: Turn, event: ports.DeviceLost) -> None:
    service.device_lost(turn, event)
    if event.device == turn.state.setup.card_reader:
        session.notify(turn, "C-101")


def _reader_lost_at_login(turn: Turn, event: ports.DeviceLost) -> None:
    service.device_lost(turn, event)
    if event.device == desk.reader_of(turn.state):
        desk.leave_login(turn, event)


def _slip_printed_at_desk(turn: Turn, event: ports.SlipPrinted) -> None:
    taking.slip_printed(turn, event)
    desk_papers.slip_printed(turn, event)
    desk_tests.slip_printed(turn, event)


def _print_ended_at_desk(turn: Turn, event: ports.PrintEnded) -> None:
    issuance.print_ended(turn, event)
    desk_papers.pages_printed(turn, event)
    desk_tests.print_ended(turn, event)


def _failed_while_identifying(turn: Turn, event: ports.IssuanceFailed) -> None:
    _issuance_failed(turn, event)
    if event.request in ("RequestChallenge", "Authenticate"):
        identity.server_failed(turn, event)


def _failed_while_preparing(turn: Turn, event: ports.IssuanceFailed) -> None:
    _issuance_failed(turn, event)
    if event.request == "Prepare":
        preparing.prepare_failed(turn, event)


def _failed_while_issuing(turn: Turn, event: ports.IssuanceFailed) -> None:
    _issuance_failed(turn, event)
    issuance.commit_failed(turn, event)


def _failed_while_proving(turn: Turn, event: ports.IssuanceFailed) -> None:
    _issuance_failed(turn, event)
    means.commit_failed(turn, event)


def _issuance_failed(turn: Turn, event: ports.IssuanceFailed) -> None:
    """Anywhere: a silent status request closes the service; an unheard report is repeated."""
    if event.request == "ReadIssuance":
        service.issuance_silent(turn, event)
    elif event.request in ("ReportPrinted", "ReportVoid"):
        turn.do(ports.StartTimer(REPORT, turn.state.setup.timeouts.retry_s))


def _device_arrived(turn: Turn, event: ports.DeviceArrived) -> None:
    service.device_arrived(turn, event)
    if event.device == turn.state.setup.receipt_printer:
        taking.print_again(turn)


def _device_fault(turn: Turn, event: ports.DeviceFault) -> None:
    service.device_fault(turn, event)
    if event.clear and event.device == turn.state.setup.receipt_printer:
        taking.print_again(turn)


def _report_again(turn: Turn, _: ports.TimerExpired) -> None:
    issuance.report_all(turn)


def _ask_status(turn: Turn, event: ports.TimerExpired) -> None:
    """And say how this machine stands."""
    service.ask_status(turn, event)
    turn.do(fleet.report(turn.state))


def _hopper_read(turn: Turn, event: ports.HopperRead) -> None:
    service.hopper_read(turn, event)
    notes.place(turn, event)
    recovery.resolve(turn, event)


def _read_while_paying(turn: Turn, event: ports.HopperRead) -> None:
    """A box tells its count after a payout: the next one may be asked of it."""
    was_unread = event.device in turn.state.unread
    _hopper_read(turn, event)
    if was_unread and not turn.state.unread:
        turn.do(ports.StopTimer(UNREAD))
        payout.pay_next(turn)


def _lost_while_paying(turn: Turn, event: ports.DeviceLost) -> None:
    was_unread = event.device in turn.state.unread
    service.device_lost(turn, event)
    if was_unread:
        payout.pay_next(turn)


def _fault_in_payment(turn: Turn, event: ports.DeviceFault) -> None:
    _device_fault(turn, event)
    payment.set_slots(turn)


def _journal_died(turn: Turn, _: JournalDied) -> None:
    service.journal_died(turn)
    if turn.state.session is not None:
        turn.edit(trouble="X-605")
        turn.do(ports.StopTimer(STAGE))
        turn.go(P.IN_TROUBLE)
    else:
        turn.go(P.OUT_OF_SERVICE)


def _trouble_over(turn: Turn, event: ports.TimerExpired) -> None:
    """Nobody touched 「わかりました」. While money waits for its owner, time ends nothing."""
    if not _is_held(turn.state) and not turn.state.journal_is_dead:
        session.leave(turn, event)


ROWS: tuple[Row, ...] = (
    # --- nobody, or the first touch
    Row(P.STARTING, JournalDied, _journal_died, (P.OUT_OF_SERVICE,)),
    Row(P.IDLE, intents.Begin, session.begin, (P.CHOOSING_LANGUAGE, *AFTER_LANGUAGE)),
    Row(P.IDLE, intents.ChooseLanguage, session.choose_language, AFTER_LANGUAGE),
    Row(P.IDLE, ports.CardRead, identity.begin_with_card, (P.CHOOSING_LANGUAGE, *AFTER_LANGUAGE)),
    Row(P.CHOOSING_LANGUAGE, intents.ChooseLanguage, session.choose_language, AFTER_LANGUAGE),
    Row(P.CHOOSING_LANGUAGE, intents.Back, session.leave, LEAVING),
    *_leave_row(P.CHOOSING_LANGUAGE),
    *_patience(P.CHOOSING_LANGUAGE),
    # --- 照合番号B, where the policy wants the face
    Row(P.OFFERING_FACE, intents.Next, number.agreed, (P.OPENING_NUMBER,)),
    Row(P.OFFERING_FACE, intents.TypeNumber, number.type_number, (P.OPENING_NUMBER,)),
    Row(P.OFFERING_FACE, intents.OtherWay, face.other_way, (P.CHOOSING_OTHER_WAY,)),
    Row(P.OFFERING_FACE, intents.Back, number.offer_back, (P.CHOOSING_LANGUAGE, P.CHOOSING_KINDS)),
    *_leave_row(P.OFFERING_FACE),
    *_patience(P.OFFERING_FACE),
    Row(
        P.OPENING_NUMBER,
        ports.NumberSlotOpened,
        number.number_slot_opened,
        (P.ENTERING_NUMBER, P.SHOWING_CARD),
    ),
    Row(P.OPENING_NUMBER, ports.NumberForgotten, number.number_forgotten, ASKING_NUMBER),
    Row(P.OPENING_NUMBER, ports.CardRemoved, number.card_gone_while_typing, ASKING_NUMBER),
    Row(P.OPENING_NUMBER, ports.DeviceLost, _reader_lost, (P.NOTIFIED,)),
    Row(P.OPENING_NUMBER, intents.OtherWay, face.other_way, (P.CHOOSING_OTHER_WAY,)),
    Row(P.OPENING_NUMBER, intents.Cancel, session.leave, LEAVING),
    Row(P.SHOWING_CARD, ports.CardHint, number.card_hinted),
    Row(P.SHOWING_CARD, ports.NumberPartTaken, number.part_taken, AFTER_NUMBER),
    Row(P.SHOWING_CARD, ports.NumberPartRefused, number.part_refused, (P.OPENING_NUMBER,)),
    Row(P.SHOWING_CARD, ports.NumberReadingEnded, number.reading_ended, (P.OPENING_NUMBER,)),
    Row(P.SHOWING_CARD, ports.NumberForgotten, number.number_forgotten, ASKING_NUMBER),
    Row(P.SHOWING_CARD, ports.CardRemoved, number.card_gone_while_typing, ASKING_NUMBER),
    Row(P.SHOWING_CARD, ports.DeviceLost, _lost_while_showing, (P.OPENING_NUMBER, P.NOTIFIED)),
    Row(P.SHOWING_CARD, FACE, number.reading_late, (P.OPENING_NUMBER,)),
    Row(P.SHOWING_CARD, intents.TypeNumber, number.type_number, (P.OPENING_NUMBER,)),
    Row(P.SHOWING_CARD, intents.OtherWay, face.other_way, (P.CHOOSING_OTHER_WAY,)),
    Row(P.SHOWING_CARD, intents.Back, number.number_back, (P.OFFERING_FACE,)),
    Row(P.SHOWING_CARD, intents.Cancel, session.leave, LEAVING),
    Row(P.ENTERING_NUMBER, ports.DigitsEntered, identity.digits_entered),
    Row(P.ENTERING_NUMBER, ports.NumberPartTaken, number.part_taken, (P.OPENING_NUMBER, *AFTER_NUMBER)),
    Row(P.ENTERING_NUMBER, ports.NumberPartRefused, number.part_refused, (P.OPENING_NUMBER,)),
    Row(P.ENTERING_NUMBER, ports.NumberForgotten, number.number_forgotten, ASKING_NUMBER),
    Row(P.ENTERING_NUMBER, ports.CardRemoved, number.card_gone_while_typing, ASKING_NUMBER),
    Row(P.ENTERING_NUMBER, ports.DeviceLost, _reader_lost, (P.NOTIFIED,)),
    Row(P.ENTERING_NUMBER, intents.OtherWay, face.other_way, (P.CHOOSING_OTHER_WAY,)),
    Row(P.ENTERING_NUMBER, intents.Back, number.number_back, (P.OPENING_NUMBER, P.OFFERING_FACE)),
    *_leave_row(P.ENTERING_NUMBER),
    *_patience(P.ENTERING_NUMBER),
    # --- the card
    Row(P.AWAITING_CARD, ports.CardRead, identity.accept_card, AFTER_CARD),
    Row(P.AWAITING_CARD, ports.NumberForgotten, number.number_forgotten, ASKING_NUMBER),
    Row(P.AWAITING_CARD, ports.CardUnreadable, identity.refuse_card, (P.NOTIFIED, P.RETURNING_CARD)),
    Row(P.AWAITING_CARD, ports.CardFailed, identity.card_failed, (P.NOTIFIED,)),
    Row(P.AWAITING_CARD, ports.DeviceLost, _reader_lost, (P.NOTIFIED,)),
    Row(P.AWAITING_CARD, intents.NoCard, identity.no_card, (P.NOTIFIED,)),
    Row(
        P.AWAITING_CARD,
        intents.Back,
        identity.card_back,
        (P.CHOOSING_LANGUAGE, P.OFFERING_FACE, P.CHOOSING_KINDS),
    ),
    *_leave_row(P.AWAITING_CARD),
    *_patience(P.AWAITING_CARD),
    *_card_must_stay(P.READING_SURFACE),
    Row(P.READING_SURFACE, ports.SurfaceRead, face.surface_read, AFTER_SURFACE),
    Row(P.READING_SURFACE, ports.SurfaceFailed, face.surface_failed, (P.CHOOSING_OTHER_WAY, P.NOTIFIED)),
    Row(
        P.READING_SURFACE,
        ports.NumberRejected,
        face.number_rejected,
        (P.CHOOSING_OTHER_WAY, P.RETURNING_CARD),
    ),
    Row(P.READING_SURFACE, STAGE, face.surface_late, (P.CHOOSING_OTHER_WAY,)),
    Row(P.READING_SURFACE, intents.Cancel, session.leave, LEAVING),
    # --- the PIN
    *_card_must_stay(P.OPENING_PIN),
    Row(P.OPENING_PIN, ports.PinSlotOpened, identity.slot_opened, (P.ENTERING_PIN,)),
    Row(P.OPENING_PIN, ports.PinBlocked, identity.pin_blocked, (P.NOTIFIED,)),
    Row(P.OPENING_PIN, ports.SurfaceFailed, card_record.record_failed, (P.NOTIFIED,)),
    Row(P.OPENING_PIN, ports.CertificateRead, identity.certificate_read),
    Row(P.OPENING_PIN, ports.PinAccepted, identity.pin_accepted, (P.SIGNING,)),
    Row(P.OPENING_PIN, intents.Cancel, session.leave, LEAVING),
    *_card_must_stay(P.CONSENTING_LAST_TRY),
    Row(P.CONSENTING_LAST_TRY, intents.ConsentLastTry, identity.consent, (P.OPENING_PIN,)),
    Row(P.CONSENTING_LAST_TRY, intents.ForgotPin, identity.pin_forgotten, (P.NOTIFIED,)),
    *_leave_row(P.CONSENTING_LAST_TRY),
    *_patience(P.CONSENTING_LAST_TRY),
    *_card_must_stay(P.ENTERING_PIN),
    Row(P.ENTERING_PIN, ports.DigitsEntered, identity.digits_entered),
    Row(P.ENTERING_PIN, ports.CertificateRead, identity.certificate_read),
    Row(P.ENTERING_PIN, ports.PinAccepted, identity.pin_accepted, (P.SIGNING,)),
    Row(P.ENTERING_PIN, ports.PinRejected, identity.pin_rejected, AFTER_CARD),
    Row(P.ENTERING_PIN, ports.PinBlocked, identity.pin_blocked, (P.NOTIFIED,)),
    Row(P.ENTERING_PIN, ports.SurfaceRead, card_record.record_read, AFTER_SURFACE),
    Row(P.ENTERING_PIN, ports.SurfaceFailed, card_record.record_failed, (P.NOTIFIED,)),
    Row(P.ENTERING_PIN, ports.PinSlotClosed, identity.slot_closed, LEAVING),
    Row(P.ENTERING_PIN, intents.ForgotPin, identity.pin_forgotten, (P.NOTIFIED,)),
    Row(P.ENTERING_PIN, intents.Back, identity.pin_back, (P.RETURNING_CARD,)),
    *_leave_row(P.ENTERING_PIN),
    *_patience(P.ENTERING_PIN),
    # --- the proof, and the card back
    *_card_must_stay(P.SIGNING),
    Row(
        P.SIGNING,
        ports.ChallengeSigned,
        identity.challenge_signed,
        (P.READY_FOR_FACE, P.AWAITING_LOOK, P.CHOOSING_OTHER_WAY, P.RETURNING_CARD, P.NOTIFIED),
    ),
    # --- the face
    *_card_must_stay(P.READY_FOR_FACE),
    *_server_answers(P.READY_FOR_FACE),
    Row(P.READY_FOR_FACE, intents.Next, face.start_check, (P.CHECKING_FACE,)),
    Row(P.READY_FOR_FACE, intents.OtherWay, face.other_way, (P.CHOOSING_OTHER_WAY,)),
    *_leave_row(P.READY_FOR_FACE),
    *_patience(P.READY_FOR_FACE),
    *_card_must_stay(P.CHECKING_FACE, _lost_while_checking, (P.CHOOSING_OTHER_WAY, P.NOTIFIED)),
    *_server_answers(P.CHECKING_FACE),
    Row(P.CHECKING_FACE, ports.PhotoSlotOpened, face.photo_slot_opened),
    Row(P.CHECKING_FACE, ports.PhotoHandedOver, face.photo_handed_over),
    Row(P.CHECKING_FACE, ports.FaceHint, face.hinted),
    Row(P.CHECKING_FACE, ports.FaceTurnAsked, face.turn_asked),
    Row(P.CHECKING_FACE, ports.FaceTurnEnded, face.turn_ended),
    Row(P.CHECKING_FACE, ports.FaceJudged, face.judged, (P.RETURNING_CARD, P.CHOOSING_OTHER_WAY)),
    Row(P.CHECKING_FACE, FACE, face.check_late, (P.CHOOSING_OTHER_WAY,)),
    Row(P.CHECKING_FACE, intents.OtherWay, face.other_way, (P.CHOOSING_OTHER_WAY,)),
    Row(P.CHECKING_FACE, intents.Cancel, session.leave, LEAVING),
    *_card_must_stay(P.CHOOSING_OTHER_WAY)[1:],
    Row(P.CHOOSING_OTHER_WAY, ports.CardRemoved, face.card_gone_while_choosing, (P.NOTIFIED,)),
    *_server_answers(P.CHOOSING_OTHER_WAY),
    Row(P.CHOOSING_OTHER_WAY, intents.AskStaff, face.staff_chosen, (P.AWAITING_LOOK, *AFTER_NUMBER)),
    Row(P.CHOOSING_OTHER_WAY, intents.GoToCounter, face.to_counter, (P.NOTIFIED,)),
    Row(P.CHOOSING_OTHER_WAY, intents.Next, face.retry, (P.READY_FOR_FACE,)),
    Row(P.CHOOSING_OTHER_WAY, intents.Back, face.other_way_back, (P.OFFERING_FACE,)),
    *_leave_row(P.CHOOSING_OTHER_WAY),
    *_patience(P.CHOOSING_OTHER_WAY),
    *_card_must_stay(P.AWAITING_LOOK),
    *_server_answers(P.AWAITING_LOOK),
    Row(P.AWAITING_LOOK, intents.Vouch, face.vouched, (P.RETURNING_CARD,)),
    Row(P.AWAITING_LOOK, intents.GoToCounter, face.to_counter, (P.NOTIFIED,)),
    Row(P.AWAITING_LOOK, STAGE, face.to_counter, (P.NOTIFIED,)),
    Row(P.AWAITING_LOOK, intents.Cancel, session.leave, LEAVING),
    # --- the card back
    Row(
        P.RETURNING_CARD,
        ports.CardRemoved,
        identity.card_returned,
        (P.OPENING_NUMBER, P.AWAITING_CARD, P.AUTHENTICATING, *AFTER_IDENTITY, *REST),
    ),
    Row(P.RETURNING_CARD, ports.Authenticated, identity.authenticated),
    Row(P.RETURNING_CARD, ports.AuthenticationRefused, identity.authentication_refused, (P.NOTIFIED,)),
    Row(P.RETURNING_CARD, ports.IssuanceFailed, _failed_while_identifying, (P.NOTIFIED,)),
    Row(P.RETURNING_CARD, STAGE, identity.card_left),
    Row(P.AUTHENTICATING, ports.Authenticated, identity.authenticated, AFTER_IDENTITY),
    Row(P.AUTHENTICATING, ports.AuthenticationRefused, identity.authentication_refused, (P.NOTIFIED,)),
    Row(P.AUTHENTICATING, ports.IssuanceFailed, _failed_while_identifying, (P.NOTIFIED,)),
    # --- which certificates
    Row(P.CHOOSING_KINDS, intents.SetCopies, choosing.set_copies),
    Row(
        P.CHOOSING_KINDS,
        intents.Next,
        choosing.kinds_chosen,
        (P.CHOOSING_OPTIONS, P.PREPARING, P.OFFERING_FACE, *AFTER_NUMBER),
    ),
    Row(P.CHOOSING_KINDS, intents.Back, session.kinds_back, (P.CHOOSING_LANGUAGE,)),
    Row(P.CHOOSING_KINDS, intents.AskWhich, advising.ask_which, (P.CHOOSING_PURPOSE,)),
    *_leave_row(P.CHOOSING_KINDS),
    *_patience(P.CHOOSING_KINDS),
    Row(P.CHOOSING_PURPOSE, intents.ChoosePurpose, advising.choose_purpose, (P.READING_ADVICE,)),
    Row(P.CHOOSING_PURPOSE, intents.Back, advising.back_to_kinds, (P.CHOOSING_KINDS,)),
    *_leave_row(P.CHOOSING_PURPOSE),
    *_patience(P.CHOOSING_PURPOSE),
    Row(P.READING_ADVICE, intents.Next, advising.take_advice, (P.CHOOSING_KINDS,)),
    Row(P.READING_ADVICE, intents.Back, advising.ask_which, (P.CHOOSING_PURPOSE,)),
    *_leave_row(P.READING_ADVICE),
    *_patience(P.READING_ADVICE),
    Row(P.CHOOSING_OPTIONS, intents.ChooseOption, choosing.choose_option),
    Row(P.CHOOSING_OPTIONS, intents.Next, choosing.options_chosen, (P.PREPARING, P.NOTIFIED)),
    Row(P.CHOOSING_OPTIONS, intents.Back, choosing.options_back, (P.CHOOSING_KINDS,)),
    *_leave_row(P.CHOOSING_OPTIONS),
    *_patience(P.CHOOSING_OPTIONS),
    # --- prepare, check, confirm
    Row(P.PREPARING, ports.Prepared, preparing.prepared, (P.CONFIRMING, P.NOTIFIED)),
    Row(P.PREPARING, ports.PrepareRefused, preparing.prepare_refused, (P.NOTIFIED,)),
    Row(P.PREPARING, ports.IssuanceFailed, _failed_while_preparing, (P.NOTIFIED,)),
    Row(P.PREPARING, intents.Cancel, session.leave, LEAVING),
    Row(P.CONFIRMING, intents.Next, payment.open_transaction, (P.OPENING_TRANSACTION, P.NOTIFIED)),
    Row(P.CONFIRMING, intents.Back, choosing.confirm_back, (P.CHOOSING_KINDS, P.CHOOSING_OPTIONS)),
    *_leave_row(P.CONFIRMING),
    *_patience(P.CONFIRMING),
    # --- which means
    Row(
        P.CHOOSING_MEANS,
        intents.ChooseMeans,
        means.choose,
        (P.AWAITING_PAYMENT, P.AWAITING_CODE, P.PROVING, *AFTER_MONEY),
    ),
    Row(P.CHOOSING_MEANS, intents.Cancel, means.leave, AFTER_MONEY),
    Row(P.CHOOSING_MEANS, ANSWER, means.leave, AFTER_MONEY),
    *_patience(P.CHOOSING_MEANS),
    Row(P.AWAITING_CODE, ports.PaymentCodeRead, means.code_read, (P.PROVING,)),
    Row(P.AWAITING_CODE, ports.DeviceLost, means.camera_lost, AGAIN),
    Row(P.AWAITING_CODE, intents.Back, means.code_back, AGAIN),
    Row(P.AWAITING_CODE, intents.Cancel, means.leave, AFTER_MONEY),
    Row(P.AWAITING_CODE, ANSWER, means.leave, AFTER_MONEY),
    *_patience(P.AWAITING_CODE),
    # --- proven before a payment that may not come back
    Row(P.PROVING, ports.PrinterRead, means.printer_read, (P.CHARGING, *AGAIN)),
    Row(P.PROVING, STAGE, means.printer_silent, AFTER_MONEY),
    Row(P.PROVING, ports.Committed, means.committed),
    Row(P.PROVING, ports.CommitRefused, means.commit_refused, AFTER_MONEY),
    Row(P.PROVING, ports.IssuanceFailed, _failed_while_proving, AFTER_MONEY),
    Row(P.PROVING, RETRY, issuance.commit_again),
    # --- the terminal, the gateway
    Row(P.CHARGING, intents.Cancel, cashless.abort),
    Row(P.CHARGING, intents.Back, cashless.other_means),
    Row(P.CHARGING, ANSWER, cashless.nobody_there),
    *_patience(P.CHARGING),
    Row(P.CHECKING_PAYMENT, RETRY, cashless.ask_once_more),
    Row(P.CHECKING_PAYMENT, STAGE, cashless.gave_up, AFTER_MONEY),
    # --- money in
    Row(P.OPENING_TRANSACTION, RoomJudged, payment.no_room, (P.NOTIFIED,)),
    Row(P.AWAITING_PAYMENT, intents.Cancel, payment.cancel_payment, (P.CLOSING_PAYMENT,)),
    Row(
        P.AWAITING_PAYMENT, ports.DeviceLost, payment.cash_lost, (P.IN_TROUBLE, P.NOTIFIED, P.CLOSING_PAYMENT)
    ),
    Row(P.AWAITING_PAYMENT, ANSWER, payment.nobody_there, (P.IN_TROUBLE, P.CLOSING_PAYMENT)),
    *_patience(P.AWAITING_PAYMENT),
    Row(P.CLOSING_PAYMENT, ports.AcceptanceSet, payment.acceptance_closed, (P.ISSUING, *AFTER_MONEY)),
    Row(P.CLOSING_PAYMENT, STAGE, payment.closing_is_slow, (P.ISSUING, *AFTER_MONEY)),
    Row(P.AWAITING_PAYMENT, ports.AcceptanceSet, payment.acceptance_changed),
    Row(P.AWAITING_PAYMENT, ports.DeviceFault, _fault_in_payment),
    # --- money out
    Row(P.PAYING_OUT, ports.HopperRead, _read_while_paying, AFTER_MONEY),
    Row(P.PAYING_OUT, ports.DeviceLost, _lost_while_paying, AFTER_MONEY),
    Row(P.PAYING_OUT, UNREAD, payout.never_read, AFTER_MONEY),
    # --- commit and print
    Row(P.ISSUING, ports.Committed, issuance.committed),
    Row(P.ISSUING, ports.CommitRefused, issuance.commit_refused),
    Row(P.ISSUING, ports.IssuanceFailed, _failed_while_issuing),
    Row(P.ISSUING, ports.PrinterRead, issuance.printer_read_while_printing),
    Row(P.ISSUING, SLOW, issuance.print_is_slow),
    Row(P.ISSUING, RETRY, issuance.commit_again),
    Row(P.AWAITING_PRINTER, ports.PrinterRead, issuance.printer_is_back, (P.ISSUING,)),
    Row(P.AWAITING_PRINTER, intents.Cancel, issuance.give_up_printing, (P.ISSUING,)),
    Row(P.AWAITING_PRINTER, STAGE, issuance.give_up_printing, (P.ISSUING,)),
    # --- things, thanks, endings
    Row(P.TAKING_THINGS, intents.Taken, taking.taken, (P.FINISHED, P.IN_TROUBLE, P.NOTIFIED)),
    Row(P.TAKING_THINGS, ports.PaperTaken, taking.taken_by_sensor, (P.FINISHED, P.IN_TROUBLE, P.NOTIFIED)),
    Row(P.TAKING_THINGS, STAGE, taking.things_left, (P.FINISHED, P.IN_TROUBLE, P.NOTIFIED)),
    Row(P.TAKING_THINGS, intents.ReadAloud, reading.asked),
    Row(P.FINISHED, intents.ReadAloud, reading.asked),
    Row(P.FINISHED, intents.Rate, taking.rate),
    Row(P.FINISHED, intents.Next, taking.done, REST),
    Row(P.FINISHED, STAGE, taking.done, REST),
    Row(P.NOTIFIED, intents.Next, session.leave, LEAVING),
    Row(P.NOTIFIED, intents.Cancel, session.leave, LEAVING),
    Row(P.NOTIFIED, STAGE, session.leave, LEAVING),
    Row(P.IN_TROUBLE, intents.GiveBack, payout.asked_back, AFTER_MONEY),
    Row(P.IN_TROUBLE, intents.Next, session.leave, LEAVING),
    Row(P.IN_TROUBLE, STAGE, _trouble_over, LEAVING),
    # --- staff
    Row(P.AWAITING_CARD, ports.StaffCardRead, desk.card_met_while_waiting, (P.NOTIFIED,)),
    Row(P.AWAITING_CARD, ports.CardRemoved, desk.card_gone_while_waiting, ASKING_NUMBER),
    *(Row(phase, ports.StaffCardRead, desk.card_met, (P.STAFF_LOGIN,)) for phase in service.RESTING),
    Row(P.IDLE, ports.ChallengeSigned, desk.tap_signed, (P.CHOOSING_LANGUAGE, *AFTER_LANGUAGE)),
    Row(P.STAFF_LOGIN, ports.StaffCardRead, desk.card_met),
    Row(P.STAFF_LOGIN, ports.CardRead, desk.other_card),
    Row(P.STAFF_LOGIN, ports.PinSlotOpened, desk.slot_opened),
    Row(P.STAFF_LOGIN, ports.DigitsEntered, desk.digits_entered),
    Row(P.STAFF_LOGIN, ports.PinSlotClosed, desk.slot_closed),
    Row(P.STAFF_LOGIN, ports.PinRejected, desk.pin_rejected),
    Row(P.STAFF_LOGIN, ports.PinBlocked, desk.pin_blocked),
    Row(P.STAFF_LOGIN, ports.PinAccepted, desk.pin_accepted),
    Row(P.STAFF_LOGIN, ports.ChallengeSigned, two_people.signed),
    Row(P.STAFF_LOGIN, ports.CodeSigned, two_people.code_signed, (P.STAFF_DESK,)),
    Row(P.STAFF_LOGIN, ports.CodeRejected, two_people.code_rejected),
    *(
        Row(phase, intents.UseSealedCode, two_people.ask_code, (P.STAFF_LOGIN,))
        for phase in (P.STAFF_LOGIN, P.STAFF_DESK, P.OUT_OF_SERVICE)
    ),
    Row(P.STAFF_LOGIN, ports.CardFailed, desk.card_failed),
    Row(P.STAFF_LOGIN, ports.DeviceLost, _reader_lost_at_login, (P.STARTING, P.STAFF_DESK, *REST)),
    Row(P.STAFF_LOGIN, ports.CardRemoved, desk.card_removed, (P.STAFF_DESK, P.STARTING, *REST)),
    Row(P.STAFF_LOGIN, LOGIN, desk.timer, (P.STAFF_DESK, P.STARTING, *REST)),
    Row(P.STAFF_LOGIN, intents.Cancel, desk.leave_login, (P.STAFF_DESK, P.STARTING, *REST)),
    Row(P.STAFF_DESK, ports.StaffCardRead, desk.card_met, (P.STAFF_LOGIN,)),
    Row(P.STAFF_DESK, ports.CardRead, desk.other_card),
    Row(P.STAFF_DESK, ports.CardInserted, desk_acts.card_inserted),
    Row(P.STAFF_DESK, ports.SlipPrinted, _slip_printed_at_desk),
    Row(P.STAFF_DESK, ports.PrintEnded, _print_ended_at_desk),
    Row(P.STAFF_DESK, ports.PaperMade, desk_papers.paper_made),
    Row(P.STAFF_DESK, ports.FactsRead, desk_tests.facts_read),
    Row(P.STAFF_DESK, ports.CameraExamined, desk_tests.camera_examined),
    Row(P.STAFF_DESK, intents.OpenPage, desk_walk.open_page),
    Row(P.STAFF_DESK, intents.Back, desk_walk.back),
    Row(P.STAFF_DESK, intents.ShowPaper, desk_papers.show_paper),
    Row(P.STAFF_DESK, intents.PrintPaper, desk_papers.print_paper),
    Row(P.STAFF_DESK, intents.PrintPages, desk_papers.print_pages),
    Row(P.STAFF_DESK, intents.SetPieces, desk_acts.set_pieces),
    Row(P.STAFF_DESK, intents.RunTest, desk_acts.run_test),
    Row(P.STAFF_DESK, intents.AskWhy, desk_acts.ask_why),
    Row(P.STAFF_DESK, intents.DoAct, desk_acts.do_act),
    Row(P.STAFF_DESK, intents.Cancel, desk.leave, (P.STARTING, *REST)),
    Row(P.STAFF_DESK, DESK_IDLE, desk.leave, (P.STARTING, *REST)),
    Row(P.STAFF_DESK, DESK_END, desk.leave, (P.STARTING, *REST)),
    Row(P.STAFF_LOGIN, DESK_IDLE, desk.leave, (P.STARTING, *REST)),
    Row(P.STAFF_LOGIN, DESK_END, desk.leave, (P.STARTING, *REST)),
    # --- after a restart
    Row(P.OFFERING_BACK, intents.GiveBack, payout.asked_back, AFTER_MONEY),
    Row(P.OFFERING_BACK, STAGE, recovery.nobody_came, AFTER_MONEY),
)


def _nothing(_: Turn, __: object) -> None:
    """Known, and no change: the row says that it was thought of."""


def _written(turn: Turn, _: DuplicateCredit) -> None:
    """The write came back, and there was nothing new in it."""
    turn.set(writing=max(0, turn.state.writing - 1))


ANYWHERE: dict[Key, Handler] = {
    ports.DeviceArrived: _device_arrived,
    ports.DeviceLost: service.device_lost,
    ports.DeviceFault: _device_fault,
    ports.DeviceWarned: service.device_warned,
    ports.PrinterRead: service.printer_read,
    ports.HopperRead: _hopper_read,
    ports.ReconciliationEnded: day.reconciled,
    ports.AcceptanceSet: service.acceptance_set,
    ports.IssuanceStatus: service.issuance_status,
    ports.IssuanceFailed: _issuance_failed,
    ports.ClockJudged: service.clock_judged,
    ports.CoinAccepted: payment.coin_accepted,
    ports.CoinRefused: payment.coin_refused,
    ports.CreditsLost: payment.credits_lost,
    ports.AcceptorReset: payment.acceptor_reset,
    ports.NoteEscrowed: payment.note_escrowed,
    ports.NoteCredited: notes.credited,
    ports.NoteStacked: notes.stacked,
    ports.NoteReturned: notes.returned,
    ports.NoteRefused: notes.refused,
    ports.NoteInDoubt: notes.in_doubt,
    ports.NotePresented: notes.presented,
    ports.NoteRetracted: notes.retracted,
    ports.NotePaid: notes.paid,
    NOTE: notes.silent,
    PATH: notes.path_again,
    BEZEL: notes.bezel_waits,
    ports.TerminalRead: cashless.terminal_read,
    ports.PaymentProgressed: cashless.progressed,
    ports.PaymentCodeMade: cashless.code_made,
    ports.PaymentEnded: cashless.payment_ended,
    ports.ReversalEnded: cashless.reversal_ended,
    ports.TrayFilled: taking.tray_filled,
    ports.PaperTaken: taking.tray_emptied,
    ports.SheetLeft: outlets.sheet_left,
    EXIT: issuance.exit_is_over,
    ports.EmergencyBegan: emergency.began,
    ports.EmergencyEnded: emergency.ended,
    ports.DispenseProgressed: _nothing,
    ports.DispenseEnded: payout.dispense_ended,
    ports.PageImprinted: issuance.page_imprinted,
    ports.PrintEnded: issuance.print_ended,
    ports.SlipPrinted: taking.slip_printed,
    ports.ReadingEnded: reading.ended,
    ports.NumberForgotten: number.number_gone,
    ports.CardInserted: identity.note_inserted,
    ports.CardRead: identity.note_read,
    ports.CardUnreadable: identity.note_inserted,
    ports.StaffCardRead: desk.card_met,
    ports.ChallengeSigned: desk.tap_signed,
    ports.PaperMade: _nothing,
    ports.FactsRead: _nothing,
    ports.CameraExamined: desk_tests.camera_examined,
    ports.CardRemoved: identity.note_removed,
    ports.ChallengeIssued: identity.challenge_issued,
    ports.CameraForbidden: number.camera_forbidden,
    ports.PrintedAcknowledged: issuance.printed_acknowledged,
    ports.VoidAcknowledged: issuance.void_acknowledged,
    ports.HeadAcknowledged: _nothing,
    DuplicateCredit: _written,
    CloseDayAsked: day.close_day,
    StaffAsked: staff.staff_asked,
    StaffSlipAsked: staff.slip_asked,
    RoomJudged: service.room_judged,
    JournalDied: _journal_died,
    STATUS: _ask_status,
    START: recovery.waits_long,
    REPORT: _report_again,
    CALL: calls.still_waiting,
    ports.StateReported: calls.state_reported,
    intents.ChooseLanguage: session.choose_language,
    intents.CallStaff: session.call_staff,
    intents.SetVoice: session.change_manners,
    intents.SetLoudness: session.change_manners,
    intents.SetPace: session.change_manners,
    intents.SetCurtain: session.change_manners,
    intents.SetTextSize: session.change_manners,
    intents.SetContrast: session.change_manners,
    intents.BeginHelp: helping.begin_help,
    intents.AnswerCall: calls.answer,
    intents.EndHelp: helping.end_help,
    intents.Point: helping.point,
    intents.SetReach: session.change_manners,
}
"""What happens whatever is being asked. A phase's own row comes first."""

OF_A_CARD = (
    ports.CardInserted,
    ports.CardRead,
    ports.StaffCardRead,
    ports.CardUnreadable,
    ports.CertificateRead,
    ports.CardRemoved,
    ports.PinSlotOpened,
    ports.PinSlotClosed,
    ports.DigitsEntered,
    ports.PinAccepted,
    ports.PinRejected,
    ports.PinBlocked,
    ports.ChallengeSigned,
    ports.CardFailed,
)
"""Events of a card, on whichever reader."""

STAFF_READER_ALWAYS = (ports.CardInserted, ports.CardUnreadable)
STAFF_READER: dict[Key, Handler] = {
    ports.CardInserted: desk.staff_reader_news,
    ports.CardUnreadable: desk.staff_reader_news,
    ports.CardRemoved: desk.staff_reader_news,
    ports.CardRead: desk.other_card,
    ports.StaffCardRead: desk.card_met,
    ports.ChallengeSigned: desk.tap_signed,
}
"""On the staff's own reader, whatever a resident is doing. Only while somebody logs in do the rows above hold there."""

FOLLOWS: dict[type[records.Record], Handler] = {
    records.TransactionOpened: payment.opened,
    records.CoinIn: payment.coin_in,
    records.NoteIntended: payment.note_intended,
    records.NoteIn: payment.note_in,
    records.NoteBack: payment.note_ended,
    records.NoteDoubted: payment.note_doubted,
    records.NotePathClearing: notes.path_cleared,
    records.DispenseAdvanced: notes.acknowledge_paid,
    records.PaymentIntended: cashless.request,
    records.PaymentSettled: cashless.payment_settled,
    records.PaymentResolved: cashless.payment_resolved,
    records.ReversalIntended: cashless.request_void,
    records.ReversalSettled: cashless.reversal_settled,
    records.ReversalResolved: cashless.reversal_settled,
    records.LineCommitted: means.line_committed,
    records.PayoutDecided: payout.payout_decided,
    records.DispenseIntended: payout.dispense,
    records.DispenseSettled: payout.dispense_settled,
    records.OwedOnSlip: payout.owed,
    records.ExchangeEnded: payout.box_was_open,
    records.IncidentClosed: payout.incident_closed,
    records.CommitIntended: issuance.commit_intended,
    records.PrintIntended: issuance.print_line,
    records.PrintSettled: issuance.print_settled,
    records.LineBooked: issuance.line_booked,
    records.ReceiptIntended: payout.receipt_intended,
    records.LineVoided: issuance.line_voided,
    records.DayClosed: day.day_closed,
    records.ReconciliationIntended: day.reconcile,
    records.Checkpoint: day.sealed,
}
"""The act that a durable record permits. What is not here needs none."""

TABLE: dict[tuple[Phase, Key], Row] = {(row.phase, row.on): row for row in ROWS}
if len(TABLE) != len(ROWS):
    raise ContractError("two rows for one cell")


def _has_free_money(state: Kiosk) -> bool:
    account = state.ledger.accounts.get(Turn(state).session.transaction)
    return account is not None and bool(account.held)


def _is_held(state: Kiosk) -> bool:
    """The trouble is that money waits for its owner: it ends by giving it back, not by a touch on 「わかりました」."""
    return Turn(state).session.trouble in till.HELD_CODES and _has_free_money(state)


GUARDS: dict[tuple[Phase, type[intents.Intent]], Callable[[Kiosk], bool]] = {
    (P.CHOOSING_KINDS, intents.Next): lambda state: bool(Turn(state).session.copies),
    (P.CHOOSING_KINDS, intents.Back): lambda state: state.setup.plan.binds_kinds,
    (P.CHOOSING_OPTIONS, intents.Back): choosing.may_go_back,
    (P.CONFIRMING, intents.Back): choosing.may_go_back_from_confirm,
    (P.OFFERING_FACE, intents.TypeNumber): lambda state: state.setup.reads_number,
    (P.CHOOSING_OTHER_WAY, intents.AskStaff): lambda state: state.setup.has_assistant,
    (P.CHOOSING_OTHER_WAY, intents.Next): lambda state: face.may_retry(Turn(state)),
    (P.CHOOSING_OTHER_WAY, intents.Back): lambda state: Turn(state).session.step is Step.NUMBER,
    (P.NOTIFIED, intents.Cancel): lambda _: False,
    (P.IN_TROUBLE, intents.GiveBack): lambda state: _is_held(state) and service.cash_is_up(state),
    (P.IN_TROUBLE, intents.Next): lambda state: not _is_held(state) and not state.journal_is_dead,
    (P.OFFERING_BACK, intents.GiveBack): lambda state: (
        (_has_free_money(state) and service.cash_is_up(state)) or recovery.may_give_back_cashless(Turn(state))
    ),
    (P.CHARGING, intents.Cancel): lambda state: Turn(state).session.stage in ("touch", "show"),
    (P.CHARGING, intents.Back): lambda state: Turn(state).session.stage in ("touch", "show"),
    (P.STAFF_LOGIN, intents.Cancel): lambda state: not desk.is_card_in(state),
    **{
        (phase, intents.UseSealedCode): two_people.may_ask_code
        for phase in (P.STAFF_LOGIN, P.STAFF_DESK, P.OUT_OF_SERVICE)
    },
    (P.STAFF_DESK, intents.Back): lambda state: state.desk is not None and bool(state.desk.trail),
    (P.STAFF_DESK, intents.PrintPaper): lambda state: state.desk is not None and state.desk.paper is not None,
    (P.STAFF_DESK, intents.PrintPages): desk_papers.has_pages,
    (P.TAKING_THINGS, intents.ReadAloud): reading.may_read,
    (P.FINISHED, intents.ReadAloud): reading.may_read,
    (P.TAKING_THINGS, intents.Taken): taking.may_tell,
    (P.CHOOSING_KINDS, intents.AskWhich): lambda state: bool(state.setup.guidance.purposes),
    (P.READING_ADVICE, intents.Next): lambda state: advising.state_of(Turn(state)) == "open",
    (P.FINISHED, intents.Rate): lambda state: bool(Turn(state).session.opinion),
}
"""Cells that are open only sometimes."""


EVERYWHERE = (
    intents.ChooseLanguage,
    intents.CallStaff,
    intents.SetVoice,
    intents.SetLoudness,
    intents.SetPace,
    intents.SetCurtain,
    intents.SetReach,
    intents.SetTextSize,
    intents.SetContrast,
    intents.BeginHelp,
    intents.AnswerCall,
    intents.EndHelp,
    intents.Point,
)
"""Possible on every screen, whatever else is asked, as far as the role may; not while staff have the display."""


def _open_in(phase: P) -> tuple[type[intents.Intent], ...]:
    rows = [row.on for row in ROWS if row.phase is phase]
    kinds = [each for each in rows if isinstance(each, type) and issubclass(each, intents.Intent)]
    everywhere = () if phase in desk.AT_DESK else EVERYWHERE
    return (*kinds, *(each for each in everywhere if each not in kinds))


OPEN_IN = {phase: _open_in(phase) for phase in P}
"""The intents that a phase has rows for, and those of every screen."""

OPEN_TO = {
    (phase, role): tuple(each for each in kinds if role in rights.roles(each))
    for phase, kinds in OPEN_IN.items()
    for role in Role
}
"""Those of them that somebody of this role may ever send: asked several times for each event."""


def allowed(state: Kiosk, role: Role) -> tuple[str, ...]:
    """The tags of the intents that whoever is at this role's display may send now."""
    if state.is_emergency:
        return (intents.ChooseLanguage.__name__,)
    actor = desk.actor(state, role)
    found = [
        each
        for each in OPEN_TO[state.phase, actor]
        if GUARDS.get((state.phase, each), _always)(state)
        and rights.may(
            actor,
            each,
            is_served=state.session is not None,
            is_helped=state.manners.is_helped,
            is_private=state.phase in NEVER_ASSISTED,
            is_called=state.is_staff_called and (state.session is None or not state.is_call_answered),
        )
        and (each is not intents.KeepGoing or state.still_there_s is not None or actor is Role.ASSISTANT)
    ]  # staff may ask for more time before anybody is asked
    return tuple(sorted(each.__name__ for each in found))


def _always(_: Kiosk) -> bool:
    return True


def key_of(event: ports.Event) -> Key:
    """How the rows name this event."""
    if isinstance(event, Asked):
        return type(event.intent)
    if isinstance(event, ports.TimerExpired):
        return Timer(event.name)
    return type(event)


def handle(
    state: Kiosk, event: ports.Event, now_s: float, wall: datetime
) -> tuple[Kiosk, tuple[ports.Command, ...]]:
    """The engine: one event in, the next state and the commands out, in the order in which to do them."""
    turn = Turn(replace(state, now_s=now_s, wall=wall))
    is_refused = isinstance(event, Asked) and type(event.intent).__name__ not in allowed(state, event.role)
    if isinstance(event, Recorded):
        _follow(turn, event)
    elif not is_refused:
        key = key_of(event)
        _handler(state, event, key)(turn, event)
        helping.write_down(turn, event)
        desk.touched(turn, event)
    issuance.settle_what_left(turn)
    taking.take_what_is_gone(turn)
    _leave_the_building(turn)
    notes.clear_path_when_free(turn)
    recovery.conclude(turn)
    recovery.take_up_next(turn)
    recovery.check_offer(turn)
    payment.watch_change(turn)
    service.review(turn)
    service.watch_cash(turn)
    staff.watch_staff(turn)
    day.close_day_when_free(turn)
    heard = None if is_refused else event  # what somebody may not do is no touch, no call, no end of a visit
    session.watch_time(turn, state.phase, heard)
    calls.watch(turn, state, heard)
    visits.watch(turn, state, heard)
    if place(turn.state) != place(state):
        turn.set(step=state.step + 1, manners=replace(turn.state.manners, pointed=""))
    return turn.state, tuple(turn.commands)


def _handler(state: Kiosk, event: ports.Event, key: Key) -> Handler:
    """Of this event in this phase. What comes from the staff's own reader is no row's of a visit."""
    is_staffs = isinstance(event, OF_A_CARD) and event.device == state.setup.staff_reader
    if is_staffs and (state.phase is not P.STAFF_LOGIN or key in STAFF_READER_ALWAYS):
        return STAFF_READER.get(key, _nothing)
    row = TABLE.get((state.phase, key))
    return row.handler if row is not None else ANYWHERE.get(key, _nothing)


def _leave_the_building(turn: Turn) -> None:
    """In an emergency every phase that can be left is left, whatever led to it."""
    if not turn.state.is_emergency:
        return
    told = (P.NOTIFIED, P.FINISHED)
    key = intents.Next if turn.state.phase in told else intents.Cancel
    row = TABLE.get((turn.state.phase, key))
    if row is not None and GUARDS.get((row.phase, key), _always)(turn.state):
        row.handler(turn, None)


def _follow(turn: Turn, event: Recorded) -> None:
    """All of one write is folded first, then the acts that it permits."""
    if not all(isinstance(record, BESIDE) for _, record in event.entries):
        turn.set(writing=max(0, turn.state.writing - 1))
    ledger = turn.state.ledger
    for seq, record in event.entries:
        ledger = fold(ledger, seq, record)
    turn.set(ledger=ledger)
    for _, record in event.entries:
        FOLLOWS.get(type(record), _nothing)(turn, record)


def place(state: Kiosk) -> tuple[object, ...]:
    """Where the conversation stands: when this changes, an intent made before is stale."""
    session_ = state.session
    inner = (
        () if session_ is None else (session_.transaction, session_.asking, session_.slot, session_.trouble)
    )
    now = state.desk
    at_desk = () if now is None else (now.staff.id, now.page, now.of, now.pending, state.login)
    return (state.phase, inner, at_desk, allowed(state, Role.RESIDENT))


def is_legal(before: Kiosk, event: ports.Event, after: Kiosk) -> bool:
    """Whether the rows announce this change of phase; tests hold every transition against it."""
    if before.phase is after.phase or after.is_emergency:
        return True
    if isinstance(event, Recorded):
        return after.phase in RECORD_TARGETS
    row = TABLE.get((before.phase, key_of(event)))
    if row is not None and after.phase in (*row.to, *REST):
        return True
    return (
        before.phase in service.RESTING and after.phase in (*REST, P.OFFERING_BACK, P.PAYING_OUT)
    ) or isinstance(event, JournalDied)


RECORD_TARGETS = (
    P.AWAITING_PAYMENT,
    P.CHOOSING_MEANS,
    P.CHARGING,
    P.CHECKING_PAYMENT,
    P.CLOSING_PAYMENT,
    P.ISSUING,
    P.AWAITING_PRINTER,
    P.OFFERING_BACK,
    *AFTER_MONEY,
)
"""Where a durable record may lead."""
