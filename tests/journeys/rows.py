"""Which journeys are walked one after the other on one kiosk (test_in_a_row.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

CASH = (
    "note",
    "cancel_with_money",
    "card_pulled",
    "note_change",
    "core_killed_in_payment",
    "card_pulled_while_typing",
    "note_jam_in_reach",
    "ui_killed_in_payment",
    "too_many_coins",
    "receipt_empty",
    "power_cut_in_payment",
    "server_away",
    "last_try",
    "card_ends_soon",
    "iphone",
    "hopper_jam",
)
CASHLESS = (
    "emoney",
    "code_on_screen",
    "cashless_answer_lost",
    "core_killed_at_terminal",
    "declined_then_cash",
    "cashless_void",
    "core_killed_after_touch",
    "cashless_not_voided",
    "cashless_unknown",
)
NOTES = ("note_power_cut", "note_power_cut_unit", "note_jam")
SENSORS = ("juminhyo", "alarm")
VOICE = ("juminhyo_en", "juminhyo_voice")
ROWS = (CASH, CASHLESS, NOTES, SENSORS, VOICE)
"""Each on one kiosk. The last of a row may leave it as it likes."""

TIDIED: Mapping[str, Sequence[Sequence[str]]] = {
    "card_ends_soon": [("sim", "card", "option", "certificate", "genuine")],
    "iphone": [("sim", "card", "option", "device", "card"), ("sim", "card", "option", "owner", "types")],
    "cashless_void": [("clear", "printer")],
    "cashless_not_voided": [("clear", "printer")],
}
"""What is put right after a visit that leaves it wrong."""


def row_of(name: str) -> Sequence[str]:
    return next(row for row in ROWS if name in row)
