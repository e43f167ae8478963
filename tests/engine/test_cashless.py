"""Cashless visits through the real loop and engine: what is asked, what is proven, what is never done."""

from __future__ import annotations

from typing import TypeVar

import pytest
from msgspec.structs import replace

from kiosk import intents, ports
from kiosk.engine import voiding
from kiosk.engine.inner import CloseDayAsked
from kiosk.engine.state import Phase, Turn
from kiosk.ids import OpId
from kiosk.journal import records as r
from kiosk.money import Denomination, Yen
from kiosk.ports import Outcome
from kiosk.view import Attract, Cashless, ChooseMeans, OfferBack, Returning, Trouble
from tests.engine.world import BRANDS, CASHLESS, CODES, HOPPERS, POI, TERMINAL, World

R = TypeVar("R", bound=r.Record)


def world() -> World:
    return World(setup=CASHLESS).boot()


def at_means(copies: int = 1) -> World:
    made = world()
    made.until_pay(copies)
    assert made.phase is Phase.CHOOSING_MEANS
    return made


def pay(made: World, means: str = "edy", *how: str) -> None:
    made.physics.terminals.next_payments += how
    made.tap(intents.ChooseMeans, means=means)


def of(made: World, kind: type[R]) -> list[R]:
    return [each for each in made.records if isinstance(each, kind)]


def slips(made: World) -> list[str]:
    return [each.slip.kind for each in made.commands if isinstance(each, ports.PrintSlip)]


def text_of_last_slip(made: World) -> str:
    found = [each for each in made.commands if isinstance(each, ports.PrintSlip)][-1]
    return "\n".join(f"{line.text} {line.right}" for line in found.slip.lines)


def order_of(made: World, *kinds: type) -> list[str]:
    return [type(each).__name__ for each in made.commands if isinstance(each, kinds)]


def finished(made: World) -> None:
    made.take_all()
    made.time_out("stage")
    assert made.phase is Phase.IDLE
    made.check()


# --- the choice


def test_every_means_and_its_paper_are_named_before_one_is_chosen() -> None:
    made = at_means()
    body = made.view.body
    assert isinstance(body, ChooseMeans)
    assert [(each.means, each.kind, each.is_open) for each in body.means] == [
        ("cash", "cash", True),
        ("edy", "emoney", True),
        ("waon", "emoney", True),
        ("id", "emoney", True),
        ("credit", "credit", True),
        ("scan", "scan", True),
        ("show", "show", True),
    ]
    assert body.means[1].name == "楽天Edy"


def test_without_a_terminal_the_money_screen_comes_at_once() -> None:
    made = world()
    made.terminals_go()
    made.until_pay()
    assert made.phase is Phase.AWAITING_PAYMENT
    made.insert(Denomination.COIN100)
    made.insert(Denomination.COIN100)
    finished(made)


def test_cash_down_is_cashless_only_and_the_other_way_round_and_both_are_said_before_beginning() -> None:
    made = world()
    made.event(ports.DeviceLost(CASHLESS.acceptor, "no-answer"))
    assert made.phase is Phase.IDLE
    body = made.view.body
    assert isinstance(body, Attract)
    assert (body.is_cash_open, body.is_cashless_open) == (False, True)
    made.until_pay()
    means = made.view.body.means
    assert [each.means for each in means if not each.is_open] == ["cash"]
    made.tap(intents.ChooseMeans, means="cash")
    assert made.phase is Phase.CHOOSING_MEANS, "a closed means is not chosen"
    pay(made)
    finished(made)
    made.terminals_go()
    assert made.phase is Phase.OUT_OF_SERVICE
    other = world()
    other.terminals_go()
    assert (other.view.body.is_cash_open, other.view.body.is_cashless_open, other.view.body.has_cashless) == (
        True,
        False,
        True,
    )


