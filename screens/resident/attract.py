"""Idle: can I do it here, now? What it costs here and at the counter, what is needed, which language."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from i18n import dates
from i18n import message as messages
from kiosk.intents import Begin, ChooseLanguage
from kiosk.view import Attract, Price
from screens.theme import look
from screens.widgets.base import Rect, Row, Rule, Stack
from screens.widgets.button import PushButton
from screens.widgets.choice import LanguageButton
from screens.widgets.frame import Top
from screens.widgets.messages import Say
from screens.widgets.picture import Picture
from screens.widgets.screen import Host, Screen, Zones
from screens.widgets.text import Text

_MOST = 6
"""So many buttons of languages there are at most, two in a row; the last one opens all of them."""
_MORE = "attract.more"
_CARD, _CARD_SPLIT, _PIN = 28.0, 16.0, 16.0
_SMALLER = (1.0, 0.7, 0.5)
_COUNTER_WIDE, _HERE_WIDE = 46.0, 50.0
_MOST_ROWS, _FEW_ROWS = 5, 2
_MOST_NOTICES = 2


class AttractScreen(Screen):
    speaks_aloud: ClassVar[bool] = True
    title: ClassVar[str] = "attract.title"
    lead: ClassVar[str] = "attract.lead"
    _shown: object = None
    _told: tuple[str, ...] = ()

    def __init__(self, host: Host, **kwargs: Any) -> None:
        self._languages: list[LanguageButton] = []
        self._more = PushButton()
        self._count = 0
        """How many of them there is room for."""
        self._prices: tuple[Price, ...] = ()
        self._rows: list[tuple[Rule, Row]] = []
        self._others = _OthersRow()
        super().__init__(host, **kwargs)

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
        self.ids.hours.show(bool(body.hours))
        self.ids.hours.write(messages.sentence(body.hours))
        self._show_notices(body.announcements)
        self._show_prices(body.prices)
        self._show_languages()
        self.bind_intent(self.ids.begin, Begin)

    def _show_notices(self, announcements: tuple[str, ...]) -> None:
        """What the town has to say today, in its own words; two at most, so that the prices stay."""
        shown = announcements[:_MOST_NOTICES]
        notices = self.ids.notices
        notices.show(bool(shown))
        if shown == self._told:
            return
        self._told = shown
        notices.clear_widgets()
        for text in shown:
            say = Say()
            say.tone, say.style, say.icon_high = "info", "body", 12.0
            say.settle()
            say.text.write(messages.sentence(text))
            notices.add_widget(say)

    def _show_prices(self, prices: tuple[Price, ...]) -> None:
        table = self.ids.prices
        table.show(bool(prices))
        shown = (prices, look.words.language, look.is_split)
        if shown == self._shown:
            return
        self._shown = shown
        table.clear_widgets()
        table.add_widget(_row("attract.kinds", "attract.counter", "attract.here"))
        self._prices, self._rows, self._others = prices, [], _OthersRow()
        for price in prices[:_MOST_ROWS]:
            self._rows.append((Rule(), _price_row(price)))
            for part in self._rows[-1]:
                table.add_widget(part)
        table.add_widget(self._others)
        self._show_rows(self._most_rows)

    @property
    def _most_rows(self) -> int:
        return len(self._rows) if len(self._prices) == len(self._rows) else _MOST_ROWS - 1

    def _show_rows(self, count: int) -> None:
        """So many certificates by themselves, the others in one row. While it is being placed: nobody above is told."""
        for index, pair in enumerate(self._rows):
            for part in pair:
                part.is_shown = index < count
        rest = self._prices[count:]
        self._others.is_shown = bool(rest)
        if rest:
            self._others.take(rest)
        self.ids.prices._is_stale = True

    def _show_languages(self) -> None:
        """The town's first languages by a button each; the last button opens all of them."""
        grid = self.ids.languages
        languages = self.view.languages if self.view else ()
        if not grid.parts():
            for language in languages[: _MOST - 1] if len(languages) > _MOST else languages:
                button = LanguageButton()
                button.does(partial(self.host.send, ChooseLanguage, language=language))
                grid.add_widget(button)
                self._languages.append(button)
                button.show_language(language, False)
            more = self._more = PushButton()
            more.target, more.icon = _MORE, "globe"
            more.does(self.host.open_languages)
            grid.add_widget(more)
        for part in self._languages:
            part.show_language(part.target, part.target == look.words.language)
            part.enable(self.can(ChooseLanguage))
        self._show_first(len(self._languages))
        self.changed()  # how many have room is found when it is placed

    def _show_first(self, count: int) -> None:
        """While it is being placed: nobody above is told."""
        self._count = count
        languages = self.view.languages if self.view else ()
        ranked = sorted(self._languages, key=lambda part: part.target == look.words.language)
        for part in self._languages:  # the one that is shown anyway needs a button least
            part.is_shown = part in ranked[:count]
        rest = len(languages) - min(count, len(self._languages))
        self._more.is_shown = rest > 0 and count > 0
        self.ids.languages.is_shown = count > 0
        self.ids.ask_language.is_shown = count > 0 and not look.is_split
        if rest:
            self._more.take_words(_MORE, rest)
        self.ids.languages._is_stale = True

    def height_for(self, width: int) -> int:
        """It can live without a language, since ことば has them all; in larger letters with few certificates."""
        count = self._show_least()
        height = super().height_for(width)
        self._show_first(count)
        return height

    def is_room(self, zones: Zones) -> bool:
        count = self._show_least()
        is_room = super().is_room(zones)
        self._show_first(count)
        return is_room

    def _show_least(self) -> int:
        """How many languages there were."""
        count = self._count
        self._show_first(0)
        self._show_rows(min(_FEW_ROWS, self._most_rows) if look.factor > 1.0 else self._most_rows)
        return count

    def place(self, rect: Rect) -> None:
        """As many languages as there is room for, in whole rows; then, if need be, fewer certificates with a row of
        their own."""
        if rect != self.rect or self._is_stale:
            self._show_rows(self._most_rows)
            every = len(self._languages)
            steps = [(min(count, every), self._most_rows) for count in (every, 3, 1, 0)]
            steps += [(0, rows) for rows in range(self._most_rows - 1, 0, -1)]
            for count, rows in steps:
                self._show_first(count)
                if rows != self._most_rows:
                    self._show_rows(rows)
                if self._is_place_enough(rect):
                    break
            self._is_stale = True
        super().place(rect)

    def _is_place_enough(self, rect: Rect) -> bool:
        if self.zones is not None:
            return super().is_room(self.zones)
        return super().height_for(rect.width) <= rect.height


