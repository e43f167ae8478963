"""The six known ways to lose or double public money, put back in on purpose. For each, a test of ours must fail.

Where they come from: open machines and drivers in the field acknowledge a note before saving it, retry a dispense
after a lost answer, count an event counter past 255 to 0, credit a note before it is stacked, write without a sync,
credit again what is told again after a restart. Each is put in at the layers at which it could be; a mutation that no
test sees is a hole in the suite. The note unit's own ten are in tests/codec/test_id003_mutations.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from drivers.cashless.device import Terminal
from drivers.cctalk import credits as credit_arithmetic
from drivers.cctalk import payout as payout_judgement
from drivers.cctalk.acceptor import Acceptor
from drivers.cctalk.device import Device
from drivers.cctalk.messages import CreditBuffer
from kiosk import ports
from kiosk.changer_till import ChangerTill
from kiosk.engine import cashless as engine_cashless
from kiosk.engine import recovery, table, voiding
from kiosk.engine.means import choose_again
from kiosk.engine.state import Turn
from kiosk.ids import DeviceId, OpId
from kiosk.journal import cashbook, notebook
from kiosk.journal import ledger as books
from kiosk.journal import records as r
from kiosk.journal import store as store_module
from kiosk.money import NO_CASH
from kiosk.ports import AcknowledgeCredit, Dispense
from tests.codec import test_cashless_device as terminal
from tests.codec import test_cctalk_acceptor as acceptor
from tests.codec import test_cctalk_credits as credit_tests
from tests.codec import test_cctalk_hopper as hopper
from tests.codec import test_id003_mutations as id003
from tests.codec import test_id003_notes as notes
from tests.codec import test_id003_payout as note_payout
from tests.codec.cctalk_table import UNANSWERED
from tests.codec.id003_table import UNANSWERED as NOTE_UNANSWERED
from tests.crash import test_changer_room as changer
from tests.crash import test_intents_first as first
from tests.crash import test_kill_sweep as sweep
from tests.engine import test_cashless as cashless
from tests.engine import test_notes, test_session
from tests.engine.notes_world import NotesWorld
from tests.engine.test_ledger import (
    test_what_should_be_impossible_is_named_and_never_makes_money as impossible,
)
from tests.engine.world import World
from tests.journal import test_power_loss, test_store

Patch = Callable[[pytest.MonkeyPatch], None]
Guard = Callable[[Path], None]


# --- 1. acknowledged before it is saved ---------------------------------------------------------------------


def engine_acknowledges_before_it_records(patch: pytest.MonkeyPatch) -> None:
    credited = table.ANYWHERE[ports.NoteCredited]

    def hasty(turn: Turn, event: ports.NoteCredited) -> None:
        turn.do(AcknowledgeCredit(event.op, event.device))
        credited(turn, event)

    patch.setitem(table.ANYWHERE, ports.NoteCredited, hasty)


# --- 2. a dispense is sent again ----------------------------------------------------------------------------


def engine_dispenses_again(patch: pytest.MonkeyPatch) -> None:
    settled = table.FOLLOWS[r.DispenseSettled]

    def stubborn(turn: Turn, record: r.DispenseSettled) -> None:
        if record.outcome == "unknown":
            turn.do(Dispense(record.op, record.device, record.count))
        settled(turn, record)

    follows: dict[Any, Any] = table.FOLLOWS
    patch.setitem(follows, r.DispenseSettled, stubborn)


def hopper_driver_asks_again(patch: pytest.MonkeyPatch) -> None:
    def stubborn(self: Device, step: Any, _now: float) -> Any:
        self._line.steps.appendleft(step)
        return []

    patch.setattr(Device, "_missed", stubborn)


def recovery_dispenses_again(patch: pytest.MonkeyPatch) -> None:
    """The life after: an open intent is sent to the device instead of being asked about."""

    def stubborn(op: OpId, device: DeviceId, asked: int, *_: object, **__: object) -> Dispense:
        return Dispense(op, device, asked)

    patch.setattr(recovery, "ResolveDispense", stubborn)


# --- 3. the event counter goes from 255 to 0 ----------------------------------------------------------------


def credits_wrap_to_zero(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(credit_arithmetic, "events_between", lambda old, new: (new - old) % 256)


def payouts_wrap_to_zero(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(payout_judgement, "next_counter", lambda counter: (counter + 1) % 256)


# --- 4. credited before it is stacked -----------------------------------------------------------------------


def ledger_credits_at_the_intent(patch: pytest.MonkeyPatch) -> None:
    intended = notebook.note_intended

    def hasty(ledger: books.Ledger, seq: int, record: r.NoteIntended) -> books.Ledger:
        ledger = intended(ledger, seq, record)
        return cashbook.piece_in(ledger, record.device, record.denomination, record.transaction)

    rules: dict[Any, Any] = books._RULES
    patch.setitem(rules, r.NoteIntended, hasty)


# --- 6. credited again when it is told again ----------------------------------------------------------------


def store_forgets_the_key(patch: pytest.MonkeyPatch) -> None:
    schema = store_module._SCHEMA.replace("CREATE UNIQUE INDEX coins", "CREATE INDEX coins")
    patch.setattr(store_module, "_SCHEMA", schema)


def ledger_forgets_the_key(patch: pytest.MonkeyPatch) -> None:
    coin_in = cashbook.coin_in

    def forgetful(ledger: books.Ledger, seq: int, record: r.CoinIn) -> books.Ledger:
        marks = {device: mark for device, mark in ledger.marks.items() if device != record.device}
        return coin_in(replace(ledger, marks=marks), seq, record)

    rules: dict[Any, Any] = books._RULES
    patch.setitem(rules, r.CoinIn, forgetful)


def acceptor_tells_its_buffer_again(patch: pytest.MonkeyPatch) -> None:
    count = Acceptor._count

    def forgetful(self: Acceptor, buffer: CreditBuffer, now: float) -> Any:
        if self._mark is not None and not self._is_counting and self._mark.raw > 0:
            self._mark = replace(self._mark, seq=self._mark.seq - 1, raw=self._mark.raw - 1)
        return count(self, buffer, now)

    patch.setattr(Acceptor, "_count", forgetful)


# --- the same mistakes with a terminal, and with a change machine ------------------------------------------


def engine_charges_again(patch: pytest.MonkeyPatch) -> None:
    settled = table.FOLLOWS[r.PaymentSettled]

    def stubborn(turn: Turn, record: r.PaymentSettled) -> None:
        going = turn.state.ledger.cashless.get(record.op)
        if record.outcome == "unknown" and going is not None:
            again = ports.RequestPayment(going.op, going.device, going.poi, going.amount, going.means, "0001")
            turn.do(again)
        settled(turn, record)

    follows: dict[Any, Any] = table.FOLLOWS
    patch.setitem(follows, r.PaymentSettled, stubborn)


def engine_voids_again(patch: pytest.MonkeyPatch) -> None:
    settled = table.FOLLOWS[r.ReversalSettled]

    def stubborn(turn: Turn, record: r.ReversalSettled) -> None:
        going = turn.state.ledger.cashless.get(record.op)
        if record.outcome == "unknown" and going is not None and going.of is not None:
            of, amount = going.of, going.amount
            turn.do(
                ports.RequestReversal(going.op, going.device, going.poi, of, "00001", amount, going.means)
            )
        settled(turn, record)

    follows: dict[Any, Any] = table.FOLLOWS
    patch.setitem(follows, r.ReversalSettled, stubborn)


def unknown_is_declined(patch: pytest.MonkeyPatch) -> None:
    """処理未了, and she may pay once more with something else."""
    patch.setattr(engine_cashless, "check", lambda turn: choose_again(turn, "declined"))


def terminal_driver_asks_again(patch: pytest.MonkeyPatch) -> None:
    def stubborn(self: Terminal, operation: Any) -> None:
        operation.ask_at_s = None
        self._send("Payment", operation.op, self._body(operation.command))

    patch.setattr(Terminal, "_ask_status", stubborn)


def anything_can_be_voided(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(voiding, "_in_time", lambda *_: True)


def changer_keeps_before_it_is_saved(patch: pytest.MonkeyPatch) -> None:
    fixed = ChangerTill._fixed

    def hasty(self: ChangerTill, said: Any, counts: Any) -> None:
        self._durable = counts.pieces
        fixed(self, said, counts)

    patch.setattr(ChangerTill, "_fixed", hasty)


def changer_credits_again(patch: pytest.MonkeyPatch) -> None:
    start = ChangerTill._start

    def forgetful(self: ChangerTill, said: Any, mark: Any) -> None:
        start(self, said, None if mark is None else replace(mark, counts=NO_CASH, seq=0))

    patch.setattr(ChangerTill, "_start", forgetful)


def terminal_rig() -> terminal.Rig:
    rig = terminal.Rig()
    rig.connect()
    rig.flow()
    return rig


# --- the matrix ---------------------------------------------------------------------------------------------

HAZARDS: dict[str, tuple[Patch, Guard]] = {
    "ack-before-save: note driver": (
        id003.ack_before_save,
        lambda _: notes.test_ack_waits_until_the_credit_is_durable(),
    ),
    "ack-before-save: engine": (
        engine_acknowledges_before_it_records,
        lambda _: first.test_no_note_is_acknowledged_before_its_credit(first.a_note_and_change),
    ),
    "retry-dispense: note driver": (
        id003.retry_the_payout,
        lambda _: note_payout.test_a_lost_answer_to_a_payout_is_never_asked_for_again(NOTE_UNANSWERED),
    ),
    "retry-dispense: hopper driver": (
        hopper_driver_asks_again,
        lambda _: hopper.test_a_lost_answer_is_never_asked_for_again(UNANSWERED),
    ),
    "retry-dispense: engine": (
        engine_dispenses_again,
        lambda _: test_session.test_a_payout_in_doubt_is_never_sent_again(World().boot()),
    ),
    "retry-dispense: recovery": (
        recovery_dispenses_again,
        lambda _: sweep.test_killed_at_every_write(sweep.pays_with_a_coin_too_large, True),
    ),
    "wrap-to-0: credits": (credits_wrap_to_zero, lambda _: credit_tests.test_the_walk_of_the_house()),
    "wrap-to-0: payouts": (payouts_wrap_to_zero, lambda _: hopper.test_counters_wrap_in_a_payout()),
    "credit-before-stack: note driver": (
        id003.credit_before_stack,
        lambda _: notes.test_a_note_that_cannot_be_stacked_is_no_credit(),
    ),
    "credit-before-stack: ledger": (
        ledger_credits_at_the_intent,
        lambda _: test_notes.test_a_certificate_for_two_hundred_yen_from_a_thousand(NotesWorld().boot()),
    ),
    "double-credit on replay: store": (
        store_forgets_the_key,
        lambda place: test_store.test_a_replayed_piece_is_a_duplicate_and_is_written_once(
            place / "journal.db"
        ),
    ),
    "double-credit on replay: ledger": (
        ledger_forgets_the_key,
        lambda _: impossible("a piece twice"),
    ),
    "charged twice: engine": (
        engine_charges_again,
        lambda _: cashless.test_unknown_stays_a_paper_with_the_balance_of_before_and_no_cash(),
    ),
    "charged twice: terminal driver": (
        terminal_driver_asks_again,
        lambda _: terminal.test_the_answer_is_lost_and_found_by_its_status(terminal_rig()),
    ),
    "voided twice: engine": (
        engine_voids_again,
        lambda _: cashless.test_a_void_in_doubt_is_on_a_paper_until_the_terminal_knows(),
    ),
    "unknown taken for declined: engine": (
        unknown_is_declined,
        lambda _: cashless.test_unknown_stays_a_paper_with_the_balance_of_before_and_no_cash(),
    ),
    "voided against the brand's rule": (
        anything_can_be_voided,
        lambda _: cashless.test_a_restart_with_what_cannot_be_voided_goes_straight_to_a_slip(),
    ),
    "ack-before-save: change machine": (
        changer_keeps_before_it_is_saved,
        lambda _: changer.test_no_piece_is_the_machines_before_its_credit_is_durable(),
    ),
    "double-credit on replay: change machine": (
        changer_credits_again,
        lambda _: changer.test_a_deposit_that_outlives_the_core_is_credited_once(),
    ),
    "double-credit on replay: acceptor": (
        acceptor_tells_its_buffer_again,
        lambda _: acceptor.test_a_restart_tells_what_was_counted_meanwhile_once(),
    ),
}


@pytest.mark.parametrize("hazard", HAZARDS)
def test_the_suite_fails_for_each(hazard: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mutation, guard = HAZARDS[hazard]
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    guard(tmp_path / "before")
    mutation(monkeypatch)
    with pytest.raises(Exception) as caught:  # a guard may fail by any of its asserts, or ours
        guard(tmp_path / "after")
    assert not isinstance(caught.value, (TypeError, AttributeError, NameError)), (
        "the mutation itself is broken"
    )


def test_the_suite_fails_without_syncs(tmp_path: Path) -> None:
    """5. no fsync: the same journal, synchronous off, loses what it acknowledged on a disk after a power cut."""
    test_power_loss.test_the_model_finds_a_journal_that_does_not_sync(tmp_path)