def test_no_change_at_all_is_no_obstacle_for_who_pays_cashless() -> None:
    made = World(setup=replace(CASHLESS, faces=())).boot()
    assert (made.view.body.is_cash_open, made.view.body.is_cashless_open) == (False, True), (
        "said before one begins"
    )
    made.until_pay()
    assert [each.means for each in made.view.body.means if not each.is_open] == ["cash"]
    pay(made)
    finished(made)


def test_nobody_begins_where_no_face_could_be_given_back() -> None:
    made = World([], setup=CASHLESS).boot()
    assert made.view.body.is_cash_open, "nothing was counted: coins go where they can be paid from again"
    for hopper in HOPPERS:
        made.event(replace(made._hopper_read(hopper), is_high=True))
    assert (made.view.body.is_cash_open, made.view.body.is_cashless_open) == (False, True)
    made.terminals_go()
    assert (made.phase, made.view.body.code) == (Phase.OUT_OF_SERVICE, "M-401")
    made.event(made._hopper_read(HOPPERS[0]))
    assert made.phase is Phase.IDLE, "and the next thing that a unit says opens it again"


def test_a_camera_that_is_away_closes_only_what_needs_it() -> None:
    made = world()
    made.event(ports.DeviceLost(CASHLESS.camera, "no-process"))
    made.until_pay()
    assert [each.means for each in made.view.body.means if not each.is_open] == ["scan"]


def test_cancel_on_the_choice_voids_the_documents_and_takes_nothing() -> None:
    made = at_means()
    made.tap(intents.Cancel)
    assert of(made, r.LineVoided)
    assert of(made, r.TransactionClosed)[0].result == "cancelled"
    assert made.phase is Phase.IDLE
    made.check()


# --- paid


@pytest.mark.parametrize("means", ["edy", "waon", "credit", "show"])
def test_paid_printed_and_a_statement_that_is_no_receipt(means: str) -> None:
    made = at_means()
    pay(made, means)
    assert made.phase is Phase.TAKING_THINGS
    assert [(each.thing, each.is_statement) for each in made.view.body.things] == [
        ("certificate", False),
        ("receipt", True),
    ]
    assert slips(made) == ["statement"]
    assert of(made, r.LineBooked)[0].means == means
    finished(made)
    assert made.physics.terminals.taken == Yen(200)
    assert made.ledger.totals.receipts[f"juminhyo/{means}"].amount == Yen(200)
    assert made.given == Yen(0), "never cash out"


def test_the_request_follows_its_durable_intent_with_the_key_of_the_terminal() -> None:
    made = at_means()
    pay(made, "edy")
    (intent,) = of(made, r.PaymentIntended)
    (request,) = [each for each in made.commands if isinstance(each, ports.RequestPayment)]
    assert (request.op, request.poi, request.amount) == (intent.op, POI, Yen(200))
    assert len(request.op) == ports.SERVICE_ID_MAX


def test_what_cannot_be_voided_is_taken_last_and_what_can_before_the_document_is_valid() -> None:
    final = at_means(copies=2)
    pay(final, "edy")
    wanted = (ports.ReadPrinter, ports.Commit, ports.RequestPayment, ports.PrintDocument)
    assert order_of(final, *wanted) == [
        "ReadPrinter",
        "Commit",
        "Commit",
        "RequestPayment",
        "PrintDocument",
        "PrintDocument",
    ]
    voidable = at_means()
    pay(voidable, "credit")
    assert order_of(voidable, *wanted) == ["ReadPrinter", "RequestPayment", "Commit", "PrintDocument"]


def test_a_printer_that_is_not_ready_now_takes_no_money() -> None:
    made = at_means()
    made.physics.printer_ready = False
    pay(made)
    assert made.phase is Phase.NOTIFIED
    assert not of(made, r.PaymentIntended)
    assert of(made, r.TransactionClosed)
    made.check()


def test_a_server_that_does_not_make_it_valid_takes_no_money() -> None:
    made = at_means()
    made.server_is_up = False
    pay(made, "edy")
    for _ in range(3):
        made.time_out("retry")
    assert made.phase is Phase.NOTIFIED
    assert not of(made, r.PaymentIntended)


