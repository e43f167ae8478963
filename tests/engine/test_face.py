"""Where a policy wants the face: number, card, photo, PIN, camera; every way out; and what the card's record proves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
from msgspec.structs import replace

from kiosk import intents, ports
from kiosk.engine.interpreter import allowed
from kiosk.engine.session import HOLDING_NUMBER
from kiosk.engine.state import Phase
from kiosk.ids import SlotId
from kiosk.journal import records
from kiosk.money import Denomination
from kiosk.ports import FaceOutcome, NumberPart
from kiosk.services.certificate import KIND_FIRST, KONBINI
from kiosk.services.plan import Policy, Step
from kiosk.view import Role
from tests.engine.world import FACE_SETUP, HOLDER, SETUP, SHOW_SETUP, World

C = TypeVar("C", bound=ports.Command)
READER, CAMERA = FACE_SETUP.card_reader, FACE_SETUP.camera


@pytest.fixture
def world() -> World:
    return World(setup=FACE_SETUP).boot()


def sent(world: World, kind: type[C]) -> list[C]:
    return [each for each in world.commands if isinstance(each, kind)]


def pay_and_take(world: World) -> None:
    world.tap(intents.SetCopies, kind="juminhyo", copies=1)
    for _ in range(3):
        world.tap(intents.Next)
    world.insert(Denomination.COIN100)
    world.insert(Denomination.COIN100)


def test_a_policy_adds_two_steps_and_changes_no_other() -> None:
    for plan in (KONBINI, KIND_FIRST):
        steps = plan.under(Policy.PIN_AND_FACE).steps
        assert tuple(each for each in steps if each not in (Step.NUMBER, Step.FACE)) == plan.steps
        assert steps.index(Step.NUMBER) + 1 == steps.index(Step.CARD)
        assert steps.index(Step.PIN) + 1 == steps.index(Step.FACE) == steps.index(Step.CARD_BACK) - 1
        assert plan.under(Policy.PIN).steps == plan.steps
        with pytest.raises(ValueError, match="policy"):
            plan.under(Policy.FACE)


def test_a_good_day(world: World) -> None:
    world.tap(intents.ChooseLanguage, language="ja")
    assert world.phase is Phase.OFFERING_FACE
    world.tap(intents.Next)
    for part in ("birth", "expiry", "code"):
        assert (world.phase, world.view.body.part) == (Phase.ENTERING_NUMBER, part)
        world.number_part(NumberPart(part))
    assert world.phase is Phase.AWAITING_CARD
    world.card()
    assert world.phase is Phase.READING_SURFACE and world.view.body.is_reading
    world.surface()
    assert world.phase is Phase.ENTERING_PIN
    world.pin()
    assert world.phase is Phase.READY_FOR_FACE
    assert not sent(world, ports.StartFaceCheck), "the camera opens with a touch, not before"
    world.tap(intents.Next)
    assert world.phase is Phase.CHECKING_FACE
    assert sent(world, ports.HandOverPhoto)
    world.judge()
    assert world.phase is Phase.RETURNING_CARD
    world.take_card()
    assert world.phase is Phase.CHOOSING_KINDS
    pay_and_take(world)
    assert world.phase is Phase.TAKING_THINGS
    ended = [each for each in world.records if isinstance(each, records.FaceCheckEnded)]
    assert [(each.outcome, each.threshold) for each in ended] == [("matched", 0.5)]
    world.check()


def test_what_the_screen_is_told_of_a_turn_is_a_mirror(world: World) -> None:
    world.until_face()
    world.tap(intents.Next)
    world.event(ports.FaceHint(CAMERA, ports.FaceHintCode.GOOD, ports.FaceBox(0.1, 0.2, 0.4, 0.8)))
    world.event(ports.FaceTurnAsked(CAMERA, ports.TurnDirection.LEFT))
    body = world.view.body
    assert (body.hint, body.turn) == ("good", "left")
    assert (round(body.head.left, 6), round(body.head.right, 6)) == (0.6, 0.9)
    step = world.loop.state.step
    world.event(ports.FaceTurnEnded(CAMERA))
    assert world.view.body.turn == "ahead"
    assert world.loop.state.step == step, "a hint eats no touch"


def test_no_day_that_no_card_has_reaches_a_card(world: World) -> None:
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.Next)
    world.number_part(NumberPart.BIRTH, is_right=False)
    assert (world.phase, world.view.body.part, world.view.body.note) == (
        Phase.ENTERING_NUMBER,
        "birth",
        "refused",
    )


def test_back_goes_one_question_back_and_then_to_the_offer(world: World) -> None:
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.Next)
    world.number_part(NumberPart.BIRTH)
    world.tap(intents.Back)
    assert world.view.body.part == "birth"
    world.tap(intents.Back)
    assert world.phase is Phase.OFFERING_FACE
    assert sent(world, ports.ForgetNumber)


def test_a_minute_without_a_card_and_the_number_is_asked_again_but_not_for_ever(world: World) -> None:
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.Next)
    for _ in range(3):
        world.number()
        assert world.phase is Phase.AWAITING_CARD
        world.event(ports.NumberForgotten(READER))
        assert (world.phase, world.view.body.note) == (Phase.ENTERING_NUMBER, "forgotten")
    world.number()
    world.event(ports.NumberForgotten(READER))
    assert world.phase is Phase.CHOOSING_OTHER_WAY


def test_a_wrong_number_gives_the_card_back_once_then_the_other_way(world: World) -> None:
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.Next)
    world.number()
    world.card()
    world.surface("wrong")
    assert world.phase is Phase.RETURNING_CARD
    world.take_card()
    assert (world.phase, world.view.body.note) == (Phase.ENTERING_NUMBER, "wrong")
    world.number()
    world.card()
    world.surface("wrong")
    assert world.phase is Phase.CHOOSING_OTHER_WAY


def test_a_face_of_the_card_that_is_not_believed_ends_it_and_calls_staff(world: World) -> None:
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.Next)
    world.number()
    world.card()
    world.surface("not-believed")
    assert world.view.body.code == "C-113"
    assert world.loop.state.is_staff_called


def test_a_face_of_another_card_than_was_read_ends_it(world: World) -> None:
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.Next)
    world.number()
    world.card()
    world.surface(fingerprint="0" * 64)
    assert world.view.body.code == "C-108"


# --- the number read off the card by the camera -----------------------------------------------------------------------


@pytest.fixture
def shown() -> World:
    """Where the town lets the camera read the card, at its first question."""
    world = World(setup=SHOW_SETUP).boot()
    world.tap(intents.ChooseLanguage, language="ja")
    assert world.view.body.can_show
    assert {"Next", "TypeNumber", "OtherWay", "Back"} <= set(world.view.intents)
    return world


def test_a_card_that_is_shown_needs_no_typing(shown: World) -> None:
    shown.tap(intents.Next)
    assert (shown.phase, shown.view.body.hint) == (Phase.SHOWING_CARD, "no_card")
    (opened,) = sent(shown, ports.OpenNumberSlot)
    assert opened.part is NumberPart.WHOLE
    (reading,) = sent(shown, ports.StartReadingNumber)
    session = shown.loop.state.session
    assert session is not None and reading.slot == session.slot
    assert {"TypeNumber", "OtherWay", "Back", "Cancel"} <= set(shown.view.intents), "always another way"
    shown.event(ports.CardHint(CAMERA, ports.CardHintCode.TILT))
    assert shown.view.body.hint == "tilt"
    shown.show_card()
    assert shown.phase is Phase.AWAITING_CARD and not shown.camera_may_be_open
    shown.card()
    assert shown.phase is Phase.READING_SURFACE
    shown.surface()
    shown.pin()
    shown.tap(intents.Next)
    assert shown.phase is Phase.CHECKING_FACE, "the camera opens again for the face, with its own touch"


def test_who_would_rather_type_the_number_may_at_any_moment(shown: World) -> None:
    shown.tap(intents.TypeNumber)
    assert (shown.phase, shown.view.body.part) == (Phase.ENTERING_NUMBER, "birth")
    assert not sent(shown, ports.StartReadingNumber) and not sent(shown, ports.AllowCamera)
    shown.tap(intents.Back)
    shown.tap(intents.Next)
    assert shown.phase is Phase.SHOWING_CARD
    late = shown.reading
    assert late is not None
    shown.perform_instead = {"ForbidCamera"}
    shown.tap(intents.TypeNumber)
    assert shown.phase is Phase.OPENING_NUMBER
    parts = [each.part for each in sent(shown, ports.OpenNumberSlot)]
    assert parts[-1] is NumberPart.WHOLE, "no slot for keys opens while the camera may be open"
    shown.event(ports.NumberPartTaken(READER, NumberPart.WHOLE, late))
    assert shown.phase is Phase.OPENING_NUMBER, "what the camera read too late is nobody's"
    shown.camera_may_be_open = False
    shown.event(ports.CameraForbidden(CAMERA))
    assert (shown.phase, shown.view.body.part) == (Phase.ENTERING_NUMBER, "birth")


@pytest.mark.parametrize(
    "trouble",
    [
        lambda world: world.not_read("time"),
        lambda world: world.not_read("not-taken"),
        lambda world: world.show_card(is_right=False),
        lambda world: world.event(ports.DeviceLost(CAMERA, "no-process")),
        lambda world: world.time_out("face"),
    ],
)
def test_what_the_camera_cannot_read_is_typed(shown: World, trouble: Callable[[World], None]) -> None:
    shown.tap(intents.Next)
    trouble(shown)
    body = shown.view.body
    assert (shown.phase, body.part, body.note) == (Phase.ENTERING_NUMBER, "birth", "unread")
    shown.number()
    assert shown.phase is Phase.AWAITING_CARD


def test_a_number_that_the_camera_read_wrong_costs_one_try_and_is_typed_then(shown: World) -> None:
    shown.tap(intents.Next)
    shown.show_card()
    shown.card()
    shown.surface("wrong")
    shown.take_card()
    assert (shown.phase, shown.view.body.note) == (Phase.ENTERING_NUMBER, "wrong")


def test_leaving_while_a_card_is_shown_shuts_the_camera_and_forgets_the_number(shown: World) -> None:
    for leave in (intents.Cancel, intents.OtherWay, intents.Back):
        shown.tap(intents.Next)
        assert shown.phase is Phase.SHOWING_CARD and shown.camera_may_be_open
        forgets = len(sent(shown, ports.ForgetNumber))
        shown.tap(leave)
        assert not shown.camera_may_be_open and shown.reading is None
        assert len(sent(shown, ports.ForgetNumber)) > forgets
        if shown.phase is Phase.CHOOSING_OTHER_WAY:
            shown.tap(intents.Back)
        elif shown.phase is Phase.IDLE:
            shown.tap(intents.ChooseLanguage, language="ja")
        assert shown.phase is Phase.OFFERING_FACE


def test_a_card_process_that_ends_while_a_card_is_shown_begins_again_but_not_for_ever(shown: World) -> None:
    shown.tap(intents.Next)
    for _ in range(3):
        assert shown.phase is Phase.SHOWING_CARD
        shown.event(ports.NumberForgotten(READER))
    assert shown.phase is Phase.SHOWING_CARD
    shown.event(ports.CardRemoved(READER))
    assert shown.phase is Phase.CHOOSING_OTHER_WAY and not shown.camera_may_be_open


# --- a card that cannot be read, while its number is held -------------------------------------------------------------


def unreadable(world: World, *, goes_on: bool = True) -> None:
    world.event(ports.CardInserted(READER))
    world.event(ports.CardUnreadable(READER, "mute", goes_on))


def test_a_card_placed_wrong_is_placed_again_without_another_number(world: World) -> None:
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.Next)
    world.number()
    for _ in range(2):
        unreadable(world)
        assert world.phase is Phase.RETURNING_CARD and world.view.body.is_unread
        assert not sent(world, ports.ForgetNumber) and not sent(world, ports.EndCardSession)
        world.take_card()
        assert world.phase is Phase.AWAITING_CARD
    unreadable(world)
    assert world.view.body.code == "C-101", "not for ever"
    assert sent(world, ports.ForgetNumber)


def test_a_number_that_is_forgotten_meanwhile_is_asked_again(world: World) -> None:
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.Next)
    world.number()
    unreadable(world)
    world.event(ports.NumberForgotten(READER))
    assert world.phase is Phase.RETURNING_CARD
    world.take_card()
    assert world.phase is Phase.ENTERING_NUMBER


def test_a_held_number_does_not_outlive_who_leaves(world: World) -> None:
    """The next person's card must never meet it."""
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.Next)
    world.number()
    unreadable(world)
    world.time_out("stage")
    assert world.view.body.is_left
    world.take_card()
    world.tap(intents.Cancel)
    assert world.phase is Phase.IDLE and sent(world, ports.ForgetNumber)


