"""Idle: can I do it here, now? What it costs here and at the counter, what is needed, which language."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from i18n import dates
from kiosk.intents import Begin, ChooseLanguage
from kiosk.view import Attract, Price
from screens.theme import look
from screens.widgets.base import Row, Rule
from screens.widgets.button import PushButton
from screens.widgets.choice import LanguageButton
from screens.widgets.frame import Top
from screens.widgets.screen import Screen
from screens.widgets.text import Text

_FEW, _MOST, _MOST_SPLIT = 4, 9, 6
"""So many languages stand two in a row; so many buttons there are at most, the last one opens the rest."""
_MORE = "attract.more"
_COUNTER_WIDE, _HERE_WIDE = 46.0, 50.0
_MOST_ROWS = 5


class AttractScreen(Screen):
    title: ClassVar[str] = "attract.title"
    lead: ClassVar[str] = "attract.lead"
    _shown: object = None

    def head(self, top: Top, body: Any) -> None:
        super().head(top, body)
        top.place_row.name(body.town, body.place)

    def fill(self, body: Attract) -> None:
        hour, _, minute = body.open_until.partition(":")
        self.ids.open_box.show(bool(minute))
        if minute:
            self.ids.open.say("attract.open", time=dates.clock(look.words, int(hour), int(minute)))
        self.ids.cash_open.show(body.is_cash_open)
        self.ids.cash_open.say(_cash_key(body))
        self.ids.no_cash.show(not body.is_cash_open)
        self.ids.no_cash.say("attract.cashless_only" if body.is_cashless_open else "attract.no_cash")
        self._show_prices(body.prices)
        self._show_languages()
        self.bind_intent(self.ids.begin, Begin)

    def _show_prices(self, prices: tuple[Price, ...]) -> None:
        table = self.ids.prices
        table.show(bool(prices))
        shown = (prices, look.words.language, look.is_split)
        if shown == self._shown:
            return
        self._shown = shown
        table.clear_widgets()
        table.add_widget(_row("attract.kinds", "attract.counter", "attract.here"))
        few = prices if len(prices) <= _MOST_ROWS else prices[: _MOST_ROWS - 1]
        for price in few:
            table.add_widget(Rule())
            table.add_widget(_price_row(price))
        if len(prices) > len(few):
            table.add_widget(Rule())
            table.add_widget(_others_row(prices[len(few) :]))

    def _show_languages(self) -> None:
        grid = self.ids.languages
        languages = self.view.languages if self.view else ()
        self.ids.ask_language.show(not look.is_split)
        grid.columns = 2 if len(languages) <= _FEW else 3
        most = _MOST_SPLIT if look.is_split else _MOST
        shown = languages if len(languages) <= most else languages[: most - 1]
        for language in shown:
            if not any(part.target == language for part in grid.parts()):
                button = LanguageButton()
                button.does(partial(self.host.send, ChooseLanguage, language=language))
                grid.add_widget(button)
                button.show_language(language, False)
        for part in grid.parts():
            part.show(part.target == _MORE or part.target in shown)
        for part in (each for each in grid.parts() if isinstance(each, LanguageButton)):
            part.show_language(part.target, part.target == look.words.language)
            part.enable(self.can(ChooseLanguage))
        rest = len(languages) - len(shown)
        if rest and not any(part.target == _MORE for part in grid.parts()):
            more = PushButton()
            more.target, more.style, more.icon = _MORE, "body", "globe"
            more.does(self.host.open_languages)
            more.say(_MORE, rest)
            grid.add_widget(more)


def _cash_key(body: Attract) -> str:
    """What can be paid with, before anything is begun."""
    if body.is_cashless_open:
        return "attract.cash_and_cashless"
    return "attract.cash_only" if body.has_cashless else "attract.cash"


def _cell(wide: float = 0, *, is_bold: bool = False, colour: str = "ink", style: str = "lead") -> Text:
    text = Text()
    text.style, text.is_bold, text.colour = "body" if look.is_split else style, is_bold, colour
    if wide:
        text.wide, text.align = wide, "right"
    else:
        text.grow = 1.0
    return text


def _row(*keys: str) -> Row:
    row = Row()
    row.pad_y = 1.0
    for key, wide in zip(keys, (0, _COUNTER_WIDE, _HERE_WIDE), strict=True):
        cell = _cell(wide, colour="quiet", style="body")
        cell.say(key)
        row.add_widget(cell)
    return row


def _others_row(prices: tuple[Price, ...]) -> Row:
    """What does not fit, with its lowest and highest price."""
    row = Row()
    row.pad_y = 1.5
    name, here = _cell(), _cell(_COUNTER_WIDE + _HERE_WIDE, is_bold=True, colour="blue")
    name.say("attract.others", len(prices))
    lowest, highest = (look.words.write(find(each.here for each in prices)) for find in (min, max))
    here.write(lowest if lowest == highest else f"{lowest} – {highest}")
    for cell in (name, here):
        row.add_widget(cell)
    return row


def _price_row(price: Price) -> Row:
    row = Row()
    row.pad_y = 1.5
    name, counter, here = _cell(), _cell(_COUNTER_WIDE), _cell(_HERE_WIDE, is_bold=True, colour="blue")
    name.say(f"kind.{price.kind}")
    counter.write(look.words.write(price.counter))
    here.write(look.words.write(price.here))
    for cell in (name, counter, here):
        row.add_widget(cell)
    return row