# --- declined, cancelled, nobody


def test_declined_then_cash() -> None:
    made = at_means()
    pay(made, "edy", "declined")
    assert (made.phase, made.view.body.said) == (Phase.CHOOSING_MEANS, "declined")
    made.tap(intents.ChooseMeans, means="cash")
    assert made.phase is Phase.AWAITING_PAYMENT
    for _ in range(2):
        made.insert(Denomination.COIN100)
    assert made.phase is Phase.TAKING_THINGS
    assert slips(made) == ["receipt"]
    assert len([each for each in made.commands if isinstance(each, ports.Commit)]) == 1, "valid since before"
    finished(made)


def test_declined_twice_then_given_up() -> None:
    made = at_means()
    pay(made, "edy", "declined")
    pay(made, "credit", "declined")
    made.tap(intents.Cancel)
    assert made.phase is Phase.IDLE
    assert of(made, r.LineVoided)
    made.check()


def test_back_aborts_and_asks_for_another_means_cancel_ends_it() -> None:
    made = at_means()
    pay(made, "edy", "wait")
    assert type(made.view.body) is Cashless
    made.tap(intents.Back)
    assert made.phase is Phase.CHOOSING_MEANS
    assert made.view.body.said == ""  # type: ignore[attr-defined]  # another body by now
    pay(made, "waon", "wait")
    made.tap(intents.Cancel)
    assert made.phase is Phase.IDLE
    made.check()


def test_nobody_touches_and_nobody_answers() -> None:
    made = at_means()
    pay(made, "edy", "wait")
    made.time_out("idle")
    made.time_out("answer")
    assert made.phase is Phase.IDLE
    assert made.physics.terminals.taken == Yen(0)
    made.check()


def test_while_the_card_is_read_nothing_can_be_cancelled() -> None:
    made = at_means()
    pay(made, "edy", "wait")
    op = of(made, r.PaymentIntended)[0].op
    assert "Cancel" in made.view.intents
    made.event(ports.PaymentProgressed(op, TERMINAL, "processing"))
    assert "Cancel" not in made.view.intents
    made.event(ports.PaymentProgressed(op, TERMINAL, "touch_again"))
    assert made.view.body.stage == "touch_again"


@pytest.mark.parametrize(("means", "issued"), [("edy", True), ("credit", False)])
def test_a_cancel_that_came_too_late(means: str, issued: bool) -> None:
    """What cannot be voided is paid: she gets the paper. What can is voided: she wanted to stop."""
    made = at_means()
    pay(made, means, "wait")
    op = of(made, r.PaymentIntended)[0].op
    made.perform_instead = {"AbortPayment"}
    made.tap(intents.Cancel)
    made.physics.terminals.payments[op]["is_taken"] = True
    made.event(ports.PaymentEnded(op, TERMINAL, Outcome.CONFIRMED, Yen(200), "00001"))
    assert bool(made.physics.printed) is issued
    made.take_all()
    assert made.physics.terminals.taken == (Yen(200) if issued else Yen(0))
    made.check()


# --- UNKNOWN


def test_unknown_is_asked_about_while_she_waits_and_found() -> None:
    made = at_means()
    made.physics.terminals.knows = False
    pay(made, "edy", "unknown-taken")
    assert made.phase is Phase.CHECKING_PAYMENT
    made.time_out("retry")
    assert made.phase is Phase.CHECKING_PAYMENT, "asking again proves nothing new"
    made.physics.terminals.knows = True
    made.time_out("retry")
    assert made.phase is Phase.TAKING_THINGS
    assert of(made, r.PaymentResolved)[0].by == "device"
    finished(made)


