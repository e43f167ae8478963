"""Whole conversations with the engine, as a resident has them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from kiosk import intents, ports, rights
from kiosk.engine.inner import Asked, CloseDayAsked, RoomJudged
from kiosk.engine.interpreter import allowed
from kiosk.engine.state import Phase
from kiosk.journal import records
from kiosk.journal.records import StockSet
from kiosk.money import Cash, Denomination, Yen
from kiosk.services.certificate import KIND_FIRST
from kiosk.view import Confirm, Notice, OutOfService, Role
from tests.engine.world import FINGERPRINT, READER, SETUP, Physics, World

TWO_SIDED = "two-sided-long-edge"


@pytest.fixture
def world() -> World:
    return World().boot()


def kinds(world: World) -> list[str]:
    return [type(record).__name__ for record in world.records]


def test_a_certificate_for_two_hundred_yen_from_five_hundred(world: World) -> None:
    assert world.phase is Phase.IDLE
    world.until_pay()
    assert world.phase is Phase.AWAITING_PAYMENT
    assert world.insert(Denomination.COIN500)
    assert world.phase is Phase.TAKING_THINGS
    assert world.given == Yen(300)
    for thing in ("certificate", "change", "receipt"):
        world.tap(intents.Taken, thing=thing)
    assert world.phase is Phase.FINISHED
    world.tap(intents.Next)
    assert world.phase is Phase.IDLE
    assert len(world.physics.printed) == 1
    assert not world.ledger.accounts
    assert not world.ledger.reports
    world.check()
    order = kinds(world)
    assert order.index("CoinIn") < order.index("CommitIntended") < order.index("PrintIntended")
    assert order.index("LineBooked") < order.index("PayoutDecided") < order.index("DispenseIntended")
    assert order[-1] == "TransactionClosed" or "TransactionClosed" in order


def test_the_screens_come_in_the_order_of_the_convenience_store(world: World) -> None:
    world.until_pay()
    world.insert(Denomination.COIN100)
    world.insert(Denomination.COIN100)
    for thing in ("receipt", "certificate"):
        world.tap(intents.Taken, thing=thing)
    seen = [name for name in world.glass.seen if name != "OutOfService"]
    assert seen[:3] == ["Attract", "PlaceCard", "EnterPin"]
    assert [
        name
        for name in seen
        if name in ("TakeCard", "ChooseKinds", "ChooseOptions", "Confirm", "Pay", "TakeThings")
    ] == [
        "TakeCard",
        "ChooseKinds",
        "ChooseOptions",
        "Confirm",
        "Pay",
        "TakeThings",
    ]
    assert seen[-1] == "Done"


def test_cancel_with_money_inside_gives_all_of_it_back(world: World) -> None:
    world.until_pay(copies=3)
    world.insert(Denomination.COIN100)
    world.insert(Denomination.COIN50)
    world.tap(intents.Cancel)
    assert world.given == Yen(150)
    assert world.view.body.things[0].amount == Yen(150)
    world.take_all()
    assert world.phase is Phase.IDLE
    assert isinstance(
        world.records[-2], records.LineVoided | records.TransactionClosed | records.VoidReported
    )
    assert not world.ledger.accounts
    world.check()


def test_a_double_tap_is_one_action(world: World) -> None:
    world.until_choose()
    world.tap(intents.SetCopies, kind="juminhyo", copies=1)
    step = world.loop.state.step
    first = intents.Next(step=step)
    world.loop.ask(Role.RESIDENT, first)
    world.loop.take(_asked(first))
    world.loop.take(_asked(first))
    assert world.phase is Phase.CHOOSING_OPTIONS
    assert world.glass.refused == [step]


def _asked(intent: intents.Intent) -> ports.Event:
    return Asked(Role.RESIDENT, intent)


def test_a_coin_that_arrives_never_eats_a_cancel(world: World) -> None:
    world.until_pay(copies=3)
    step = world.loop.state.step
    world.insert(Denomination.COIN100)
    assert world.loop.state.step == step


def test_a_wrong_pin_says_the_tries_and_two_wrong_end_it(world: World) -> None:
    world.tap(intents.ChooseLanguage, language="ja")
    world.card()
    world.pin(right=False, left=2)
    assert world.phase is Phase.ENTERING_PIN
    assert world.view.body.was_wrong
    assert world.view.body.attempts_left == 2
    world.pin(right=False, left=1)
    assert world.phase is Phase.NOTIFIED
    assert world.view.body.code == "P-201"
    world.tap(intents.Next)
    assert world.phase is Phase.RETURNING_CARD
    world.take_card()
    assert world.phase is Phase.IDLE


def test_the_last_try_is_asked_for_before_it_is_used(world: World) -> None:
    world.tap(intents.ChooseLanguage, language="ja")
    world.card(attempts=1)
    assert world.phase is Phase.CONSENTING_LAST_TRY
    assert not any(isinstance(command, ports.OpenPinSlot) for command in world.commands)
    world.tap(intents.ConsentLastTry)
    assert world.phase is Phase.ENTERING_PIN


@pytest.mark.parametrize(("attempts", "kind", "code"), [(0, "my_number", "P-202"), (3, "no_pin", "C-107")])
def test_a_card_that_cannot_be_used_is_told_at_once(
    world: World, attempts: int, kind: str, code: str
) -> None:
    world.tap(intents.ChooseLanguage, language="ja")
    world.card(attempts=attempts, kind=ports.CardKind(kind))
    assert world.view.body.code == code


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("mute", "C-101"),
        ("protocol", "C-101"),
        ("busy", "C-101"),
        ("not-my-number", "C-102"),
        ("no-certificate", "C-107"),
    ],
)
def test_what_cannot_be_read_has_one_message_and_one_next_step(world: World, code: str, told: str) -> None:
    world.tap(intents.ChooseLanguage, language="ja")
    world.event(ports.CardInserted(SETUP.card_reader))
    world.event(ports.CardUnreadable(SETUP.card_reader, code))
    assert world.view.body == Notice(told)


def test_the_card_pulled_at_the_pin_ends_it(world: World) -> None:
    world.tap(intents.ChooseLanguage, language="ja")
    world.card()
    world.take_card()
    assert world.view.body.code == "C-110"
    world.tap(intents.Next)
    assert world.phase is Phase.IDLE


def test_another_card_at_the_signature_is_found_out(world: World) -> None:
    world.tap(intents.ChooseLanguage, language="ja")
    world.card()
    reader = world.setup.card_reader
    world.loop.take(ports.PinAccepted(reader))
    op = world.loop.state.session.sign_op
    world.pending.clear()
    world.event(ports.ChallengeSigned(reader, op, b"signature", "e" * 64))
    assert world.view.body.code == "C-108"
    assert not any(isinstance(command, ports.Authenticate) for command in world.commands)


@pytest.mark.parametrize(
    "change",
    [
        {"signature_ok": False},
        {"transaction": "0" * 32},
        {"line": "0" * 32},
        {"card_fingerprint": "0" * 64},
        {"sha256_ok": False},
        {"pages_found": 2},
        {"serial": "other"},
        {"serial_in_text": False},
        {"transaction_in_metadata": False},
        {"applicant_masked": ""},
        {"holders_masked": ()},
    ],
)
def test_a_document_that_is_not_this_sessions_stops_the_machine(
    world: World, change: dict[str, object]
) -> None:
    world.evidence_changes = change
    world.until_choose()
    world.tap(intents.SetCopies, kind="inkan_shomei", copies=1)
    world.tap(intents.Next)
    assert world.view.body.code == "X-603"
    world.tap(intents.Next)
    assert world.phase is Phase.OUT_OF_SERVICE
    assert world.view.body.reason == "stopped"
    assert not world.physics.printed
    assert not any(isinstance(record, records.TransactionOpened) for record in world.records)


def test_a_paper_with_backs_for_a_printer_of_fronts_is_refused_before_money(world: World) -> None:
    world.sides = TWO_SIDED
    for _ in range(2):
        world.until_choose()
        world.tap(intents.SetCopies, kind="inkan_shomei", copies=1)
        world.tap(intents.Next)
        assert world.phase is Phase.NOTIFIED
        assert world.view.body.code == "R-506"
        assert world.view.is_staff_called
        world.tap(intents.Next)
        assert world.phase is Phase.IDLE, "others may have what it can print"
    given_up = {each.transaction for each in world.commands if isinstance(each, ports.AbandonTransaction)}
    assert len(given_up) == 2
    assert not world.physics.printed
    assert not any(isinstance(each, ports.Commit) for each in world.commands)
    assert not any(isinstance(each, records.TransactionOpened) for each in world.records)
    incident = next(each for each in world.records if isinstance(each, records.IncidentOpened))
    assert (incident.code, incident.facts) == ("R-506", (("sides", "differs"),))
    assert kinds(world).count("IncidentOpened") == 1


def test_a_paper_with_backs_is_printed_where_the_printer_prints_them() -> None:
    world = World(setup=replace(SETUP, sides=TWO_SIDED)).boot()
    world.sides, world.pages = TWO_SIDED, 3
    world.until_choose()
    world.tap(intents.SetCopies, kind="juminhyo", copies=2)
    world.tap(intents.Next)
    world.tap(intents.Next)
    confirm = world.view.body
    assert isinstance(confirm, Confirm)
    assert (confirm.sheets, confirm.lines[0].sheets) == (4, 4), "before any payment"
    world.tap(intents.Next)
    for _ in range(4):
        assert world.insert(Denomination.COIN100)
    job = next(each for each in world.commands if isinstance(each, ports.PrintDocument))
    assert (job.sides, job.pages) == (TWO_SIDED, 3)
    assert len(world.physics.printed) == 2
    assert next(each for each in world.view.body.things if each.thing == "certificate").sheets == 4


def test_server_away_before_money_is_a_notice_and_nothing_lost(world: World) -> None:
    world.until_choose()
    world.server_is_up = False
    world.tap(intents.SetCopies, kind="inkan_shomei", copies=1)
    world.tap(intents.Next)
    assert world.view.body.code == "X-601"


def test_server_away_at_commit_gives_the_money_back(world: World) -> None:
    world.until_pay()
    world.server_is_up = False
    world.insert(Denomination.COIN500)
    assert world.phase is Phase.ISSUING
    world.time_out("retry")
    world.time_out("retry")
    assert world.given == Yen(500)
    world.take_all()
    assert world.view.body.code == "X-601"
    assert not world.physics.printed
    world.check()
    assert world.ledger.reports, "the void stays due until the server has it"
    world.server_is_up = True
    world.time_out("report")
    assert not world.ledger.reports


def test_paper_out_waits_and_goes_on_when_it_is_back(world: World) -> None:
    world.until_pay()
    world.physics.print_outcome = ports.Outcome.REFUSED
    world.insert(Denomination.COIN100)
    world.insert(Denomination.COIN100)
    assert world.phase is Phase.AWAITING_PRINTER
    assert world.view.body.money == "held"
    assert world.view.is_staff_called
    world.physics.print_outcome = ports.Outcome.CONFIRMED
    world.event(ports.PrinterRead(world.setup.certificate_printer, True, ()))
    assert world.phase is Phase.TAKING_THINGS
    assert len(world.physics.printed) == 1
    world.check()


def test_paper_out_and_no_patience_gives_the_money_back(world: World) -> None:
    world.until_pay()
    world.physics.print_outcome = ports.Outcome.REFUSED
    world.insert(Denomination.COIN500)
    world.tap(intents.Cancel)
    assert world.given == Yen(500)
    world.take_all()
    assert world.view.body.code == "R-502"
    world.check()
    assert not world.ledger.accounts


def test_a_print_in_doubt_keeps_the_fee_held_and_gives_the_rest(world: World) -> None:
    world.until_pay()
    world.physics.print_outcome = ports.Outcome.UNKNOWN
    world.insert(Denomination.COIN500)
    assert world.given == Yen(300)
    world.take_all()
    assert world.phase is Phase.IN_TROUBLE
    assert world.view.body.money == "held"
    assert world.view.body.amount == Yen(200)
    (account,) = world.ledger.accounts.values()
    assert account.held == Yen(200)
    assert any(incident.code == "R-503" for incident in world.ledger.incidents.values())
    world.check()


def test_change_that_a_hopper_does_not_give_comes_from_another(world: World) -> None:
    world.physics.jammed.add("hopper100")
    world.until_pay()
    world.insert(Denomination.COIN500)
    assert world.given == Yen(300)
    assert Denomination.COIN100 not in world.physics.tray
    world.check()


def test_change_that_no_hopper_gives_stands_on_a_slip(world: World) -> None:
    world.physics.jammed.update({"hopper100", "hopper50", "hopper10"})
    world.until_pay()
    world.insert(Denomination.COIN500)
    assert world.given == Yen(0)
    assert Yen.sum(slip.amount for slip in world.ledger.slips.values()) == Yen(300)
    for thing in ("certificate", "receipt"):
        world.tap(intents.Taken, thing=thing)
    assert world.view.body.money == "slip"
    assert world.view.body.amount == Yen(300)
    world.check()


def test_a_payout_in_doubt_is_never_sent_again(world: World) -> None:
    world.physics.lose_replies.add("hopper100")
    world.until_pay()
    world.insert(Denomination.COIN500)
    sent = [command for command in world.commands if isinstance(command, ports.Dispense)]
    assert len([each for each in sent if each.device == "hopper100"]) == 1
    assert world.ledger.doubts
    assert world.given <= Yen(300)


def test_journal_failure_closes_cash_before_money_is_taken(world: World) -> None:
    world.until_choose()
    world.tap(intents.SetCopies, kind="inkan_shomei", copies=1)
    world.tap(intents.Next)
    world.journal.broken = True
    world.journal.has_room = True
    world.tap(intents.Next)
    assert not world.loop.state.accepting
    assert world.phase is Phase.IN_TROUBLE
    assert world.view.body.code == "X-605"


def test_a_full_disk_is_seen_between_people_and_passes(world: World) -> None:
    world.event(RoomJudged(False))
    assert world.view.body.code == "X-605"
    world.event(RoomJudged(True))
    assert world.phase is Phase.IDLE


def test_a_disk_that_fills_in_the_middle_opens_nothing(world: World) -> None:
    world.until_choose()
    world.tap(intents.SetCopies, kind="inkan_shomei", copies=1)
    world.tap(intents.Next)
    world.journal.has_room = False
    world.tap(intents.Next)
    assert world.view.body.code == "X-605"
    assert not world.loop.state.journal_is_dead
    assert not world.ledger.accounts
    world.tap(intents.Next)
    assert world.phase is Phase.OUT_OF_SERVICE


def test_a_printer_that_takes_too_long_is_said_and_staff_called(world: World) -> None:
    world.until_pay()
    world.perform_instead = {"PrintDocument"}
    world.insert(Denomination.COIN500)
    assert world.view.body.stage == "printing"
    world.time_out("slow")
    assert world.view.body.stage == "delayed"
    assert world.view.is_staff_called
    (job,) = world.ledger.prints.values()
    world.event(ports.PrintEnded(job.op, job.device, ports.Outcome.CONFIRMED, 1))
    assert world.phase is Phase.TAKING_THINGS


def test_two_kinds_are_two_lines_each_printed_and_booked(world: World) -> None:
    world.until_choose()
    world.tap(intents.SetCopies, kind="juminhyo", copies=2)
    world.tap(intents.SetCopies, kind="inkan_shomei", copies=1)
    world.tap(intents.Next)
    world.tap(intents.Next)
    assert world.view.body.total == Yen(600)
    assert world.view.body.sheets == 3
    world.tap(intents.Next)
    for _ in range(6):
        world.insert(Denomination.COIN100)
    assert len(world.physics.printed) == 3
    assert kinds(world).count("LineBooked") == 3
    world.check()


def test_nobody_there_with_money_inside_never_ends_at_the_start(world: World) -> None:
    world.until_pay()
    world.insert(Denomination.COIN100)
    world.time_out("idle")
    assert world.view.still_there is not None
    world.time_out("answer")
    assert world.phase is Phase.IN_TROUBLE
    world.tap(intents.GiveBack)
    assert world.given == Yen(100)
    world.check()


def test_nobody_there_without_money_ends_and_forgets(world: World) -> None:
    world.until_choose()
    world.time_out("idle")
    world.time_out("answer")
    assert world.phase is Phase.IDLE
    assert world.loop.state.session is None


def test_more_time_is_had_as_often_as_it_is_asked_for(world: World) -> None:
    """Alone: a dozen times, each with at least twenty seconds to answer, and nothing of the order is lost."""
    world.until_pay()
    world.insert(Denomination.COIN100)
    for _ in range(12):
        world.time_out("idle")
        still = world.view.still_there
        assert still is not None and still.has_money and still.ends_at_s - world.clock.now_s >= 20
        world.tap(intents.KeepGoing)
        assert world.view.still_there is None
    assert world.view.body.inserted == Yen(100)


def test_who_lays_the_card_down_first_has_begun(world: World) -> None:
    """Without a touch to the PIN; a card that was there before, and one that is read again, begin nothing."""
    world.card()
    assert world.phase is Phase.ENTERING_PIN and world.view.language == "ja"
    world.event(ports.CardRemoved(world.setup.card_reader))
    world.tap(intents.Next)
    assert world.phase is Phase.IDLE
    world.card()
    world.time_out("idle")
    world.time_out("answer")
    world.loop.state = replace(world.loop.state, phase=Phase.FINISHED)
    world.tap(intents.Next)
    assert world.phase is Phase.IDLE and world.loop.state.card_is_present
    world.card()
    assert world.phase is Phase.IDLE, "the next process reads again what the last person left"
    world.event(ports.CardRemoved(world.setup.card_reader))
    world.loop.state = replace(world.loop.state, phase=Phase.OUT_OF_SERVICE)
    world.card()
    world.loop.state = replace(world.loop.state, phase=Phase.IDLE)
    world.event(ports.CardRead(world.setup.card_reader, ports.CardKind.MY_NUMBER, b"", "", 3))
    assert world.phase is Phase.IDLE


def test_the_card_left_is_said_and_then_staff_are_called(world: World) -> None:
    world.tap(intents.ChooseLanguage, language="ja")
    world.card()
    world.pin()
    assert world.phase is Phase.RETURNING_CARD
    world.time_out("stage")
    assert world.view.body.is_left
    world.time_out("stage")
    assert world.view.is_staff_called


def test_manners_are_reset_between_people(world: World) -> None:
    world.tap(intents.SetTextSize, size="XL")
    world.tap(intents.ChooseLanguage, language="en")
    assert world.view.language == "en"
    assert world.view.text_size == "XL"
    world.tap(intents.Cancel)
    assert (world.view.language, world.view.text_size) == ("ja", "S")


def test_the_signed_message_binds_kiosk_and_transaction(world: World) -> None:
    world.until_choose()
    (command,) = [each for each in world.commands if isinstance(each, ports.SignChallenge)]
    transaction = world.loop.state.session.transaction
    assert (
        command.message
        == b"madoguchi/auth/1\n" + b"c" * 32 + b"\nkiosk-test\n" + transaction.encode() + b"\n"
    )
    assert FINGERPRINT not in repr(world.records)


def kind_first_world() -> World:
    return World(setup=replace(SETUP, plan=KIND_FIRST)).boot()


def test_kind_first_asks_the_kind_before_the_card_and_binds_it() -> None:
    world = kind_first_world()
    world.tap(intents.ChooseLanguage, language="ja")
    assert world.phase is Phase.CHOOSING_KINDS
    world.tap(intents.SetCopies, kind="juminhyo", copies=1)
    world.tap(intents.Next)
    assert world.phase is Phase.AWAITING_CARD
    world.card()
    world.pin()
    world.take_card()
    assert world.phase is Phase.CHOOSING_OPTIONS
    (sign,) = [each for each in world.commands if isinstance(each, ports.SignChallenge)]
    assert sign.message.endswith(b"\njuminhyo")
    assert "Back" not in world.view.intents, "the card's signature covers the kinds"
    world.tap(intents.Next)
    world.tap(intents.Next)
    world.insert(Denomination.COIN100)
    world.insert(Denomination.COIN100)
    assert len(world.physics.printed) == 1
    world.check()


def test_kind_first_drops_what_this_person_may_not_have() -> None:
    world = kind_first_world()
    world.entitlements = (ports.Entitlement("juminhyo", 200, 5, (), "N-301"),)
    world.tap(intents.ChooseLanguage, language="ja")
    world.tap(intents.SetCopies, kind="juminhyo", copies=1)
    world.tap(intents.Next)
    world.card()
    world.pin()
    world.take_card()
    assert world.view.body.code == "N-301"


def test_a_clock_that_is_wrong_stops_issuing_and_not_giving_back(world: World) -> None:
    world.until_pay(copies=2)
    world.insert(Denomination.COIN100)
    world.event(ports.ClockJudged(False, "before-build"))
    world.tap(intents.Cancel)
    assert world.given == Yen(100)
    world.take_all()
    assert world.phase is Phase.OUT_OF_SERVICE
    assert world.view.body.reason == "clock"
    world.event(ports.ClockJudged(True))
    assert world.phase is Phase.IDLE


def test_change_short_is_said_before_a_coin_is_taken() -> None:
    physics = Physics()
    physics.units = dict.fromkeys(physics.units, 0)
    records_ = [StockSet(hopper.device, Cash(), "tester") for hopper in SETUP.hoppers]
    world = World(records_, physics).boot()
    world.until_pay()
    assert world.view.body.is_exact_only
    assert Denomination.COIN500 not in world.view.body.accepted
    assert not world.insert(Denomination.COIN500)


def test_a_coin_that_falls_while_the_slot_closes_comes_back_as_change(world: World) -> None:
    world.until_pay()
    state = world.loop.state
    world.insert(Denomination.COIN100)
    held = state.accepting
    assert held
    world.pending.clear()
    face = Denomination.COIN100
    world.physics.units["hopper100"] += 2
    world.physics.inserted += Yen(200)
    for _ in range(2):
        world.physics.credits += 1
        seq = world.physics.credits
        world.loop.take(ports.CoinAccepted(world.setup.acceptor, 1, seq, seq, face, "hopper100", "a1"))
    world.settle()
    assert world.given == Yen(100)
    world.check()


def test_the_evening_closes_the_day_between_people_and_seals_it(world: World) -> None:
    world.until_pay()
    world.event(CloseDayAsked("timer"))
    assert world.ledger.day is None
    world.tap(intents.Cancel)
    assert world.ledger.day is not None
    assert world.ledger.day.number == 1


def test_staff_see_the_step_and_nothing_private(world: World) -> None:
    world.until_pay()
    view = world.glass.views[Role.ASSISTANT]
    assert view.body.screen == "Pay"
    assert view.body.is_private
    assert "200" not in repr(view.body)
    assert set(view.intents) <= {kind.__name__ for kind, may in rights.MAY.items() if Role.ASSISTANT in may}
    assert "Cancel" not in view.intents


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.CASH_OFFICER, Role.TREASURER])
def test_other_roles_may_nothing_on_the_residents_screen(world: World, role: Role) -> None:
    assert allowed(world.loop.state, role) == ()


def test_begin_asks_for_the_language_only_when_the_idle_screen_could_not_show_them_all(world: World) -> None:
    world.tap(intents.Begin)
    assert world.phase is Phase.AWAITING_CARD
    many = World(
        setup=replace(SETUP, languages=tuple(f"q{letter}" for letter in "abcdefghijklmnopqrstu"))
    ).boot()
    many.tap(intents.Begin)
    assert many.phase is Phase.CHOOSING_LANGUAGE


def test_the_coin_unit_lost_in_the_payment_holds_the_money_and_gives_it_when_it_is_back(world: World) -> None:
    world.until_pay(copies=2)
    world.insert(Denomination.COIN100)
    acceptor = world.setup.acceptor
    world.event(ports.DeviceLost(acceptor, "no-answer"))
    assert world.view.body.code == "M-402"
    assert world.view.body.money == "held"
    assert "GiveBack" not in world.view.intents
    world.time_out("stage")
    assert world.phase is Phase.IN_TROUBLE, "no timer ends it while money is held"
    world.event(ports.DeviceArrived(acceptor, "test"))
    world.tap(intents.GiveBack)
    assert world.given == Yen(100)
    world.check()


def test_the_coin_unit_lost_before_a_coin_is_a_notice(world: World) -> None:
    world.until_pay()
    world.event(ports.DeviceLost(world.setup.acceptor, "no-answer"))
    assert world.view.body.code == "M-402"
    assert not world.ledger.accounts
    world.tap(intents.Next)
    assert world.phase is Phase.OUT_OF_SERVICE


def test_a_cancel_gives_back_the_faces_that_came_in(world: World) -> None:
    world.until_pay(copies=3)
    faces = [Denomination.COIN100] * 5
    for face in faces:
        world.insert(face)
    world.tap(intents.Cancel)
    assert world.physics.tray == faces


def test_a_hopper_that_did_not_hear_is_asked_again_as_a_new_operation(world: World) -> None:
    world.until_pay()
    world.physics.deaf["hopper100"] = 2
    world.insert(Denomination.COIN500)
    assert world.physics.tray == [Denomination.COIN100] * 3
    ops = [each.op for each in world.commands if isinstance(each, ports.Dispense)]
    assert len(ops) == len(set(ops)) == 3
    assert not world.ledger.incidents
    world.check()


def test_a_hopper_that_never_hears_is_left_for_another(world: World) -> None:
    world.until_pay()
    world.physics.deaf["hopper100"] = 99
    world.insert(Denomination.COIN500)
    assert world.given == Yen(300)
    assert Denomination.COIN100 not in world.physics.tray
    world.check()


def test_a_night_without_power_swallowed_nothing_when_the_slot_was_shut(world: World) -> None:
    fresh = World(world.records, world.physics)
    fresh.event(ports.AcceptorReset(fresh.setup.acceptor, 2, "a1", at_most=5))
    assert not fresh.ledger.credit_doubts
    fresh.boot()
    fresh.until_pay()
    fresh.event(ports.AcceptorReset(fresh.setup.acceptor, 3, "a1", at_most=5))
    assert fresh.ledger.credit_doubts


def slips_of(world: World, kind: str) -> list[ports.PrintSlip]:
    return [each for each in world.commands if isinstance(each, ports.PrintSlip) and each.slip.kind == kind]


def test_a_print_in_doubt_is_told_on_paper_once(world: World) -> None:
    world.until_pay()
    world.physics.print_outcome = ports.Outcome.UNKNOWN
    world.insert(Denomination.COIN500)
    assert len(slips_of(world, "owed")) == 1
    world.take_all()
    assert world.view.body.code == "R-503"


def test_killed_while_a_page_prints_the_rest_comes_back_and_the_doubt_is_named(world: World) -> None:
    world.until_pay()
    world.perform_instead = {"PrintDocument"}
    world.insert(Denomination.COIN500)
    reborn = World(world.records, world.physics).boot()
    assert reborn.view.body.amount == Yen(300)
    reborn.tap(intents.GiveBack)
    assert reborn.given == Yen(300)
    reborn.take_all()
    assert (reborn.view.body.code, reborn.view.body.money) == ("R-503", "held")
    assert reborn.view.body.amount == Yen(200)
    assert len(slips_of(reborn, "owed")) == 1
    reborn.time_out("stage")
    third = World(world.records, world.physics).boot()
    assert third.phase is Phase.IDLE, "it waits for a person, and the machine serves on"
    assert len(third.ledger.incidents) == 1


def test_no_slip_is_promised_that_did_not_come_out(world: World) -> None:
    world.physics.jammed.update({"hopper100", "hopper50", "hopper10"})
    world.slip_outcome = ports.Outcome.REFUSED
    world.until_pay()
    world.insert(Denomination.COIN500)
    world.tap(intents.Taken, thing="certificate")
    assert (world.view.body.code, world.view.body.money) == ("M-403", "held")
    world.slip_outcome = ports.Outcome.CONFIRMED
    world.event(ports.DeviceFault(world.setup.receipt_printer, "paper-out", clear=True))
    assert world.view.body.money == "slip"
    amounts = [incident.amount for incident in world.ledger.incidents.values() if incident.code == "M-403"]
    assert Yen.sum(amounts) == Yen(300), "a treasurer adds them up"


def test_the_confirm_screen_shows_who_is_on_the_paper(world: World) -> None:
    world.until_choose()
    world.tap(intents.SetCopies, kind="inkan_shomei", copies=1)
    world.tap(intents.Next)
    assert world.view.body.lines[0].holders == ("例＊＊",)


def test_held_money_that_was_asked_back_ends_the_trouble(world: World) -> None:
    world.until_pay()
    world.insert(Denomination.COIN100)
    world.time_out("idle")
    world.time_out("answer")
    world.tap(intents.GiveBack)
    assert world.view.body.things[0].thing == "money"
    assert not world.view.is_staff_called
    world.take_all()
    assert world.phase is Phase.IDLE


def test_paper_out_in_the_middle_of_a_page_is_said_at_once_and_passes(world: World) -> None:
    world.until_pay()
    world.perform_instead = {"PrintDocument"}
    world.insert(Denomination.COIN500)
    printer = world.setup.certificate_printer
    world.event(ports.PrinterRead(printer, False, ("media-empty",)))
    assert (world.view.body.code, world.view.body.money) == ("R-501", "held")
    assert world.view.is_staff_called
    world.event(ports.PrinterRead(printer, True, ()))
    assert world.view.body.stage == "printing"


def test_a_power_cut_that_takes_the_coin_unit_too_leaves_it_to_staff(world: World) -> None:
    world.until_pay()
    reborn = World(world.records, world.physics)
    reborn.event(ports.AcceptorReset(reborn.setup.acceptor, 2, "a1", at_most=5))
    reborn.boot()
    assert (reborn.view.body.code, reborn.view.body.money) == ("M-404", "counted")
    assert reborn.view.is_staff_called
    (incident,) = reborn.ledger.incidents.values()
    assert incident.transaction is not None
    assert len(slips_of(reborn, "owed")) == 1
    reborn.time_out("stage")
    assert reborn.phase is Phase.IDLE
    reborn.check()


def test_a_power_cut_that_takes_the_coin_unit_too_puts_known_money_on_the_slip(world: World) -> None:
    world.until_pay(copies=2)
    world.insert(Denomination.COIN100)
    reborn = World(world.records, world.physics)
    reborn.event(ports.AcceptorReset(reborn.setup.acceptor, 2, "a1", at_most=5))
    reborn.boot()
    assert Yen.sum(slip.amount for slip in reborn.ledger.slips.values()) == Yen(100)
    assert reborn.view.body.code == "M-404"
    reborn.check()


def test_credits_lost_in_a_visit_are_told_to_the_person(world: World) -> None:
    world.until_pay(copies=2)
    world.insert(Denomination.COIN100)
    world.event(ports.CreditsLost(world.setup.acceptor, 1, 2))
    world.tap(intents.Cancel)
    assert world.given == Yen(100)
    world.take_all()
    assert (world.view.body.code, world.view.body.money) == ("M-404", "counted")
    assert len(slips_of(world, "owed")) == 1
    (incident,) = world.ledger.incidents.values()
    assert incident.transaction is not None
    world.check()


def test_a_counter_at_zero_before_and_after_is_no_evidence(world: World) -> None:
    world.event(ports.AcceptorReset(world.setup.acceptor, 1, "a1", raw=0, at_most=0))
    world.until_pay()
    reborn = World(world.records, world.physics).boot()
    assert (reborn.view.body.code, reborn.view.body.money) == ("M-404", "counted")


def test_money_that_waits_for_a_device_is_named(world: World) -> None:
    world.until_pay()
    world.insert(Denomination.COIN100)
    reborn = World(world.records, world.physics)
    reborn.event(ports.DeviceArrived(reborn.setup.card_reader, "test"))
    reborn.time_out("start")
    assert (reborn.view.body.code, reborn.view.body.number) == ("M-402", "0001")
    assert reborn.view.body.amount == Yen(100)
    assert reborn.view.is_staff_called
    assert [incident.code for incident in reborn.ledger.incidents.values()] == ["X-606"]
    reborn.boot()
    assert type(reborn.view.body).__name__ == "OfferBack"


def test_the_town_is_named_in_the_language_of_the_screen() -> None:
    world = World(setup=replace(SETUP, languages=("ja", "en", "vi"))).boot()
    named = []
    for language in ("en", "vi", "ja"):
        world.event(ports.DeviceLost(SETUP.card_reader, "no-answer"))
        world.tap(intents.ChooseLanguage, language=language)
        body = world.view.body
        assert isinstance(body, OutOfService)
        named.append(body.town)
    assert named == ["Reiji City", "Reiji City", "例示市"]


def test_a_slip_waits_for_a_printer_that_comes_later_than_the_money() -> None:
    world = World().boot()
    world.until_pay()
    world.physics.jammed.update({"hopper100", "hopper50", "hopper10"})
    printer = world.setup.receipt_printer
    world.event(ports.DeviceLost(printer, "power"))
    world.insert(Denomination.COIN500)
    assert not slips_of(world, "owed")
    world.event(ports.DeviceArrived(printer, "power"))
    assert len(slips_of(world, "owed")) == 1
    assert world.physics.slips.count("owed") == 1


def test_a_voice_is_made_louder_and_faster_and_the_next_person_begins_as_everybody(world: World) -> None:
    world.until_choose()
    before = world.loop._timers["idle"] - world.clock.now_s
    world.tap(intents.SetCurtain, is_on=True)
    assert not world.view.is_curtained, "who does not listen would be lost in the dark"
    world.tap(intents.SetVoice, is_on=True)
    assert world.loop._timers["idle"] - world.clock.now_s == 2 * before, "to hear takes longer than to see"
    world.tap(intents.SetLoudness, level=6)
    world.tap(intents.SetPace, level=4)
    world.tap(intents.SetCurtain, is_on=True)
    assert (world.view.loudness, world.view.pace, world.view.is_curtained) == (6, 4, True)
    for wish, level in ((intents.SetLoudness, 7), (intents.SetLoudness, -1), (intents.SetPace, 99)):
        world.tap(wish, level=level)
    assert (world.view.loudness, world.view.pace) == (6, 4)
    world.tap(intents.SetVoice, is_on=False)
    assert not world.view.is_curtained
    world.tap(intents.Cancel)
    assert world.phase is Phase.IDLE
    assert (world.view.loudness, world.view.pace, world.view.is_voice_on) == (2, 2, False)


def test_a_certificate_is_read_to_its_owner_after_printing_and_nowhere_else() -> None:
    world = World(setup=replace(SETUP, reader=READER)).boot()
    world.fronts = ("氏名\t例示",)
    world.tap(intents.SetVoice, is_on=True)
    world.until_pay()
    world.tap(intents.ReadAloud, is_on=True)
    assert not world.view.is_reading, "not before it is printed"
    world.insert(Denomination.COIN500)
    before = len(world.records)
    world.tap(intents.SetVoice, is_on=False)
    assert "ReadAloud" not in world.view.intents, "only to who listens"
    world.tap(intents.SetVoice, is_on=True)
    world.tap(intents.ReadAloud, is_on=True)
    assert world.view.is_reading and not world.glass.views[Role.ASSISTANT].is_reading
    orders = [each for each in world.commands if isinstance(each, ports.ReadPaper)]
    assert [(each.pages, each.loudness, each.pace) for each in orders] == [(world.fronts, 2, 2)]
    world.tap(intents.ReadAloud, is_on=False)
    assert isinstance(world.commands[-1], ports.StopReading)
    world.event(ports.ReadingEnded(READER, ports.ReadingEnd.STOPPED))
    assert not world.view.is_reading
    assert len(world.records) == before, "nothing of it is written down"
    world.tap(intents.ReadAloud, is_on=True)
    for thing in ("certificate", "change", "receipt"):
        world.tap(intents.Taken, thing=thing)
    assert world.phase is Phase.FINISHED and world.view.is_reading, "she may hear it to its end"
    world.tap(intents.Next)
    assert [type(each) for each in world.commands].count(ports.StopReading) == 2
    assert world.phase is Phase.IDLE and not world.view.is_reading
