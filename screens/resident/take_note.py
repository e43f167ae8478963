"""A note waits in the slot: take it, or it goes back into the machine."""

from __future__ import annotations

from typing import ClassVar

from kiosk.view import TakeNote
from screens.widgets.screen import Screen


class TakeNoteScreen(Screen):
    speaks_aloud: ClassVar[bool] = True
    title: ClassVar[str] = "take_note.title"
    lead: ClassVar[str] = "take_note.lead"

    def fill(self, body: TakeNote) -> None:
        self.ids.amount.yen(body.amount)
        self.ids.late.show(body.is_late)
