"""project(state, role) -> SessionView: the only place that decides who sees what. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from kiosk.engine import advising, desk_pages, notes, outlets, printers, project_cashless, taking, waiting
from kiosk.engine.choosing import chosen_options, offered, questions
from kiosk.engine.face import may_retry
from kiosk.engine.identity import PHONES
from kiosk.engine.service import cares, cash_code, cashless_is_up, stop_reason
from kiosk.engine.state import Kiosk, Line, LineStage, Phase, Session, Turn
from kiosk.guidance import TOWN_TIME, Purpose, in_language
from kiosk.ids import OpId
from kiosk.journal.accounts import CASH
from kiosk.money import Denomination, Yen
from kiosk.ports import Document, NumberPart, PrinterRead
from kiosk.services.plan import Step
from kiosk.view import (
    Advice,
    AnyBody,
    Assisted,
    AssistKind,
    Attract,
    Cheaper,
    ChooseKinds,
    ChooseOptions,
    ChoosePurpose,
    Confirm,
    Done,
    Elsewhere,
    EnterNumber,
    EnterPin,
    FaceCheck,
    FaceReady,
    HeadBox,
    KindChoice,
    Language,
    LastTry,
    Notice,
    OfferBack,
    OfferFace,
    OrderSummary,
    OtherWays,
    OutOfService,
    Pay,
    PlaceCard,
    Price,
    PurposeChoice,
    Question,
    Returning,
    Role,
    SessionView,
    ShowCard,
    StaffLook,
    StepBar,
    StillThere,
    TakeCard,
    TakeNote,
    TakeThings,
    Thing,
    Trouble,
    Working,
)

NEVER_ASSISTED = (
    Phase.OPENING_NUMBER,
    Phase.SHOWING_CARD,
    Phase.ENTERING_NUMBER,
    Phase.OPENING_PIN,
    Phase.ENTERING_PIN,
    Phase.CONSENTING_LAST_TRY,
    Phase.CONFIRMING,
    Phase.CHOOSING_MEANS,
    Phase.AWAITING_CODE,
    Phase.PROVING,
    Phase.CHARGING,
    Phase.CHECKING_PAYMENT,
    Phase.AWAITING_PAYMENT,
)


def body(state: Kiosk) -> AnyBody:
    """The resident's screen."""
    if state.is_emergency:
        return OutOfService(_named(state, state.setup.town), "emergency", "")
    if state.bezel is not None and state.phase in WITH_NOTE:
        return _take_note(state, state.bezel)
    return BODIES[state.phase](state)


WITH_NOTE = (Phase.PAYING_OUT, Phase.STARTING)
"""Phases in which a note may wait in the bezel: it comes before everything else."""


def _take_note(state: Kiosk, op: OpId) -> AnyBody:
    dispense = state.ledger.dispenses.get(op)
    payout = state.ledger.payouts.get(dispense.payout) if dispense is not None else None
    return TakeNote(payout.amount if payout is not None else Yen(0), is_late=state.is_bezel_late)


def _session(state: Kiosk) -> Session:
    return Turn(state).session


def _out(state: Kiosk) -> AnyBody:
    waiting = state.ledger.open_transactions
    if state.phase is Phase.STARTING and state.waits_long and waiting:
        return Trouble("M-402", waiting[0].number, "held" if waiting[0].held else "counted", waiting[0].held)
    reason, code = stop_reason(state)
    if state.phase is Phase.STARTING and not reason:
        reason, code = "starting", ""
    return OutOfService(
        _named(state, state.setup.town), reason or "starting", code, _nearest(state), _phone(state)
    )


def _named(state: Kiosk, names: Mapping[str, str]) -> str:
    return in_language(names, state.manners.language)


def _nearest(state: Kiosk) -> Elsewhere | None:
    """The nearest other place that the town names."""
    places = state.setup.guidance.nearest
    if not places:
        return None
    return Elsewhere(*(_named(state, each) for each in (places[0].name, places[0].way, places[0].hours)))


def _phone(state: Kiosk) -> str:
    """The number to be called, while nobody of the staff is there."""
    return "" if state.setup.guidance.is_attended(state.wall) else state.setup.guidance.phone


