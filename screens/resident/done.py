"""All done; next time also at a convenience store."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from kiosk.intents import KeepGoing, Next, Rate
from kiosk.view import Done
from screens.widgets.button import PushButton
from screens.widgets.screen import Host, Screen

ANSWERS = {"ease": ("good", "fair", "poor"), "alone": ("yes", "no")}
_FACES = {"good": "smile", "fair": "plain_face", "poor": "frown", "yes": "tick", "no": "close"}


class DoneScreen(Screen):
    speaks_aloud: ClassVar[bool] = True
    title: ClassVar[str] = "done.title"
    lead: ClassVar[str] = "done.lead"

    def __init__(self, host: Host, **kwargs: Any) -> None:
        self._asked = ""
        super().__init__(host, **kwargs)

    def icon_of(self, body: Done) -> str:
        return "tick_round"

    def subject(self, body: Any) -> object:
        return body.certificate_ends_soon

    def fill(self, body: Done) -> None:
        self.bind_reading(self.ids.read)
        self.ids.ends_soon.show(body.certificate_ends_soon)
        self._ask(body)
        self.ids.end.show(self.can(Next) or self.can(KeepGoing))
        self.bind_intent(self.ids.end, Next, KeepGoing)

    def _ask(self, body: Done) -> None:
        """Two touches, both free: the second question comes in the place of the first."""
        ids = self.ids
        ids.opinion.show(bool(body.question) or body.is_rated)
        ids.answers.show(bool(body.question))
        ids.question.say(f"done.{body.question}" if body.question else "done.thanks")
        if body.question != self._asked:
            self._asked = body.question
            ids.answers.clear_widgets()
            for answer in ANSWERS.get(body.question, ()):
                ids.answers.add_widget(self._answer(body.question, answer))
        for button in ids.answers.parts():
            button.enable(self.can(Rate))

    def _answer(self, question: str, answer: str) -> PushButton:
        button = PushButton()
        button.key = f"done.{question}.{answer}"
        button.target, button.icon, button.icon_at = f"{question} {answer}", _FACES[answer], "above"
        button.grow, button.high, button.icon_high, button.style = 1.0, 38.0, 18.0, "body"
        button.does(partial(self.host.send, Rate, question=question, answer=answer))
        return button
