"""The table: every cell is visited, every change of phase is announced, and the drawing is the table's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from drivers.id003.messages import Status
from kiosk import intents, ports
from kiosk.engine import desk as desks
from kiosk.engine import diagram
from kiosk.engine.desk_walk import PAGES
from kiosk.engine.helping import TARGETS
from kiosk.engine.inner import Asked, CloseDayAsked
from kiosk.engine.interpreter import is_legal
from kiosk.engine.project import BODIES
from kiosk.engine.recovery import ACTIONS
from kiosk.engine.service import AT_REST
from kiosk.engine.state import Phase
from kiosk.engine.table import ANYWHERE, ROWS, TABLE
from kiosk.ids import DeviceId, SlotId
from kiosk.intents import AnyIntent
from kiosk.journal.records import AnyRecord, UnitAfter
from kiosk.money import Denomination, Yen
from kiosk.view import Role
from tests.engine import world as worlds
from tests.engine.notes_world import HEARD, UNANSWERED, UNHEARD, NotesWorld
from tests.engine.staff_world import PEOPLE, StaffWorld
from tests.engine.world import FACES, World
from tests.treasury import desk

INTENTS = AnyIntent.__args__


def test_the_drawing_is_the_tables() -> None:
    page = Path(__file__).parents[2] / "docs" / "states.md"
    assert page.read_text(encoding="utf-8") == diagram.markdown(), "make diagram"


def test_every_phase_is_left_somehow() -> None:
    led_out = {row.phase for row in ROWS if row.to}
    automatic = {
        Phase.STARTING,
        Phase.OUT_OF_SERVICE,
        Phase.OPENING_TRANSACTION,
        Phase.PAYING_OUT,
        Phase.ISSUING,
        Phase.CHARGING,
    }
    assert led_out | automatic == set(Phase)


def test_every_intent_has_a_place() -> None:
    known = {key for _, key in TABLE} | set(ANYWHERE)
    assert [kind.__name__ for kind in INTENTS if kind not in known] == []


def test_recovery_knows_every_record_that_can_be_the_last_of_a_transaction() -> None:
    naming = {kind.__name__ for kind in AnyRecord.__args__ if "transaction" in kind.__struct_fields__}
    never_last = {"TransactionClosed", "CreditsUnknown", "VoidReported", "PrintedReported"}
    never_last |= {"ReceiptIntended", "ReceiptSettled"}
    before_it_is_opened = {"FaceCheckEnded", "FaceVouched", "StaffHelped"}
    assert naming - never_last - before_it_is_opened <= set(ACTIONS)


CONTINUED = (Phase.OFFERING_BACK, Phase.PAYING_OUT)
"""Where a machine at rest may go by itself."""


class Anything(RuleBasedStateMachine):
    """Any events in any order: no crash, books that balance, and only the changes of phase that the rows announce."""

    setup = worlds.SETUP

    def __init__(self) -> None:
        super().__init__()
        self.world = self.new_world()
        take = self.world.loop._handle

        def watched(event: ports.Event) -> None:
            before = self.world.loop.state
            take(event)
            after = self.world.loop.state
            assert is_legal(before, event, after), (
                f"{before.phase} -> {after.phase} on {type(event).__name__}"
            )

        self.world.loop._handle = watched

    def new_world(self) -> World:
        return World(setup=self.setup).boot()

    @rule(kind=st.sampled_from(INTENTS), data=st.data())
    def tap(self, kind: type[intents.Intent], data: st.DataObject) -> None:
        fields: dict[str, object] = {}
        for name in kind.__struct_fields__:
            if name == "step":
                continue
            choices: dict[str, st.SearchStrategy[object]] = {
                "language": st.sampled_from(["ja", "en", "xx"]),
                "kind": st.sampled_from(["juminhyo", "inkan_shomei", "other"]),
                "copies": st.integers(-3, 12),
                "option": st.sampled_from(["honseki", "whom", "x"]),
                "choice": st.sampled_from(["no", "yes", "self", "x"]),
                "means": st.sampled_from(["cash", "edy", "waon", "credit", "scan", "show", "x"]),
                "thing": st.sampled_from(["certificate", "change", "receipt", "x"]),
                "purpose": st.sampled_from(["licence", "inheritance", "x"]),
                "question": st.sampled_from(["ease", "alone", "x"]),
                "answer": st.sampled_from(["good", "yes", "x"]),
                "is_on": st.booleans(),
                "is_low": st.booleans(),
                "size": st.sampled_from(["S", "XL", "9"]),
                "contrast": st.sampled_from(["normal", "black", "x"]),
                "target": st.sampled_from([*TARGETS, "key 1"]),
                "page": st.sampled_from([*PAGES, "x"]),
                "of": st.sampled_from(
                    ["", "hopper100/coin100/counted", "R-502", "disk", "receipt", "recount"]
                ),
                "report": st.sampled_from(["stock", "day"]),
                "unit": st.sampled_from(["hopper100", "hopper50", "x"]),
                "face": st.sampled_from(["coin100", "coin50", "x"]),
                "what": st.sampled_from(["counted", "put_in", "taken_out"]),
                "pieces": st.integers(-1, 30),
                "test": st.sampled_from(["disk", "receipt", "reader", "x"]),
                "act": st.sampled_from(
                    [
                        intents.StartExchange(purpose="recount", units=()),
                        intents.EndExchange(exchange="E-0001", reason="unknown"),
                        intents.CloseDay(),
                        intents.RecordTest(test="disk", has_passed=True),
                        intents.LeaveStaff(),
                    ]
                ),
                "level": st.integers(-2, 9),
            }
            fields[name] = data.draw(choices[name])
        self.world.tap(kind, **fields)

    @rule(attempts=st.integers(0, 3))
    def card(self, attempts: int) -> None:
        self.world.card(attempts)

    @rule(right=st.booleans(), left=st.integers(0, 2))
    def pin(self, right: bool, left: int) -> None:
        self.world.pin(right=right, left=left)

    @rule()
    def take_card(self) -> None:
        self.world.take_card()

    @rule(face=st.sampled_from(FACES))
    def coin(self, face: Denomination) -> None:
        self.world.insert(face)

    @rule(name=st.sampled_from(["idle", "answer", "stage", "retry", "status", "report"]))
    def time_out(self, name: str) -> None:
        self.world.time_out(name)

    @rule(up=st.booleans())
    def server(self, up: bool) -> None:
        self.world.server_is_up = up

    @rule(outcome=st.sampled_from(ports.Outcome))
    def printer(self, outcome: ports.Outcome) -> None:
        self.world.physics.print_outcome = outcome

    @rule(ready=st.booleans())
    def printer_state(self, ready: bool) -> None:
        self.world.event(ports.PrinterRead(self.world.setup.certificate_printer, ready, ()))

    @rule(is_sheet=st.booleans(), is_full=st.booleans(), is_there=st.booleans())
    def sensors(self, is_sheet: bool, is_full: bool, is_there: bool) -> None:
        """Of the trays and outlets, where the setup has any."""
        panel = self.world.setup.panel
        if not panel:
            return
        self.world.event((ports.DeviceArrived if is_there else ports.DeviceLost)(panel, "test"))
        self.world.event((ports.TrayFilled if is_full else ports.PaperTaken)(panel, "certificate"))
        if is_sheet:
            self.world.event(ports.SheetLeft(panel, "certificate"))
        self.world.time_out("exit")

    @rule(device=st.sampled_from([hopper.device for hopper in worlds.HOPPERS]), bad=st.booleans())
    def hopper(self, device: str, bad: bool) -> None:
        (self.world.physics.jammed.add if bad else self.world.physics.jammed.discard)(device)

    @rule(device=st.sampled_from([hopper.device for hopper in worlds.HOPPERS]), mute=st.booleans())
    def reply(self, device: str, mute: bool) -> None:
        (self.world.physics.lose_replies.add if mute else self.world.physics.lose_replies.discard)(device)

    @rule(
        how=st.sampled_from(["confirmed", "declined", "unknown-taken", "unknown-not", "partial", "wait"]),
        means=st.sampled_from(["edy", "waon", "credit", "scan", "show"]),
    )
    def pay_cashless(self, how: str, means: str) -> None:
        self.world.physics.terminals.next_payments = [how]
        self.world.tap(intents.ChooseMeans, means=means)

    @rule(how=st.sampled_from(["refused", "unknown-done", "unknown-not"]))
    def void(self, how: str) -> None:
        self.world.physics.terminals.next_voids = [how]

    @rule(knows=st.booleans(), is_up=st.booleans())
    def terminals(self, knows: bool, is_up: bool) -> None:
        terminals = self.world.physics.terminals
        terminals.knows, was_up, terminals.is_up = knows, terminals.is_up, is_up
        if is_up and not was_up:
            self.world.terminals_come()
        elif was_up and not is_up:
            self.world.terminals_go()

    @rule()
    def phone(self) -> None:
        self.world.event(ports.PaymentCodeRead(worlds.CAMERA, "281012345678901234"))

    @precondition(lambda self: self.world.phase is Phase.CHARGING)
    @rule(stage=st.sampled_from(["processing", "touch_again"]))
    def progress(self, stage: str) -> None:
        op = self.world.loop.state.session.charge
        self.world.event(ports.PaymentProgressed(op, worlds.TERMINAL, stage))

    @rule(kind=st.sampled_from(INTENTS), at=st.sampled_from([*TARGETS, "key 1", ""]))
    def assistant(self, kind: type[intents.Intent], at: str) -> None:
        """Whatever the assistant's panel sends, allowed or not."""
        fields = {"target": at, "kind": "juminhyo", "copies": 1, "option": "whom", "choice": "household"}
        fields |= {"language": "en", "size": "XL", "contrast": "black", "is_on": True, "is_low": True}
        fields |= {"thing": "certificate", "step": self.world.loop.state.step}
        known = {name: value for name, value in fields.items() if name in kind.__struct_fields__}
        if len(known) == len(kind.__struct_fields__):
            self.world.event(Asked(Role.ASSISTANT, kind(**known)))

    @rule()
    def day(self) -> None:
        self.world.event(CloseDayAsked("tester"))

    @rule(what=st.sampled_from(["open", "count", "settle", "redeem", "close", "incidents", "enter"]))
    def staff(self, what: str) -> None:
        """At any moment: done, or refused in words; never anything between."""
        world, ledger = self.world, self.world.ledger
        acts: list[intents.StaffIntent] = []
        match what:
            case "open":
                acts = [intents.StartExchange(purpose="recount", units=())]
            case "count" if ledger.exchange is not None:
                units = tuple(UnitAfter(each, world.lies_in(each)) for each in ledger.exchange.names)
                number = ledger.exchange.exchange
                acts = [intents.EndExchange(exchange=number, units=units, reason="unknown")]
            case "settle":
                acts = [
                    intents.SettlePayout(op=op, pieces=world.came_out(op), reason="counted")
                    for op in list(ledger.doubts)[:1]  # one: what came out is told apart by what is proven
                ]
            case "redeem":
                acts = [intents.RedeemSlip(slip=each) for each in ledger.slips]
            case "close":
                acts = [intents.CloseDay()]
            case "incidents":
                acts = [intents.CloseIncident(incident=each, reason="seen") for each in ledger.incidents]
            case "enter":
                acts = [intents.EnterStaff()]
        for each in acts:
            before = len(world.records)
            answer = desk.ask(world, desk.OFFICER, each)
            assert (answer.refusal is None) == (len(world.records) > before)
            resting = (*AT_REST, *CONTINUED)
            assert answer.refusal is not None or what == "enter" or world.phase in resting

    @precondition(lambda self: self.world.phase is Phase.IDLE)
    @rule(copies=st.integers(1, 3))
    def straight_to_pay(self, copies: int) -> None:
        if self.world.server_is_up and not self.world.loop.state.card_is_present:
            self.world.until_pay(copies)

    @invariant()
    def books_balance(self) -> None:
        self.world.check()

    @invariant()
    def terminals_and_books_agree(self) -> None:
        ledger = self.world.ledger
        if not ledger.cashless:
            booked = ledger.totals.receipts_cashless + ledger.held_cashless + ledger.owed_cashless
            assert self.world.physics.terminals.taken == booked

    @invariant()
    def every_role_has_a_view(self) -> None:
        assert set(self.world.glass.views) == {Role.RESIDENT, Role.ASSISTANT}


