"""People at a kiosk of till.py: who pays, who wants it back, and the officer who opens a box."""

from __future__ import annotations

import io
import os
import pwd
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path

from kiosk import cash_cli, intents, ports, view
from kiosk.errors import DeviceUnavailable
from tests.crash.nursery import Nursery
from tests.crash.till import Till
from tests.crash.till_files import ACCOUNT

SETTLED_S = 1.5
"""A core that was born so long ago has found its devices."""
EXCHANGE_S = 2.5
"""A box stays open for so long: every idle question is asked once."""
AGAIN_AFTER_S = 3.0
"""The same touch, where nothing came of the first."""
Act = Callable[[view.SessionView], None]


@dataclass(frozen=True)
class Hand:
    """What a person does at the slot. `is_cancelled`: it is too little, and she wants it back; `prints`: so does the
    certificate printer."""

    name: str
    puts_in: tuple[str, str]
    is_cancelled: bool = False
    prints: ports.Outcome = ports.Outcome.CONFIRMED


COIN = Hand("coin", ("insert-coin", "500"))
NOTE = Hand("note", ("insert-note", "1000"))
CHANGE = Hand("change in notes", ("insert-note", "5000"))
CANCEL = Hand("cancel", ("insert-coin", "100"), is_cancelled=True)
REFUND = Hand("refund", ("insert-note", "1000"), prints=ports.Outcome.REFUSED)
HANDS = (COIN, NOTE, CHANGE, CANCEL, REFUND)