def _attract(state: Kiosk) -> AnyBody:
    prices = state.issuance.prices if state.issuance else ()
    return Attract(
        _named(state, state.setup.town),
        _named(state, state.setup.place),
        state.issuance.open_until if state.issuance else "",
        tuple(Price(kind, Yen(here), Yen(counter)) for kind, here, counter in prices),
        not cash_code(state),
        cashless_is_up(state),
        bool(state.setup.brands),
        _named(state, state.setup.guidance.hours),
        tuple(
            _named(state, each.text)
            for each in state.setup.guidance.announcements
            if each.holds(_today(state))
        ),
    )


def _today(state: Kiosk) -> date:
    return state.wall.astimezone(TOWN_TIME).date()


def _enter_pin(state: Kiosk) -> AnyBody:
    session = _session(state)
    checking = state.phase in (Phase.SIGNING, Phase.AUTHENTICATING)
    return EnterPin(
        session.slot,
        session.attempts_left,
        4,
        is_checking=checking,
        was_wrong=session.was_wrong,
        keyed=session.digits if session.slot else 0,
        is_record=session.step is Step.RECORD,
    )


NUMBER_LENGTHS = {NumberPart.BIRTH: 6, NumberPart.EXPIRY: 4, NumberPart.CODE: 4}


def _enter_number(state: Kiosk) -> AnyBody:
    session = _session(state)
    part = session.face.part
    if part is NumberPart.WHOLE:
        return ShowCard("")
    keyed = session.digits if session.slot else 0
    return EnterNumber(session.slot, part.value, NUMBER_LENGTHS[part], session.face.note, keyed)


def _show_card(state: Kiosk) -> AnyBody:
    return ShowCard(_session(state).face.card_hint.value)


def _face_check(state: Kiosk) -> AnyBody:
    face = _session(state).face
    turn = face.turn.value if face.turn is not None else "ahead" if face.is_coming_back else ""
    box = face.box
    head = HeadBox(1 - box.right, box.top, 1 - box.left, box.bottom) if box is not None else None
    return FaceCheck(face.hint.value, turn, head)


def _other_ways(state: Kiosk) -> AnyBody:
    return OtherWays(
        state.setup.has_assistant, may_retry(Turn(state)), _session(state).face.outcome is not None
    )


def _take_card(state: Kiosk) -> AnyBody:
    session = _session(state)
    is_phone = session.card is not None and session.card.kind in PHONES
    is_unread = session.is_unread and not session.is_cancelled
    return TakeCard(
        session.is_verified and not session.is_cancelled, session.card_is_left, is_phone, is_unread
    )


def _kinds(state: Kiosk) -> AnyBody:
    session = _session(state)
    copies = dict(session.copies)
    choices = tuple(
        KindChoice(each.kind, Yen(each.fee), copies.get(each.kind, 0), each.max_copies, each.refusal)
        for each in offered(Turn(state))
    )
    total = Yen.sum(choice.fee * choice.copies for choice in choices)
    return ChooseKinds(choices, sum(copies.values()), total, bool(state.setup.guidance.purposes))


def _purposes(state: Kiosk) -> AnyBody:
    return ChoosePurpose(tuple(_purpose(state, each) for each in state.setup.guidance.purposes))


def _purpose(state: Kiosk, purpose: Purpose) -> PurposeChoice:
    return PurposeChoice(purpose.key, _named(state, purpose.name))


def _advice(state: Kiosk) -> AnyBody:
    turn = Turn(state)
    purpose = advising.asked(turn)
    fee = advising.fee_of(turn)
    return Advice(
        _purpose(state, purpose),
        purpose.kind,
        Yen(fee),
        advising.state_of(turn),
        purpose.options,
        purpose.advice,
        _named(state, purpose.note),
        _cheaper(state, purpose.kind, fee),
    )


def _cheaper(state: Kiosk, kind: str, fee: int) -> tuple[Cheaper, ...]:
    found = advising.cheaper_than(Turn(state), kind, fee)
    return tuple(Cheaper(kind, _named(state, each.place), Yen(each.fee)) for each in found)


def _options(state: Kiosk) -> AnyBody:
    turn = Turn(state)
    kind = turn.session.copies[turn.session.asking][0]
    chosen = dict(chosen_options(turn, kind))
    return ChooseOptions(
        kind,
        tuple(
            Question(each.key, each.choices, chosen[each.key], each.label) for each in questions(turn, kind)
        ),
    )