class AnythingWithFace(Anything):
    """The same where the policy wants the face: number, surface and camera come at any time, right, wrong and late."""

    setup = worlds.SHOW_SETUP
    world: StaffWorld

    def new_world(self) -> StaffWorld:
        return StaffWorld(setup=self.setup).boot()

    @rule(who=st.sampled_from([*PEOPLE, "stranger"]), right=st.booleans(), is_taken=st.booleans())
    def staff_card(self, who: str, right: bool, is_taken: bool) -> None:
        """A badge or a login, at any moment of anybody's visit."""
        self.world.lay(who)
        if self.world.loop.state.login is not None:
            self.world.staff_pin(right=right, left=2)
        if is_taken:
            self.world.take_card()

    @rule(name=st.sampled_from([desks.LOGIN, desks.IDLE, desks.END]))
    def staff_timer(self, name: str) -> None:
        self.world.time_out(name)

    @invariant()
    def nobody_is_at_the_desk_who_is_not_on_the_list(self) -> None:
        now = self.world.loop.state.desk
        assert now is None or PEOPLE[now.staff.id] is now.staff.role
        assert (self.world.phase is Phase.STAFF_DESK) <= (now is not None)

    @rule(is_right=st.booleans())
    def show_card(self, is_right: bool) -> None:
        self.world.show_card(is_right=is_right)

    @rule(reason=st.sampled_from(["time", "not-taken", "camera"]))
    def not_read(self, reason: str) -> None:
        self.world.not_read(reason)

    @rule(part=st.sampled_from(ports.NumberPart), is_right=st.booleans())
    def number(self, part: ports.NumberPart, is_right: bool) -> None:
        self.world.number_part(part, is_right=is_right)

    @rule()
    def whole_number(self) -> None:
        self.world.number()

    @rule(code=st.sampled_from(["", "wrong", "not-believed", "few-tries"]))
    def surface(self, code: str) -> None:
        self.world.surface(code)

    @rule()
    def forgotten(self) -> None:
        self.world.event(ports.NumberForgotten(self.setup.card_reader))

    @rule(outcome=st.sampled_from(ports.FaceOutcome))
    def judged(self, outcome: ports.FaceOutcome) -> None:
        self.world.judge(outcome)

    @rule(is_taken=st.booleans())
    def photo(self, is_taken: bool) -> None:
        self.world.event(ports.PhotoHandedOver(self.setup.card_reader, SlotId("0" * 32), is_taken))

    @rule()
    def camera_lost(self) -> None:
        self.world.event(ports.DeviceLost(self.setup.camera, "no-process"))

    @rule()
    def face_timer(self) -> None:
        self.world.time_out("face")

    @rule()
    def vouched(self) -> None:
        self.world.vouch()

    @invariant()
    def no_secret_is_asked_while_the_camera_may_be_open(self) -> None:
        assert not self.world.slots_with_open_camera

    @invariant()
    def the_holder_is_gone_with_the_session(self) -> None:
        state = self.world.loop.state
        if state.phase is Phase.IDLE:
            assert state.session is None


