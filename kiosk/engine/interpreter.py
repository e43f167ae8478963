"""The interpreter of table.py: who may ask for what now, and what one event does.

`handle(state, event, now_s, wall)` finds the handler: first the phase's own row, then ANYWHERE. The handler works on a
`Turn`, which collects commands in order. After it, in this order: what has left is settled, recovery goes on when it
can, the service opens or closes, the day closes when it is free, the timers follow, and `step` grows if the place in
the conversation has changed.

Warning
  The order of commands matters: `Append` comes back as `Recorded` before anything else from outside is handled.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from kiosk import intents, ports, rights
from kiosk.engine import (
    advising,
    calls,
    choosing,
    day,
    desk,
    desk_papers,
    face,
    helping,
    issuance,
    notes,
    payment,
    reading,
    recovery,
    service,
    session,
    staff,
    taking,
    till,
    together,
    two_people,
    visits,
)
from kiosk.engine.inner import Asked, JournalDied, Recorded
from kiosk.engine.project import NEVER_ASSISTED
from kiosk.engine.state import BESIDE, Kiosk, Phase, Turn
from kiosk.engine.table import (
    AFTER_MONEY,
    ANYWHERE,
    FOLLOWS,
    OF_A_CARD,
    REST,
    ROWS,
    STAFF_READER,
    STAFF_READER_ALWAYS,
    TABLE,
    Handler,
    Key,
    Timer,
)
from kiosk.journal.ledger import fold
from kiosk.services.plan import Step
from kiosk.view import Role

P = Phase

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
    (P.IN_TROUBLE, intents.GiveBack): lambda state: till.is_held(Turn(state)) and service.cash_is_up(state),
    (P.IN_TROUBLE, intents.Next): lambda state: not till.is_held(Turn(state)) and not state.journal_is_dead,
    (P.OFFERING_BACK, intents.GiveBack): lambda state: (
        (till.has_free_money(Turn(state)) and service.cash_is_up(state))
        or recovery.may_give_back_cashless(Turn(state))
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
        return STAFF_READER.get(key, together.nothing)
    row = TABLE.get((state.phase, key))
    return row.handler if row is not None else ANYWHERE.get(key, together.nothing)


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
        FOLLOWS.get(type(record), together.nothing)(turn, record)


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