def test_a_card_that_nothing_is_held_for_ends_it(world: World) -> None:
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.Next)
    world.number()
    unreadable(world, goes_on=False)
    assert world.view.body.code == "C-101"


@pytest.mark.parametrize("outcome", [FaceOutcome.NOT_MATCHED, FaceOutcome.NOT_LIVE, FaceOutcome.NOT_JUDGED])
def test_whatever_does_not_match_offers_the_other_way_and_never_refuses(
    world: World, outcome: FaceOutcome
) -> None:
    world.until_face()
    world.tap(intents.Next)
    world.judge(outcome, "threshold")
    body = world.view.body
    assert world.phase is Phase.CHOOSING_OTHER_WAY
    assert body.can_call and body.can_retry is (outcome is not FaceOutcome.NOT_MATCHED)
    assert {"AskStaff", "GoToCounter", "Cancel"} <= set(world.view.intents)
    world.tap(intents.AskStaff)
    assert world.phase is Phase.AWAITING_LOOK and world.loop.state.is_staff_called
    world.vouch()
    assert world.phase is Phase.RETURNING_CARD
    assert [each.role for each in world.records if isinstance(each, records.FaceVouched)] == ["assistant"]


def test_the_camera_is_tried_twice_at_most(world: World) -> None:
    world.until_face()
    for turn in range(2):
        world.tap(intents.Next)
        world.judge(FaceOutcome.NOT_JUDGED, "time")
        assert world.view.body.can_retry is (turn == 0)
        world.tap(intents.Next)
    assert world.phase is Phase.CHOOSING_OTHER_WAY
    assert len(sent(world, ports.StartFaceCheck)) == 2