class AnythingCashless(Anything):
    """The same with terminals, a gateway, a camera for codes, and sensors where the paper comes out."""

    setup = replace(
        worlds.CASHLESS,
        panel=DeviceId("panel1"),
        exit_sensors=("certificate",),
        sheet_sensors=("certificate",),
    )


class AnythingWithNotes(Anything):
    """The same on a machine that takes notes: the driver's own machine, the simulated device, and what befalls it."""

    world: NotesWorld

    def new_world(self) -> NotesWorld:
        return NotesWorld().boot()

    @rule(
        issue=st.sampled_from(["N1000F", "N1000E", "N5000F", "N10000F"]), s=st.sampled_from([0.1, 0.6, 3.0])
    )
    def a_note(self, issue: str, s: float) -> None:
        self.world.note(issue)
        self.world.run(s)

    @rule(s=st.sampled_from([0.05, 0.3, 2.0, 15.0]))
    def time_goes_by(self, s: float) -> None:
        self.world.run(s)

    @rule(status=st.sampled_from([Status.JAM_IN_ACCEPTOR, Status.JAM_IN_STACKER, Status.PAUSE]))
    def trouble_with_notes(self, status: Status) -> None:
        self.world.desk.sim.fail(status)
        self.world.run(0.3)

    @rule()
    def hands_clear_the_note_unit(self) -> None:
        self.world.desk.sim.clear(self.world.clock.now_s)
        self.world.run(1.0)

    @rule()
    def the_note_unit_blinks(self) -> None:
        self.world.desk.cut_power(self.world.clock.now_s)
        self.world.run(1.0)

    @rule(fate=st.sampled_from([HEARD, UNHEARD, UNANSWERED]))
    def the_line(self, fate: str) -> None:
        self.world.desk.fate = lambda _: fate
        self.world.run(0.5)
        self.world.desk.fate = lambda _: HEARD

    @invariant()
    def no_more_is_given_than_came_in(self) -> None:
        desk, ledger = self.world.desk, self.world.ledger
        given = self.world.given + desk.paid + desk.returned
        receipts = ledger.totals.receipts_cash
        owed = Yen.sum(each.amount for each in ledger.slips.values())
        held = Yen.sum(each.held for each in ledger.accounts.values())
        going = Yen.sum(each.denomination.face * each.count for each in ledger.dispenses.values())
        assert given + receipts + owed + held <= self.world.physics.inserted + desk.inserted + going


AnythingWithNotes.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestAnythingWithNotes = AnythingWithNotes.TestCase
AnythingCashless.TestCase.settings = settings(stateful_step_count=40, deadline=None)
TestAnythingCashless = pytest.mark.timeout(900)(AnythingCashless.TestCase)
Anything.TestCase.settings = settings(stateful_step_count=40, deadline=None)
TestAnything = pytest.mark.timeout(900)(Anything.TestCase)
AnythingWithFace.TestCase.settings = settings(stateful_step_count=40, deadline=None)
TestAnythingWithFace = pytest.mark.timeout(900)(AnythingWithFace.TestCase)


@given(st.sampled_from(Phase))
def test_a_phase_has_a_body(phase: Phase) -> None:
    assert phase in BODIES
