"""Choosing: a certificate with − and ＋, and one of several options."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from i18n import dates
from i18n.catalogue import SOURCE, Value, load
from i18n.message import Message
from kiosk.view import KindChoice, Question
from screens.theme import look, tokens
from screens.widgets.base import Rect, Row, Stack
from screens.widgets.button import PushButton
from screens.widgets.ring import draw_mark
from screens.widgets.text import Text, Words

_COUNT_WIDE, _COUNT_WIDE_LARGE, _COUNT_WIDE_SPLIT = 78.0, 96.0, 70.0
_FOLD_ABOVE = 1.2
_LOOSE_ABOVE = 1.1
_OPTION_LOW = 19.0


def _is_folded() -> bool:
    """Large text, or two cards side by side."""
    return look.factor > _FOLD_ABOVE or look.is_split


def _nothing(*_arguments: object) -> None:
    """What a dismantled widget does."""


class KindCard(Stack):
    """One certificate: what it is called, what it is for, what it costs, how many.

    `on_copies(kind, copies)` is called by −, ＋ and ＋ えらぶ. With large text the name has a line of its own; half as
    wide, the fee, too.
    """

    role = "group"
    pad_x = 6.0
    pad_y = 4.0
    gap = tokens.GAP_1

    def __init__(self, on_copies: Callable[[str, int], None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._on_copies = on_copies
        self._choice: KindChoice | None = None
        words = self._words = Stack()
        words.grow = 1.0
        self.title, self.purpose, self.fee = Text(), Text(), Text()
        self.title.style, self.title.is_bold = "lead", True
        self.fee.style, self.fee.is_bold = "lead", True
        words.add_widget(self.title)
        words.add_widget(self.purpose)
        self.pick, self.less, self.more = (
            _button("pick", ""),
            _button("less", "minus"),
            _button("more", "plus"),
        )
        self.pick.kind, self.pick.style, self.pick.key, self.pick.icon = "plain", "lead", "kinds.pick", "plus"
        self.pick.high = tokens.COUNT_BUTTON
        self.count, self.refusal = Text(), Text()
        self.count.style, self.count.is_bold, self.count.align, self.count.grow = "lead", True, "center", 1.0
        self.counter = Row()
        for part in (self.less, self.count, self.more):
            self.counter.add_widget(part)
        self.less.wide = self.more.wide = tokens.COUNT_BUTTON
        self.refusal.colour, self.refusal.align, self.refusal.is_bold = "quiet", "center", True
        end = self._end = Stack()
        end.wide, end.align = _COUNT_WIDE, "fill"
        for part in (self.pick, self.counter, self.refusal):
            end.add_widget(part)
        self._line = Row()
        self._line.gap = tokens.GAP_2
        for part in (words, self.fee, end):
            self._line.add_widget(part)
        self.add_widget(self._line)
        self._fold(_is_folded())
        self.pick.does(lambda: self._change(+1))
        self.more.does(lambda: self._change(+1))
        self.less.does(lambda: self._change(-1))

    def restyle(self) -> None:
        self._fold(_is_folded())
        super().restyle()

    def _fold(self, is_folded: bool) -> None:
        self._narrow(look.is_split)
        is_loose = look.is_split and look.factor > _LOOSE_ABOVE
        if (self._words.parent is self, self.fee.parent is self) == (is_folded, is_loose):
            return
        for part in (self._words, self.fee, self._line):
            part.parent.remove_widget(part)
        for part, is_above in ((self._words, is_folded), (self.fee, is_loose)):
            (self if is_above else self._line).add_widget(part)
        self._line.remove_widget(self._end)
        self._line.add_widget(self._end)
        self.add_widget(self._line)
        self._words.grow = 0.0 if is_folded else 1.0
        self._narrow(look.is_split)

    def _share(self) -> None:
        """The end has its width, and the fee what is left; but a reason stands in a small card with all there is."""
        is_folded, is_loose = self._words.parent is self, self.fee.parent is self
        takes_rest = is_loose or (look.is_split and self.refusal.is_shown)
        self.fee.grow = 1.0 if is_folded and not takes_rest else 0.0
        self._end.grow = 1.0 if takes_rest else 0.0

    def _narrow(self, is_narrow: bool) -> None:
        """Half as wide: the same parts with less between them."""
        wide = _COUNT_WIDE_LARGE if self._words.parent is self else _COUNT_WIDE
        self._end.wide = _COUNT_WIDE_SPLIT if is_narrow else wide
        self.pad_x = 4.0 if is_narrow else 6.0
        self._line.gap = 2.0 if is_narrow else tokens.GAP_2
        for text in (self.fee, self.count):
            text.style = "body" if is_narrow else "lead"
        self._share()

    def show_choice(self, choice: KindChoice, can_change: bool) -> None:
        """Take the values."""
        self._choice = choice
        is_on = choice.copies > 0
        self.title.say(f"kind.{choice.kind}")
        is_japanese = look.words.language.partition("-")[0] == SOURCE
        self.purpose.language = "" if is_japanese else SOURCE
        if is_japanese:
            self.purpose.say(f"kind.{choice.kind}.for")
        else:
            self.purpose.write(load(SOURCE).message(f"kind.{choice.kind}"))
        self.purpose.show(not look.is_split)
        self.fee.show(bool(choice.fee) or not choice.refusal)  # what the counter alone has, has no price here
        self.fee.write(look.words.write(choice.fee))
        self.pick.show(not is_on and not choice.refusal)
        self.counter.show(is_on and not choice.refusal)
        self.refusal.show(bool(choice.refusal))
        self._share()
        if choice.refusal:
            key = f"refusal.{choice.refusal}"
            self.refusal.say(key if look.words.has(key) else "refusal.other")
        self.count.say("kinds.count", choice.copies)
        self.pick.enable(can_change)
        self.less.enable(can_change)
        self.more.enable(can_change and choice.copies < choice.max_copies)
        box = "kind_off" if choice.refusal else "kind_on" if is_on else "kind"
        if box != self.box:
            self.box = box
            self.changed()
        for button in (self.pick, self.less, self.more):
            button.target = f"{button.role_name} {choice.kind}"
            button.spoken = f"speak.{button.role_name}"
            button.spoken_values = {"kind": look.words.text(f"kind.{choice.kind}.short")}

    def dismantle(self) -> None:
        self._on_copies = _nothing
        super().dismantle()

    def _change(self, by: int) -> None:
        if self._choice is not None:
            self._on_copies(self._choice.kind, self._choice.copies + by)


class _CountButton(PushButton):
    role_name = ""


def _button(name: str, icon: str) -> _CountButton:
    button = _CountButton()
    button.kind, button.icon, button.pad, button.role_name = "count", icon, 2.0, name
    return button


_YEAR = re.compile("y([0-9]{4})")


def choice_words(key: str, choice: str) -> tuple[str, dict[str, Value]]:
    """The text of a choice, and its values: a fiscal year (`y2026`) is data, every other choice has its own text."""
    found = _YEAR.fullmatch(choice)
    if found is None:
        return f"{key}.{choice}", {}
    year = int(found[1])
    of_year: dict[str, Value] = {
        "fiscal": dates.fiscal_year(look.words, year),
        "before": dates.year(look.words, year - 1),
    }
    return f"{key}.year", of_year


class OptionButton(PushButton):
    """A radio: the dot fills, the line thickens, the ground is tinted, the words turn bold."""

    role = "radio"
    kind = "option"
    pad = 3.0
    _DOT = 10.0

    @property
    def words(self) -> Words:
        text = super().words
        return text._replace(is_bold=self.is_chosen)

    def _room(self, width: int) -> int:
        return max(1, width - 2 * look.px(self.pad) - look.px(self._DOT) - look.px(tokens.GAP_1))

    def natural_width(self, limit: int) -> int:
        natural = self.words._replace(is_bold=True).natural()
        return min(limit, natural + look.px(self._DOT) + look.px(tokens.GAP_1) + 2 * look.px(self.pad))

    def draw_content(self, rect: Rect, colour: str) -> None:
        text = self.words
        block = text.block(self._room(rect.width))
        dot = self.dot_rect()
        middle = rect.y + rect.height // 2
        _radio(dot, self.is_chosen)
        left = dot.x + dot.width + look.px(tokens.GAP_1)
        text.draw(left, middle - block.height // 2, self._room(rect.width), colour)

    def dot_rect(self) -> Rect:
        """Where its mark is."""
        rect, dot = self.rect, look.px(self._DOT)
        block = self.words.block(self._room(rect.width))
        x = rect.x + (rect.width - dot - look.px(tokens.GAP_1) - block.width) // 2
        return Rect(x, rect.y + rect.height // 2 - dot // 2, dot, dot)


def _radio(rect: Rect, is_on: bool) -> None:
    if not is_on:
        draw_mark(rect, "open_dark")
        return
    draw_mark(rect, "full")
    inset = round(rect.width * 0.32)
    draw_mark(rect.inset(inset, inset, inset, inset), "hole")


class QuestionBox(Stack):
    """One question with its choices in a row. `on_choice(option, choice)`."""

    role = "group"
    gap = 3.0

    def __init__(self, on_choice: Callable[[str, str], None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._on_choice = on_choice
        self.title, self.help = Text(), Text()
        self.title.style = "head"
        self.row = Row()
        self.row.gap, self.row.align = tokens.GAP_3, "fill"
        for part in (self.title, self.help, self.row):
            self.add_widget(part)
        self.buttons: dict[str, OptionButton] = {}
        self._tighten()

    def restyle(self) -> None:
        self._tighten()
        super().restyle()

    def _tighten(self) -> None:
        """Three questions fit where controls have only a part of the panel."""
        self.title.style = "body" if look.is_split else "head"
        self.title.is_bold = True
        self.gap = 1.0 if look.is_split else 3.0
        for button in self.buttons.values():
            button.style = "body" if look.is_split else ""
            button.high = _OPTION_LOW if look.is_split else 0.0

    def show_question(self, question: Question, can_choose: bool) -> None:
        """Take the values; the choices of a question never change while it is shown."""
        key = f"option.{question.option}" if not question.label else "option.member"
        if question.label:
            self.title.say(key, name=question.label)
        else:
            self.title.say(key)
        self.help.show(look.words.has(f"{key}.help"))
        self.help.say(f"{key}.help")
        for choice in question.choices:
            if choice not in self.buttons:
                self.buttons[choice] = self._add(question.option, key, choice)
            words, values = choice_words(key, choice)
            self.buttons[choice].spoken = "speak.answer"
            self.buttons[choice].spoken_values = {
                # A name is not said aloud.
                "question": look.words.message("option.member.aloud" if question.label else key).reading,
                "choice": look.words.message(words, None, **values).reading,
            }
            self.buttons[choice].choose(choice == question.chosen)
            self.buttons[choice].enable(can_choose)

    def dismantle(self) -> None:
        self._on_choice = _nothing
        super().dismantle()

    def _add(self, option: str, key: str, choice: str) -> OptionButton:
        button = OptionButton()
        words, values = choice_words(key, choice)
        button.grow, button.target = 1.0, f"{option} {choice}"
        button.say(words, None, **values)
        button.does(lambda: self._on_choice(option, choice))
        self.row.add_widget(button)
        if look.is_split:
            button.style, button.high = "body", _OPTION_LOW
        return button


class LanguageButton(OptionButton):
    """A language in its own script; the chosen one is marked."""

    def show_language(self, language: str, is_chosen: bool) -> None:
        own: Message = load(language).message("language.name")
        self.language = language
        self.write(own)
        self.choose(is_chosen)
        self.target = language
