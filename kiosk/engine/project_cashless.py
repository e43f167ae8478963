"""What the resident sees of the means of payment and of a cashless one. Pure; `project.py` is its only caller."""

from __future__ import annotations

from kiosk.engine.means import cash_is_open
from kiosk.engine.service import brand_is_open
from kiosk.engine.state import Kiosk, Phase, Turn
from kiosk.engine.till import account_of
from kiosk.engine.voiding import brand_of, going_void, means_of
from kiosk.journal.accounts import CASH
from kiosk.money import Yen
from kiosk.view import Cashless, ChooseMeans, Means, Returning

STAGES = {
    Phase.AWAITING_CODE: "scan",
    Phase.PROVING: "proving",
    Phase.CHECKING_PAYMENT: "checking",
}


def choose_means(state: Kiosk) -> ChooseMeans:
    """Cash first; what is closed now is shown as closed."""
    turn = Turn(state)
    language = state.manners.language
    brands = tuple(
        Means(each.key, each.kind, each.name(language), brand_is_open(state, each))
        for each in state.setup.brands
    )
    cash = Means(CASH, CASH, is_open=cash_is_open(turn))
    return ChooseMeans(turn.session.total, (cash, *brands), turn.session.said)


def cashless(state: Kiosk) -> Cashless:
    session = Turn(state).session
    brand = brand_of(state, session.means)
    stage = STAGES.get(state.phase, session.stage or "processing")
    return Cashless(
        session.total,
        brand.kind if brand is not None else "",
        brand.name(state.manners.language) if brand is not None else "",
        stage,
        session.payload if stage == "show" else "",
    )


def returning(state: Kiosk) -> Returning | None:
    """A void under way; None: none is."""
    turn = Turn(state)
    account = account_of(turn)
    going = going_void(state.ledger, account.transaction) if account is not None else None
    if going is None:
        return None
    brand = brand_of(state, going.means)
    name = brand.name(state.manners.language) if brand is not None else going.means
    wants_card = brand is not None and brand.kind == "emoney"
    stage = turn.session.stage if wants_card else "processing"
    return Returning(going.amount, name, stage or "processing")


def offered(state: Kiosk) -> tuple[Yen, str]:
    """What a void would give back, and the brand's name; zero: nothing that can be voided."""
    turn = Turn(state)
    account = account_of(turn)
    if account is None or not account.held_cashless:
        return Yen(0), ""
    brand = brand_of(state, means_of(account))
    return account.held_cashless, brand.name(state.manners.language) if brand is not None else ""