def test_unknown_and_not_taken_after_all_may_be_paid_otherwise() -> None:
    made = at_means()
    pay(made, "edy", "unknown-not")
    made.time_out("retry")
    assert made.phase is Phase.CHOOSING_MEANS
    made.tap(intents.ChooseMeans, means="cash")
    for _ in range(2):
        made.insert(Denomination.COIN100)
    finished(made)


def unknown(truth: str = "taken", means: str = "edy") -> World:
    made = at_means()
    made.physics.terminals.knows = False
    pay(made, means, f"unknown-{truth}")
    made.time_out("stage")
    return made


def test_unknown_stays_a_paper_with_the_balance_of_before_and_no_cash() -> None:
    made = unknown()
    assert made.phase is Phase.IN_TROUBLE
    body = made.view.body
    assert isinstance(body, Trouble)
    assert (body.code, body.money, body.amount) == ("M-411", "unknown", Yen(200))
    assert slips(made) == ["incomplete"]
    assert "¥900" in text_of_last_slip(made)
    assert "領収書" not in text_of_last_slip(made)
    assert not made.insert(Denomination.COIN100), "no cash as well"
    made.time_out("stage")
    assert made.phase is Phase.IDLE
    made.check()
    assert not made.physics.printed
    assert of(made, r.LineVoided)
    (slip,) = made.ledger.slips.values()
    assert (slip.amount, slip.doubtful) == (Yen(0), Yen(200))


@pytest.mark.parametrize("truth", ["taken", "not"])
def test_unknown_is_settled_by_the_terminal_when_it_knows(truth: str) -> None:
    made = unknown(truth)
    made.time_out("stage")
    made.physics.terminals.knows = True
    made.event(ports.TerminalRead(TERMINAL, POI, True))
    assert not made.ledger.cashless
    assert [each.amount for each in made.ledger.slips.values()] == ([Yen(200)] if truth == "taken" else [])
    made.check()


def test_unknown_is_settled_by_a_person_and_by_nothing_else() -> None:
    made = unknown()
    made.time_out("stage")
    op = next(iter(made.ledger.cashless))
    for _ in range(3):
        made.event(ports.TerminalRead(TERMINAL, POI, True))
    again = made.reboot()
    assert op in again.ledger.cashless
    assert again.phase is Phase.IDLE
    transaction = again.ledger.cashless[op].transaction
    again.loop.record(r.PaymentResolved(op, transaction, Yen(0), "officer", "acquirer says no"))
    assert not again.ledger.cashless
    again.check()


def test_a_brand_whose_rule_is_not_made_is_simply_declined() -> None:
    made = at_means()
    pay(made, "id", "unknown-not")
    assert (made.phase, made.view.body.said) == (Phase.CHOOSING_MEANS, "declined")
    assert of(made, r.PaymentSettled)[0].code == "incomplete-not-made"


def test_an_amount_that_was_not_asked_for_is_unknown() -> None:
    made = at_means()
    pay(made, "credit", "wait")
    op = of(made, r.PaymentIntended)[0].op
    made.event(ports.PaymentEnded(op, TERMINAL, Outcome.CONFIRMED, Yen(100), "00001"))
    assert made.phase is Phase.CHECKING_PAYMENT


def test_a_part_that_was_taken_goes_back_whole() -> None:
    made = at_means()
    pay(made, "credit", "partial")
    assert made.physics.terminals.taken == Yen(0)
    assert slips(made) == ["voided"]
    made.check()


# --- it was taken, and nothing comes out


def print_fails(made: World, means: str, *voids: str) -> None:
    made.physics.print_outcome = Outcome.REFUSED
    made.physics.terminals.next_voids += voids
    pay(made, means)
    assert made.phase is Phase.AWAITING_PRINTER
    made.tap(intents.Cancel)


def test_the_print_fails_and_the_payment_is_voided() -> None:
    made = at_means()
    print_fails(made, "credit")
    assert made.physics.terminals.taken == Yen(0)
    assert "voided" in slips(made)
    assert made.phase is Phase.NOTIFIED
    made.time_out("stage")
    made.check()
    assert not made.ledger.slips


