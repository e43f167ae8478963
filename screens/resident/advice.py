"""For this, that certificate, with these contents; what to know first; and one touch that chooses it."""

from __future__ import annotations

from typing import Any, ClassVar

from i18n.message import Message, Run
from kiosk.intents import Back, Next
from kiosk.view import Advice, Cheaper
from screens.resident.choose_purpose import name_of
from screens.theme import look
from screens.widgets.frame import Top
from screens.widgets.messages import Say
from screens.widgets.screen import Screen


class AdviceScreen(Screen):
    title: ClassVar[str] = "advice.title"

    def title_key(self, body: Advice) -> str:
        return "advice.title" if body.state == "open" else "advice.title.counter"

    def head(self, top: Top, body: Any) -> None:
        super().head(top, body)
        top.lead.show(True)
        top.lead.write(name_of(body.purpose))

    def subject(self, body: Any) -> object:
        return body.purpose.purpose

    def fill(self, body: Advice) -> None:
        ids = self.ids
        is_open = body.state == "open"
        ids.wanted.show(is_open)
        ids.counter.show(not is_open)
        if is_open:
            ids.kind.say(f"kind.{body.kind}")
            ids.fee.yen(body.fee)
            ids.options.show(bool(body.options))
            ids.options.write(with_options(body.options))
        self._show_advice(body)
        show_cheaper(ids.cheaper, body.cheaper)
        ids.fields.show(bool(body.kind))
        ids.fields.does(self.host.open_fields)
        ids.take.show(is_open)
        self.bind_intent(ids.take, Next)
        ids.back.show(not is_open)
        self.bind_intent(ids.back, Back)

    def _show_advice(self, body: Advice) -> None:
        notes = self.ids.notes
        notes.clear_widgets()
        for key in body.advice:
            notes.add_widget(_note(f"advice.{key}"))
        if body.note:
            own = _note("")
            own.text.write(body.note)
            notes.add_widget(own)
        notes.show(bool(notes.parts()))


def _note(key: str) -> Say:
    say = Say()
    say.tone, say.style, say.key, say.icon_high, say.pad_y = "soft", "lead", key, 12.0, 4.0
    say.settle()
    return say


def with_options(options: tuple[tuple[str, str], ...]) -> Message:
    """本籍あり・わたしだけ: what is chosen beyond the least."""
    words = look.words
    between = words.text("summary.between")
    known = [f"summary.{option}.{choice}" for option, choice in options]
    phrases: list[tuple[Run, ...]] = []
    for index, key in enumerate(each for each in known if words.has(each)):
        phrase = words.message(key).paragraphs[0]
        runs = [run for part in phrase for run in part]
        if index:
            phrases[-1] = (*phrases[-1][:-1], phrases[-1][-1]._replace(text=phrases[-1][-1].text + between))
        phrases.append(tuple(runs))
    return Message((tuple(phrases),))


def show_cheaper(say: Say, cheaper: tuple[Cheaper, ...]) -> None:
    """Where it costs less, before it is ordered; the cheapest, of each kind that is asked about."""
    say.show(bool(cheaper))
    if cheaper:
        best = min(cheaper, key=lambda each: each.fee.value)
        kind = look.words.text(f"kind.{best.kind}.short")
        key = "cheaper.free" if not best.fee else "cheaper.at"
        say.say(key, kind=kind, place=best.place, amount=best.fee)