def _confirm(state: Kiosk) -> AnyBody:
    session = _session(state)
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[Line]] = {}
    for line in session.lines:
        groups.setdefault((line.kind, line.options), []).append(line)
    lines = tuple(
        OrderSummary(
            kind,
            options,
            len(group),
            _sheets(group),
            Yen.sum(line.fee for line in group),
            group[0].holders_masked,
        )
        for (kind, options), group in groups.items()
    )
    fees = {line.kind: line.fee.value for line in session.lines}
    cheaper = tuple(each for kind, fee in fees.items() for each in _cheaper(state, kind, fee))
    return Confirm(
        session.applicant_masked,
        lines,
        len(session.lines),
        _sheets(list(session.lines)),
        session.total,
        cheaper,
    )


def _sheets(lines: list[Line]) -> int:
    return sum(line.document.sheets for line in lines if line.document is not None)


def _sheets_out(document: Document, pages: int) -> int:
    """A sheet is out when its back is printed too."""
    return pages * document.sheets // document.pages


def _pay(state: Kiosk) -> AnyBody:
    session = _session(state)
    account = state.ledger.accounts.get(session.transaction)
    inserted = account.inserted.total if account is not None else Yen(0)
    remaining = account.remaining if account is not None else session.total
    coins = state.accepting or ()
    accepted = (*coins, *(state.notes_open or () if notes.is_ready(state) else ()))
    over = max((each.face.value for each in coins if not each.is_note), default=0)
    wished = max((each.face.value for each in state.setup.faces if not each.is_note), default=0)
    return Pay(
        session.total,
        inserted,
        remaining,
        accepted,
        state.setup.refused_faces,
        is_exact_only=over < wished and not any(each.is_note for each in accepted),
        is_closing=state.phase is not Phase.AWAITING_PAYMENT,
        short=_short(state, accepted) if remaining else (),
        note=session.note_said,
        note_trouble=notes.trouble(state),
    )


def _short(state: Kiosk, accepted: tuple[Denomination, ...]) -> tuple[Denomination, ...]:
    """Faces that cannot come now because their change is not there. A slot that is out of order is another matter."""
    return tuple(each for each in state.setup.faces if each not in accepted and _slot_is_there(state, each))


def _slot_is_there(state: Kiosk, face: Denomination) -> bool:
    if face.is_note and not state.setup.has_changer:
        return notes.is_ready(state)
    return state.accepting is not None


def _paying_out(state: Kiosk) -> AnyBody:
    session = _session(state)
    if session.things:
        return _working(state)
    if (void := project_cashless.returning(state)) is not None:
        return void
    account = state.ledger.accounts.get(session.transaction)
    payout = state.ledger.payouts.get(session.payout) if session.payout else None
    amount = payout.amount if payout is not None else account.held if account is not None else Yen(0)
    return Returning(amount)


WORKING_STAGE = {
    Phase.AUTHENTICATING: "checking",
    Phase.PREPARING: "preparing",
    Phase.PAYING_OUT: "paying_change",
}


def _working(state: Kiosk) -> AnyBody:
    session = _session(state)
    if any(line.stage is LineStage.PRINTING for line in session.lines) and _printer_trouble(state):
        return _trouble(state)
    stage = WORKING_STAGE.get(state.phase, "issuing")
    if any(line.stage is LineStage.PRINTING for line in session.lines):
        stage = "delayed" if session.is_slow else "printing"
    sheets = _sheets(list(session.lines))
    done = sum(
        line.document.sheets
        if line.stage is LineStage.PRINTED
        else _sheets_out(line.document, line.pages_done)
        for line in session.lines
        if line.document is not None
    )
    pages = sum(
        line.document.pages - (line.document.pages if line.stage is LineStage.PRINTED else line.pages_done)
        for line in session.lines
        if line.document is not None
    )
    return Working(stage, done, sheets, round(pages * state.setup.page_s))


def _printer_at_work(state: Kiosk) -> PrinterRead | None:
    """What the printer says that has a paper of this visit in its path."""
    at_work = (line.printer for line in _session(state).lines if line.stage is LineStage.PRINTING)
    return next((printers.reading_of(state, each) for each in at_work), None)


