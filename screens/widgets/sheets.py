"""What lies over a screen: the question "still there?", the sheet of languages and display, the short message."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import dropwhile
from typing import Any, NamedTuple

from screens.theme import look, tokens
from screens.widgets.base import Element, Rect, Row, Stack
from screens.widgets.button import PushButton
from screens.widgets.choice import LanguageButton, OptionButton
from screens.widgets.grid import Grid
from screens.widgets.messages import Say
from screens.widgets.paint import draw_box
from screens.widgets.ring import Ring
from screens.widgets.screen import holds_button
from screens.widgets.text import Figure, Text


class Overlay(Element):
    """A veil over the screen and a dialog that rises from the bar. The bar stays free."""

    role = "dialog"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.is_shown = False
        self.dialog = Stack()
        self.dialog.box, self.dialog.gap = "dialog", tokens.GAP_4
        self.dialog.pad_x, self.dialog.pad_y = tokens.EDGE, 0.0
        self.add_widget(self.dialog)

    def draw(self) -> None:
        draw_box("flat:veil", self.rect)

    def arrange(self) -> None:
        width = self.rect.width
        height = min(self.rect.height, self.dialog.height_for(width))
        self.dialog.place(Rect(self.rect.x, self.rect.y + self.rect.height - height, width, height))

    def reach_for(self, width: int) -> int:
        """How far above the bar its highest control would lie."""
        dialog = self.dialog
        parts = list(dropwhile(lambda part: not holds_button(part), dialog.parts()))
        return dialog.column_height(parts, width - 2 * look.px(dialog.pad_x))

    def on_touch_down(self, touch: Any) -> bool:
        """Nothing below the veil can be touched."""
        if not self.is_shown or not self.collide_point(*touch.pos):
            return False
        super().on_touch_down(touch)
        return True


def _pad(high: float) -> Element:
    space = Element()
    space.high = high
    return space


_END_WIDE, _END_WIDE_ACROSS = 74.0, 100.0


class StillThereDialog(Overlay):
    """Seconds, question, and つづける where the main action of the screen is."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ring, self.seconds, self.unit = Ring(), Figure(), Text()
        self.ring.wide, self.ring.thick = 64.0, 6.0
        self.seconds.align = self.unit.align = "center"
        self.unit.key = "still.second"
        self.ring.add_widget(self.seconds)
        self.ring.add_widget(self.unit)
        self.title, self.lead = Text(), Text()
        self.title.style, self.title.key = "title", "still.title"
        self.lead.style, self.lead.key = "lead", "still.lead"
        say = Stack()
        say.gap, say.grow = 3.0, 1.0
        say.add_widget(self.title)
        say.add_widget(self.lead)
        top = Row()
        top.gap = 12.0
        top.add_widget(self.ring)
        top.add_widget(say)
        self.end, self.go = PushButton(), PushButton()
        self.end.kind, self.end.key, self.end.leaves_screen = "side", "still.end", True
        self.go.kind, self.go.key, self.go.grow, self.go.leaves_screen = "main", "still.go", 1.0, True
        row = Row()
        row.gap, row.align = tokens.GAP_3, "fill"
        row.add_widget(self.end)
        row.add_widget(self.go)
        for part in (_pad(4.0), top, row, _pad(0.0)):
            self.dialog.add_widget(part)
        self.total_s = 20.0
        self._widen()

    def restyle(self) -> None:
        self._widen()
        super().restyle()

    def _widen(self) -> None:
        self.end.wide = _END_WIDE_ACROSS if look.is_landscape else _END_WIDE

    def show_seconds(self, seconds: float) -> None:
        self.seconds.write_number(max(0, int(seconds + 0.999)))
        self.ring.show_fill(seconds / self.total_s)

    def show_money(self, has_money: bool) -> None:
        self.lead.say("still.money" if has_money else "still.lead")