def test_who_does_not_want_the_camera_is_asked_for_nothing_of_it(world: World) -> None:
    """Also for who cannot turn her head: no number, no camera; staff look after the PIN."""
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.OtherWay)
    world.tap(intents.AskStaff)
    assert world.phase is Phase.AWAITING_CARD
    world.card()
    world.pin()
    assert world.phase is Phase.AWAITING_LOOK
    world.vouch()
    world.take_card()
    assert world.phase is Phase.CHOOSING_KINDS
    assert not sent(world, ports.OpenNumberSlot) and not sent(world, ports.StartFaceCheck)
    pay_and_take(world)
    assert world.phase is Phase.TAKING_THINGS


def test_nobody_vouches_for_herself(world: World) -> None:
    world.until_face()
    world.tap(intents.OtherWay)
    world.tap(intents.AskStaff)
    assert "Vouch" not in allowed(world.loop.state, Role.RESIDENT)
    assert "Vouch" in allowed(world.loop.state, Role.ASSISTANT)
    world.tap(intents.Vouch)
    assert world.phase is Phase.AWAITING_LOOK


def test_without_a_panel_for_staff_the_other_way_is_the_counter() -> None:
    world = World(setup=replace(FACE_SETUP, has_assistant=False)).boot()
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.OtherWay)
    assert not world.view.body.can_call and "AskStaff" not in world.view.intents
    world.tap(intents.GoToCounter)
    assert world.view.body.code == "F-701"
    world.tap(intents.Next)
    assert world.phase is Phase.IDLE


