"""What the resident is asked, what to say, what may be done for her. Alone with a secret: nothing but that."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from kiosk.intents import AnswerCall, BeginHelp, ChooseOption, EndHelp, KeepGoing, Point, SetCopies, Vouch
from kiosk.money import Yen
from kiosk.view import Assisted, AssistKind, KindChoice
from screens.theme import look
from screens.widgets.choice import KindCard, QuestionBox
from screens.widgets.frame import Top
from screens.widgets.paged import PagedScreen
from screens.widgets.screen import Host

POINTED = ("back", "language", "voice", "call")
"""Words of the resident's bar that can be pointed at, beside the main button."""


def text_of(screen: str, part: str) -> str:
    """The key of a screen's `asked` or `say`; a screen that has none of its own has a general one."""
    key = f"assist.{screen}.{part}"
    return key if look.words.has(key) else f"assist.other.{part}"


class AssistedScreen(PagedScreen):
    stack = "choices"
    title: ClassVar[str] = "assist.title"
    why_off: ClassVar[dict[str, str]] = {"cancel": "assist.off.cancel", "back": "assist.off.back"}

    def __init__(self, host: Host, **kwargs: Any) -> None:
        self._cards: dict[str, KindCard] = {}
        self._boxes: dict[str, QuestionBox] = {}
        self._kind = ""
        super().__init__(host, **kwargs)

    def paged(self) -> Sequence[Any]:
        return [*self._cards.values(), *self._boxes.values()]

    def subject(self, body: Any) -> object:
        return body.screen, body.kind, body.is_private, tuple(each.kind for each in body.kinds)

    def head(self, top: Top, body: Any) -> None:
        super().head(top, body)
        top.title.say(text_of(body.screen, "asked"))

    def fill(self, body: Assisted) -> None:
        view = self.view
        is_helped = view is not None and view.is_helped
        self.ids.private.show(body.is_private)
        self.ids.say.say(text_of(body.screen, "say"))
        self.ids.code_box.show(bool(body.code))
        if body.code:
            self.ids.code.write(body.code)
            self.ids.cause.say(_cause(body.code))
            self.ids.advice.say(_advice(body.code))
        self.show_waiting()
        self.ids.answer.show(self.can(AnswerCall))
        self.ids.answer.say(
            "assist.answer.settled" if view is not None and view.is_call_answered else "assist.answer"
        )
        self.bind_intent(self.ids.answer, AnswerCall)
        self.ids.care.show(bool(body.cares))
        if body.cares:
            self.ids.care.say(f"assist.care.{body.cares[0]}")
        self._fill_choices(body)
        self.ids.point.show(is_helped and self.can(Point) and not body.is_private)
        self.ids.point.does(lambda: self.host.send(Point, target="main"))
        self.ids.pointing.show(is_helped and self.can(Point) and not body.is_private)
        for target in POINTED:
            self.ids[f"point_{target}"].does(partial(self.host.send, Point, target=target))
        self.ids.longer.show(self.can(KeepGoing))
        self.bind_intent(self.ids.longer, KeepGoing)
        self.ids.vouch.show(self.can(Vouch))
        self.bind_intent(self.ids.vouch, Vouch)
        self.ids.help.show(self.can(BeginHelp) or self.can(EndHelp))
        self.ids.help.say("assist.help.end" if is_helped else "assist.help.begin")
        self.bind_intent(self.ids.help, BeginHelp, EndHelp)

    def show_waiting(self) -> None:
        """How long somebody has been waiting; with the clock of the screen."""
        view, called = self.view, self.ids.called
        called.show(view is not None and view.is_staff_called)
        if view is None or view.called_at_s is None:
            return
        waited_s = max(0, int(look.monotonic() - view.called_at_s))
        key = "assist.coming" if view.is_call_answered else "assist.called"
        called.say(key, minutes=waited_s // 60, seconds=f"{waited_s % 60:02d}")

    def _fill_choices(self, body: Assisted) -> None:
        self._kind = body.kind
        for each in body.kinds:
            if each.kind not in self._cards:
                self._cards[each.kind] = KindCard(self._set_copies)
                self.ids.choices.add_widget(self._cards[each.kind])
            self._cards[each.kind].show_choice(_without_fee(each), self.can(SetCopies))
            self._cards[each.kind].fee.show(False)
        for question in body.questions:
            if question.option not in self._boxes:
                self._boxes[question.option] = QuestionBox(self._choose)
                self.ids.choices.add_widget(self._boxes[question.option])
            self._boxes[question.option].show_question(question, self.can(ChooseOption))

    def _set_copies(self, kind: str, copies: int) -> None:
        self.host.send(SetCopies, kind=kind, copies=copies)

    def _choose(self, option: str, choice: str) -> None:
        self.host.send(ChooseOption, kind=self._kind, option=option, choice=choice)


def _without_fee(each: AssistKind) -> KindChoice:
    return KindChoice(each.kind, Yen(0), each.copies, each.max_copies, "" if each.is_open else "other")


def _cause(code: str) -> str:
    """What went wrong, in the words that the resident reads too."""
    key = f"notice.{code}.title"
    return key if look.words.has(key) else "notice.other.title"


def _advice(code: str) -> str:
    """For staff: what to do now. By its code, else by the code's letter."""
    key = f"assist.code.{code}"
    return key if look.words.has(key) else f"assist.code.{code[:1]}"
