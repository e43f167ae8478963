"""Is the least enough? Every question starts at the least data; as many as fit, the rest behind a large button."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from kiosk.intents import ChooseOption, Next
from kiosk.view import ChooseOptions
from screens.theme import look
from screens.widgets.choice import QuestionBox
from screens.widgets.paged import PagedScreen
from screens.widgets.screen import Host

_ROOMY, _TIGHT = 13.0, 4.0


class ChooseOptionsScreen(PagedScreen):
    stack = "questions"
    title: ClassVar[str] = "options.title"
    lead: ClassVar[str] = "options.lead"

    def __init__(self, host: Host, **kwargs: Any) -> None:
        self._boxes: dict[str, QuestionBox] = {}
        self._kind = ""
        super().__init__(host, **kwargs)

    def paged(self) -> Sequence[QuestionBox]:
        return list(self._boxes.values())

    def title_values(self, body: ChooseOptions) -> dict[str, Any]:
        return {"kind": look.words.text(f"kind.{body.kind}.short")}

    def subject(self, body: Any) -> object:
        return body.kind, tuple(question.option for question in body.questions)

    def fill(self, body: ChooseOptions) -> None:
        self._kind = body.kind
        self.ids.questions.gap = _TIGHT if look.is_split else _ROOMY
        for question in body.questions:
            if question.option not in self._boxes:
                box = QuestionBox(self._choose)
                self._boxes[question.option] = box
                self.ids.questions.add_widget(box)
            self._boxes[question.option].show_question(question, self.can(ChooseOption))
        self.bind_intent(self.ids.next, Next)

    def _choose(self, option: str, choice: str) -> None:
        self.host.send(ChooseOption, kind=self._kind, option=option, choice=choice)
