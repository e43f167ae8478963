"""A page of the staff desk: lines, buttons, a number pad, a paper, or a test of the glass. Everything is the core's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

from msgspec.structs import replace

from i18n.message import plain, sentence
from kiosk.intents import DoAct, Intent, RecordTest, SetPieces
from kiosk.view import DeskButton, DeskLine, StaffDesk
from screens.staff.glass import GlassTest
from screens.theme import look
from screens.widgets.base import Row, Stack
from screens.widgets.button import PushButton
from screens.widgets.frame import Top
from screens.widgets.grid import Grid
from screens.widgets.messages import Say
from screens.widgets.paged import PagedScreen
from screens.widgets.picture import PICTURES, Picture
from screens.widgets.screen import Host
from screens.widgets.text import Text

_TONES = {"ok": "ok", "bad": "warn", "doubt": "ask", "": "soft"}
_DIGITS_MOST = 5
_PICTURE_MM = 88.0
YEN = "yen"
"""What a pad asks for that counts no pieces."""
GLASS = ("touch", "calibration")
"""Tests that the glass itself judges."""


def said(values: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """The values of a text; one that begins with `@` is a text of its own."""
    return {name: _value(each) for name, each in values}


def _value(each: str) -> str:
    if not each.startswith("@"):
        return each
    key = each[1:]
    return look.words.text(key) if look.words.has(key) else key.rpartition(".")[2]


class PieceCount(Grid):
    """Digits of a count: shown as they are typed, for they are no secret."""

    columns = 3
    gap = 4.0
    gap_y = 4.0

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.typed = ""
        self.on_change: Callable[[], None] = lambda: None
        for digit in (*"123456789", "", "0", "pin.delete_one"):
            self.add_widget(self._key(digit))

    def _key(self, digit: str) -> PushButton:
        button = PushButton()
        button.kind, button.high = "key", 30.0
        if digit.isdigit():
            button.write(plain(digit))
            button.target = f"key {digit}"
            button.does(partial(self._press, digit))
        elif digit:
            button.key, button.style, button.target = digit, "body", digit
            button.does(lambda: self._press(""))
        else:
            button.write(plain("C"))
            button.target = "key C"
            button.does(self.clear)
        return button

    def _press(self, digit: str) -> None:
        self.typed = (self.typed + digit)[:_DIGITS_MOST] if digit else self.typed[:-1]
        self.on_change()

    def clear(self) -> None:
        self.typed = ""
        self.on_change()


class StaffDeskScreen(PagedScreen):
    stack = "rows"
    title: ClassVar[str] = "desk.title"

    def __init__(self, host: Host, **kwargs: Any) -> None:
        self._rows: list[Any] = []
        self._shown_body: StaffDesk | None = None
        super().__init__(host, **kwargs)
        self.ids.pad.on_change = self._show_typed
        self._glass = GlassTest(self._glass_judged)

    def paged(self) -> Sequence[Any]:
        return self._rows

    def subject(self, body: Any) -> object:
        return body.page, body.of, body.pad

    def head(self, top: Top, body: Any) -> None:
        super().head(top, body)
        asks_yen = body.pad is not None and body.pad.what == YEN
        top.title.say("desk.page.amount" if asks_yen else f"desk.page.{body.page}")
        beside = f"desk.who.{'two' if body.beside else 'one'}"
        top.lead.show(True)
        top.lead.say(beside, who=body.who, role=look.words.text(f"desk.role.{body.role}"), beside=body.beside)

    def fill(self, body: StaffDesk) -> None:
        self.ids.clock.show(body.is_clock_doubtful)
        japanese, english = body.said
        words = english if look.words.language == "en" else japanese
        self.ids.said.show(bool(words))
        if words:
            self.ids.said.set_tone("warn" if body.is_refused else "ok")
            self.ids.said.text.write(sentence(words))
        if body != self._shown_body:
            self._shown_body = body
            self._build(body)
        self.ids.typed_box.show(body.pad is not None)
        self.ids.pad.show(body.pad is not None)
        main = next((each for each in body.buttons if each.is_main), None)
        self.ids.main.show(main is not None or body.pad is not None)
        if body.pad is not None:
            self._show_typed()
        elif main is not None:
            self._bind(self.ids.main, main)

    # --- rows

    def _build(self, body: StaffDesk) -> None:
        holder = self.ids.rows
        for each in self._rows:
            holder.remove_widget(each)
            each.dismantle()
        self._rows = [self._line(each, number) for number, each in enumerate(body.lines)]
        self._rows += [_paper_line(each.text, each.right, is_bold=each.is_bold) for each in body.paper]
        for number, button in enumerate(each for each in body.buttons if not each.is_main):
            row = PushButton()
            row.kind, row.style, row.target = "side", "body", f"desk {number} {button.key}"
            self._bind(row, button)
            self._rows.append(row)
        for each in self._rows:
            holder.add_widget(each)
        if self._is_glass(body):
            self._glass.begin(body.of, look)
        self.changed()

    def _line(self, line: DeskLine, number: int) -> Any:
        values = said(line.values)
        if line.opens is not None:
            row = PushButton()
            row.kind, row.style, row.icon, row.icon_at = "plain", "body", "next", "after"
            row.target = f"open {number} {line.key}"
            row.say(line.key, **values)
            row.choose(line.mark in ("bad", "doubt"))
            row.leaves_screen = True
            row.does(partial(self._send, line.opens))
            return row
        if line.mark:
            box = Say()
            box.tone, box.icon_high, box.pad_y = _TONES[line.mark], 10.0, 2.0
            box.settle()
            box.say(line.key, **values)
            return box
        text = Text()
        text.style = (
            "head" if line.key.startswith("remedy.") else "body"
        )  # read from an arm's length, hands full
        text.say(line.key, **values)
        if line.key not in PICTURES:
            return text
        both, picture = Stack(), Picture()
        both.gap, both.align, picture.high = 3.0, "center", _PICTURE_MM
        picture.use(line.key, moves=True)
        both.add_widget(picture)
        both.add_widget(text)
        return both

    def _bind(self, widget: PushButton, button: DeskButton) -> None:
        widget.say(button.key, **said(button.values))
        widget.leaves_screen = True
        widget.enable(True)
        widget.does(partial(self._send, button.asks))

    def _send(self, intent: Intent) -> None:
        fields = {name: getattr(intent, name) for name in intent.__struct_fields__ if name != "step"}
        self.host.send(type(intent), **fields)

    # --- the number pad

    def _show_typed(self) -> None:
        body = self.view.body if self.view is not None else None
        if not isinstance(body, StaffDesk) or body.pad is None:
            return
        typed, pad = self.ids.pad.typed, body.pad
        before = "" if pad.pieces < 0 else str(pad.pieces)
        self.ids.typed.write(typed or before or "—")
        main = self.ids.main
        main.say("desk.pad.set.yen" if pad.what == YEN else "desk.pad.set")
        main.leaves_screen = True
        main.enable(bool(typed))
        if typed:
            asked = SetPieces(step=0, unit=pad.unit, face=pad.face, what=pad.what, pieces=int(typed))
            main.does(partial(self._send, replace(asked)))
        self.host.settle()

    # --- a test of the glass

    def _is_glass(self, body: StaffDesk) -> bool:
        return (
            body.page == "test"
            and body.of in GLASS
            and any(line.key == "desk.test.now" for line in body.lines)
        )

    def _glass_judged(self, test: str, has_passed: bool, touch: tuple[int, ...]) -> None:
        self.host.send(DoAct, act=RecordTest(test=test, has_passed=has_passed, touch=touch))

    def leave(self) -> None:
        self._glass.end()

    def dismantle(self) -> None:
        self._glass.end()
        super().dismantle()


def _paper_line(left: str, right: str, *, is_bold: bool) -> Row:
    row = Row()
    row.gap = 4.0
    text, value = Text(), Text()
    text.grow, text.is_bold, value.is_bold = 1.0, is_bold, is_bold
    value.align = "right"
    text.write(left or " ")
    row.add_widget(text)
    if right:
        value.write(right)
        row.add_widget(value)
    return row