def test_a_vision_process_that_never_ends_is_not_waited_for(world: World) -> None:
    world.until_face()
    world.tap(intents.Next)
    late = world.checking
    assert late is not None
    world.perform_instead = {"StopFaceCheck"}
    world.time_out("face")
    assert world.phase is Phase.CHOOSING_OTHER_WAY
    world.event(ports.FaceJudged(CAMERA, late, FaceOutcome.MATCHED, ports.FaceBand.CLEAR, ""))
    assert world.phase is Phase.CHOOSING_OTHER_WAY, "a verdict that comes late is nobody's"


def test_stopping_in_front_of_the_camera_shuts_it_and_gives_the_card_back(world: World) -> None:
    world.until_face()
    world.tap(intents.Next)
    world.tap(intents.Cancel)
    assert world.phase is Phase.RETURNING_CARD
    assert sent(world, ports.StopFaceCheck) and not world.camera_may_be_open
    world.take_card()
    assert world.phase is Phase.IDLE


def test_a_card_that_the_server_refuses_ends_the_check(world: World) -> None:
    """Its word comes while the person looks into the camera."""
    world.perform_instead = {"Authenticate"}
    world.until_face()
    world.tap(intents.Next)
    session = world.loop.state.session
    assert session is not None
    world.event(ports.AuthenticationRefused(session.transaction, "C-104"))
    assert world.view.body.code == "C-104"
    assert sent(world, ports.StopFaceCheck) and not world.camera_may_be_open