def _printer_trouble(state: Kiosk) -> bool:
    """The printer says that it cannot go on: paper, jam, cover."""
    read = _printer_at_work(state)
    return read is not None and not read.is_ready and bool(read.reasons)


def _things(state: Kiosk) -> AnyBody:
    session = _session(state)
    printed = [line for line in session.lines if line.stage is LineStage.PRINTED]
    amounts = {"change": session.change, "money": session.returned}
    sheets = {
        outlet: _sheets([line for line in printed if outlets.outlet_of(state.setup, line.printer) == outlet])
        for outlet in outlets.OUTLETS
    }
    is_cashless = session.means not in ("", CASH)
    return TakeThings(
        tuple(
            Thing(
                name,
                now,
                sheets.get(name, 0),
                amounts.get(name, Yen(0)),
                taking.is_watched(state, name),
                is_statement=name == "receipt" and is_cashless,
                slot=outlets.slot_of(state.setup, name),
            )
            for name, now in session.things
        )
    )


def _trouble(state: Kiosk) -> AnyBody:
    session = _session(state)
    account = state.ledger.accounts.get(session.transaction)
    held = account.held + account.held_cashless if account is not None else Yen(0)
    doubt = Yen.sum(line.fee for line in session.lines if line.stage is LineStage.IN_DOUBT)
    code = session.trouble
    if state.phase in (Phase.AWAITING_PRINTER, Phase.ISSUING):
        read = _printer_at_work(state)
        code = printers.code_of(read.reasons) if read is not None else printers.waiting_code(state)
    if session.is_uncounted or (account is not None and account.note_doubt):
        return Trouble(code, session.number, "counted")
    if account is not None and account.in_doubt_payment:
        return Trouble(code, session.number, "unknown", account.in_doubt_payment)
    if session.slip_owed:
        money = "held" if session.slips else "slip"  # no paper is promised that did not come out
        return Trouble(code, session.number, money, session.slip_owed)
    if held or doubt:
        return Trouble(code, session.number, "held", held or doubt)
    if session.voided:
        return Trouble(code, session.number, "voided", session.voided)
    returned = account.returned if account is not None else Yen(0)
    return Trouble(code, session.number, "returned" if returned else "none", returned)


def _offer(state: Kiosk) -> AnyBody:
    account = state.ledger.accounts.get(_session(state).transaction)
    doubt = Yen.sum(line.fee for line in _session(state).lines if line.stage is LineStage.IN_DOUBT)
    void, name = project_cashless.offered(state)
    if void:
        return OfferBack(void, name)
    return OfferBack(account.held - doubt if account is not None else Yen(0))


BODIES: dict[Phase, Callable[[Kiosk], AnyBody]] = {
    Phase.STARTING: _out,
    Phase.OUT_OF_SERVICE: _out,
    Phase.IDLE: _attract,
    Phase.CHOOSING_LANGUAGE: lambda _: Language(),
    Phase.OFFERING_FACE: lambda state: OfferFace(state.setup.reads_number),
    Phase.OPENING_NUMBER: _enter_number,
    Phase.SHOWING_CARD: _show_card,
    Phase.ENTERING_NUMBER: _enter_number,
    Phase.AWAITING_CARD: lambda state: PlaceCard(is_reading=state.card_is_present),
    Phase.READING_SURFACE: lambda _: PlaceCard(is_reading=True),
    Phase.OPENING_PIN: _enter_pin,
    Phase.CONSENTING_LAST_TRY: lambda _: LastTry(),
    Phase.ENTERING_PIN: _enter_pin,
    Phase.SIGNING: _enter_pin,
    Phase.READY_FOR_FACE: lambda _: FaceReady(),
    Phase.CHECKING_FACE: _face_check,
    Phase.CHOOSING_OTHER_WAY: _other_ways,
    Phase.AWAITING_LOOK: lambda _: StaffLook(),
    Phase.RETURNING_CARD: _take_card,
    Phase.AUTHENTICATING: _working,
    Phase.CHOOSING_KINDS: _kinds,
    Phase.CHOOSING_PURPOSE: _purposes,
    Phase.READING_ADVICE: _advice,
    Phase.CHOOSING_OPTIONS: _options,
    Phase.PREPARING: _working,
    Phase.CONFIRMING: _confirm,
    Phase.OPENING_TRANSACTION: _pay,
    Phase.CHOOSING_MEANS: project_cashless.choose_means,
    Phase.AWAITING_CODE: project_cashless.cashless,
    Phase.PROVING: project_cashless.cashless,
    Phase.CHARGING: project_cashless.cashless,
    Phase.CHECKING_PAYMENT: project_cashless.cashless,
    Phase.AWAITING_PAYMENT: _pay,
    Phase.CLOSING_PAYMENT: _pay,
    Phase.ISSUING: _working,
    Phase.AWAITING_PRINTER: _trouble,
    Phase.PAYING_OUT: _paying_out,
    Phase.TAKING_THINGS: _things,
    Phase.FINISHED: lambda state: Done(
        _session(state).certificate_ends_soon, _session(state).opinion, is_rated=not _session(state).opinion
    ),
    Phase.NOTIFIED: lambda state: Notice(_session(state).trouble),
    Phase.IN_TROUBLE: _trouble,
    Phase.OFFERING_BACK: _offer,
    Phase.STAFF_LOGIN: desk_pages.login,
    Phase.STAFF_DESK: desk_pages.desk,
}


