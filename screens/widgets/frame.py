"""The window: step bar, title and lines at the top, the screen in the middle, the bar at the bottom, overlays above.

Top and bottom live as long as the process; a new screen is only its middle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kivy.graphics import Color, Rectangle

from i18n import dates
from i18n import message as messages
from i18n.catalogue import load
from i18n.message import names_in
from kiosk.view import SessionView
from screens.theme import look, tokens
from screens.widgets import training
from screens.widgets.bar import Bar
from screens.widgets.base import Element, Rect, Row, Stack
from screens.widgets.button import PushButton
from screens.widgets.call_band import CallBand
from screens.widgets.explain import ExplainSheet
from screens.widgets.messages import Say
from screens.widgets.picture import Icon
from screens.widgets.screen import Zones
from screens.widgets.sheets import DisplaySheet, StillThereDialog, Toast
from screens.widgets.steps import StepBar
from screens.widgets.text import Text, words

STAFF_LANGUAGE = "ja"
"""Of what is written for a helper beside the resident."""
_ACT_BELOW = 8.0
"""Between the lowest button of a screen and the bar."""


_BESIDE = 28.0
"""Icon and gaps of the place's row, in mm."""


class Place(Row):
    """The town and the clock, where there is no step yet."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._town = self._place = ""
        self.gap, self.high, self.spread = 4.0, tokens.STEPS_HEIGHT, "between"
        left, right = Row(), Row()
        left.gap, right.gap = 4.0, 3.0
        icon = Icon()
        icon.icon, icon.colour = "house", "blue"
        self.town, self.day, self.clock = Text(), Text(), Text()
        self.town.is_bold = self.clock.is_bold = True
        for text in (self.town, self.day, self.clock):
            text.style = "place"
        left.grow = self.town.grow = 1.0  # a long name wraps before it meets the clock
        left.add_widget(icon)
        left.add_widget(self.town)
        right.add_widget(self.day)
        right.add_widget(self.clock)
        self.add_widget(left)
        self.add_widget(right)

    def name(self, town: str, place: str = "") -> None:
        """Whose machine this is, and where it stands."""
        self._town, self._place = town, place
        self.changed()

    def height_for(self, width: int) -> int:
        self._choose(width)
        return super().height_for(width)

    def _choose(self, width: int) -> None:
        """What fits on one line: all; without the day; without the place. The town alone may wrap."""
        both = f"{self._town} {self._place}".strip()
        clock, day = self.clock.words.natural(), self.day.words.natural()
        name, has_day = self._town, False
        for name, has_day in ((both, True), (both, False), (self._town, False)):
            wanted = words(messages.plain(name), "place", is_bold=True).natural() + clock + day * has_day
            if wanted + look.px(_BESIDE) <= width:
                break
        self.town.write(name)
        self.day.show(has_day)

    def show_now(self) -> None:
        """Take the time from the wall clock."""
        now = look.now()
        self.day.write(dates.day(look.words, now.date()))
        self.clock.write(f"{now.hour}:{now.minute:02d}")


class Top(Stack):
    """Steps (or place), title, at most two lines below."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pad_x = tokens.EDGE
        self.steps, self.place_row = StepBar(), Place()
        self.icon, self.title, self.lead = Icon(), Text(), Text()
        self.icon.high = 17.0
        self.title.grow, self.lead.style = 1.0, "lead"
        self._size_title()
        self.title.role = "heading"
        row = Row()
        row.gap = 4.0
        row.add_widget(self.icon)
        row.add_widget(self.title)
        self.help_band = Row()
        self.help_band.gap, self.help_band.box, self.help_band.pad_x, self.help_band.pad_y = (
            4.0,
            "soft",
            4.0,
            2.0,
        )
        says = self.help_says = Text()
        says.key, says.grow = "help.on", 1.0
        self.end_help = PushButton()
        self.end_help.kind, self.end_help.key, self.end_help.target = "side", "help.end", "help.end"
        self.help_band.add_widget(says)
        self.hold_end_help()
        self.help_band.show(False)
        self.helper = Say()
        self.helper.tone, self.helper.icon_high, self.helper.pad_y = "ask", 11.0, 2.0
        self.helper.settle()
        self.helper.text.language = STAFF_LANGUAGE
        self.helper.show(False)
        self.call_band = CallBand()
        for part in (
            _gap(8.0),
            self.help_band,
            self.helper,
            self.call_band,
            self.steps,
            self.place_row,
            _gap(6.0),
            row,
            _gap(3.0),
            self.lead,
            _gap(5.0),
        ):
            self.add_widget(part)
        self.icon.show(False)
        self.place_row.show(False)

    def hold_end_help(self) -> None:
        """The way to end somebody's help stands beside the line that says so."""
        self.end_help.wide, self.end_help.high, self.end_help.style = 62.0, 17.8, ""
        self.help_band.add_widget(self.end_help)

    def make_ready(self, *keys: str) -> None:
        """Draw what a screen will have for its title and the line below, where no value stands in them."""
        for text, key in zip((self.title, self.lead), keys, strict=True):
            if key and text.rect.width and not names_in(look.words.template(key)):
                said = words(look.words.message(key), text.style, is_bold=text.is_bold, align=text.align)
                said.make_ready(text.rect.width)

    def restyle(self) -> None:
        self._size_title()
        super().restyle()

    def _size_title(self) -> None:
        self.title.style = "head" if look.is_landscape else "title"