def test_a_void_that_wants_the_card_again_is_asked_for_on_the_screen() -> None:
    made = at_means()
    print_fails(made, "waon", "silent-done")
    assert made.view.body == Returning(Yen(200), "WAON", "touch")
    (intent,) = of(made, r.ReversalIntended)
    made.event(ports.ReversalEnded(intent.op, TERMINAL, Outcome.CONFIRMED))
    assert made.physics.terminals.taken == Yen(0)
    made.check()


@pytest.mark.parametrize(("means", "voids"), [("edy", ()), ("credit", ("refused",))])
def test_what_cannot_be_voided_stands_on_a_slip_and_no_cash_comes_out(
    means: str, voids: tuple[str, ...]
) -> None:
    made = at_means()
    print_fails(made, means, *voids)
    assert made.phase is Phase.IN_TROUBLE
    body = made.view.body
    assert (body.code, body.money, body.amount) == ("M-412", "slip", Yen(200))
    assert "owed" in slips(made)
    assert made.given == Yen(0)
    made.time_out("stage")
    made.check()
    (slip,) = made.ledger.slips.values()
    assert (slip.amount, slip.means) == (Yen(200), means)
    made.loop.record(r.SlipRedeemed(slip.slip, Yen(200), "officer"))
    made.check()
    assert made.ledger.totals.redeemed_cashless == Yen(200)


def waits_with_a_payment(rule: str, days: int) -> World:
    """The terminal has taken the money, and the core has not heard of it."""
    brands = tuple(replace(each, void=rule, void_days=days) for each in BRANDS)
    made = World(setup=replace(CASHLESS, brands=brands))
    made.boot()
    made.until_pay()
    pay(made, "credit", "silent-taken")
    return made


@pytest.mark.parametrize(
    ("rule", "days", "closes", "is_possible"),
    [
        ("days", 2, 0, True),
        ("days", 2, 2, True),
        ("days", 2, 3, False),
        ("days", 0, 1, False),
        ("last", 0, 0, True),
        ("last", 0, 1, False),
        ("never", 0, 0, False),
    ],
)
def test_a_void_is_asked_for_while_the_brand_allows_it(
    rule: str, days: int, closes: int, is_possible: bool
) -> None:
    """Days are closes of the journal: a clock that jumps makes no void possible, and none impossible."""
    made = waits_with_a_payment(rule, days)
    for number in range(1, closes + 1):
        made.records.append(r.DayClosed(number, "example-officer", "2026-11-30"))
    again = made.reboot()
    assert (again.phase is Phase.OFFERING_BACK) is is_possible
    assert bool(again.ledger.slips) is not is_possible, "else the counter pays"
    again.check()


def test_the_last_payment_of_a_terminal_is_the_last_no_more_after_another() -> None:
    made = waits_with_a_payment("last", 0).reboot()
    (account,) = made.ledger.open_transactions
    assert voiding.may_void(Turn(made.loop.state), account)
    later = replace(made.ledger, last_charges={TERMINAL: OpId("later")})
    state = replace(made.loop.state, ledger=later)
    assert not voiding.may_void(Turn(state), account)


def test_each_terminal_is_reconciled_at_the_day_close() -> None:
    made = at_means()
    pay(made, "edy")
    made.take_all()
    made.tap(intents.Next)
    made.event(CloseDayAsked("example-officer"))
    asked = of(made, r.ReconciliationIntended)
    assert [each.device for each in asked] == [TERMINAL, CODES]
    ended = {each.device: each for each in of(made, r.ReconciliationEnded)}
    assert ended[TERMINAL].totals == (r.TerminalTotal("edy", 1, Yen(200), 0, Yen(0)),)
    assert made.records.index(asked[0]) > max(
        at for at, each in enumerate(made.records) if isinstance(each, r.DayClosed)
    )
    made.check()
    made.physics.terminals.is_deaf = True
    made.event(CloseDayAsked("example-officer"))
    assert {each.outcome for each in of(made, r.ReconciliationEnded)[2:]} == {"unknown"}
    assert len(of(made, r.ReconciliationIntended)) == 4, "asked once for each day, whatever the answer"


