"""One conversation: beginning, manners, time, ending, and walking the plan. Pure."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from kiosk import intents
from kiosk.engine.helping import patience
from kiosk.engine.inner import Asked
from kiosk.engine.reading import stop as stop_reading
from kiosk.engine.state import FaceWay, Manners, Phase, Session, Turn
from kiosk.ids import TransactionId
from kiosk.ports import (
    AbandonTransaction,
    ClosePinSlot,
    CoinAccepted,
    DigitsEntered,
    EndCardSession,
    ForbidCamera,
    ForgetNumber,
    NoteEscrowed,
    PaymentProgressed,
    SetAcceptance,
    StartTimer,
    StopFaceCheck,
    StopReadingNumber,
    StopTimer,
    TimerExpired,
)
from kiosk.services.plan import Step

Enter = Callable[[Turn], None]
ENTRANCES: dict[Step, Enter] = {}
"""How each step of a plan is entered; the rooms register theirs in table.py."""

LANGUAGES_ON_START = 20
"""So many languages can be chosen on the idle screen (the first ones by a button of their own, all behind the word
ことば); with more of them the question is asked."""

LONG = (
    Phase.OFFERING_FACE,
    Phase.OPENING_NUMBER,
    Phase.ENTERING_NUMBER,
    Phase.OPENING_PIN,
    Phase.ENTERING_PIN,
    Phase.CHOOSING_OTHER_WAY,
    Phase.AWAITING_PAYMENT,
    Phase.AWAITING_CODE,
    Phase.CHARGING,
)
PATIENT = (Phase.TAKING_THINGS, Phase.OFFERING_BACK, Phase.IN_TROUBLE, Phase.AWAITING_PRINTER)
"""Phases with their own timers; the idle timer does not run."""
HOLDING_NUMBER = (Phase.OPENING_NUMBER, Phase.SHOWING_CARD, Phase.ENTERING_NUMBER, Phase.AWAITING_CARD)
"""Phases in which the card process may hold 照合番号B, or a part of it."""
ASKING = (
    Phase.CHOOSING_LANGUAGE,
    Phase.OFFERING_FACE,
    Phase.ENTERING_NUMBER,
    Phase.AWAITING_CARD,
    Phase.CONSENTING_LAST_TRY,
    Phase.ENTERING_PIN,
    Phase.READY_FOR_FACE,
    Phase.CHOOSING_OTHER_WAY,
    Phase.CHOOSING_KINDS,
    Phase.CHOOSING_PURPOSE,
    Phase.READING_ADVICE,
    Phase.CHOOSING_OPTIONS,
    Phase.CONFIRMING,
    Phase.CHOOSING_MEANS,
    Phase.AWAITING_CODE,
    Phase.CHARGING,
    Phase.AWAITING_PAYMENT,
)
"""Phases in which the machine waits for the resident and may ask whether anyone is there."""


def begin(turn: Turn, _: object) -> None:
    first = turn.state.setup.plan.steps[0]
    turn.set(session=Session(transaction=TransactionId(turn.token()), step=first), still_there_s=None)
    if first is Step.LANGUAGE and len(turn.state.setup.languages) <= LANGUAGES_ON_START:
        advance(turn)  # every language stood on the idle screen: 「はじめる」 was the answer
    else:
        enter(turn, first)


def enter(turn: Turn, step: Step) -> None:
    """Go to this step of the plan."""
    turn.edit(step=step)
    ENTRANCES[step](turn)


def advance(turn: Turn) -> None:
    """The step is done: the next one of the plan."""
    following = turn.state.setup.plan.after(turn.session.step)
    if following is None:
        end(turn)
    else:
        enter(turn, following)


def enter_language(turn: Turn) -> None:
    turn.go(Phase.CHOOSING_LANGUAGE)


def kinds_back(turn: Turn, _: object) -> None:
    """In kind_first the language comes before the kinds."""
    enter(turn, Step.LANGUAGE)


def choose_language(turn: Turn, event: Asked) -> None:
    """Possible everywhere. On the language screen it is also the answer."""
    intent = event.intent
    if not isinstance(intent, intents.ChooseLanguage) or intent.language not in turn.state.setup.languages:
        return
    turn.set(manners=replace(turn.state.manners, language=intent.language))
    if turn.state.phase is Phase.IDLE:
        manners = turn.state.manners
        begin(turn, event)
        turn.set(manners=manners)
    if turn.state.phase is Phase.CHOOSING_LANGUAGE:
        advance(turn)


def change_manners(turn: Turn, event: Asked) -> None:
    match event.intent:
        case intents.SetVoice(is_on=is_on):
            curtained = turn.state.manners.is_curtained and is_on
            turn.set(manners=replace(turn.state.manners, is_voice_on=is_on, is_curtained=curtained))
        case intents.SetLoudness(level=level) if 0 <= level < intents.LOUDNESS_STEPS:
            turn.set(manners=replace(turn.state.manners, loudness=level))
        case intents.SetPace(level=level) if 0 <= level < intents.PACE_STEPS:
            turn.set(manners=replace(turn.state.manners, pace=level))
        case intents.SetCurtain(is_on=is_on) if turn.state.manners.is_voice_on:
            turn.set(manners=replace(turn.state.manners, is_curtained=is_on))
        case intents.SetTextSize(size=size) if size in ("S", "M", "L", "XL"):
            turn.set(manners=replace(turn.state.manners, text_size=size))
        case intents.SetContrast(contrast=contrast) if contrast in intents.CONTRASTS:
            turn.set(manners=replace(turn.state.manners, contrast=contrast))
        case intents.SetReach(is_low=is_low):
            turn.set(manners=replace(turn.state.manners, is_low_reach=is_low))


def call_staff(turn: Turn, _: object) -> None:
    turn.set(is_staff_called=True)


# --- time -------------------------------------------------------------------------------------------------------------


def watch_time(turn: Turn, was: Phase, event: object) -> None:
    """After every event: run the idle timer while the machine waits for a person, and only then."""
    now = turn.state.phase
    touches = Asked | CoinAccepted | NoteEscrowed | DigitsEntered | PaymentProgressed
    touched = isinstance(event, touches)
    if now not in ASKING:
        if was in ASKING:
            turn.set(still_there_s=None)
            turn.do(StopTimer("idle"), StopTimer("answer"))
        return
    if touched or now is not was:
        turn.set(still_there_s=None)
        timeouts = turn.state.setup.timeouts
        idle_s = patience(turn.state, timeouts.long_idle_s if now in LONG else timeouts.idle_s)
        turn.do(StopTimer("answer"), StartTimer("idle", idle_s))


def ask_still_there(turn: Turn, _: TimerExpired) -> None:
    answer_s = turn.state.setup.timeouts.answer_s
    turn.set(still_there_s=turn.state.now_s + answer_s)
    turn.do(StartTimer("answer", answer_s))


def keep_going(turn: Turn, _: Asked) -> None:
    turn.set(still_there_s=None)


# --- endings ----------------------------------------------------------------------------------------------------------


def end(turn: Turn) -> None:
    """Back to the idle screen; everything of this person is forgotten. The card must not be on the reader."""
    state = turn.state
    stop_reading(turn)
    if state.session is not None and state.session.transaction not in state.ledger.accounts:
        turn.do(AbandonTransaction(state.session.transaction))
    if state.card_is_present:
        turn.do(EndCardSession(state.setup.card_reader))
    turn.set(
        session=None,
        card=None,
        card_stayed=state.card_is_present,
        still_there_s=None,
        is_staff_called=False,
        manners=Manners(language=state.setup.languages[0]),
        phase=Phase.IDLE,
    )
    turn.do(StopTimer("idle"), StopTimer("answer"), StopTimer("stage"))
    if state.accepting:
        turn.do(SetAcceptance(state.setup.acceptor, ()))
    if state.notes_wanted:
        turn.set(notes_wanted=())
        turn.do(SetAcceptance(state.setup.note_acceptor, ()))


def close_roads(turn: Turn) -> None:
    """The person's secrets and the camera: nothing of them outlasts the question that they are for."""
    reader = turn.state.setup.card_reader
    if turn.state.phase in (Phase.OPENING_PIN, Phase.ENTERING_PIN):
        turn.do(ClosePinSlot(reader))
    face = turn.session.face
    if face.is_held or (turn.state.phase in HOLDING_NUMBER and face.way is FaceWay.CAMERA):
        turn.do(ForgetNumber(reader))
        turn.edit_face(is_held=False)
    turn.set(slot_waits=None)
    stop_check(turn)
    if turn.session.face.is_reading:
        turn.do(StopReadingNumber(turn.state.setup.camera))
        turn.edit_face(is_reading=False)
        close_camera(turn)