class NeedRow(Row):
    """What is needed. The pictures `card` and `pin` are the smaller, the less room is left beside the words."""

    def height_for(self, width: int) -> int:
        whole = {"card": _CARD_SPLIT if look.is_split else _CARD, "pin": _PIN}
        pictures = [part for part in self.parts() if isinstance(part, Picture)]
        for smaller in _SMALLER:
            for picture in pictures:
                picture.high = whole[picture.drawing] * smaller
            if not self._would_cut_words(width):
                break
        return super().height_for(width)

    def _would_cut_words(self, width: int) -> bool:
        inner = width - 2 * look.px(self.pad_x)
        return any(
            text.words.is_cut(wide)
            for part, wide in zip(self.parts(), self.widths(inner), strict=True)
            for text in part.within()
            if isinstance(text, Text)
        )


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


class _OthersRow(Stack):
    """What has no row of its own, with its lowest and highest price."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        row = Row()
        row.pad_y = 1.5
        self._name, self._here = _cell(), _cell(_COUNTER_WIDE + _HERE_WIDE, is_bold=True, colour="blue")
        for cell in (self._name, self._here):
            row.add_widget(cell)
        self.add_widget(Rule())
        self.add_widget(row)

    def take(self, prices: tuple[Price, ...]) -> None:
        self._name.say("attract.others", len(prices))
        lowest, highest = (look.words.write(find(each.here for each in prices)) for find in (min, max))
        self._here.write(lowest if lowest == highest else f"{lowest} – {highest}")


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