class DisplaySheet(Overlay):
    """Reached by the word ことば from every screen, without losing the place. One page of languages, one of display:
    text size, colours, where the controls are."""

    _SIZES = ("S", "M", "L", "XL")
    _CONTRASTS = ("normal", "low", "black", "yellow")
    _REACHES = ("high", "low")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.on_language: Callable[[str], None] = lambda _value: None
        self.on_size: Callable[[str], None] = lambda _value: None
        self.on_contrast: Callable[[str], None] = lambda _value: None
        self.on_reach: Callable[[str], None] = lambda _value: None
        self.on_turn: Callable[[], None] = lambda: None
        self._can: frozenset[str] = frozenset()
        self._is_display = False
        self.title = Text()
        self.title.style = "title"
        self.languages = Grid()
        self.languages.gap = self.languages.gap_y = tokens.GAP_2
        self._language_buttons: dict[str, LanguageButton] = {}
        self._groups = (
            self._group("size", self._SIZES),
            self._group("contrast", self._CONTRASTS),
            self._group("reach", self._REACHES),
        )
        self.other, self.close = PushButton(), PushButton()
        self.other.kind, self.other.target, self.other.grow = "side", "turn", 1.0
        self.other.does(self._turn)
        self.close.kind, self.close.key, self.close.icon, self.close.grow = (
            "main",
            "sheet.close",
            "close",
            1.0,
        )
        row = Row()
        row.gap, row.align = tokens.GAP_3, "fill"
        row.add_widget(self.other)
        row.add_widget(self.close)
        self.dialog.gap = tokens.GAP_3
        for part in (_pad(2.0), self.title, self.languages, *self._group_parts(), row, _pad(0.0)):
            self.dialog.add_widget(part)

    def _tell(self, name: str, value: str) -> None:
        tell: Callable[[str], None] = getattr(self, f"on_{name}")
        tell(value)

    def _group(self, name: str, values: tuple[str, ...]) -> _Group:
        title, grid = Text(), Grid()
        title.style, title.key = "head", f"sheet.{name}"
        grid.gap = grid.gap_y = tokens.GAP_2
        buttons: dict[str, OptionButton] = {}
        for value in values:
            button = OptionButton()
            button.key = button.target = f"sheet.{name}.{value}"
            button.does(partial(self._tell, name, value))
            grid.add_widget(button)
            buttons[value] = button
        return _Group(title, grid, buttons)

    def _group_parts(self) -> list[Element]:
        return [part for group in self._groups for part in (group.title, group.grid)]

    def open(self, is_display: bool = False) -> None:
        """Languages first: who cannot read the page cannot turn it."""
        self._is_display = is_display
        self._lay_out()
        self.show(True)

    def _turn(self) -> None:
        self._is_display = not self._is_display
        self._lay_out()
        self.on_turn()

    def show_state(self, languages: tuple[str, ...], can: frozenset[str]) -> None:
        """`can`: the intents that are possible now."""
        self._can = can
        for language in languages:
            if language not in self._language_buttons:
                button = LanguageButton()
                button.does(partial(self._tell_language, language))
                self._language_buttons[language] = button
                self.languages.add_widget(button)
            self._language_buttons[language].show_language(language, language == look.words.language)
        chosen = (look.text_size, look.contrast, "low" if look.is_low else "high")
        for group, value in zip(self._groups, chosen, strict=True):
            for name, option in group.buttons.items():
                option.choose(name == value)
        self._lay_out()

    def _tell_language(self, language: str) -> None:
        self.on_language(language)

    def _lay_out(self) -> None:
        """What this page shows, and in how many columns."""
        is_display = self._is_display or "ChooseLanguage" not in self._can
        self.title.say("sheet.display" if is_display else "sheet.title")
        self.languages.show(not is_display)
        many = len(self._language_buttons) > _MANY
        columns = (4 if look.is_landscape else 3) if look.is_split and many else 2
        if columns != self.languages.columns:
            self.languages.columns = columns
            self.languages.changed()
        for button in self._language_buttons.values():
            button.style = "body" if look.is_split and many else "lead"
            button.high = _LANGUAGE_LOW if look.is_split else _LANGUAGE_HIGH
        for group, intent in zip(self._groups, ("SetTextSize", "SetContrast", "SetReach"), strict=True):
            is_shown = is_display and intent in self._can
            if intent == "SetReach":
                is_shown = is_shown and not look.is_landscape
            group.title.show(is_shown)
            group.grid.show(is_shown)
            group.title.style, group.title.is_bold = ("body" if look.is_split else "head"), True
            for option in group.buttons.values():
                option.style = "body" if look.is_split else "lead"
                option.high = _LANGUAGE_LOW if look.is_split else 0.0
        self.dialog.gap = tokens.GAP_1 if look.is_split else tokens.GAP_3
        self.other.show("ChooseLanguage" in self._can)
        self.other.say("sheet.to_languages" if is_display else "sheet.to_display")
        self.changed()


class _Group(NamedTuple):
    """One question of the display page."""

    title: Text
    grid: Grid
    buttons: dict[str, OptionButton]


_MANY = 8
_LANGUAGE_HIGH, _LANGUAGE_LOW = 25.0, 18.5


class Toast(Element):
    """A short message above the bar; it goes by itself and covers nothing that can be pressed for long."""

    role = "status"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.is_shown = False
        self.say = Say()
        self.say.tone, self.say.style = "soft", "lead"
        self.say.pad_y = 6.0
        self.say.settle()
        self.add_widget(self.say)

    def draw(self) -> None:
        edge = look.px(1.5)
        draw_box("amount", self.rect.inset(-edge, -edge, -edge, -edge))

    def arrange(self) -> None:
        self.say.place(self.rect)

    def height_for(self, width: int) -> int:
        return self.say.height_for(width)