def test_a_card_whose_face_does_not_come_in_time_leads_to_the_other_way(world: World) -> None:
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.Next)
    world.number()
    world.card()
    world.time_out("stage")
    assert world.phase is Phase.CHOOSING_OTHER_WAY
    world.tap(intents.AskStaff)
    world.pin()
    assert world.phase is Phase.AWAITING_LOOK


def test_a_slot_of_an_earlier_question_is_not_this_ones(world: World) -> None:
    world.perform_instead = {"OpenNumberSlot"}
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.Next)
    world.event(ports.NumberSlotOpened(READER, NumberPart.CODE, SlotId("0" * 32), 4))
    assert world.phase is Phase.OPENING_NUMBER


def test_the_reader_may_go_away_while_the_camera_looks(world: World) -> None:
    world.until_face()
    world.tap(intents.Next)
    world.event(ports.DeviceLost(READER, "no-reader"))
    assert world.view.body.code == "C-101" and not world.camera_may_be_open


def test_a_core_that_dies_after_a_verdict_owes_nobody_anything(world: World) -> None:
    world.until_face()
    world.tap(intents.Next)
    world.judge()
    again = world.reboot()
    assert again.phase is Phase.IDLE and not again.ledger.accounts
    again.check()


def test_kinds_may_come_first_and_the_number_right_before_the_card() -> None:
    world = World(setup=replace(FACE_SETUP, plan=KIND_FIRST.under(Policy.PIN_AND_FACE))).boot()
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.SetCopies, kind="juminhyo", copies=1)
    world.tap(intents.Next)
    assert world.phase is Phase.OFFERING_FACE
    world.tap(intents.Back)
    assert world.phase is Phase.CHOOSING_KINDS
    world.tap(intents.Next)
    world.tap(intents.Next)
    world.number()
    world.tap(intents.Back)
    assert world.phase is Phase.OFFERING_FACE, "back from the card: the number is asked again, or another way"


def test_a_camera_that_goes_away_offers_the_other_way_at_once(world: World) -> None:
    world.until_face()
    world.tap(intents.Next)
    world.event(ports.DeviceLost(CAMERA, "no-process"))
    assert world.phase is Phase.CHOOSING_OTHER_WAY


def test_a_photo_that_is_not_taken_ends_the_check(world: World) -> None:
    world.until_face()
    world.perform_instead = {"HandOverPhoto"}
    world.tap(intents.Next)
    world.event(ports.PhotoHandedOver(READER, SlotId("ab" * 16), False))
    assert world.phase is Phase.CHOOSING_OTHER_WAY


