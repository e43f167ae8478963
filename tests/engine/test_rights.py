"""Role x intent, whole: the table against a second one written by hand, and every refused wish against the engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from kiosk import intents as i
from kiosk import ports, rights
from kiosk.engine.inner import Asked
from kiosk.engine.interpreter import allowed, handle
from kiosk.engine.project import NEVER_ASSISTED
from kiosk.engine.state import Phase
from kiosk.ids import LineId, OpId
from kiosk.intents import AnyIntent, AnyStaffIntent
from kiosk.view import Role
from tests.engine.staff_world import StaffWorld, seals
from tests.engine.world import SETUP

INTENTS: tuple[type[i.Intent], ...] = AnyIntent.__args__
ACTS: tuple[type[i.StaffIntent], ...] = AnyStaffIntent.__args__

# R resident, A assistant at any time, a when called, b before help, h while helping, o while helping openly;
# H the resident while helped; T technician, C cash officer, V treasurer (reads)
BY_HAND = """
Begin R             Next R              Back RoTCV          Cancel RTCV         KeepGoing Rh
SetCopies Ro        ChooseOption Ro     ChooseMeans R       ConsentLastTry R    OtherWay R
AskStaff R          GoToCounter R       ForgotPin R         NoCard R            Taken R
GiveBack R          ChooseLanguage Rh   SetVoice Rh         SetTextSize Rh      SetContrast Rh
SetReach Rh         CallStaff RA        BeginHelp b         EndHelp Hh          Point h
AnswerCall a
Vouch A             OpenPage TCV        ShowPaper TCV       PrintPaper TCV      AskWhy TCV
PrintPages TCV
DoAct TCV           SetPieces C         RunTest TC          ReadAloud R         SetLoudness R
SetPace R           SetCurtain R
EnterStaff TCV      LeaveStaff TCV      StartExchange TC    EndExchange C       CloseDay C
CloseIncident C     NoteIncident TC     RecordTest TC       SettlePaper C       SettlePayout C
SettleNote C        SettlePayment C     SettleVoid C        RedeemSlip C        RegisterFound C
HandOverFound C     ClearNotePath TC    TypeNumber R        AskWhich R          ChoosePurpose R
Rate R              UseSealedCode RTCV
"""
_WORDS = BY_HAND.split()
EXPECTED = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))
_LETTERS = {Role.TECHNICIAN: "T", Role.CASH_OFFICER: "C", Role.TREASURER: "V"}


def expected(
    role: Role, name: str, *, is_served: bool, is_helped: bool, is_private: bool, is_called: bool
) -> bool:
    letters = EXPECTED[name]
    if role is Role.RESIDENT:
        return "R" in letters or ("H" in letters and is_helped)
    if role is Role.ASSISTANT:
        return (
            "A" in letters
            or ("a" in letters and is_called)
            or ("b" in letters and is_served and not is_helped)
            or ("h" in letters and is_helped)
            or ("o" in letters and is_helped and not is_private)
        )
    return _LETTERS[role] in letters


def test_the_matrix_is_whole_and_the_two_tables_agree() -> None:
    kinds = (*INTENTS, *ACTS)
    assert set(EXPECTED) == {each.__name__ for each in kinds} == {each.__name__ for each in rights.MAY}
    for role in Role:
        for kind in kinds:
            for bits in range(16):
                asked = {
                    "is_served": bool(bits & 1),
                    "is_helped": bool(bits & 2),
                    "is_private": bool(bits & 4),
                    "is_called": bool(bits & 8),
                }
                assert rights.may(role, kind, **asked) == expected(role, kind.__name__, **asked), (
                    role,
                    kind.__name__,
                    asked,
                )


def each_wish(step: int) -> Iterator[i.Intent]:
    """One of each kind, as well formed as may be."""
    fields: dict[str, object] = {
        "language": "en", "kind": "juminhyo", "copies": 2, "option": "whom", "choice": "self", "means": "cash",
        "thing": "receipt", "is_on": True, "level": 1,
        "size": "L", "contrast": "black", "is_low": True, "target": "main",
        "page": "cash", "of": "", "report": "stock", "unit": "hopper100", "face": "coin100", "what": "counted",
        "pieces": 1, "test": "disk", "act": i.CloseDay(), "purpose": "licence", "question": "ease", "answer": "good",
    }  # fmt: skip
    for kind in INTENTS:
        yield kind(step=step, **{name: fields[name] for name in kind.__struct_fields__ if name != "step"})


def every_act() -> Iterator[i.StaffIntent]:
    yield from (
        i.EnterStaff(), i.LeaveStaff(), i.StartExchange(purpose="collect", units=()), i.CloseDay(),
        i.EndExchange(exchange="E-0001"), i.NoteIncident(incident="x", note="waiting-maker"),
        i.RecordTest(test="disk", has_passed=True), i.CloseIncident(incident="x", reason="seen"),
        i.SettlePaper(line=LineId("x"), came_out=True, reason="seen"),
        i.SettlePayout(op=OpId("x"), pieces=0, reason="seen"),
        i.SettleNote(op=OpId("x"), unit="cashbox", reason="seen"),
        i.SettlePayment(op=OpId("x"), was_taken=True, reason="seen"),
        i.SettleVoid(op=OpId("x"), was_done=True, reason="seen"), i.RedeemSlip(slip="x"),
        i.ClearNotePath(reason="seen"),
        i.RegisterFound(what="card", place="tray"), i.HandOverFound(found="F-0001", to="owner"),
    )  # fmt: skip


def nothing_happens(world: StaffWorld, role: Role, wish: i.Intent) -> bool:
    """The engine takes this wish as it takes an event that nobody knows."""
    state, now_s, wall = world.loop.state, world.clock.monotonic_s(), world.clock.wall()
    return handle(state, Asked(role, wish), now_s, wall) == handle(
        state, ports.TimerExpired("no such timer"), now_s, wall
    )


def refuse_all(world: StaffWorld) -> int:
    """Every wish that is not allowed here, by every role that could have a screen: how many were refused."""
    state, refused = world.loop.state, 0
    for role in Role:
        may = allowed(state, role)
        for wish in each_wish(state.step):
            if type(wish).__name__ not in may:
                assert nothing_happens(world, role, wish), (state.phase, role, type(wish).__name__)
                refused += 1
    return refused


def visit(world: StaffWorld) -> Iterator[None]:
    yield
    world.tap(i.Begin)
    yield
    world.card()
    yield
    world.pin(right=False, left=1)
    yield
    world.pin(right=False, left=1)
    world.tap(i.ConsentLastTry)
    yield
    world.pin()
    yield
    world.take_card()
    yield
    world.tap(i.SetCopies, kind="juminhyo", copies=1)
    world.tap(i.Next)
    yield
    world.tap(i.Next)
    yield
    world.tap(i.Next)
    yield
    world.tap(i.Cancel)
    yield


@pytest.mark.parametrize("is_helped", [False, True])
def test_every_refused_wish_changes_nothing_in_a_visit(is_helped: bool) -> None:
    world = StaffWorld().boot()
    seen, refused = set(), 0
    for at, _ in enumerate(visit(world)):
        if at == 1 and is_helped:
            world.event(Asked(Role.ASSISTANT, i.BeginHelp(step=world.loop.state.step)))
        state = world.loop.state
        seen.add(state.phase)
        refused += refuse_all(world)
        assistants = set(allowed(state, Role.ASSISTANT))
        assert not assistants & {"Next", "Cancel", "Taken", "GiveBack", "Begin", "ForgotPin", "ChooseMeans"}
        if state.phase in NEVER_ASSISTED:
            assert not assistants & {"Back", "SetCopies", "ChooseOption"}
        for role in (Role.TECHNICIAN, Role.CASH_OFFICER, Role.TREASURER):
            assert set(allowed(state, role)) <= {"Back", "Cancel"}, "no socket has these roles"
    assert {Phase.ENTERING_PIN, Phase.CONFIRMING, Phase.AWAITING_PAYMENT, Phase.CHOOSING_OPTIONS} <= seen
    assert refused > 1000


def sit_down(world: StaffWorld, who: str) -> None:
    """By a good card; `A+B`: with sealed codes, as two who open it together. Each state on the way is asked, too."""
    if "+" not in who:
        world.login(who)
        return
    world.lay("stranger")
    refuse_all(world)
    world.take_staff_card()
    for each in who.split("+"):
        refuse_all(world)
        world.tap(i.UseSealedCode)
        refuse_all(world)
        world.code(each)


PAIRS = ("technician+officer", "technician+treasurer", "treasurer+second")


@pytest.mark.parametrize("who", ["officer", "technician", "treasurer", *PAIRS])
def test_at_the_desk_every_refused_act_changes_nothing(who: str) -> None:
    """Desk person x act: what her role may not is refused in silence, by a screen that goes mad too."""
    world = StaffWorld(
        setup=replace(SETUP, seals=seals("officer", "technician", "treasurer", "second"))
    ).boot()
    sit_down(world, who)
    refuse_all(world)
    now = world.loop.state.desk
    assert now is not None
    role = now.staff.role
    before = len(world.records)
    for act in every_act():
        presence = isinstance(act, i.EnterStaff | i.LeaveStaff)
        for wish in (
            i.DoAct(step=world.loop.state.step, act=act),
            i.AskWhy(step=world.loop.state.step, act=act),
        ):
            if presence or role not in rights.roles(type(act)):
                state = world.loop.state
                asked = Asked(Role.RESIDENT, wish)
                after, commands = handle(state, asked, world.clock.monotonic_s(), world.clock.wall())
                assert after.desk == state.desk and after.ledger == state.ledger, act
                assert {type(each) for each in commands} <= {ports.StartTimer}, act
            assert nothing_happens(world, Role.ASSISTANT, wish), act
    assert len(world.records) == before