def test_a_void_in_doubt_is_on_a_paper_until_the_terminal_knows() -> None:
    made = at_means()
    made.physics.terminals.knows = False
    print_fails(made, "credit", "unknown-done")
    assert made.phase is Phase.IN_TROUBLE
    made.time_out("stage")
    made.check()
    assert made.ledger.in_doubt_cashless == Yen(200)
    made.physics.terminals.knows = True
    made.event(ports.TerminalRead(TERMINAL, POI, True))
    assert (made.ledger.in_doubt_cashless, made.ledger.slips) == (Yen(0), {})
    made.check()


def test_one_of_two_fails_and_its_fee_is_for_the_counter() -> None:
    """A part cannot be voided."""
    made = at_means(copies=2)
    made.perform_instead = {"PrintDocument"}
    pay(made, "credit")
    first = next(iter(made.ledger.prints.values()))
    made.event(ports.PrintEnded(first.op, first.device, Outcome.CONFIRMED, 1))
    second = next(iter(made.ledger.prints.values()))
    made.event(ports.PrintEnded(second.op, second.device, Outcome.REFUSED, 0, "aborted"))
    made.tap(intents.Cancel)
    made.take_all()
    assert made.ledger.totals.receipts["juminhyo/credit"].amount == Yen(200)
    (slip,) = made.ledger.slips.values()
    assert slip.amount == Yen(200)
    assert made.physics.terminals.taken == Yen(400)
    made.time_out("stage")
    made.check()


def test_a_print_in_doubt_keeps_the_fee_held_and_the_rest_is_void() -> None:
    made = at_means(copies=2)
    made.physics.print_outcome = Outcome.UNKNOWN
    pay(made, "edy")
    assert made.phase is Phase.IN_TROUBLE
    made.time_out("stage")
    made.check()
    (account,) = made.ledger.accounts.values()
    assert (account.held_cashless, account.owed_cashless) == (Yen(200), Yen(200))
    assert len(made.physics.printed) == 1, "after a doubt nothing more is printed"


# --- phones


def test_the_phones_code_is_read_sent_once_and_written_nowhere() -> None:
    made = at_means()
    made.tap(intents.ChooseMeans, means="scan")
    assert (made.phase, made.view.body.stage) == (Phase.AWAITING_CODE, "scan")
    made.event(ports.PaymentCodeRead(CASHLESS.camera, "281012345678901234"))
    assert made.phase is Phase.TAKING_THINGS
    (request,) = [each for each in made.commands if isinstance(each, ports.RequestPayment)]
    assert (request.device, request.code) == (CODES, "281012345678901234")
    assert order_of(made, ports.StartReadingCode, ports.StopReadingCode) == [
        "StartReadingCode",
        "StopReadingCode",
    ]
    assert made.loop.state.session.code == ""
    assert not made.camera_may_be_open, "shut after the code"
    assert all("281012345678901234" not in repr(each) for each in made.records)
    assert "281012345678901234" not in repr(made.commands)
    assert "281012345678901234" not in repr(made.glass.views)
    finished(made)


def test_our_code_is_shown_and_gone_after_it() -> None:
    made = at_means()
    pay(made, "show", "wait")
    op = of(made, r.PaymentIntended)[0].op
    made.event(ports.PaymentCodeMade(op, CODES, "000201…"))
    assert (made.view.body.stage, made.view.body.payload) == ("show", "000201…")
    assert "Cancel" in made.view.intents
    made.event(ports.PaymentEnded(op, CODES, Outcome.REFUSED, code="declined"))
    assert made.phase is Phase.CHOOSING_MEANS
    assert made.loop.state.session.payload == ""


