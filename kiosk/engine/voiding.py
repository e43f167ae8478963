"""What was taken cashless and no paper came out for: void it, else a slip for the counter. Never cash. Pure."""

from __future__ import annotations

from kiosk.engine.setup import Brand
from kiosk.engine.state import Kiosk, Turn
from kiosk.engine.till import held_in_doubt
from kiosk.ids import OpId
from kiosk.journal.accounts import CASH, Account, Cashless, Ledger
from kiosk.journal.records import IncidentOpened, OwedOnSlip, ReversalIntended
from kiosk.money import Yen
from kiosk.ports import SERVICE_ID_MAX, TerminalRead

NOT_VOIDED = "not-voided"


def brand_of(state: Kiosk, key: str) -> Brand | None:
    return next((each for each in state.setup.brands if each.key == key), None)


def terminal_of(state: Kiosk, device: str) -> TerminalRead | None:
    return next((each for each in state.terminals if each.device == device), None)


def is_cashless(state: Kiosk, account: Account) -> bool:
    """A terminal has taken, or was asked for, the money of this transaction: no slot was open for it."""
    if account.transaction in state.at_terminal:
        return True
    going = any(each.transaction == account.transaction for each in state.ledger.cashless.values())
    return going or bool(account.charged) or bool(account.in_doubt_cashless)


def going_void(ledger: Ledger, transaction: str) -> Cashless | None:
    """The void of this transaction that is under way."""
    going = (each for each in ledger.cashless.values() if each.transaction == transaction)
    return next((each for each in going if each.of is not None and not each.is_unknown), None)


def means_of(account: Account) -> str:
    return account.payment.means if account.payment is not None else CASH


def may_void(turn: Turn, account: Account) -> bool:
    """By the brand's rule, all of it is still held, and the very terminal is there."""
    payment, state = account.payment, turn.state
    if payment is None or turn.session.is_void_tried or account.held_cashless != payment.amount:
        return False
    brand, terminal = brand_of(state, payment.means), terminal_of(state, payment.device)
    return (
        brand is not None
        and _in_time(turn.state, brand, payment)
        and not held_in_doubt(turn)
        and terminal is not None
        and terminal.is_ready
        and terminal.poi == payment.poi
    )


def _in_time(state: Kiosk, brand: Brand, payment: Cashless) -> bool:
    """By the brand's rule. Days are closes of the journal, no clock's."""
    day = state.ledger.day
    age = (day.number if day is not None else 0) - payment.day
    if brand.void == "last":
        return not age and state.ledger.last_charges.get(payment.device) == payment.op
    return not brand.is_final and age <= brand.void_days


def undo(turn: Turn, account: Account) -> bool:
    """One step; True: it is not over. First a void under way, then a doubt without a paper, then what is held."""
    ledger = turn.state.ledger
    going = [each for each in ledger.cashless.values() if each.transaction == account.transaction]
    if any(not each.is_unknown for each in going):
        return True
    slips = [e for e in ledger.slips.values() if e.transaction == account.transaction and e.means != CASH]
    doubt = account.in_doubt_cashless - Yen.sum(each.doubtful for each in slips)
    amount = account.held_cashless - held_in_doubt(turn)
    if doubt.value > 0:
        slip = turn.token()[:12]
        turn.record(OwedOnSlip(account.transaction, slip, doubt, "unknown", going[0].means))
    elif amount.value <= 0:
        return False
    elif may_void(turn, account):
        _void(turn, account)
    else:
        means = means_of(account)
        turn.record(
            OwedOnSlip(account.transaction, turn.token()[:12], amount, NOT_VOIDED, means),
            IncidentOpened(turn.token(), "M-412", account.transaction, amount=amount),
        )
    return True


def _void(turn: Turn, account: Account) -> None:
    payment = account.payment
    if payment is None:
        return
    turn.edit(stage="touch")
    turn.record(
        ReversalIntended(
            OpId(turn.token()[:SERVICE_ID_MAX]),
            payment.op,
            account.transaction,
            payment.device,
            payment.poi,
            payment.amount,
            payment.means,
        )
    )
