"""A person is wanted: the light, the message, the record, how long it takes until somebody comes. Pure.

Who calls sets `is_staff_called`, wherever it happens; what follows from it is here, after every event.
"""

from __future__ import annotations

from kiosk import intents
from kiosk.engine import fleet, waiting
from kiosk.engine.inner import Asked
from kiosk.engine.state import Kiosk, Phase, Turn
from kiosk.journal.records import CallAnswered, CallEnded, StaffCalled
from kiosk.ports import SendMessage, SetSignal, StartTimer, StateReported, StopTimer, TimerExpired
from kiosk.view import Role

REMINDERS_S = 1800.0
"""The longest time between two messages about one call that nobody answers."""


def answer(turn: Turn, _: Asked) -> None:
    """On the panel: coming; and where nobody is being served, the second time: settled."""
    if turn.state.is_call_answered and turn.state.session is None:
        turn.set(is_staff_called=False)
    else:
        _answered(turn, "panel")


def state_reported(turn: Turn, event: StateReported) -> None:
    """The staff page says that somebody comes."""
    if event.is_call_answered and turn.state.is_staff_called and not turn.state.is_call_answered:
        _answered(turn, "page")


def _answered(turn: Turn, on: str) -> None:
    turn.set(is_call_answered=True)
    turn.do(StopTimer("call"))
    _tell(turn, "coming")
    turn.note(CallAnswered(waited_s(turn.state), on))


def still_waiting(turn: Turn, _: TimerExpired) -> None:
    """Nobody has answered: say it again elsewhere, each time after twice as long."""
    if not turn.state.is_staff_called or turn.state.is_call_answered:
        return
    _tell(turn, "waiting")
    waited = max(float(waited_s(turn.state)), turn.state.setup.timeouts.call_s)
    turn.do(StartTimer("call", min(waited, REMINDERS_S)))


def watch(turn: Turn, before: Kiosk, event: object) -> None:
    """After every event: a call began, or is over. Acts first: they must not wait for a record."""
    is_called, since_s = turn.state.is_staff_called, turn.state.called_s
    if is_called and since_s is None:
        turn.set(called_s=turn.state.now_s)
        _tell(turn, "called")
        turn.do(StartTimer("call", turn.state.setup.timeouts.call_s))
        turn.note(StaffCalled(_caller(event), _where(turn.state), fleet.code_of(turn.state)))
    elif not is_called and since_s is not None:
        waited = waited_s(turn.state)
        how = "over"
        if isinstance(event, Asked) and event.role is Role.ASSISTANT:
            how = "settled" if isinstance(event.intent, intents.AnswerCall) else "helped"
        if how != "over":
            turn.set(came_after_s=waiting.with_call(turn.state.came_after_s, waited))
        _tell(turn, "ended")
        turn.do(StopTimer("call"))
        turn.set(called_s=None, waiting_s=None, is_call_answered=False)
        turn.note(CallEnded(waited, how))
    is_served = since_s is None and turn.state.session is not None
    if is_called and turn.state.waiting_s is None and (is_served or _caller(event) != "machine"):
        turn.set(waiting_s=turn.state.now_s)
    is_news = (before.is_staff_called, before.is_call_answered) != (is_called, turn.state.is_call_answered)
    if is_news:
        turn.do(fleet.report(turn.state))


def waited_s(state: Kiosk) -> int:
    """Whole seconds since staff were called; 0 when they are not."""
    return 0 if state.called_s is None else max(0, int(state.now_s - state.called_s))


def _tell(turn: Turn, what: str) -> None:
    setup = turn.state.setup
    if setup.lamp and what != "waiting":
        turn.do(SetSignal(setup.lamp, {"ended": "off"}.get(what, what)))
    if setup.messenger:
        code, waited = fleet.code_of(turn.state), waited_s(turn.state)
        turn.do(SendMessage(setup.messenger, what, _where(turn.state), code, waited))


def _where(state: Kiosk) -> str:
    """The step of the visit, or what the machine is at where nobody is being served."""
    if state.session is not None and state.phase is not Phase.IDLE:
        return state.session.step.value
    return "idle" if state.phase is Phase.IDLE else "out"


def _caller(event: object) -> str:
    if isinstance(event, Asked) and isinstance(event.intent, intents.CallStaff | intents.AskStaff):
        return "assistant" if event.role is Role.ASSISTANT else "resident"
    return "machine"
