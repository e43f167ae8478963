"""What can be pressed. It has a lip; what has no lip cannot be pressed (screens/README.md).

A touch counts only if it goes down and comes up inside. A second finger is ignored. A button that leaves the screen is
dead after its first accept until the next view, so one tap is one intent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from kivy.graphics import PopMatrix, PushMatrix, Translate

from i18n.catalogue import Value
from i18n.message import Message
from screens.theme import look, tokens
from screens.widgets.base import Element, Rect
from screens.widgets.paint import draw_box, draw_focus
from screens.widgets.picture import draw_icon
from screens.widgets.text import Reading, Words, line_texts, words


class Kind(NamedTuple):
    """How a kind of button looks: box, colour of words and icon, text style, least height."""

    box: str
    colour: str
    style: str
    high: float


KINDS = {
    "main": Kind("main", "main_ink", "head", tokens.MAIN_HEIGHT),
    "side": Kind("side", "blue", "lead", tokens.SIDE_HEIGHT),
    "plain": Kind("plain", "ink", "lead", tokens.SIDE_HEIGHT),
    "key": Kind("key", "ink", "key", tokens.KEY_HEIGHT),
    "option": Kind("plain", "ink", "lead", 27.0),
    "count": Kind("side", "blue", "head", tokens.COUNT_BUTTON),
    "bar": Kind("plain", "ink", "bar", 37.0),
    "bar_call": Kind("side", "blue", "bar", 37.0),
    "taken": Kind("side", "blue", "body", 50.0),
}
WAITING = Kind("wait", "ink2", "lead", tokens.MAIN_HEIGHT)
_NONE = Kind("", "off", "bar", 37.0)

_LEADING = 1.25
"""Words on a button stand closer than in a text: they are one thing."""
ICON_EM = 1.15
"""An icon beside words is so much larger than they."""

Action = Callable[[], None]


class PushButton(Element):
    """`kind` of KINDS, `key` of the catalogue, `icon` with `icon_at`: `before`, `after`, `above`."""

    role = "button"
    kind = "plain"
    key = ""
    icon = ""
    icon_at = "before"
    icon_high = 15.0
    """In mm, where the icon is above the words."""
    style = ""
    pad = 3.0
    shows_press = True
    leaves_screen = False
    """Dead after its first accept, until `revive`."""
    is_enabled = True
    is_chosen = False
    is_focused = False
    """The keys are on it."""
    language = ""
    """Whose words these are, where they are not the window's language."""
    spoken = ""
    """Key of its spoken name, where it shows none; else what it shows is what is spoken."""
    is_silent = False
    """Nothing is said when the keys come to it: the way to a digit would tell the digit."""
    when_off = "wait"
    """What it looks like when it cannot be pressed: `wait` (grey, words stay) or `bare` (words without a box)."""
    target = ""
    """A name for the layout tree, where one key serves many buttons."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._values: dict[str, Value] = {}
        self.spoken_values: dict[str, Value] = {}
        self._count: int | None = None
        self._literal: Message | None = None
        self._reading = Reading()
        self._touch: object = None
        self._is_down = False
        self._is_spent = False
        self._action: Action | None = None
        self._when_off_action: Action | None = None

    # ---- content

    def say(self, key: str, count: int | None = None, **values: Value) -> None:
        """Show a text of the catalogue."""
        if self.take_words(key, count, **values):
            self.changed()

    def take_words(self, key: str, count: int | None = None, **values: Value) -> bool:
        """As `say`, while it is being placed: nobody above is told. True if they are other words."""
        if (key, count, values, None) == (self.key, self._count, self._values, self._literal):
            return False
        self.key, self._count, self._values, self._literal = key, count, values, None
        self._is_stale = True
        return True

    def write(self, message: Message) -> None:
        """Show this, as it is, in every language."""
        if message != self._literal:
            self.key, self._count, self._values, self._literal = "", None, {}, message
            self.changed()

    def does(self, action: Action, when_off: Action | None = None) -> None:
        """What an accepted touch does; `when_off`: what a touch does while it cannot be pressed (say why)."""
        self._action, self._when_off_action = action, when_off

    def enable(self, is_enabled: bool) -> None:
        if is_enabled != self.is_enabled:
            self.is_enabled = is_enabled
            self._is_down = False
            self.changed()

    def choose(self, is_chosen: bool) -> None:
        """Thicker line and tint; its widget adds a different shape."""
        if is_chosen != self.is_chosen:
            self.is_chosen = is_chosen
            self.changed()

    def focus(self, is_focused: bool) -> None:
        """The keys are on it, or no longer."""
        if is_focused != self.is_focused:
            self.is_focused = is_focused
            if self.rect.width:
                self.paint()

    @property
    def is_fixed(self) -> bool:
        """Its name has no value in it: the same for everybody."""
        values = self.spoken_values if self.spoken else self._values
        return self._literal is None and self._count is None and not values

    @property
    def spoken_name(self) -> str:
        """What is said when the keys come to it, with its state."""
        name = self.message.reading
        if self.spoken:
            name = look.words.message(self.spoken, None, **self.spoken_values).reading
        if not self.is_enabled:
            return f"{name} {look.words.text('speak.off')}"
        return f"{name} {look.words.text('speak.chosen')}" if self.is_chosen else name

    def revive(self) -> None:
        """A new step came: it may be pressed again."""
        self._is_spent = False

    @property
    def can_press(self) -> bool:
        return self.is_enabled and not self._is_spent

    @property
    def message(self) -> Message:
        if self._literal is not None:
            return self._literal
        return self._reading.message(self.key, self._count, self._values)

    # ---- layout

    @property
    def _kind(self) -> Kind:
        if self.is_enabled:
            return KINDS[self.kind]
        return _NONE if self.when_off == "bare" else WAITING

    @property
    def words(self) -> Words:
        style = self.style or KINDS[self.kind].style
        if not self.is_enabled and self.when_off == "wait" and not self.style:
            style = WAITING.style if self.kind == "main" else style
        is_bold = self.is_enabled or self.when_off == "wait"
        return words(self.message, style, is_bold=is_bold, align="center")._replace(
            leading=_LEADING, language=self.language
        )

    @property
    def _icon_px(self) -> int:
        if not self.icon:
            return 0
        if self.icon_at == "above":
            return look.px(self.icon_high)
        return round(self.words.px * ICON_EM)

    @property
    def _air(self) -> int:
        return look.px(tokens.GAP_1 if self.icon_at != "above" else 1.0) if self.icon and self.key else 0

    def _room(self, width: int) -> int:
        """For words, beside icon and padding."""
        beside = self._icon_px + self._air if self.icon_at != "above" else 0
        return max(1, width - 2 * look.px(self.pad) - beside)

    def natural_width(self, limit: int) -> int:
        if self.wide:
            return super().natural_width(limit)
        beside = self._icon_px + self._air if self.icon_at != "above" else 0
        return min(limit, self.words.natural() + beside + 2 * look.px(self.pad))

    def height_for(self, width: int) -> int:
        least = look.px(self.least_high)
        if self.message.is_empty:
            return least
        height = self.words.block(self._room(width)).height
        if self.icon_at == "above":
            height += self._icon_px + self._air
        return max(least, height + 2 * look.px(2.0))

    @property
    def least_high(self) -> float:
        high = self.high or KINDS[self.kind].high
        if self.kind == "key" and look.has_help_line:
            return min(high, tokens.KEY_HEIGHT_HELPED)
        return min(high, tokens.LOW_HEIGHTS.get(self.kind, high)) if look.is_split else high

    def baseline(self, width: int) -> int:
        return round(self.height_for(width) * 0.6)

    def is_cut(self) -> bool:
        return self.rect.width > 0 and self.would_cut(self.rect.width)

    def would_cut(self, width: int) -> bool:
        return not self.message.is_empty and self.words.is_cut(self._room(width))

    def lines(self) -> list[str]:
        if self.message.is_empty:
            return []
        return line_texts(self.words.block(self._room(self.rect.width)))

    def draw(self) -> None:
        kind = self._kind
        box = kind.box
        if self.is_chosen and self.is_enabled:
            box = "on"
        if self._is_down and self.shows_press:
            box += "_down"
        if box:
            draw_box(box, self.rect)
        sinks = self._is_down and self.shows_press
        if sinks:
            PushMatrix()
            Translate(0, -look.px(tokens.LIP) // 2)
        self.draw_content(self.rect, "blue" if self.is_chosen and self.kind != "option" else kind.colour)
        if sinks:
            PopMatrix()
        if self.is_focused:
            draw_focus(self.rect)

    def draw_content(self, rect: Rect, colour: str) -> None:
        """Words and icon in the middle, by their ink."""
        text = self.words
        block = text.block(self._room(rect.width)) if not self.message.is_empty else None
        beyond = text.overhang(self._room(rect.width)) if block else 0
        size, air = self._icon_px, self._air
        if self.icon_at == "above":
            height = size + air + (block.height if block else 0)
            y = rect.y + (rect.height - height) // 2
            draw_icon(self.icon, Rect(rect.x + (rect.width - size) // 2, y, size, size), colour)
            if block:
                left = rect.x + (rect.width - block.width - beyond) // 2
                text.draw(left, y + size + air, self._room(rect.width), colour)
            return
        width = size + air + (block.width if block else 0)
        x = rect.x + (rect.width - width - beyond * (self.icon_at != "after")) // 2
        middle = rect.y + rect.height // 2
        icon_x = x if self.icon_at == "before" else x + width - size
        draw_icon(self.icon, Rect(icon_x, middle - size // 2, size, size), colour)
        if block:
            text_x = x + size + air if self.icon_at == "before" else x
            text.draw(text_x, middle - block.height // 2, self._room(rect.width), colour)

    # ---- touch

    def on_touch_down(self, touch: Any) -> bool:
        if not self._is_hit(touch):
            return False
        if self._touch is None and getattr(touch, "button", "left") == "left":
            self._touch = touch.uid
            touch.grab(self)
            self._press(self.can_press)
        return True

    def on_touch_move(self, touch: Any) -> bool:
        if touch.grab_current is not self or touch.uid != self._touch:
            return False
        self._press(self.can_press and bool(self.collide_point(*touch.pos)))
        return True

    def on_touch_up(self, touch: Any) -> bool:
        if touch.grab_current is not self or touch.uid != self._touch:
            return False
        touch.ungrab(self)
        self._touch = None
        self._press(False)
        if self.collide_point(*touch.pos) and self.is_shown:
            self.accept()
        return True

    def accept(self) -> None:
        """A whole touch happened inside."""
        if not self.is_enabled:
            if self._when_off_action is not None:
                self._when_off_action()
        elif not self._is_spent and self._action is not None:
            self._is_spent = self.leaves_screen
            self._action()

    def dismantle(self) -> None:
        self._action = self._when_off_action = None
        super().dismantle()

    def hide(self) -> None:
        self._touch = None
        self._is_down = False
        super().hide()

    def _is_hit(self, touch: Any) -> bool:
        return self.rect.width > 0 and self.is_shown and bool(self.collide_point(*touch.pos))

    def _press(self, is_down: bool) -> None:
        if is_down != self._is_down:
            self._is_down = is_down
            if self.shows_press and self.rect.width:
                self.paint()