@pytest.mark.parametrize(
    "phase",
    [
        Phase.READING_SURFACE,
        Phase.ENTERING_PIN,
        Phase.READY_FOR_FACE,
        Phase.CHECKING_FACE,
        Phase.CHOOSING_OTHER_WAY,
        Phase.AWAITING_LOOK,
    ],
)
def test_a_card_that_is_lifted_ends_the_session_wherever_it_was(world: World, phase: Phase) -> None:
    def before_the_surface() -> None:
        world.tap(intents.ChooseLanguage, language="ja")
        world.tap(intents.Next)
        world.number()
        world.card()

    steps: list[Callable[[], None]] = [
        before_the_surface,
        world.surface,
        world.pin,
        lambda: world.tap(intents.Next),
        lambda: world.tap(intents.OtherWay),
        lambda: world.tap(intents.AskStaff),
    ]
    for step in steps:
        step()
        if world.phase is phase:
            break
    assert world.phase is phase
    world.take_card()
    assert world.view.body.code == "C-110"
    world.tap(intents.Next)
    assert world.phase is Phase.IDLE and world.loop.state.session is None
    assert not world.camera_may_be_open and world.checking is None


@pytest.mark.parametrize("phase", [each for each in HOLDING_NUMBER if each is not Phase.SHOWING_CARD])
def test_leaving_forgets_the_number(world: World, phase: Phase) -> None:
    world.perform_instead = {"OpenNumberSlot"} if phase is Phase.OPENING_NUMBER else set()
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.Next)
    if phase is Phase.AWAITING_CARD:
        world.number()
    assert world.phase is phase
    world.tap(intents.Cancel)
    assert sent(world, ports.ForgetNumber) and world.phase is Phase.IDLE


def test_a_card_that_lay_there_too_early_is_no_mishap(world: World) -> None:
    world.card()
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.Next)
    world.number_part(NumberPart.BIRTH)
    world.take_card()
    assert (world.phase, world.view.body.part) == (Phase.ENTERING_NUMBER, "birth")
    world.card()
    world.number()
    assert world.phase is Phase.READING_SURFACE


def test_a_slot_waits_until_the_camera_has_said_that_it_is_shut(world: World) -> None:
    world.until_face()
    world.tap(intents.Next)
    world.perform_instead = {"ForbidCamera"}
    world.tap(intents.OtherWay)
    world.tap(intents.Cancel)
    world.take_card()
    assert world.phase is Phase.IDLE
    before = len(sent(world, ports.OpenNumberSlot))
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.Next)
    assert world.phase is Phase.OPENING_NUMBER
    assert len(sent(world, ports.OpenNumberSlot)) == before
    world.camera_may_be_open = False
    world.event(ports.CameraForbidden(CAMERA))
    assert world.phase is Phase.ENTERING_NUMBER


# --- DESIGN §6 (e), (f) -----------------------------------------------------------------------------------------------


def matched(world: World) -> None:
    world.until_face()
    world.tap(intents.Next)
    world.judge()
    world.take_card()
    world.tap(intents.SetCopies, kind="juminhyo", copies=1)
    world.tap(intents.Next)
    world.tap(intents.Next)


def test_the_paper_is_compared_with_the_cards_own_record(world: World) -> None:
    matched(world)
    assert world.phase is Phase.CONFIRMING
    assert [each.holder for each in world.commands if isinstance(each, ports.Prepare)] == [HOLDER]


@pytest.mark.parametrize(
    ("card", "fact"),
    [
        (ports.CardEvidence(False, True, True, True, True), "birth"),
        (ports.CardEvidence(True, False, True, True, True), "sex"),
        (ports.CardEvidence(True, True, True, False, True), "paper-birth"),
        (ports.CardEvidence(True, True, True, True, False), "paper-sex"),
        (None, "card-record"),
    ],
)
def test_another_birth_date_or_sex_than_the_cards_stops_the_machine(
    world: World, card: ports.CardEvidence | None, fact: str
) -> None:
    world.evidence_changes = {"card": card}
    matched(world)
    assert world.view.body.code == "X-603"
    incident = next(each for each in world.records if isinstance(each, records.IncidentOpened))
    assert incident.facts == ((fact, "differs"),)
    assert "花子" not in repr(incident) and "1941" not in repr(incident)
    world.tap(intents.Next)
    assert world.phase is Phase.OUT_OF_SERVICE


def test_only_another_name_refuses_this_session_and_the_machine_goes_on(world: World) -> None:
    world.evidence_changes = {"card": ports.CardEvidence(True, True, False, True, True)}
    matched(world)
    assert world.view.body.code == "X-607" and world.loop.state.is_staff_called
    assert not [each for each in world.records if isinstance(each, records.IncidentOpened)]
    world.tap(intents.Next)
    assert world.phase is Phase.IDLE


