"""While somebody is wanted: how long ago staff were called, how long it mostly takes, that they come, or the number to
be called where nobody of the staff is there."""

from __future__ import annotations

from typing import Final

from i18n.catalogue import Value
from kiosk.view import SessionView
from screens.theme import look
from screens.widgets.messages import Say

_PHONE: Final = "toast.phone"
_MINUTE_S: Final = 60


def is_waiting(view: SessionView) -> bool:
    """A person waits for staff, or for the number to call them by."""
    return bool(view.phone) or (view.is_staff_called and view.called_at_s is not None)


class CallBand(Say):
    """Takes the place of the step bar."""

    def __init__(self) -> None:
        super().__init__()
        self._said: tuple[str, str, dict[str, Value]] | None = None
        self.tone, self.style, self.icon_high, self.pad_y = "phone", "body", 12.0, 2.0
        self.settle()
        self.show(False)

    def tell(self, view: SessionView) -> bool:
        """Take over what there is to say; False: nothing."""
        if not is_waiting(view):
            return False
        key, values = _says(view)
        if (view.language, key, values) != self._said:
            self._said = (view.language, key, values)
            self.set_tone("phone" if key == _PHONE else "call")
            self.say(key, None, **values)
        return True


def _says(view: SessionView) -> tuple[str, dict[str, Value]]:
    """Whole minutes: a calm screen. The first is "now"; what is usual is never under one."""
    if view.phone:
        return _PHONE, {"phone": view.phone}
    if view.is_call_answered:
        return "call.coming", {}
    minutes = max(0, int(look.monotonic() - (view.called_at_s or 0.0))) // _MINUTE_S
    values: dict[str, Value] = {"minutes": str(minutes)} if minutes else {}
    key = "call.since" if minutes else "call.now"
    if view.usual_wait_s is None:
        return key, values
    usual = "call.since.usual" if minutes else "call.now.usual"
    return usual, {**values, "usual": str(max(1, round(view.usual_wait_s / _MINUTE_S)))}
