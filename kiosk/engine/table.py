"""All states and all transitions. interpreter.py reads them.

Rules
  1. Everything that changes the state of the kiosk happens in `interpreter.handle`, through a row of this file. A
     screen, a driver, a thread, the clock: each can only put an event in.
  2. A row names the phase, the event (or the intent, or the timer by its name), the handler, and every phase that the
     handler may lead to. The diagram in docs/states.md is drawn from these rows.
  3. Irreversible acts are not in the handlers of events. A handler asks for a record; the act is in FOLLOWS, under
     the record's name, and is reached only when the record is durable.
  4. An event that no row knows is dropped. That is right for late answers and for a double tap; a row that is missing
     by mistake shows in the test that visits every cell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from kiosk import intents, ports
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
    together,
    two_people,
)
from kiosk.engine.inner import (
    CloseDayAsked,
    DuplicateCredit,
    JournalDied,
    RoomJudged,
    StaffAsked,
    StaffSlipAsked,
)
from kiosk.engine.state import Phase, Turn
from kiosk.errors import ContractError
from kiosk.journal import records
from kiosk.services.plan import Step

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
        Row(phase, ports.DeviceLost, lost or together.reader_lost, lost_to),
        Row(phase, ports.IssuanceFailed, together.failed_while_identifying, (P.NOTIFIED,)),
    )


def _server_answers(phase: Phase) -> tuple[Row, ...]:
    """What the server thinks of card and signature comes while the person does something else."""
    return (
        Row(phase, ports.Authenticated, identity.authenticated),
        Row(phase, ports.AuthenticationRefused, identity.authentication_refused, (P.NOTIFIED,)),
    )


ROWS: tuple[Row, ...] = (
    # --- nobody, or the first touch
    Row(P.STARTING, JournalDied, together.journal_died, (P.OUT_OF_SERVICE,)),
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
    Row(P.OPENING_NUMBER, ports.DeviceLost, together.reader_lost, (P.NOTIFIED,)),
    Row(P.OPENING_NUMBER, intents.OtherWay, face.other_way, (P.CHOOSING_OTHER_WAY,)),
    Row(P.OPENING_NUMBER, intents.Cancel, session.leave, LEAVING),
    Row(P.SHOWING_CARD, ports.CardHint, number.card_hinted),
    Row(P.SHOWING_CARD, ports.NumberPartTaken, number.part_taken, AFTER_NUMBER),
    Row(P.SHOWING_CARD, ports.NumberPartRefused, number.part_refused, (P.OPENING_NUMBER,)),
    Row(P.SHOWING_CARD, ports.NumberReadingEnded, number.reading_ended, (P.OPENING_NUMBER,)),
    Row(P.SHOWING_CARD, ports.NumberForgotten, number.number_forgotten, ASKING_NUMBER),
    Row(P.SHOWING_CARD, ports.CardRemoved, number.card_gone_while_typing, ASKING_NUMBER),
    Row(P.SHOWING_CARD, ports.DeviceLost, together.lost_while_showing, (P.OPENING_NUMBER, P.NOTIFIED)),
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
    Row(P.ENTERING_NUMBER, ports.DeviceLost, together.reader_lost, (P.NOTIFIED,)),
    Row(P.ENTERING_NUMBER, intents.OtherWay, face.other_way, (P.CHOOSING_OTHER_WAY,)),
    Row(P.ENTERING_NUMBER, intents.Back, number.number_back, (P.OPENING_NUMBER, P.OFFERING_FACE)),
    *_leave_row(P.ENTERING_NUMBER),
    *_patience(P.ENTERING_NUMBER),
    # --- the card
    Row(P.AWAITING_CARD, ports.CardRead, identity.accept_card, AFTER_CARD),
    Row(P.AWAITING_CARD, ports.NumberForgotten, number.number_forgotten, ASKING_NUMBER),
    Row(P.AWAITING_CARD, ports.CardUnreadable, identity.refuse_card, (P.NOTIFIED, P.RETURNING_CARD)),
    Row(P.AWAITING_CARD, ports.CardFailed, identity.card_failed, (P.NOTIFIED,)),
    Row(P.AWAITING_CARD, ports.DeviceLost, together.reader_lost, (P.NOTIFIED,)),
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
    *_card_must_stay(P.CHECKING_FACE, together.lost_while_checking, (P.CHOOSING_OTHER_WAY, P.NOTIFIED)),
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
    Row(P.RETURNING_CARD, ports.IssuanceFailed, together.failed_while_identifying, (P.NOTIFIED,)),
    Row(P.RETURNING_CARD, STAGE, identity.card_left),
    Row(P.AUTHENTICATING, ports.Authenticated, identity.authenticated, AFTER_IDENTITY),
    Row(P.AUTHENTICATING, ports.AuthenticationRefused, identity.authentication_refused, (P.NOTIFIED,)),
    Row(P.AUTHENTICATING, ports.IssuanceFailed, together.failed_while_identifying, (P.NOTIFIED,)),
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
    Row(P.PREPARING, ports.IssuanceFailed, together.failed_while_preparing, (P.NOTIFIED,)),
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
    Row(P.PROVING, ports.IssuanceFailed, together.failed_while_proving, AFTER_MONEY),
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
    Row(P.AWAITING_PAYMENT, ports.DeviceFault, together.fault_in_payment),
    # --- money out
    Row(P.PAYING_OUT, ports.HopperRead, together.read_while_paying, AFTER_MONEY),
    Row(P.PAYING_OUT, ports.DeviceLost, together.lost_while_paying, AFTER_MONEY),
    Row(P.PAYING_OUT, UNREAD, payout.never_read, AFTER_MONEY),
    # --- commit and print
    Row(P.ISSUING, ports.Committed, issuance.committed),
    Row(P.ISSUING, ports.CommitRefused, issuance.commit_refused),
    Row(P.ISSUING, ports.IssuanceFailed, together.failed_while_issuing),
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
    Row(P.IN_TROUBLE, STAGE, together.trouble_over, LEAVING),
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
    Row(P.STAFF_LOGIN, ports.DeviceLost, together.reader_lost_at_login, (P.STARTING, P.STAFF_DESK, *REST)),
    Row(P.STAFF_LOGIN, ports.CardRemoved, desk.card_removed, (P.STAFF_DESK, P.STARTING, *REST)),
    Row(P.STAFF_LOGIN, LOGIN, desk.timer, (P.STAFF_DESK, P.STARTING, *REST)),
    Row(P.STAFF_LOGIN, intents.Cancel, desk.leave_login, (P.STAFF_DESK, P.STARTING, *REST)),
    Row(P.STAFF_DESK, ports.StaffCardRead, desk.card_met, (P.STAFF_LOGIN,)),
    Row(P.STAFF_DESK, ports.CardRead, desk.other_card),
    Row(P.STAFF_DESK, ports.CardInserted, desk_acts.card_inserted),
    Row(P.STAFF_DESK, ports.SlipPrinted, together.slip_printed_at_desk),
    Row(P.STAFF_DESK, ports.PrintEnded, together.print_ended_at_desk),
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


ANYWHERE: dict[Key, Handler] = {
    ports.DeviceArrived: together.device_arrived,
    ports.DeviceLost: service.device_lost,
    ports.DeviceFault: together.device_fault,
    ports.DeviceWarned: service.device_warned,
    ports.PrinterRead: service.printer_read,
    ports.HopperRead: together.hopper_read,
    ports.ReconciliationEnded: day.reconciled,
    ports.AcceptanceSet: service.acceptance_set,
    ports.IssuanceStatus: service.issuance_status,
    ports.IssuanceFailed: together.issuance_failed,
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
    ports.DispenseProgressed: together.nothing,
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
    ports.PaperMade: together.nothing,
    ports.FactsRead: together.nothing,
    ports.CameraExamined: desk_tests.camera_examined,
    ports.CardRemoved: identity.note_removed,
    ports.ChallengeIssued: identity.challenge_issued,
    ports.CameraForbidden: number.camera_forbidden,
    ports.PrintedAcknowledged: issuance.printed_acknowledged,
    ports.VoidAcknowledged: issuance.void_acknowledged,
    ports.HeadAcknowledged: together.nothing,
    DuplicateCredit: together.written,
    CloseDayAsked: day.close_day,
    StaffAsked: staff.staff_asked,
    StaffSlipAsked: staff.slip_asked,
    RoomJudged: service.room_judged,
    JournalDied: together.journal_died,
    STATUS: together.ask_status,
    START: recovery.waits_long,
    REPORT: together.report_again,
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
