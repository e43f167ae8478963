"""The bar at the bottom: back, stop, language, voice, call staff. Never moved, hidden or renamed.

A word that cannot be used now stays in its place without a box; touching it says why. In low reach, while somebody
helps, a line above the words holds the way to end that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from screens.theme import look, tokens
from screens.widgets.base import Element, Rect
from screens.widgets.button import ICON_EM, PushButton
from screens.widgets.paint import draw_box
from screens.widgets.text import Words

WORDS = ("back", "cancel", "language", "voice", "call")
_ICONS = {"back": "back", "cancel": "stop", "language": "globe", "voice": "voice", "call": "call"}
_SHARES = {"back": 0.96, "cancel": 0.96, "language": 1.12, "voice": 0.92, "call": 1.26}
"""The places are the same in every language and text size; the widest words got the widest places."""
_SIDE = 3.0
_GAP = 3.5
"""2.5 mm on the smallest panel."""
_ICON_LEAST = 8.0
_ROUNDING = 0.02
"""A letter is whole pixels high: what fits exactly may come out a pixel too wide."""
_TOP, _BOTTOM = 4.0, 5.0


class Bar(Element):
    """Five words. `on_word(word)` for a usable one, `on_off(word)` for one that is not."""

    role = "bar"
    high = tokens.BAR_HEIGHT

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.on_word: Callable[[str], None] = lambda _word: None
        self.on_off: Callable[[str], None] = lambda _word: None
        self.buttons: dict[str, BarButton] = {}
        for word in WORDS:
            button = BarButton()
            button.kind = "bar_call" if word == "call" else "bar"
            button.key, button.target, button.icon = f"bar.{word}", word, _ICONS[word]
            button.does(self._tell(word, True), self._tell(word, False))
            self.buttons[word] = button
            self.add_widget(button)

    def _tell(self, word: str, is_usable: bool) -> Callable[[], None]:
        def tell() -> None:
            (self.on_word if is_usable else self.on_off)(word)

        return tell

    def show_state(self, usable: frozenset[str], is_voice_on: bool, is_staff_called: bool) -> None:
        """Which words can be used; voice and call also show what is on."""
        for word, button in self.buttons.items():
            button.enable(word in usable)
        voice = self.buttons["voice"]
        voice.choose(is_voice_on)
        self.buttons["call"].choose(is_staff_called)

    def height_for(self, width: int) -> int:
        return look.bar_px

    def draw(self) -> None:
        draw_box("flat:strip", self.rect)
        draw_box("flat:hair", self.rect._replace(height=look.px(tokens.LINE)))

    def arrange(self) -> None:
        self.hide_rest()
        side, gap = look.px(_SIDE), look.px(_GAP)
        inner = self.rect.inset(side, look.px(_TOP), side, look.px(_BOTTOM))
        line = look.help_line_px
        for part in self.parts():
            if part not in self.buttons.values():
                part.place(inner._replace(height=look.px(tokens.HELP_LINE)))
        inner = inner.inset(0, line, 0, 0)
        for button in self.buttons.values():
            button.icon_at = "before" if look.is_landscape else "above"
        unit = (inner.width - 4 * gap) / sum(_SHARES.values())
        places: dict[str, Rect] = {}
        x = float(inner.x)
        for word in self.buttons:
            width = unit * _SHARES[word]
            places[word] = Rect(round(x), inner.y, round(x + width) - round(x), inner.height)
            x += width + gap
        most = min(button.most_factor(places[word].width) for word, button in self.buttons.items())
        for word, button in self.buttons.items():
            button.use_factor(most)
            button.place(places[word])


class BarButton(PushButton):
    """A word of the bar. All five have one size: the largest, up to 1.2, at which each fits its place."""

    kind = "bar"
    icon_at = "above"
    when_off = "bare"
    pad = 0.8
    _factor = 1.0

    @property
    def words(self) -> Words:
        text = super().words
        return text._replace(px=look.em_px("bar", self._factor), is_bold=self.is_enabled)

    @property
    def _icon_px(self) -> int:
        """Two lines of words leave less room above them."""
        whole = super()._icon_px
        if self.icon_at != "above" or not self.rect.width:
            return whole
        words = self.words.block(max(1, self.rect.width - 2 * look.px(self.pad)))
        return min(whole, max(look.px(_ICON_LEAST), self.rect.height - words.height - look.px(3.0)))

    def most_factor(self, width: int) -> float:
        room = width - 2 * look.px(self.pad)
        words = self.words._replace(px=look.em_px("bar", 1.0), is_bold=True)
        ink = float(words.natural() + words.overhang(width))
        if self.icon_at != "above":  # beside the word, and as much larger as that
            room -= self._air
            ink += words.px * ICON_EM
        return max(1.0, min(max(1.0, look.factor), tokens.TEXT["bar"].most, room / ink - _ROUNDING))

    def use_factor(self, factor: float) -> None:
        if factor != self._factor:
            self._factor = factor
            self._is_stale = True
