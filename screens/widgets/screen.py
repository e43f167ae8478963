"""One screen's middle: what a Body of the view looks like. See screens/README.md, "How to add a screen"."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from kiosk.intents import Intent
from kiosk.view import SessionView
from screens.theme import tokens
from screens.widgets.base import Stack
from screens.widgets.button import PushButton
from screens.widgets.frame import Top


class Host(Protocol):
    """What a screen may ask of the app."""

    pin_socket: str

    def send(self, intent: type[Intent], **fields: Any) -> None:
        """Emit an intent, made on the step that is shown."""

    def settle(self) -> None:
        """Something changed without a new view (a digit came): place it."""


class Screen(Stack):
    """Subclasses name their texts and fill in values; structure is in the .kv of the same name.

    The same `fill` builds the first picture and updates it in place: nothing is created there that was there before.
    """

    title: ClassVar[str] = ""
    lead: ClassVar[str] = ""
    why_off: ClassVar[dict[str, str]] = {}
    """Word of the bar -> why it cannot be used here; others have a general answer."""
    gap = tokens.GAP_3

    def __init__(self, host: Host, **kwargs: Any) -> None:
        self.host = host
        self.view: SessionView | None = None
        super().__init__(**kwargs)

    def title_values(self, body: Any) -> dict[str, Any]:
        return {}

    def head(self, top: Top, body: Any) -> None:
        """Title and the line below. Most screens have the same two all the time."""
        top.title.say(self.title_key(body), **self.title_values(body))
        key = self.lead_key(body)
        top.lead.show(bool(key))
        if key:
            self.say_lead(top, key, body)
        icon = self.icon_of(body)
        top.icon.show(bool(icon))
        if icon:
            top.icon.use(icon, "red" if icon == "alert" else "green" if icon == "tick_round" else "blue")

    def say_lead(self, top: Top, key: str, body: Any) -> None:
        top.lead.say(key)

    def title_key(self, body: Any) -> str:
        return self.title

    def lead_key(self, body: Any) -> str:
        return self.lead

    def icon_of(self, body: Any) -> str:
        """Beside the title; only where something went well or wrong."""
        return ""

    def subject(self, body: Any) -> object:
        """What this screen is about: another subject is another screen even for the same kind of body."""
        return None

    def fill(self, body: Any) -> None:
        """Take the values of the body; also with `self.view`."""

    def leave(self) -> None:
        """It is being left: wipe, stop."""

    def dismantle(self) -> None:
        super().dismantle()
        self.view = None

    # ---- for subclasses

    def can(self, intent: type[Intent]) -> bool:
        return self.view is not None and intent.__name__ in self.view.intents

    def bind_intent(self, button: PushButton, *intents: type[Intent], **fields: Any) -> None:
        """The button sends the first of the intents that is possible; it leaves the screen."""
        wanted = next((intent for intent in intents if self.can(intent)), None)
        button.leaves_screen = True
        button.enable(wanted is not None)
        if wanted is not None:
            button.does(lambda: self.host.send(wanted, **fields))