def test_the_camera_goes_away_in_the_middle() -> None:
    made = at_means()
    made.tap(intents.ChooseMeans, means="scan")
    made.event(ports.DeviceLost(CASHLESS.camera, "no-process"))
    assert (made.phase, made.view.body.said) == (Phase.CHOOSING_MEANS, "trouble")
    made.tap(intents.ChooseMeans, means="scan")
    assert made.phase is Phase.CHOOSING_MEANS


# --- after a restart


def test_a_restart_asks_the_terminal_first_and_offers_the_void() -> None:
    made = at_means()
    pay(made, "credit", "silent-taken")
    again = made.reboot()
    assert of(again, r.PaymentSettled)[-1].outcome == "confirmed"
    assert again.phase is Phase.OFFERING_BACK
    assert again.view.body == OfferBack(Yen(200), "クレジットカード")
    assert again.physics.terminals.taken == Yen(200), "boot moves no money"
    again.tap(intents.GiveBack)
    assert again.physics.terminals.taken == Yen(0)
    again.take_all()
    again.check()


def test_a_restart_and_nobody_comes() -> None:
    made = at_means()
    pay(made, "credit", "silent-taken")
    again = made.reboot()
    again.time_out("stage")
    assert again.physics.terminals.taken == Yen(200)
    (slip,) = again.ledger.slips.values()
    assert (slip.amount, slip.means) == (Yen(200), "credit")
    again.check()


def test_a_restart_with_what_cannot_be_voided_goes_straight_to_a_slip() -> None:
    made = at_means()
    pay(made, "edy", "silent-taken")
    again = made.reboot()
    assert [each.amount for each in again.ledger.slips.values()] == [Yen(200)]
    assert again.phase is Phase.IN_TROUBLE
    again.check()


def test_a_restart_while_the_terminal_is_away_ends_unknown_and_the_machine_goes_on() -> None:
    made = at_means()
    pay(made, "edy", "silent-taken")
    made.physics.terminals.is_up = False
    again = made.reboot()
    assert again.phase is Phase.STARTING
    again.time_out("start")
    assert of(again, r.PaymentSettled)[-1].outcome == "unknown"
    assert again.phase is Phase.IN_TROUBLE
    again.time_out("stage")
    assert again.phase is Phase.IDLE
    again.check()
    again.physics.terminals.is_up = True
    again.terminals_come()
    assert not again.ledger.cashless
    assert [each.amount for each in again.ledger.slips.values()] == [Yen(200)]
    again.check()


@pytest.mark.parametrize(
    ("how", "phase"),
    [("silent-taken", Phase.OFFERING_BACK), ("silent-not", Phase.IDLE), ("declined", Phase.STARTING)],
)
def test_the_coin_unit_is_waited_for_only_where_its_slot_may_have_been_open(how: str, phase: Phase) -> None:
    """After a refusal that is written down the slot may have opened; while the terminal was asked it was shut."""
    made = at_means()
    pay(made, "credit", how)
    again = World(made.records, made.physics, CASHLESS)
    for device in (CASHLESS.card_reader, CASHLESS.certificate_printer, CASHLESS.receipt_printer):
        again.event(ports.DeviceArrived(device, "test"))
    again.event(ports.PrinterRead(CASHLESS.certificate_printer, True, ()))
    again.event(ports.IssuanceStatus(True, "", "17:15", ()))
    again.terminals_come()
    assert again.phase is phase
    again.check()


def test_a_restart_while_the_terminal_still_waits_for_a_card_ends_the_waiting() -> None:
    made = at_means()
    pay(made, "credit", "wait")
    made.physics.terminals.in_progress = True
    again = made.reboot()
    assert order_of(again, ports.ReadPayment, ports.AbortPayment) == ["ReadPayment", "AbortPayment"]
    assert of(again, r.PaymentSettled)[-1].code == "aborted"
    assert again.phase is Phase.IDLE
    assert again.physics.terminals.taken == Yen(0)
    again.check()
