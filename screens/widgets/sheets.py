"""What lies over a screen: the question "still there?", the sheet of languages and display, the short message."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from screens.theme import look, tokens
from screens.widgets.base import Element, Grid, Rect, Row, Stack
from screens.widgets.button import PushButton
from screens.widgets.choice import LanguageButton, OptionButton
from screens.widgets.messages import Say
from screens.widgets.paint import draw_box
from screens.widgets.ring import Ring
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
        self.end.kind, self.end.key, self.end.wide, self.end.leaves_screen = "side", "still.end", 74.0, True
        self.go.kind, self.go.key, self.go.grow, self.go.leaves_screen = "main", "still.go", 1.0, True
        row = Row()
        row.gap, row.align = tokens.GAP_3, "fill"
        row.add_widget(self.end)
        row.add_widget(self.go)
        for part in (_pad(4.0), top, row, _pad(0.0)):
            self.dialog.add_widget(part)
        self.total_s = 20.0

    def show_seconds(self, seconds: float) -> None:
        self.seconds.write_number(max(0, int(seconds + 0.999)))
        self.ring.show_fill(seconds / self.total_s)

    def show_money(self, has_money: bool) -> None:
        self.lead.say("still.money" if has_money else "still.lead")


class DisplaySheet(Overlay):
    """Languages, text size, colours: reached by the word ことば from every screen, without losing the place."""

    _SIZES = ("S", "M", "L", "XL")
    _CONTRASTS = ("normal", "black")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.on_language: Callable[[str], None] = lambda _value: None
        self.on_size: Callable[[str], None] = lambda _value: None
        self.on_contrast: Callable[[str], None] = lambda _value: None
        title = Text()
        title.style, title.key = "title", "sheet.title"
        self.languages = Grid()
        self.languages.gap = self.languages.gap_y = tokens.GAP_2
        self._language_buttons: dict[str, LanguageButton] = {}
        self.size_title, self.contrast_title = Text(), Text()
        for text, key in ((self.size_title, "sheet.size"), (self.contrast_title, "sheet.contrast")):
            text.style, text.key = "head", key
        self.sizes = Grid()
        self.contrasts = Grid()
        for grid in (self.sizes, self.contrasts):
            grid.gap = grid.gap_y = tokens.GAP_2
        self._size_buttons = {s: self._option(f"sheet.size.{s}", self.sizes) for s in self._SIZES}
        self._contrast_buttons = {
            c: self._option(f"sheet.contrast.{c}", self.contrasts) for c in self._CONTRASTS
        }
        for size, button in self._size_buttons.items():
            button.does(partial(self._tell_size, size))
        for contrast, button in self._contrast_buttons.items():
            button.does(partial(self._tell_contrast, contrast))
        self.close = PushButton()
        self.close.kind, self.close.key, self.close.icon = "main", "sheet.close", "close"
        parts = (
            _pad(4.0), title, self.languages, self.size_title, self.sizes,
            self.contrast_title, self.contrasts, self.close, _pad(0.0),
        )  # fmt: skip
        self.dialog.gap = tokens.GAP_3
        for part in parts:
            self.dialog.add_widget(part)

    def _tell_language(self, language: str) -> None:
        self.on_language(language)

    def _tell_size(self, size: str) -> None:
        self.on_size(size)

    def _tell_contrast(self, contrast: str) -> None:
        self.on_contrast(contrast)

    def _option(self, key: str, grid: Grid) -> OptionButton:
        button = OptionButton()
        button.key, button.target = key, key
        grid.add_widget(button)
        return button

    def show_state(self, languages: tuple[str, ...], can: frozenset[str]) -> None:
        """`can`: the intents that are possible now."""
        for language in languages:
            if language not in self._language_buttons:
                button = LanguageButton()
                button.does(partial(self._tell_language, language))
                self._language_buttons[language] = button
                self.languages.add_widget(button)
            self._language_buttons[language].show_language(language, language == look.words.language)
        for size, option in self._size_buttons.items():
            option.choose(size == look.text_size)
        for contrast, option in self._contrast_buttons.items():
            option.choose(contrast == look.contrast)
        self.languages.show("ChooseLanguage" in can)
        for part, intent in (
            (self.size_title, "SetTextSize"),
            (self.sizes, "SetTextSize"),
            (self.contrast_title, "SetContrast"),
            (self.contrasts, "SetContrast"),
        ):
            part.show(intent in can)


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