def _bar(state: Kiosk) -> StepBar | None:
    plan = state.setup.plan
    if state.session is None or state.phase in (
        Phase.NOTIFIED,
        Phase.IN_TROUBLE,
        Phase.OFFERING_BACK,
        Phase.FINISHED,
    ):
        return None
    dot = plan.dot(state.session.step)
    return StepBar(dot, plan.dots) if dot else None


def project(state: Kiosk, role: Role, allowed: tuple[str, ...], rev: int) -> SessionView:
    """What this role sees now. `allowed` are the intents of the table's row for this phase and role."""
    manners = state.manners
    shown = body(state) if role is Role.RESIDENT else _assisted(state)
    still_there = None
    if state.still_there_s is not None:
        still_there = StillThere(
            state.still_there_s, has_money=state.phase is Phase.AWAITING_PAYMENT and _has_money(state)
        )
    return SessionView(
        rev=rev,
        step=state.step,
        role=role,
        language=manners.language,
        languages=state.setup.languages,
        text_size=manners.text_size,
        contrast=manners.contrast,
        is_voice_on=manners.is_voice_on,
        loudness=manners.loudness,
        pace=manners.pace,
        is_curtained=manners.is_curtained,
        is_reading=role is Role.RESIDENT and state.session is not None and state.session.is_reading,
        is_low_reach=manners.is_low_reach,
        bar=_bar(state),
        intents=allowed,
        body=shown,
        still_there=still_there,
        is_staff_called=state.is_staff_called,
        called_at_s=state.waiting_s if role is Role.RESIDENT else state.called_s,
        is_call_answered=state.is_call_answered,
        usual_wait_s=waiting.usual_s(state),
        is_training=state.setup.is_training,
        is_helped=manners.is_helped,
        is_helper_here=manners.is_helper_here,
        phone=_phone(state) if state.is_staff_called else "",
        pointed=manners.pointed,
        touch=state.ledger.touch if role is Role.RESIDENT else (),
    )


def _has_money(state: Kiosk) -> bool:
    account = state.ledger.accounts.get(_session(state).transaction)
    return account is not None and bool(account.held)


def _assisted(state: Kiosk) -> AnyBody:
    """Staff see the step, the public code and what may be chosen; never a name, an amount, a slot, a count of tries."""
    shown = body(state)
    code = shown.code if isinstance(shown, Notice | Trouble | OutOfService) else ""
    is_private = state.phase in NEVER_ASSISTED
    seen_to = cares(state)
    if not state.manners.is_helped or is_private:
        return Assisted(type(shown).__name__, code, is_private, cares=seen_to)
    match shown:
        case ChooseKinds(kinds=kinds):
            offers = tuple(
                AssistKind(each.kind, each.copies, each.max_copies, not each.refusal) for each in kinds
            )
            return Assisted("ChooseKinds", code, is_private, kinds=offers, cares=seen_to)
        case ChooseOptions(kind=kind, questions=questions):
            return Assisted("ChooseOptions", code, is_private, kind=kind, questions=questions, cares=seen_to)
    return Assisted(type(shown).__name__, code, is_private, cares=seen_to)
