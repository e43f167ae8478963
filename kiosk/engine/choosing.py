"""Which certificates, what is on them, and the confirmation. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from kiosk import intents
from kiosk.engine.inner import Asked
from kiosk.engine.session import advance, notify
from kiosk.engine.state import Kiosk, Line, Phase, Turn
from kiosk.ids import LineId
from kiosk.money import Yen
from kiosk.ports import CertificateOption, Entitlement
from kiosk.services.plan import Step

MAX_COPIES_UNKNOWN = 5
"""Before the card (kind_first) the server's limit is not known yet; it is applied afterwards."""


def offered(turn_or_state: Turn) -> tuple[Entitlement, ...]:
    """What this person may have; before the card, what the machine offers to anyone."""
    state = turn_or_state.state
    if state.session is not None and state.session.is_authenticated:
        return state.session.entitlements
    prices = state.issuance.prices if state.issuance else ()
    return tuple(Entitlement(kind, fee, MAX_COPIES_UNKNOWN) for kind, fee, _ in prices)


def enter_kinds(turn: Turn) -> None:
    turn.go(Phase.CHOOSING_KINDS)


def set_copies(turn: Turn, event: Asked) -> None:
    if not isinstance(event.intent, intents.SetCopies):
        return
    wanted = event.intent
    entitlement = next((each for each in offered(turn) if each.kind == wanted.kind), None)
    if entitlement is None or entitlement.refusal:
        return
    others = {kind: copies for kind, copies in turn.session.copies if kind != wanted.kind}
    room = turn.state.setup.max_lines - sum(others.values())
    copies = max(0, min(wanted.copies, entitlement.max_copies, room))
    chosen = {**others, wanted.kind: copies}
    order = [each.kind for each in offered(turn)]
    turn.edit(copies=tuple((kind, chosen[kind]) for kind in order if chosen.get(kind)))


def kinds_chosen(turn: Turn, _: object) -> None:
    if turn.session.copies:
        turn.edit(asking=0)
        advance(turn)


def enter_options(turn: Turn) -> None:
    """One kind after the other; a kind without questions is passed over."""
    _drop_what_is_refused(turn)
    if not turn.session.copies:
        notify(turn, turn.session.refused_kinds[0][1] if turn.session.refused_kinds else "N-301")
        return
    _ask_from(turn, turn.session.asking)


def _drop_what_is_refused(turn: Turn) -> None:
    """In kind_first the choice came before the person was known."""
    allowed = {each.kind: each for each in turn.session.entitlements}
    kept, refused = [], []
    for kind, copies in turn.session.copies:
        entitlement = allowed.get(kind)
        if entitlement is None or entitlement.refusal:
            refused.append((kind, entitlement.refusal if entitlement else "N-301"))
        else:
            kept.append((kind, min(copies, entitlement.max_copies)))
    turn.edit(copies=tuple(kept), refused_kinds=tuple(refused))


def questions(turn_or_state: Turn, kind: str) -> tuple[CertificateOption, ...]:
    """What is asked now: some questions only after a certain answer to another."""
    entitlement = next((each for each in turn_or_state.session.entitlements if each.kind == kind), None)
    options = entitlement.options if entitlement else ()
    given = dict(dict(turn_or_state.session.options).get(kind, ()))
    answers = {each.key: _answer(each, given) for each in options}
    return tuple(
        each for each in options if each.only_if is None or answers.get(each.only_if[0]) == each.only_if[1]
    )


def _ask_from(turn: Turn, index: int) -> None:
    copies = turn.session.copies
    while index < len(copies) and not questions(turn, copies[index][0]):
        index += 1
    if index == len(copies):
        advance(turn)
        return
    turn.edit(asking=index)
    turn.go(Phase.CHOOSING_OPTIONS)


def chosen_options(turn: Turn, kind: str) -> tuple[tuple[str, str], ...]:
    """The answers for a kind; what was not answered has its default, the first choice: the least data."""
    given = dict(dict(turn.session.options).get(kind, ()))
    return tuple(sorted((each.key, _answer(each, given)) for each in questions(turn, kind)))


def _answer(option: CertificateOption, given: Mapping[str, str]) -> str:
    """What was answered, if that can be chosen; advice comes from the town's file, the choices from the server."""
    answer = given.get(option.key, option.choices[0])
    return answer if answer in option.choices else option.choices[0]


def choose_option(turn: Turn, event: Asked) -> None:
    if not isinstance(event.intent, intents.ChooseOption):
        return
    kind, option, choice = event.intent.kind, event.intent.option, event.intent.choice
    if kind != turn.session.copies[turn.session.asking][0]:
        return
    if not any(each.key == option and choice in each.choices for each in questions(turn, kind)):
        return
    answers = {**dict(chosen_options(turn, kind)), option: choice}
    every = {**dict(turn.session.options), kind: tuple(sorted(answers.items()))}
    turn.edit(options=tuple(sorted(every.items())))


def options_chosen(turn: Turn, _: object) -> None:
    _ask_from(turn, turn.session.asking + 1)


def options_back(turn: Turn, _: object) -> None:
    """The kind before, or the choice of kinds."""
    before = _asked_before(turn, turn.session.asking)
    if before is None:
        back_to_kinds(turn)
    else:
        turn.edit(asking=before)


def confirm_back(turn: Turn, _: object) -> None:
    """「なおす」: the last question that was asked. What was prepared is dropped and gets new ids."""
    before = _asked_before(turn, len(turn.session.copies))
    turn.edit(lines=(), applicant_masked="")
    if before is None:
        back_to_kinds(turn)
    else:
        turn.edit(asking=before, step=Step.OPTIONS)
        turn.go(Phase.CHOOSING_OPTIONS)


def _asked_before(turn: Turn, index: int) -> int | None:
    copies = turn.session.copies
    return next((at for at in range(index - 1, -1, -1) if questions(turn, copies[at][0])), None)


def may_go_back(state: Kiosk) -> bool:
    """In kind_first the card's signature covers the kinds: they cannot be changed after it."""
    turn = Turn(state)
    return not state.setup.plan.binds_kinds or _asked_before(turn, turn.session.asking) is not None


def may_go_back_from_confirm(state: Kiosk) -> bool:
    turn = Turn(state)
    return not state.setup.plan.binds_kinds or _asked_before(turn, len(turn.session.copies)) is not None


def back_to_kinds(turn: Turn) -> None:
    turn.edit(step=Step.KINDS, lines=())
    turn.go(Phase.CHOOSING_KINDS)


def make_lines(turn: Turn) -> tuple[Line, ...]:
    """One order line per copy: each is issued, paid back and journaled by itself."""
    fees = {each.kind: each.fee for each in turn.session.entitlements}
    lines = []
    for kind, copies in turn.session.copies:
        for _ in range(copies):
            lines.append(Line(LineId(turn.token()), kind, chosen_options(turn, kind), Yen(fees[kind])))
    return tuple(lines)