class Patron(Till):
    """Whoever stands at this kiosk."""

    def __init__(self, place: Path, lives: Nursery) -> None:
        super().__init__(place, lives)
        self._touched, self._touched_s = (-1, ""), 0.0

    def touch(self, wish: type[intents.Intent], **fields: object) -> None:
        """Once for each screen; again only after a while, as a person would."""
        shown = self._latest
        if shown is None or self._view is None or wish.__name__ not in shown.intents:
            return
        what = (shown.step, wish.__name__ + str(fields))
        if what == self._touched and time.monotonic() - self._touched_s < AGAIN_AFTER_S:
            return
        self._touched, self._touched_s = what, time.monotonic()
        with suppress(DeviceUnavailable):
            self._view.send(wish(step=shown.step, **fields))  # type: ignore[arg-type]

    def until(self, is_there: Callable[[view.SessionView], bool], act: Act, within_s: float) -> None:
        """Act on every view until it is there."""
        deadline = time.monotonic() + within_s
        bodies: list[str] = []
        while time.monotonic() < deadline:
            shown = self.look()
            if shown is None:
                continue
            name = type(shown.body).__name__
            if not bodies or bodies[-1] != name:
                bodies.append(name)
            if is_there(shown):
                return
            act(shown)
        raise AssertionError(f"not within {within_s:.0f} s: {' '.join(bodies)}")

    def rests(self, within_s: float = 60.0) -> None:
        """Until nobody is served and the devices are all there: what is met next belongs to what is done next."""

        def is_there(shown: view.SessionView) -> bool:
            is_idle = isinstance(shown.body, view.Attract) and shown.body.is_cash_open
            return is_idle and time.monotonic() - self._born_s > SETTLED_S

        self.until(is_there, self.ends, within_s)

    def to_confirm(self) -> None:
        """As far as the last question before money."""
        self.until(lambda shown: isinstance(shown.body, view.Confirm), self._orders, 60)

    def _orders(self, shown: view.SessionView) -> None:
        match shown.body:
            case view.Attract():
                self.touch(intents.ChooseLanguage, language="ja")
            case view.PlaceCard(is_reading=False):
                self._once(shown, self.beyond.lay_card)
            case view.EnterPin(slot=slot) if slot:
                self._once(shown, self.beyond.key_pin)
            case view.TakeCard():
                self._once(shown, self.beyond.lift_card)
            case view.ChooseKinds(copies=0):
                self.touch(intents.SetCopies, kind="juminhyo", copies=1)
            case view.ChooseKinds() | view.ChooseOptions():
                self.touch(intents.Next)
            case _:
                self.ends(shown)

    def _once(self, shown: view.SessionView, act: Callable[[], None]) -> None:
        what = (shown.step, type(shown.body).__name__)
        if what != self._touched:
            self._touched = what
            act()

    def pays(self, hand: Hand, within_s: float = 120.0) -> None:
        """From the last question to the next resident."""
        self.beyond.physics.print_outcome = hand.prints
        has_paid = has_left = False

        def act(shown: view.SessionView) -> None:
            nonlocal has_paid, has_left
            has_left = has_left or not isinstance(shown.body, view.Confirm)
            match shown.body:
                case view.Confirm():
                    self.touch(intents.Next)
                case view.Pay(accepted=faces, is_closing=False) if faces and not has_paid:
                    has_paid = self._put_in(*hand.puts_in)
                case view.Pay(inserted=inserted, note=note) if has_paid and note and not inserted.value:
                    has_paid = False  # it came back: once more
                case view.Pay(inserted=inserted) if has_paid and hand.is_cancelled and inserted.value:
                    self.touch(intents.Cancel)
                case view.Working(stage="delayed"):
                    self.touch(intents.Cancel)
                case _:
                    self.ends(shown)

        self.until(lambda shown: isinstance(shown.body, view.Attract) and has_left, act, within_s)
        self.beyond.physics.print_outcome = ports.Outcome.CONFIRMED

    def ends(self, shown: view.SessionView) -> None:
        """She takes what comes, and asks for what is hers."""
        match shown.body:
            case view.OfferBack():
                self.touch(intents.GiveBack)
            case view.TakeThings(things=things):
                for each in things:
                    if each.state == "waiting":
                        self.touch(intents.Taken, thing=each.thing)
            case view.Trouble():
                self.touch(intents.GiveBack)
                self.touch(intents.Next)
            case view.Done() | view.Notice():
                self.touch(intents.Next)

    def _put_in(self, verb: str, face: str) -> bool:
        answer = self.ask("cctalk" if verb == "insert-coin" else "id003", verb, face)
        return bool(answer.get("drawn_in") or answer.get("accepted"))

    # --- the officer

    def exchanges(self, open_s: float = EXCHANGE_S, within_s: float = 90.0) -> None:
        """補充: a hopper is opened, five coins go in, it is closed. Told nothing, she looks, and does what is left."""
        deadline = time.monotonic() + within_s
        before = self.read().exchanges
        is_filled = False
        while time.monotonic() < deadline:
            shown, ledger = self.look(), self.read()
            if shown is None:
                continue
            if ledger.exchange is None and ledger.exchanges == before:
                self.cash("start", "replenish", "hopper100", "--no-print")
                self._lingers(open_s)
            elif ledger.exchange is not None:
                if not is_filled:
                    self.ask("cctalk", "fill", "hopper100", "5")
                    is_filled = True
                number = ledger.exchange.exchange
                self.cash("end", number, "--in", "hopper100=5", "--fund", "float=500", "--no-print")
                self._lingers(open_s)
            elif isinstance(shown.body, view.Attract) and shown.body.is_cash_open:
                return
        raise AssertionError(f"no exchange within {within_s:.0f} s: {self._latest}")

    def _lingers(self, seconds: float) -> None:
        """The box is open, or shut again: what the core asks the devices meanwhile has its moments too."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.look()

    def cash(self, *words: str) -> int:
        """The real `kiosk-cash` under her account: 3 when the core told her nothing."""
        user = pwd.getpwnam(ACCOUNT).pw_uid
        self.said = io.StringIO()
        os.seteuid(user)
        try:
            with redirect_stdout(self.said), redirect_stderr(self.said):
                return cash_cli.main([*words, "--socket", str(self.place / "staff.sock")])
        finally:
            os.seteuid(0)
