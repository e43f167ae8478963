"""Is it right? Kinds, copies, sheets, fee and the masked name; never what the paper says. A long order has pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from i18n.message import Message, Run
from kiosk.intents import Back, Next
from kiosk.view import Confirm, OrderSummary
from screens.resident.advice import show_cheaper
from screens.theme import look
from screens.widgets.base import Row, Rule, Stack
from screens.widgets.choice import choice_words
from screens.widgets.paged import PagedScreen
from screens.widgets.screen import Host
from screens.widgets.text import Text


class ConfirmScreen(PagedScreen):
    stack = "lines"
    few = 3
    title: ClassVar[str] = "confirm.title"
    lead: ClassVar[str] = "confirm.lead"

    def __init__(self, host: Host, **kwargs: Any) -> None:
        self._told: object = None
        self._lines: list[Stack] = []
        super().__init__(host, **kwargs)
        self.ids.applicant.is_private = True

    def paged(self) -> Sequence[Stack]:
        return self._lines

    def fill(self, body: Confirm) -> None:
        self.ids.applicant.say("confirm.name", name=body.applicant)
        shown = (body.lines, look.words.language, look.is_split)
        if shown != self._told:
            self._told = shown
            self.ids.lines.clear_widgets()
            self._first = 0
            self._lines = [_ruled(_line(line, body)) for line in body.lines]
            for part in self._lines:
                self.ids.lines.add_widget(part)
        self.ids.sum.say(
            "confirm.total",
            copies=look.words.text("copies", body.copies),
            sheets=look.words.text("sheets", body.sheets),
        )
        show_cheaper(self.ids.cheaper, body.cheaper)
        self.ids.total.yen(body.total)
        self.bind_intent(self.ids.fix, Back)
        self.bind_intent(self.ids.yes, Next)


_FIRST_OPTION = "whom"
"""Who is on it is read first; the others keep the order in which they came."""
_MEMBER = "member_"
_FEW = 3
_ROOMY, _TIGHT, _TIGHTEST = 5.0, 2.0, 0.5
"""Above and below a line of the order, in mm: few lines breathe, many fit."""


def _ruled(line: Stack) -> Stack:
    ruled = Stack()
    ruled.add_widget(Rule())
    ruled.add_widget(line)
    return ruled


def _line(line: OrderSummary, body: Confirm) -> Stack:
    is_roomy = len(body.lines) <= _FEW
    stack = Stack()
    stack.pad_y = _ROOMY if is_roomy else _TIGHTEST if look.is_split else _TIGHT
    row = Row()
    row.align, row.gap = "baseline", 5.0
    name, copies, fee = _text("lead", True), _text("lead", True), _text("lead", True)
    name.grow = 1.0
    name.say(f"kind.{line.kind}")
    copies.say("copies", line.copies)
    fee.write(look.words.write(line.fee))
    for cell in (name, copies, fee):
        row.add_widget(cell)
    stack.add_widget(row)
    if line.options or line.sheets != line.copies:
        stack.add_widget(_below(line))
    if line.holders and (is_roomy or line.holders != (body.applicant,)):
        stack.add_widget(_holders(line.holders))
    return stack


def _holders(names: tuple[str, ...]) -> Text:
    """Who stands on the paper, masked, by the paper's own words: the last look before money (DESIGN 6e)."""
    text = _text("body")
    text.is_private = True
    phrases = [*look.words.message("confirm.holders").paragraphs[0]]
    between = look.words.text("pay.list")
    for index, name in enumerate(names):
        phrases.append((Run(name + (between if index < len(names) - 1 else ""), True),))
    text.write(Message((tuple(phrases),)))
    return text


def _below(line: OrderSummary) -> Row:
    """What is on it, and how many sheets: only where that says something new."""
    below = Row()
    below.align, below.gap = "top", 6.0
    options, sheets = _text("body"), _text("body")
    options.grow = 1.0
    options.write(_options(line))
    sheets.say("confirm.paper", line.sheets)
    below.add_widget(options)
    below.add_widget(sheets)
    return below


def _text(style: str, is_bold: bool = False) -> Text:
    text = Text()
    text.style, text.is_bold = style, is_bold
    return text


def _options(line: OrderSummary) -> Message:
    """わたしだけ・本籍なし・マイナンバーなし: a line may break after each ・; and in a year, which is long."""
    between = look.words.text("summary.between")
    phrases: list[Any] = []
    told = [
        each for each in line.options if not each[0].startswith(_MEMBER)
    ]  # their masked names stand there
    options = sorted(told, key=lambda each: each[0] != _FIRST_OPTION)
    for index, (option, choice) in enumerate(options):
        is_last = index == len(options) - 1
        key, values = choice_words(f"summary.{option}", choice)
        parts = [list(part) for part in look.words.message(key, None, **values).paragraphs[0]]
        if not values:
            parts = [[run for part in parts for run in part]]
        if not is_last and parts and parts[-1]:
            parts[-1][-1] = parts[-1][-1]._replace(text=parts[-1][-1].text + between)
        phrases += [tuple(part) for part in parts]
    return Message((tuple(phrases),))
