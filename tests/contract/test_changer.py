"""The contract of a change machine: what a vendor's driver for a closed 自動釣銭機 has to pass.

The same tests run over coin and note unit composed, and over the example driver with its simulator on a real line. A
vendor adds a bench of its own to `BENCHES` (docs/write-a-changer-driver.md) and runs this file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.changer.driver import create
from kiosk.changer_till import ChangerTill
from kiosk.daemon.till_driver import TillDriver
from kiosk.ids import DeviceId, OpId
from kiosk.money import NO_CASH, Cash, Denomination, Yen
from kiosk.ports import (
    AcceptanceSet,
    AcceptorReset,
    AcknowledgeCredit,
    BeginDeposit,
    CashCountsRead,
    CashDispensed,
    ChangerRefused,
    ChangerStatus,
    CoinAccepted,
    DepositCounted,
    DepositEnded,
    DepositFixed,
    DepositPaused,
    DepositRead,
    DepositStarted,
    DeviceArrived,
    DeviceStatus,
    Dispense,
    DispenseCash,
    DispenseChange,
    DispenseEnded,
    EndAction,
    EndDeposit,
    FixDeposit,
    HopperRead,
    Outcome,
    PauseDeposit,
    ReadCashCounts,
    ReadDeposit,
    ResolveCash,
    SetAcceptance,
    StartAcceptor,
)
from tests.contract.changer_bench import CHANGER, Bench, UnitBench, VendorBench

D = Denomination
FACES = (D.COIN10, D.COIN50, D.COIN100, D.COIN500, D.NOTE1000)
DEPOSIT, PAYOUT = OpId("deposit1"), OpId("payout1")
BENCHES: dict[str, Callable[[Path], Bench]] = {
    "units": lambda _: UnitBench(),
    "vendor": VendorBench,
}


@pytest.fixture(params=sorted(BENCHES))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    made = BENCHES[request.param](tmp_path)
    yield made
    made.close()


def begin(bench: Bench) -> None:
    bench.perform(BeginDeposit(DEPOSIT, CHANGER, FACES))
    assert set(bench.until(DepositStarted).faces) == set(FACES)


def put(bench: Bench, *faces: Denomination) -> None:
    for face in faces:
        assert bench.put(face)
        bench.until(DepositCounted)


def fix(bench: Bench) -> Cash:
    bench.perform(FixDeposit(DEPOSIT, CHANGER))
    return bench.until(DepositFixed).counts


def end(bench: Bench, action: EndAction) -> DepositEnded:
    bench.perform(EndDeposit(DEPOSIT, CHANGER, action))
    return bench.until(DepositEnded)


def counts(bench: Bench) -> CashCountsRead:
    bench.perform(ReadCashCounts(CHANGER))
    return bench.until(CashCountsRead)


def test_it_tells_what_it_holds(bench: Bench) -> None:
    read = counts(bench)
    assert read.counts.total == Yen(bench.held())
    assert not read.is_discrepant


def test_a_deposit_is_counted_fixed_and_kept(bench: Bench) -> None:
    before = bench.held()
    begin(bench)
    put(bench, D.COIN100, D.NOTE1000, D.COIN50)
    assert fix(bench) == Cash({D.COIN100: 1, D.NOTE1000: 1, D.COIN50: 1})
    ended = end(bench, EndAction.NOCHANGE)
    assert (ended.outcome, ended.accepted.total, ended.repaid) == (Outcome.CONFIRMED, Yen(1150), NO_CASH)
    assert bench.held() == before + 1150
    assert counts(bench).counts.total == Yen(before + 1150)


def test_nothing_is_taken_before_a_deposit_or_after_it_is_fixed(bench: Bench) -> None:
    assert not bench.put(D.COIN100)
    begin(bench)
    put(bench, D.COIN100)
    assert fix(bench).total == Yen(100)
    assert not bench.put(D.COIN100)
    assert end(bench, EndAction.NOCHANGE).accepted.total == Yen(100)


def test_repay_gives_all_of_it_back(bench: Bench) -> None:
    before = bench.held()
    begin(bench)
    put(bench, D.COIN100, D.COIN500, D.NOTE1000)
    fix(bench)
    ended = end(bench, EndAction.REPAY)
    assert (ended.outcome, ended.accepted, ended.repaid.total) == (Outcome.CONFIRMED, NO_CASH, Yen(1600))
    assert bench.held() == before


def test_change_is_paid_to_the_yen(bench: Bench) -> None:
    before = bench.held()
    begin(bench)
    put(bench, D.NOTE1000)
    fix(bench)
    assert end(bench, EndAction.CHANGE).outcome is Outcome.CONFIRMED
    bench.perform(DispenseChange(PAYOUT, CHANGER, Yen(840)))
    paid = bench.until(CashDispensed)
    assert (paid.outcome, paid.asked, paid.paid.total) == (Outcome.CONFIRMED, Yen(840), Yen(840))
    assert bench.held() == before + 160


def test_a_pause_takes_nothing_and_loses_nothing(bench: Bench) -> None:
    begin(bench)
    put(bench, D.COIN100)
    bench.perform(PauseDeposit(DEPOSIT, CHANGER, is_paused=True))
    assert bench.until(DepositPaused).is_paused
    assert not bench.put(D.COIN500)
    bench.perform(PauseDeposit(DEPOSIT, CHANGER, is_paused=False))
    for _ in range(100):
        if bench.put(D.COIN50):  # as soon as it is open again
            break
    assert fix(bench).total == Yen(150)


@pytest.mark.parametrize(
    "command",
    [
        FixDeposit(DEPOSIT, CHANGER),
        EndDeposit(DEPOSIT, CHANGER, EndAction.NOCHANGE),
        PauseDeposit(DEPOSIT, CHANGER, is_paused=True),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_comes_out_of_order_moves_nothing(
    bench: Bench, command: FixDeposit | EndDeposit | PauseDeposit
) -> None:
    before = bench.held()
    bench.perform(command)
    refused = bench.until(ChangerRefused)
    assert (refused.verb, refused.code) == (type(command).__name__, "order")
    assert bench.held() == before


def test_an_end_before_the_fix_is_out_of_order(bench: Bench) -> None:
    begin(bench)
    put(bench, D.COIN100)
    bench.perform(EndDeposit(DEPOSIT, CHANGER, EndAction.REPAY))
    assert bench.until(ChangerRefused).code == "order"
    assert fix(bench).total == Yen(100)


def test_these_very_pieces(bench: Bench) -> None:
    before = bench.held()
    wanted = Cash({D.COIN100: 3, D.COIN10: 2})
    bench.perform(DispenseCash(PAYOUT, CHANGER, wanted))
    assert bench.until(CashDispensed).paid == wanted
    assert bench.held() == before - 320


def test_an_operation_is_carried_out_once(bench: Bench) -> None:
    before = bench.held()
    bench.perform(DispenseChange(PAYOUT, CHANGER, Yen(100)))
    assert bench.until(CashDispensed).outcome is Outcome.CONFIRMED
    bench.perform(DispenseChange(PAYOUT, CHANGER, Yen(100)))
    assert bench.until(CashDispensed).paid.total == Yen(100), "told again"
    assert (bench.held(), bench.payouts()) == (before - 100, 1)


def test_a_lost_answer_to_a_payout_is_never_asked_for_again(bench: Bench) -> None:
    before = bench.held()
    bench.lose_answer_to_payout()
    bench.perform(DispenseChange(PAYOUT, CHANGER, Yen(300)))
    paid = bench.until(CashDispensed)
    assert (paid.outcome, paid.paid.total) == (Outcome.CONFIRMED, Yen(300))
    assert (bench.held(), bench.payouts()) == (before - 300, 1)


def test_what_is_not_there_is_refused_whole(bench: Bench) -> None:
    before = bench.held()
    bench.perform(DispenseCash(PAYOUT, CHANGER, Cash({D.COIN500: 1000})))
    paid = bench.until(CashDispensed)
    assert (paid.outcome, paid.paid) == (Outcome.REFUSED, NO_CASH)
    assert bench.held() == before


def test_a_jam_pays_no_more_than_it_says(bench: Bench) -> None:
    before = bench.held()
    bench.jam()
    bench.perform(DispenseCash(PAYOUT, CHANGER, Cash({D.COIN100: 2})))
    paid = bench.until(CashDispensed)
    assert paid.outcome in (Outcome.REFUSED, Outcome.PARTIAL)
    assert bench.held() == before - paid.paid.total.value


def test_a_jam_is_a_status(bench: Bench) -> None:
    bench.jam()
    bench.perform(DispenseCash(PAYOUT, CHANGER, Cash({D.COIN100: 1})))
    while bench.until(ChangerStatus).status is not DeviceStatus.JAM:
        pass


def test_a_count_that_may_be_wrong_says_so(bench: Bench) -> None:
    bench.miscount()
    assert counts(bench).is_discrepant


def test_a_payout_while_money_is_being_taken_is_refused(bench: Bench) -> None:
    begin(bench)
    bench.perform(DispenseChange(PAYOUT, CHANGER, Yen(100)))
    found = bench.until(CashDispensed)
    assert (found.outcome, found.paid, found.code) == (Outcome.REFUSED, NO_CASH, "busy")


@pytest.mark.parametrize("action", [EndAction.NOCHANGE, EndAction.REPAY], ids=["kept", "repaid"])
def test_the_last_deposit_can_be_read(bench: Bench, action: EndAction) -> None:
    bench.perform(ReadDeposit(CHANGER))
    assert (bench.until(DepositRead).op, bench.held()) == ("", bench.held())
    begin(bench)
    put(bench, D.COIN100, D.COIN50)
    for is_fixed in (False, True):
        bench.perform(ReadDeposit(CHANGER))
        read = bench.until(DepositRead)
        assert (read.op, read.counts.total, read.is_open, read.is_fixed) == (
            DEPOSIT,
            Yen(150),
            True,
            is_fixed,
        )
        fix(bench) if not is_fixed else end(bench, action)
    bench.perform(ReadDeposit(CHANGER))
    read = bench.until(DepositRead)
    assert (read.op, read.counts.total, read.is_open) == (DEPOSIT, Yen(150), False)


# --- what only a machine behind a line can show


def test_the_engines_commands_reach_a_machine_on_a_real_line(tmp_path: Path) -> None:
    """What the core is wired with where `[equipment] changer` names this driver: kiosk/daemon/till_driver.py."""
    bench = VendorBench(tmp_path)
    bench.driver.stop()
    assert bench.driver.join(20)
    units = {DeviceId(f"stack{face.face.value}"): face for face in FACES}
    till = TillDriver(
        ChangerTill(CHANGER, units, "kiosk-test"),
        lambda hear: create(CHANGER, bench.table, hear),
        bench.inbox.put,
    )
    till.start()
    bench.until(DeviceArrived)
    till.perform(StartAcceptor(CHANGER, None))
    till.perform(SetAcceptance(CHANGER, ()))
    assert bench.until(AcceptorReset).at_most == 0
    bench.until(AcceptanceSet)
    till.perform(SetAcceptance(CHANGER, FACES))
    assert bench.until(AcceptanceSet).denominations == FACES
    for at, face in enumerate((D.COIN100, D.NOTE1000), 1):
        assert bench.put(face)
        coin = bench.until(CoinAccepted)
        assert (coin.denomination, coin.seq, coin.unit) == (face, at, f"stack{face.face.value}")
        till.perform(AcknowledgeCredit(OpId(f"{coin.epoch}/{coin.seq}"), CHANGER))
    till.perform(SetAcceptance(CHANGER, ()))
    assert bench.until(HopperRead).device == "stack10"
    assert bench.until(AcceptanceSet).denominations == ()
    till.perform(Dispense(PAYOUT, DeviceId("stack500"), 2))
    paid = bench.until(DispenseEnded)
    assert (paid.outcome, paid.device, paid.paid) == (Outcome.CONFIRMED, "stack500", 2)
    till.stop()
    bench.end()


def vendor(folder: Path) -> VendorBench:
    return VendorBench(folder)


@pytest.mark.parametrize("pieces", [0, 1, 3])
def test_power_goes_in_a_payout_and_the_counts_tell(tmp_path: Path, pieces: int) -> None:
    """The machine did `pieces` of it and forgot all but its counts."""
    bench = vendor(tmp_path)
    before = bench.held()
    read = counts(bench)
    bench.do("fault", "drop", "1", "pay")
    bench.do("jam") if not pieces else None
    bench.perform(DispenseCash(PAYOUT, CHANGER, Cash({D.COIN100: 3})))
    paid = bench.until(CashDispensed)
    assert bench.held() == before - paid.paid.total.value
    bench.do("power-cycle")
    bench.perform(ResolveCash(OpId("again"), CHANGER, Cash({D.COIN100: 3}), read.counts))
    resolved = bench.until(CashDispensed)
    assert resolved.paid == paid.paid, "by its counts, as by its word"
    bench.close()


def test_a_discrepancy_in_a_payout_is_unknown(tmp_path: Path) -> None:
    bench = vendor(tmp_path)
    read = counts(bench)
    bench.do("miscount")
    bench.perform(ResolveCash(PAYOUT, CHANGER, Cash({D.COIN100: 3}), read.counts))
    assert bench.until(CashDispensed).outcome is Outcome.UNKNOWN
    bench.close()


@pytest.mark.parametrize("kind", ["drop", "delay", "duplicate", "flip", "cut", "lose"])
def test_whatever_the_line_does_it_pays_once(tmp_path: Path, kind: str) -> None:
    bench = vendor(tmp_path)
    before = bench.held()
    bench.do("fault", kind, "2", "", "400")
    bench.do("fault", kind, "1", "pay", "400")
    bench.perform(DispenseChange(PAYOUT, CHANGER, Yen(300)))
    paid = bench.until(CashDispensed)
    assert paid.outcome is (Outcome.REFUSED if kind == "lose" else Outcome.CONFIRMED)
    assert bench.held() == before - paid.paid.total.value
    assert bench.payouts() <= 1
    bench.close()
