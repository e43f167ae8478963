"""How long? The ring is sheets and seconds, nothing else; where neither is known it stays empty."""

from __future__ import annotations

from typing import Any, ClassVar

from kiosk.view import Working
from screens.widgets.base import Row
from screens.widgets.ring import Mark
from screens.widgets.screen import Host, Screen
from screens.widgets.text import Text

_BEFORE = ("working.task.look", "working.task.prepare", "working.task.show")
_AFTER = ("working.task.money", "working.task.print", "working.task.out")
_CHANGE = ("working.task.money", "working.task.change", "working.task.out")
_STAGES = {
    "checking": (_BEFORE, 0),
    "preparing": (_BEFORE, 1),
    "issuing": (_AFTER, 1),
    "printing": (_AFTER, 1),
    "delayed": (_AFTER, 1),
    "paying_change": (_CHANGE, 1),
}


class WorkingScreen(Screen):
    speaks_aloud: ClassVar[bool] = True
    lead: ClassVar[str] = "working.lead"
    why_off: ClassVar[dict[str, str]] = {"cancel": "bar.cancel.printing"}

    def __init__(self, host: Host, **kwargs: Any) -> None:
        self._rows: list[tuple[Mark, Text, Text]] = []
        self._most_s = 1
        super().__init__(host, **kwargs)
        for number in (1, 2, 3):
            self._add_row(number)

    def _add_row(self, number: int) -> None:
        row, mark, text, right = Row(), Mark(), Text(), Text()
        row.gap, row.pad_y = 6.0, 3.0
        mark.number = number
        mark.wide = mark.high = 20.0
        text.style = right.style = "lead"
        text.grow, right.is_bold = 1.0, True
        for part in (mark, text, right):
            row.add_widget(part)
        self._rows.append((mark, text, right))
        self.ids.tasks.add_widget(row)

    def title_key(self, body: Working) -> str:
        return f"working.{body.stage}"

    def lead_key(self, body: Working) -> str:
        return "working.delayed.lead" if body.stage == "delayed" else self.lead

    def fill(self, body: Working) -> None:
        ids = self.ids
        tasks, at = _STAGES.get(body.stage, (_BEFORE, 1))
        for index, (mark, text, right) in enumerate(self._rows):
            mark.show_state("done" if index < at else "here" if index == at else "open")
            text.is_bold = index == at
            text.say(tasks[index])
            text.changed()
            right.show(False)
        self._most_s = max(self._most_s, body.seconds_left)
        is_timed = body.seconds_left > 0 and body.stage != "delayed"
        for part in (ids.about, ids.seconds):
            part.show(is_timed)
        ids.moment.show(not is_timed)
        ids.clock.show(not is_timed)
        ids.seconds.number("working.seconds", body.seconds_left)
        ids.sheet.show(body.sheets > 0)
        if body.sheets:
            at_sheet = min(body.sheets, body.sheets_done + 1)
            ids.sheet.say("working.sheet", at_sheet, sheets=body.sheets)
        ids.ring.show_fill(self._share(body))

    def _share(self, body: Working) -> float:
        """What is known to be done: sheets out; within a sheet, seconds."""
        if body.seconds_left and body.stage != "delayed":
            by_time = 1 - body.seconds_left / self._most_s
            by_sheet = body.sheets_done / body.sheets if body.sheets else 0.0
            return max(by_time, by_sheet)
        return body.sheets_done / body.sheets if body.sheets else 0.0