def _gap(high: float) -> Element:
    space = Element()
    space.high = high
    return space


class Curtain(Element):
    """Black over everything: she listens."""

    is_shown = False

    def draw(self) -> None:
        Color(0, 0, 0, 1)
        Rectangle(pos=(0, 0), size=(look.width, look.height))


class Frame(Element):
    """The root. `screen` is the middle."""

    role = "window"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = (look.width, look.height)
        self.top_part, self.bar = Top(), Bar()
        self.still, self.sheet, self.toast = StillThereDialog(), DisplaySheet(), Toast()
        self.fields = ExplainSheet()
        self.screen: Any = None
        self.curtain = Curtain()
        for part in (self.top_part, self.bar, self.still, self.sheet, self.fields, self.toast, self.curtain):
            self.add_widget(part)
        self._factor = 1.0
        self._helped = "help.on"
        self._is_end_low = False
        """The way to end help is in the bar."""
        self._is_training: tuple[int, int] | None = None
        self._touch: Any = None
        self.on_touch: Callable[[], None] = lambda: None
        self.on_dark_touch: Callable[[], None] = lambda: None

    @property
    def end_help(self) -> PushButton:
        """In the band above or, in low reach, in the bar."""
        return self.top_part.end_help

    def show_helped(self, is_on: bool, *, is_alone: bool = False) -> None:
        """Above everything, as long as it lasts: somebody helps, and how to end it. `is_alone`: here they look away."""
        self._helped = "help.away" if is_alone else "help.on"
        self.top_part.help_says.say(self._helped)
        is_low = is_on and look.is_low and not look.is_landscape
        if (self.top_part.help_band.is_shown, self._is_end_low) == (is_on, is_low):
            return
        self.top_part.help_band.show(is_on)
        if self._is_end_low != is_low:
            self._is_end_low = is_low
            self.end_help.parent.remove_widget(self.end_help)
            if is_low:
                self.bar.add_widget(self.end_help)
                self.end_help.style = "bar"
            else:
                self.top_part.hold_end_help()
        self._lay_help_line()
        self.regrow()

    def _lay_help_line(self) -> None:
        """Its line in the bar is there but for the sheet, which needs the room, and below which nothing is pressed."""
        is_there = self._is_end_low and not self.sheet.is_shown
        self.end_help.show(is_there or not self._is_end_low)
        if look.has_help_line != is_there:
            look.has_help_line = is_there
            self.regrow()

    def show_helper(self, key: str, *, is_tight: bool = False) -> None:
        """For a helper who has no panel of her own: what to say now, in her language. Empty: there is none.

        On a screen that is full it stands in the band that says that somebody helps, beside the way to end it.
        """
        helper, says = self.top_part.helper, self.top_part.help_says
        words = load(STAFF_LANGUAGE).message(key) if key else None
        in_band = words is not None and is_tight
        says.language = STAFF_LANGUAGE if in_band else ""
        if words is not None and in_band:
            says.write(words)
        else:
            says.say(self._helped)
        if words is not None:
            helper.text.write(words)
        if helper.is_shown != (words is not None and not in_band):
            helper.show(not helper.is_shown)
            self.regrow()

    def mark_training(self, is_on: bool) -> None:
        """Over everything, for ever: nothing here is real."""
        wanted = (look.width, look.height) if is_on else None
        if wanted != self._is_training:
            self._is_training = wanted
            training.draw(self.canvas.after, is_on)

    def show_call(self, view: SessionView | None) -> None:
        """Above everything, as long as a person waits for staff; CallBand says what."""
        band = self.top_part.call_band
        is_shown = view is not None and band.tell(view)
        if band.is_shown != is_shown:
            band.show(is_shown)
            self.regrow()

    def put(self, screen: Any) -> None:
        """Show another middle; the old one is let go."""
        if self.screen is not None:
            self.screen.leave()
            self.remove_widget(self.screen)
            self.screen.dismantle()
        self.screen = screen
        self.add_widget(screen, index=len(self.children) - 1)  # read after the top, before the bar
        self.regrow()

    def settle(self) -> None:
        """Place everything that changed. The text grows as far as the person asked and the screen can hold."""
        if not self._is_stale:
            return
        self._lay_help_line()
        every = (*tokens.SIZE_FACTOR.values(), *tokens.TIGHT)
        sizes = sorted({each for each in every if each <= self._factor}, reverse=True)
        for self._factor in sizes:
            if look.factor != self._factor:
                look.factor = self._factor
                self.restyle()
            if self._is_room() or self._factor == sizes[-1]:
                self.place(Rect(0, 0, look.width, look.height))
                if not self.has_cut():  # at the least size there is nothing to be done; tests find it
                    break

    def regrow(self) -> None:
        """Another screen or another text size: try the wanted size again."""
        self._factor = tokens.SIZE_FACTOR[look.text_size]
        self.changed()

    def clear(self, *covers: Element) -> None:
        """Take these away. What lay over the screen may have made its letters smaller, or its lists shorter."""
        shown = [each for each in covers if each.is_shown]
        for each in shown:
            each.show(False)
        if shown:
            self.regrow()

    def _is_room(self) -> bool:
        high = look.height - look.bar_px
        overlays = [part for part in (self.still, self.sheet) if part.is_shown]
        if any(part.dialog.height_for(look.width) > high for part in overlays):
            return False
        reach = look.reach_px - look.bar_px
        if look.is_low and any(part.reach_for(look.width) > reach for part in overlays):
            return False
        if self.fields.is_shown and self.fields.least_height(look.width) > high:
            return False
        if self.screen is None:
            return True
        zones = self.zones()
        if zones is not None:
            return bool(self.screen.is_room(zones))
        return bool(self.middle().height >= self.screen.height_for(self.middle().width))

    def zones(self) -> Zones | None:
        """Where a screen is read and where it is pressed; None: all in the middle."""
        if not look.is_split:
            return None
        edge, below = look.px(tokens.EDGE), look.px(_ACT_BELOW)
        bottom = look.height - look.bar_px - below
        top = self.top_part.height_for(self._top_wide())
        if look.is_landscape:
            wide = look.px(tokens.DESIGN_MM[0]) - 2 * edge
            act = Rect(look.width - edge - wide, below, wide, bottom - below)
            return Zones(Rect(edge, top, look.width - wide - 3 * edge, bottom - top), act)
        line = max(top, look.height - look.reach_px)
        read = Rect(edge, top, look.width - 2 * edge, line - look.px(tokens.GAP_2) - top)
        return Zones(read, Rect(edge, line, look.width - 2 * edge, bottom - line))

    def _top_wide(self) -> int:
        """Steps and title; beside the controls where the panel lies across."""
        edge = look.px(tokens.EDGE)
        return look.width - look.px(tokens.DESIGN_MM[0]) + edge if look.is_landscape else look.width

    def middle(self) -> Rect:
        """Where the screen goes: below the top, above the bar."""
        zones = self.zones()
        if zones is not None:
            return zones.whole
        top = self.top_part.height_for(look.width)
        bar = look.bar_px
        edge, below = look.px(tokens.EDGE), look.px(_ACT_BELOW)
        return Rect(edge, top, look.width - 2 * edge, look.height - top - bar - below)

    def arrange(self) -> None:
        self.hide_rest()
        bar = look.bar_px
        wide = self._top_wide()
        self.top_part.place(Rect(0, 0, wide, self.top_part.height_for(wide)))
        self.bar.place(Rect(0, look.height - bar, look.width, bar))
        if self.screen is not None:
            self.screen.zones = self.zones()
            self.screen.place(self.middle())
        over = Rect(0, 0, look.width, look.height - bar)
        for part in (self.still, self.sheet, self.fields):
            if part.is_shown:
                part.place(over)
        if self.curtain.is_shown:
            self.curtain.place(Rect(0, 0, look.width, look.height))
        if self.toast.is_shown:
            edge, below = look.px(tokens.EDGE), look.px(_ACT_BELOW)
            width = look.width - 2 * edge
            height = self.toast.height_for(width)
            self.toast.place(Rect(edge, look.height - bar - below - height, width, height))

    def on_touch_down(self, touch: Any) -> bool:
        """One finger at a time."""
        if self._touch is not None and self._touch.time_end == -1 and self._touch is not touch:
            return True
        self._touch = touch
        if self.curtain.is_shown:  # a hand that feels its way does nothing by chance
            self.on_dark_touch()
            return True
        self.on_touch()
        super().on_touch_down(touch)
        return True
