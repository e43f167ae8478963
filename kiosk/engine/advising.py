"""「どれが必要？」: what is it for, and which certificate is asked for there. The town's data. Pure."""

from __future__ import annotations

from kiosk import intents
from kiosk.engine.choosing import offered
from kiosk.engine.inner import Asked
from kiosk.engine.state import Phase, Turn
from kiosk.guidance import TOWN_TIME, Cheaper, Purpose


def ask_which(turn: Turn, _: object) -> None:
    turn.edit(purpose_asked="")
    turn.go(Phase.CHOOSING_PURPOSE)


def choose_purpose(turn: Turn, event: Asked) -> None:
    wish = event.intent
    if isinstance(wish, intents.ChoosePurpose) and turn.state.setup.guidance.purpose(wish.purpose):
        turn.edit(purpose_asked=wish.purpose)
        turn.go(Phase.READING_ADVICE)


def asked(turn: Turn) -> Purpose:
    """What the advice is about."""
    found = turn.state.setup.guidance.purpose(turn.session.purpose_asked)
    return found if found is not None else Purpose("")


def state_of(turn: Turn) -> str:
    """`open`, `counter`, `refused`: whether the one that is wanted can be chosen here by this person."""
    wanted = asked(turn).kind
    if not wanted:
        return "counter"
    found = next((each for each in offered(turn) if each.kind == wanted), None)
    if found is None:
        return "counter"
    return "refused" if found.refusal else "open"


def fee_of(turn: Turn) -> int:
    return next((each.fee for each in offered(turn) if each.kind == asked(turn).kind), 0)


def cheaper_than(turn: Turn, kind: str, fee: int) -> tuple[Cheaper, ...]:
    """Where this one costs less today, by the town's data."""
    day = turn.state.wall.astimezone(TOWN_TIME).date()
    return tuple(
        each
        for each in turn.state.setup.guidance.cheaper
        if each.kind == kind and each.fee < fee and each.holds(day)
    )


def take_advice(turn: Turn, _: object) -> None:
    """One copy of it, with the options that are asked for there; everything can still be changed."""
    purpose = asked(turn)
    if state_of(turn) == "open":
        chosen = {
            **dict(turn.session.copies),
            purpose.kind: max(1, dict(turn.session.copies).get(purpose.kind, 0)),
        }
        if sum(chosen.values()) <= turn.state.setup.max_lines:
            order = [each.kind for each in offered(turn)]
            turn.edit(copies=tuple((kind, chosen[kind]) for kind in order if chosen.get(kind)))
        answers = {**dict(dict(turn.session.options).get(purpose.kind, ())), **dict(purpose.options)}
        options = {**dict(turn.session.options), purpose.kind: tuple(sorted(answers.items()))}
        turn.edit(options=tuple(sorted(options.items())))
    back_to_kinds(turn, None)


def back_to_kinds(turn: Turn, _: object) -> None:
    turn.edit(purpose_asked="")
    turn.go(Phase.CHOOSING_KINDS)
