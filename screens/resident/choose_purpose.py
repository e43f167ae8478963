"""What is it for? The town's list; the answer says which certificate is wanted there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from i18n.message import plain
from kiosk.intents import ChoosePurpose as Choose
from kiosk.view import ChoosePurpose, PurposeChoice
from screens.theme import look
from screens.widgets.button import PushButton
from screens.widgets.paged import PagedScreen
from screens.widgets.screen import Host

_HIGH, _HIGH_SPLIT = 27.0, 21.0


def name_of(choice: PurposeChoice) -> Any:
    """The town's own name of it, else the catalogue's."""
    return plain(choice.name) if choice.name else look.words.message(f"purpose.{choice.purpose}")


class ChoosePurposeScreen(PagedScreen):
    stack = "purposes"
    columns = 2
    columns_split = 3
    title: ClassVar[str] = "which.title"
    lead: ClassVar[str] = "which.lead"

    def __init__(self, host: Host, **kwargs: Any) -> None:
        self._buttons: list[PushButton] = []
        super().__init__(host, **kwargs)

    def paged(self) -> Sequence[PushButton]:
        return self._buttons

    def fill(self, body: ChoosePurpose) -> None:
        grid = self.ids.purposes
        if [button.target for button in self._buttons] != [f"for {each.purpose}" for each in body.purposes]:
            grid.clear_widgets()
            self._buttons.clear()
            for choice in body.purposes:
                button = PushButton()
                button.target, button.leaves_screen = f"for {choice.purpose}", True
                button.does(partial(self.host.send, Choose, purpose=choice.purpose))
                self._buttons.append(button)
                grid.add_widget(button)
        for choice, button in zip(body.purposes, self._buttons, strict=True):
            if choice.name:
                button.write(plain(choice.name))
            else:
                button.say(f"purpose.{choice.purpose}")
            button.style = "body" if look.is_split else "lead"
            button.high = _HIGH_SPLIT if look.is_split else _HIGH
            button.enable(self.can(Choose))
        self.ids.fields.does(self.host.open_fields)