def test_without_a_number_there_is_no_evidence_of_the_cards_and_none_is_claimed() -> None:
    world = World(setup=SETUP).boot()
    world.until_pay()
    assert [each.holder for each in world.commands if isinstance(each, ports.Prepare)] == [None]
    assert world.phase is Phase.AWAITING_PAYMENT


def test_evidence_that_nobody_gave_is_refused() -> None:
    world = World(setup=SETUP).boot()
    world.evidence_changes = {"card": ports.CardEvidence(True, True, True, True, True)}
    world.until_pay()
    assert world.view.body.code == "X-603"


def test_neither_staff_nor_a_traceback_sees_the_holder(world: World) -> None:
    matched(world)
    assert "花子" not in repr(world.loop.state)
    assert "花子" not in repr(world.glass.views[Role.ASSISTANT])


# --- the record by its own PIN, where a town asks it ------------------------------------------------------------------

RECORD_SETUP = replace(SETUP, plan=KONBINI.under(Policy.PIN, reads_record=True))


@pytest.fixture
def recording() -> World:
    world = World(setup=RECORD_SETUP).boot()
    world.tap(intents.ChooseLanguage, language="ja")
    world.card()
    assert (world.phase, world.view.body.is_record) == (Phase.ENTERING_PIN, True)
    assert sent(world, ports.OpenPinSlot)[-1].secret is ports.SecretKind.RECORD
    return world


def test_the_record_comes_before_the_pin_and_is_compared_with_the_paper(recording: World) -> None:
    world = recording
    world.surface()
    assert (world.phase, world.view.body.is_record) == (Phase.ENTERING_PIN, False)
    assert sent(world, ports.OpenPinSlot)[-1].secret is ports.SecretKind.AUTH
    world.pin()
    world.take_card()
    world.evidence_changes = {"card": ports.CardEvidence(True, True, True, True, False)}
    world.tap(intents.SetCopies, kind="juminhyo", copies=1)
    world.tap(intents.Next)
    world.tap(intents.Next)
    assert world.view.body.code == "X-603"


def test_a_wrong_pin_of_the_record_is_asked_once_more_and_its_last_try_is_left_alone(
    recording: World,
) -> None:
    recording.pin(right=False, left=2)
    assert recording.view.body.is_record and recording.view.body.was_wrong
    recording.pin(right=False, left=1)
    assert recording.view.body.code == "P-204"


def test_wrong_tries_of_both_pins_count_together(recording: World) -> None:
    recording.pin(right=False, left=2)
    recording.surface()
    assert not recording.view.body.was_wrong and recording.view.body.attempts_left == 3
    recording.pin(right=False, left=2)
    assert recording.view.body.code == "P-201"


@pytest.mark.parametrize(
    ("code", "notice"), [("few-tries", "P-204"), ("no-roots", "P-204"), ("not-believed", "C-113")]
)
def test_a_record_that_does_not_open_goes_to_the_counter(recording: World, code: str, notice: str) -> None:
    recording.surface(code)
    assert recording.view.body.code == notice


def test_a_forgotten_pin_of_the_record_is_its_own_message(recording: World) -> None:
    recording.tap(intents.ForgotPin)
    assert recording.view.body.code == "P-204"


def test_a_record_of_another_card_ends_it(recording: World) -> None:
    recording.surface(fingerprint="0" * 64)
    assert recording.view.body.code == "C-108"


def test_who_gave_the_number_is_not_asked_for_the_records_pin() -> None:
    setup = replace(FACE_SETUP, plan=KONBINI.under(Policy.PIN_AND_FACE, reads_record=True))
    world = World(setup=setup).boot()
    world.until_face()
    assert world.phase is Phase.READY_FOR_FACE
    assert [each.secret for each in sent(world, ports.OpenPinSlot)] == [ports.SecretKind.AUTH]


def test_a_phone_has_no_record() -> None:
    world = World(setup=replace(RECORD_SETUP, serves_phones=True)).boot()
    world.tap(intents.ChooseLanguage, language="ja")
    world.card(kind=ports.CardKind.IPHONE)
    assert world.view.body.code == "C-112"
