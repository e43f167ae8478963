"""One thing to take: its picture, what it is, how much of it, and whether it was taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kiosk.view import Thing
from screens.theme import look, tokens
from screens.widgets.base import Row, Stack
from screens.widgets.button import PushButton
from screens.widgets.picture import Picture
from screens.widgets.ring import Mark
from screens.widgets.text import Text

_DRAWINGS = {
    "certificate": "paper_out",
    "spare": "paper_out",
    "change": "tray",
    "money": "tray",
    "receipt": "receipt_out",
}
_STATE_WIDE, _STATE_WIDE_PAIRED, _AIR = 64.0, 40.0, 1.0
LIST_MOST = 3
"""So many things lie one below the other on a panel that lies across; more are two and two, without their pictures."""
_PICTURE, _PICTURE_SPLIT, _PICTURE_ALONE, _ALONE_HIGH = 60.0, 38.0, 80.0, 150.0


class ThingCard(Row):
    """`on_taken(thing)` where no sensor says it."""

    role = "group"
    pad_x = 8.0
    pad_y = 4.0
    gap = tokens.GAP_4
    grow = 1.0

    def __init__(self, on_taken: Callable[[str], None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._thing = ""
        self.picture = Picture()
        self.picture.high = _PICTURE
        self.title, self.slot, self.amount = Text(), Text(), Text()
        self.title.style, self.slot.style, self.amount.style = "head", "lead", "lead"
        self.slot.is_bold = True
        words = Stack()
        words.grow = 1.0
        for text in (self.title, self.slot, self.amount):
            words.add_widget(text)
        self.mark, self.state = Mark(), Text()
        self.state.is_bold, self.state.align = True, "center"
        self.button = PushButton()
        self.button.kind, self.button.key, self.button.pad = "taken", "things.taken", 2.0
        self.button.icon, self.button.icon_at, self.button.icon_high = "ring", "above", 24.0
        self.button.does(lambda: on_taken(self._thing))
        end = self._end = Stack()
        end.gap, end.align = 2.0, "center"
        self._widen()
        for part in (self.mark, self.state, self.button):
            end.add_widget(part)
        for part in (self.picture, words, end):
            self.add_widget(part)

    def share(self, count: int) -> None:
        """How many things share the screen: one alone is large, but does not fill it."""
        is_alone = count == 1 and not look.is_split
        is_paired = look.is_split and count > LIST_MOST
        if is_paired == self.picture.is_shown:
            self.picture.show(not is_paired)
            self.pad_x, self.gap = (4.0, 1.0) if is_paired else (8.0, tokens.GAP_4)
            self.title.style = "lead" if is_paired else "head"
            self.title.is_bold = True
            self._widen()
        if not is_alone:
            self.picture.high = _PICTURE_SPLIT if look.is_split else _PICTURE
            self.button.icon_high = 14.0 if look.is_split else 24.0
        if is_alone != (self.grow == 0.0):
            self.grow, self.high = (0.0, _ALONE_HIGH) if is_alone else (1.0, 0.0)
            self.picture.high = _PICTURE_ALONE if is_alone else _PICTURE
            self.changed()

    def restyle(self) -> None:
        self._widen()
        super().restyle()

    def _widen(self) -> None:
        """「取りました」 stays on one line at every text size."""
        wanted = self.button.words.natural() / look.mm + 2 * self.button.pad + _AIR
        least = _STATE_WIDE if self.picture.is_shown else _STATE_WIDE_PAIRED
        self._end.wide = self.button.wide = max(least, wanted)

    def show_thing(self, thing: Thing, is_first: bool, can_tell: bool) -> None:
        """Take the values. `is_first`: the one to take now."""
        self._thing = thing.thing
        is_taken, is_waiting = thing.state == "taken", thing.state == "waiting"
        title = _title(thing)
        self.title.say(title)
        self.slot.show(bool(thing.slot))
        if thing.slot:
            self.slot.say(f"things.slot.{thing.slot}")
        self.amount.show(bool(thing.sheets or thing.amount))
        if thing.amount:
            self.amount.write(look.words.write(thing.amount))
        else:
            self.amount.say("sheets", thing.sheets)
        asks = is_waiting and not thing.has_sensor and can_tell
        self.button.show(asks)
        self.button.spoken = "speak.taken"
        self.button.spoken_values = {"thing": look.words.message(title).reading}
        self.button.target = f"taken {thing.thing}"
        self.mark.show(not asks)
        self.state.show(not asks)
        self.mark.show_state("done" if is_taken else "here" if is_waiting else "open")
        self.state.say(f"things.{thing.state}")
        self.picture.use(_DRAWINGS[thing.thing], moves=is_first, has_arrow=is_waiting)
        box = "ok_edge" if is_taken else "kind_on" if is_first else "kind"
        if box != self.box:
            self.box = box
            self.changed()


def _title(thing: Thing) -> str:
    """A certificate is one whichever printer it came out of."""
    if thing.is_statement:
        return "things.statement"
    return "things.certificate" if thing.thing == "spare" else f"things.{thing.thing}"
