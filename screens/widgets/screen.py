"""One screen's middle: what a Body of the view looks like. See screens/README.md, "How to add a screen"."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from kiosk.intents import Intent, ReadAloud
from kiosk.view import SessionView
from screens.theme import look, tokens
from screens.widgets.base import Element, Rect, Space, Stack
from screens.widgets.button import PushButton

if TYPE_CHECKING:
    from screens.widgets.frame import Top


class Zones(NamedTuple):
    """Where a screen's parts go when controls have a place of their own: what is read, what is pressed."""

    read: Rect
    act: Rect

    @property
    def whole(self) -> Rect:
        x, y = min(self.read.x, self.act.x), min(self.read.y, self.act.y)
        right = max(self.read.x + self.read.width, self.act.x + self.act.width)
        bottom = max(self.read.y + self.read.height, self.act.y + self.act.height)
        return Rect(x, y, right - x, bottom - y)


class Host(Protocol):
    """What a screen may ask of the app."""

    pin_socket: str

    def send(self, intent: type[Intent], **fields: Any) -> None:
        """Emit an intent, made on the step that is shown."""

    def settle(self) -> None:
        """Something changed without a new view (a digit came): place it."""

    def turned(self) -> None:
        """The same, and there is something else to be read: it is said, too."""

    def open_languages(self) -> None:
        """Every language, over the screen."""

    def count_digits(self, count: int) -> None:
        """So many digits are in: each is heard, none is told."""

    def open_fields(self) -> None:
        """What stands on each certificate that is offered here, over the screen."""


class Screen(Stack):
    """Subclasses name their texts and fill in values; structure is in the .kv of the same name.

    The same `fill` builds the first picture and updates it in place: nothing is created there that was there before.
    """

    title: ClassVar[str] = ""
    lead: ClassVar[str] = ""
    why_off: ClassVar[dict[str, str]] = {}
    """Word of the bar -> why it cannot be used here; others have a general answer."""
    speaks_aloud: ClassVar[bool] = False
    """Its fixed texts may come out of the speaker: they say nothing of this person. What has a value in it, and every
    text of another screen, is for headphones and handset."""
    gap = tokens.GAP_3
    is_page = True
    is_tight: ClassVar[bool] = False
    """Full from top to bottom: while somebody helps, the steps make room for the line that says so."""

    def __init__(self, host: Host, **kwargs: Any) -> None:
        self.host = host
        self.view: SessionView | None = None
        self.zones: Zones | None = None
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
        # Held until the end: while they come apart they may still speak to one another.
        every = list(self.within())
        super().dismantle()
        self.view = None
        every.clear()

    # ---- controls in a place of their own

    def is_room(self, zones: Zones) -> bool:
        """Both places hold what they must. Upright, what is only read may reach down as far as there is room."""
        if self._is_only_read():
            return self.column_height(self.parts(), zones.whole.width) <= zones.whole.height
        read, act = self._shared(zones)
        if look.is_landscape:
            return (
                self.column_height(read, zones.read.width) <= zones.read.height
                and self.column_height(act, zones.act.width) <= zones.act.height
            )
        pressed = [part for part in act if holds_button(part)]
        every = [*read, *act]
        return (
            self.column_height(pressed, zones.act.width) <= zones.act.height
            and self.column_height(every, zones.whole.width) <= zones.whole.height
        )

    def arrange(self) -> None:
        if self.zones is None or self._is_only_read():
            super().arrange()
            return
        self.hide_rest()
        read, act = self._shared(self.zones)
        for part in self.parts():
            if isinstance(part, Space):
                part.hide()
        above, below = self.zones
        if not look.is_landscape:
            more = max(0, self.column_height(act, below.width) - below.height)
            above = above.inset(0, 0, 0, more)
            below = below.inset(0, -more, 0, 0)
        self.column(read, above, "start")
        self.column(act, below, "end")

    def _is_only_read(self) -> bool:
        """Upright, with nothing to be pressed: low reach moves nothing."""
        return not look.is_landscape and not any(holds_button(part) for part in self.parts())

    def _shared(self, zones: Zones) -> tuple[list[Element], list[Element]]:
        """What is pressed belongs to its place. What is read: upright above, until that is full; across the panel
        beside the controls, and as little as possible on the other side."""
        parts = [part for part in self.parts() if not isinstance(part, Space)]
        read = [part for part in parts if not holds_button(part)]
        act = [part for part in parts if holds_button(part)]
        if not look.is_landscape:
            over: list[Element] = []
            while read and self.column_height(read, zones.read.width) > zones.read.height:
                over.insert(0, read.pop())
            while (
                len(read) > 1
                and any(part.grow for part in read[:-1])
                and self.column_height([read[-1], *over, *act], zones.act.width) <= zones.act.height
            ):
                over.insert(0, read.pop())  # a picture is the larger, the less stands beside it
            return read, over + act
        for count in range(len(read) + 1):
            for moved in combinations(read, count):
                beside = [part for part in read if part not in moved]
                if (
                    self.column_height(beside + act, zones.act.width) <= zones.act.height
                    and self.column_height(moved, zones.read.width) <= zones.read.height
                ):
                    return list(moved), beside + act
        return read, act

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

    def bind_reading(self, button: PushButton) -> None:
        """「Read my certificate to me」, where that is possible; while it is read, the way to stop it."""
        button.show(self.can(ReadAloud))
        is_reading = self.view is not None and self.view.is_reading
        button.say("things.read.stop" if is_reading else "things.read")
        button.spoken = "" if is_reading else "speak.read.begin"
        button.does(lambda: self.host.send(ReadAloud, is_on=not is_reading))


def holds_button(part: Element) -> bool:
    """It is a button or has one in it."""
    return isinstance(part, PushButton) or any(holds_button(each) for each in part.parts())
