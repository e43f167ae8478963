"""The keypad: the only place of the screens where digits of a secret exist, and only in one bytearray.

Kivy sees how many there are, never which. No property, label, event or log carries a digit; no key shows that it was
pressed (a neighbour reads highlights). The digits leave in one packet (secret_slot.py) and are wiped in `finally`.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from kivy.clock import Clock

from i18n.message import plain
from kiosk.ipc import secret_slot as slot
from screens.theme import look, tokens
from screens.widgets.base import Element, Rect
from screens.widgets.button import PushButton
from screens.widgets.grid import Grid
from screens.widgets.paint import draw_box
from screens.widgets.ring import draw_mark

SAME_KEY_S = 0.08
"""One finger's bounce: the same key again within this is not a second digit. A doubled digit typed by hand takes
longer than 0.1 s, so 1-1-2-2 works."""

SEND_TIMEOUT_S = 0.25
ANSWER_TIMEOUT_S = 2.0


_DIGITS = "en"
"""No mark stands above or below a digit: a key needs no more height where letters have many."""


class Digits:
    """Up to `slot.SECRET_MAX` digits in memory that is overwritten, not left to the garbage collector."""

    def __init__(self) -> None:
        self._digits = bytearray(slot.SECRET_MAX)
        self.count = 0

    def add(self, digit: int) -> None:
        self._digits[self.count] = 0x30 + digit
        self.count += 1

    def drop(self) -> None:
        """One back."""
        if self.count:
            self.count -= 1
            self._digits[self.count] = 0

    def wipe(self) -> None:
        for index in range(len(self._digits)):
            self._digits[index] = 0
        self.count = 0

    def packet(self, slot_id: str) -> bytearray:
        """The one packet of secret_slot.py. The caller wipes it."""
        packet = bytearray(slot.PACKET_BYTES)
        packet[: slot.SLOT_BYTES] = bytes.fromhex(slot_id)
        packet[slot.LENGTH_OFFSET] = self.count
        packet[slot.SECRET_OFFSET : slot.SECRET_OFFSET + self.count] = memoryview(self._digits)[: self.count]
        return packet


def send_once(path: str, slot_id: str, digits: Digits, answered: Callable[[bool], None]) -> bool:
    """Send the digits and forget them; False when they could not be sent at all.

    `answered(was_accepted)` comes later, from another thread that never held a digit.
    """
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
    packet = bytearray()
    try:
        channel.settimeout(SEND_TIMEOUT_S)
        channel.connect(path)
        packet = digits.packet(slot_id)
        channel.send(packet)
    except (OSError, ValueError):
        channel.close()
        return False
    finally:
        digits.wipe()
        for index in range(len(packet)):
            packet[index] = 0
    threading.Thread(target=_await_answer, args=(channel, answered), daemon=True).start()
    return True


def _await_answer(channel: socket.socket, answered: Callable[[bool], None]) -> None:
    with channel:
        channel.settimeout(ANSWER_TIMEOUT_S)
        try:
            answer = channel.recv(1)
        except OSError:
            answer = b""
    answered(answer == slot.ACCEPTED)


class DigitRow(Element):
    """How many digits are in: a dot in a box each; the next box is marked."""

    role = "digits"
    _SIDE = 30.0
    _WIDER = 8.0

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count, self.length = 0, 4
        self._groups: tuple[int, ...] = ()

    def show_count(self, count: int, length: int, groups: tuple[int, ...] = ()) -> None:
        """`groups`: after how many digits a wider gap stands (year, month, day)."""
        if (count, length, groups) != (self.count, self.length, self._groups):
            self.count, self.length, self._groups = count, length, groups
            self.changed()

    def lines(self) -> list[str]:
        return [f"{self.count}/{self.length}"]

    def height_for(self, width: int) -> int:
        return look.px(self._SIDE)

    def draw(self) -> None:
        gap, wider = look.px(tokens.GAP_3), look.px(self._WIDER)
        gaps = (self.length - 1) * gap + len(self._groups) * wider
        side = min(look.px(self._SIDE), (self.rect.width - gaps) // self.length)
        x = self.rect.x + (self.rect.width - self.length * side - gaps) // 2
        y = self.rect.y + (self.rect.height - side) // 2
        for index in range(self.length):
            x += wider if index in self._groups else 0
            box = Rect(x, y, side, side)
            draw_box("digit_at" if index == self.count else "digit", box)
            if index < self.count:
                inset = (side - look.px(13.0)) // 2
                draw_mark(box.inset(inset, inset, inset, inset), "ink")
            x += side + gap


class Keypad(Grid):
    """1 to 9, delete one, 0, delete all. `on_count(count)` after every change."""

    role = "keypad"
    columns = 3
    gap = tokens.GAP_3
    gap_y = 5.0

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.length = 4
        self.on_count: Callable[[int], None] = lambda _count: None
        self._digits = Digits()
        self._last_key = -1
        self._last_s = 0.0
        self.now_s: Callable[[], float] = time.monotonic
        for digit in (1, 2, 3, 4, 5, 6, 7, 8, 9):
            self.add_widget(self._key(digit))
        self.add_widget(self._word("pin.delete_one", self.drop))
        self.add_widget(self._key(0))
        self.add_widget(self._word("pin.delete_all", self.clear))

    @property
    def count(self) -> int:
        return self._digits.count

    def _key(self, digit: int) -> PushButton:
        button = PushButton()
        button.kind, button.shows_press, button.target = "key", False, f"key {digit}"
        button.is_silent, button.language = True, _DIGITS
        button.write(plain(str(digit)))
        button.does(lambda: self._press(digit))
        return button

    def _word(self, key: str, action: Callable[[], None]) -> PushButton:
        button = PushButton()
        button.kind, button.style, button.key, button.target = "key", "lead", key, key
        button.does(action)
        return button

    def dismantle(self) -> None:
        self.clear()
        self.on_count = lambda _count: None
        super().dismantle()

    def enable(self, is_enabled: bool) -> None:
        for part in self.parts():
            if isinstance(part, PushButton):
                part.enable(is_enabled)

    def _press(self, digit: int) -> None:
        now = self.now_s()
        is_bounce = digit == self._last_key and now - self._last_s < SAME_KEY_S
        self._last_key, self._last_s = digit, now
        if not is_bounce and self._digits.count < self.length:
            self._digits.add(digit)
            self.on_count(self._digits.count)

    def drop(self) -> None:
        """One digit back."""
        self._last_key = -1
        self._digits.drop()
        self.on_count(self._digits.count)

    def clear(self) -> None:
        """All digits back: wiped, not only forgotten."""
        self._last_key = -1
        self._digits.wipe()
        self.on_count(0)

    def send(self, path: str, slot_id: str, answered: Callable[[bool], None]) -> bool:
        """See send_once; `answered` comes in the window's own thread."""
        self._last_key = -1

        def tell(was_accepted: bool) -> None:
            Clock.schedule_once(lambda _dt: answered(was_accepted))

        try:
            return send_once(path, slot_id, self._digits, tell)
        finally:
            self.on_count(0)
