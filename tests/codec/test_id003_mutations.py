"""The known ways to lose or double a note, put in on purpose: the test that guards against each must fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from drivers.id003 import paying
from drivers.id003.device import NoteUnit
from drivers.id003.line import Line, acknowledgement
from drivers.id003.paying import Payer
from drivers.id003.payout import Verdict
from drivers.id003.slot import Slot
from kiosk.ports import NoteCredited, Outcome
from tests.codec import test_id003_notes as notes
from tests.codec import test_id003_payout as payout
from tests.codec.id003_table import BOX1, NOTE1, NOTE1000, UNANSWERED

Patch = Callable[[pytest.MonkeyPatch], None]


def ack_before_save(patch: pytest.MonkeyPatch) -> None:
    credit = Slot._credit

    def hasty(self: Slot, note: Any) -> Any:
        self._line.ask(acknowledgement())
        return credit(self, note)

    patch.setattr(Slot, "_credit", hasty)


def credit_before_stack(patch: pytest.MonkeyPatch) -> None:
    stack = Slot.stack

    def hasty(self: Slot, op: Any, now: float) -> Any:
        return [*stack(self, op, now), NoteCredited(op, NOTE1, NOTE1000, "62", BOX1)]

    patch.setattr(Slot, "stack", hasty)


def credit_each_time_it_is_said(patch: pytest.MonkeyPatch) -> None:
    def forgetful(self: Slot, note: Any) -> Any:
        return [NoteCredited(note.op, self.device, NOTE1000, note.issue, BOX1)]

    patch.setattr(Slot, "_credit", forgetful)


def forget_the_acknowledgement(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        Slot,
        "_on_vend_valid",
        lambda self: [] if self.note.stage.value == "committed" else self._credit(self.note),
    )


def rest_proves_everything(patch: pytest.MonkeyPatch) -> None:
    doubt = Slot._doubt

    def sure(self: Slot, note: Any, code: str) -> Any:
        events = doubt(self, note, code)
        note.is_unproven = False
        return events

    patch.setattr(Slot, "_doubt", sure)


def retry_the_payout(patch: pytest.MonkeyPatch) -> None:
    def stubborn(self: Line, step: Any, _now: float) -> Any:
        self.steps.appendleft(step)
        return []

    patch.setattr(Line, "_missed", stubborn)


def pay_on_before_save(patch: pytest.MonkeyPatch) -> None:
    count = Payer._count_paid

    def hasty(self: Payer, found: Any) -> Any:
        self._line.ask(acknowledgement())
        return count(self, found)

    patch.setattr(Payer, "_count_paid", hasty)


def count_every_pay_valid(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        Payer, "_on_valid", lambda self, found, *, was_valid: [] if was_valid else self._count_paid(found)
    )


def believe_the_count_alone(patch: pytest.MonkeyPatch) -> None:
    def credulous(asked: int, _paid: int, before: int, now: int, code: str = "") -> Verdict:
        return Verdict(Outcome.CONFIRMED if before - now == asked else Outcome.PARTIAL, before - now, code)

    patch.setattr(paying, "judge", credulous)


def reset_as_a_reflex(patch: pytest.MonkeyPatch) -> None:
    raise_fault = NoteUnit._raise_fault

    def hasty(self: NoteUnit, word: str) -> Any:
        events = raise_fault(self, word)
        self._reset()
        return events

    patch.setattr(NoteUnit, "_raise_fault", hasty)


@pytest.mark.parametrize(
    ("mutation", "guard"),
    [
        (ack_before_save, notes.test_ack_waits_until_the_credit_is_durable),
        (credit_before_stack, notes.test_a_note_that_cannot_be_stacked_is_no_credit),
        (credit_each_time_it_is_said, notes.test_ack_waits_until_the_credit_is_durable),
        (forget_the_acknowledgement, notes.test_a_lost_ack_is_given_again_and_is_no_second_credit),
        (rest_proves_everything, notes.test_a_power_cut_that_the_device_does_not_explain_stays_unknown),
        (
            retry_the_payout,
            lambda: payout.test_a_lost_answer_to_a_payout_is_never_asked_for_again(UNANSWERED),
        ),
        (pay_on_before_save, payout.test_notes_are_paid_and_each_is_durable_before_the_next),
        (
            count_every_pay_valid,
            payout.test_a_pay_valid_of_a_note_that_is_counted_already_is_not_counted_again,
        ),
        (believe_the_count_alone, payout.test_a_jam_in_a_payout_ends_in_what_is_proven),
        (reset_as_a_reflex, notes.test_a_reset_is_never_our_reflex),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_the_suite_fails_for_each_known_mistake(
    mutation: Patch, guard: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    guard()
    mutation(monkeypatch)
    with pytest.raises(AssertionError):
        guard()