def stop_check(turn: Turn) -> None:
    """Ended from here: what the vision process still says of it is of no interest."""
    if turn.session.face.op is not None:
        turn.do(StopFaceCheck(turn.state.setup.camera))
        close_camera(turn)


def close_camera(turn: Turn) -> None:
    turn.edit_face(op=None, turn=None, is_coming_back=False, box=None)
    turn.do(StopTimer("face"))
    forbid_camera(turn)


def forbid_camera(turn: Turn) -> None:
    """It is shut when the vision process has said so, as often as it was told."""
    turn.set(camera_is_allowed=False, camera_shuttings=turn.state.camera_shuttings + 1)
    turn.do(ForbidCamera(turn.state.setup.camera))


def notify(turn: Turn, code: str) -> None:
    """One cause, one message, one next step; nothing is lost. The card goes back after it."""
    close_roads(turn)
    turn.edit(trouble=code, slot="", is_checking=False)
    turn.go(Phase.NOTIFIED)
    turn.do(StartTimer("stage", turn.state.setup.timeouts.notice_s))


def leave(turn: Turn, _: object) -> None:
    """The person stops here (cancel, notice read, time out) and no money is inside: card back, then idle."""
    close_roads(turn)
    if turn.state.card_is_present:
        turn.edit(is_cancelled=True, slot="")
        return_card(turn)
    else:
        end(turn)


def return_card(turn: Turn) -> None:
    """Ask for the card and watch it."""
    turn.go(Phase.RETURNING_CARD)
    turn.do(
        EndCardSession(turn.state.setup.card_reader),
        StartTimer("stage", turn.state.setup.timeouts.card_left_s),
    )
