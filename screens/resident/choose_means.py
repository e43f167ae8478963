"""How to pay? Cash largest, where the main action always is. Which paper comes stands there before it is chosen."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from i18n.message import plain
from kiosk.intents import ChooseMeans as Choose
from kiosk.view import ChooseMeans, Means
from screens.widgets.button import PushButton
from screens.widgets.screen import Host, Screen

CASH = "cash"
_PHONE = ("scan", "show")


class ChooseMeansScreen(Screen):
    speaks_aloud: ClassVar[bool] = True
    title: ClassVar[str] = "means.title"
    lead: ClassVar[str] = "means.lead"

    def __init__(self, host: Host, **kwargs: Any) -> None:
        self._buttons: dict[str, PushButton] = {}
        super().__init__(host, **kwargs)

    def fill(self, body: ChooseMeans) -> None:
        ids = self.ids
        ids.amount.yen(body.due)
        ids.said.show(bool(body.said))
        if body.said:
            ids.said.say(f"means.said.{body.said}")
        can = self.can(Choose)
        for means in body.means:
            if means.means == CASH:
                ids.cash.does(partial(self.host.send, Choose, means=CASH))
                ids.cash.enable(can and means.is_open)
                ids.cash.say("means.cash" if means.is_open else "means.cash.closed")
            else:
                self._show_brand(means, can)

    def _show_brand(self, means: Means, can: bool) -> None:
        button = self._buttons.get(means.means)
        if button is None:
            button = self._buttons[means.means] = PushButton()
            button.kind, button.target, button.style = "plain", f"means {means.means}", "lead"
            button.does(partial(self.host.send, Choose, means=means.means))
            grid = self.ids.phones if means.kind in _PHONE else self.ids.brands
            grid.add_widget(button)
        if means.kind in _PHONE:
            button.say(f"means.{means.kind}")
        else:
            button.write(plain(means.name))
        button.enable(can and means.is_open)
