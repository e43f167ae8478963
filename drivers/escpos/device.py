"""What the four status bytes of a receipt printer mean. Pure. Bits: Epson's ESC/POS reference, DLE EOT.

A printer that does not answer has no status: it is never here, and never "no paper".
"""

from __future__ import annotations

import msgspec

from kiosk.ports import Outcome

NEAR_END = "paper-near-end"

BITS: tuple[tuple[int, int, str], ...] = (
    (2, 0x04, "cover-open"),
    (2, 0x08, "feeding"),
    (2, 0x20, "paper-end"),
    (4, 0x60, "paper-end"),
    (3, 0x08, "cutter-error"),
    (3, 0x20, "unrecoverable-error"),
    (3, 0x04, "mechanical-error"),
    (3, 0x40, "head-hot"),
    (4, 0x0C, NEAR_END),
)
"""(question n, bits of which one is enough, code), the most telling first."""

_OFFLINE_BIT = 0x08
_ERROR_BIT = 0x40


class Status(msgspec.Struct, frozen=True):
    """`faults` stop printing; `warnings` (the roll is nearly at its end) do not."""

    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_ready(self) -> bool:
        return not self.faults


def read_status(printer: int, offline: int, error: int, paper: int) -> Status:
    """From the answers to DLE EOT 1, 2, 3, 4."""
    answers = {1: printer, 2: offline, 3: error, 4: paper}
    codes = list(dict.fromkeys(code for question, bits, code in BITS if answers[question] & bits))
    faults = [code for code in codes if code != NEAR_END]
    if not faults and offline & _ERROR_BIT:
        faults.append("error")
    if not faults and printer & _OFFLINE_BIT:
        faults.append("offline")
    return Status(faults=tuple(faults), warnings=(NEAR_END,) if NEAR_END in codes else ())


def judge_end(has_answered: bool, status: Status | None) -> tuple[Outcome, str]:
    """The outcome of a slip whose dots may have reached the printer.

    `has_answered`: the answer that stands behind the cut came. `status`: all four bytes, asked after it; None
    when they did not come.
    """
    if status is None:
        return Outcome.UNKNOWN, "no-answer"
    if status.faults:
        return Outcome.UNKNOWN, status.faults[0]
    if not has_answered:
        return Outcome.UNKNOWN, "no-end"
    return Outcome.CONFIRMED, ""
