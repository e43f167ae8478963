"""Which language? Each in its own script."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from kiosk.intents import ChooseLanguage, Next
from kiosk.view import Language
from screens.theme import look, tokens
from screens.widgets.choice import LanguageButton
from screens.widgets.screen import Screen

_FEW = 6


class LanguageScreen(Screen):
    speaks_aloud: ClassVar[bool] = True
    title: ClassVar[str] = "language.title"
    lead: ClassVar[str] = "language.lead"

    def icon_of(self, body: Language) -> str:
        return "globe"

    def fill(self, body: Language) -> None:
        grid = self.ids.languages
        languages = self.view.languages if self.view else ()
        is_many = len(languages) > _FEW
        is_tight = is_many and look.is_split
        grid.columns = 3 if is_tight else 2 if is_many else 1
        grid.gap_y = tokens.GAP_1 + 0.5 if is_tight else 7.0
        shown = {part.target: part for part in grid.parts()}
        for language in languages:
            if language not in shown:
                button = LanguageButton()
                button.does(partial(self.host.send, ChooseLanguage, language=language))
                grid.add_widget(button)
                shown[language] = button
            button = shown[language]
            button.high, button.style = (18.5, "body") if is_tight else (27.0 if is_many else 34.0, "head")
            shown[language].show_language(language, language == look.words.language)
            shown[language].enable(self.can(ChooseLanguage))
        self.ids.next.show(self.can(Next))
        self.bind_intent(self.ids.next, Next)
