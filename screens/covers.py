"""What may lie over the screen: the sheet of languages, what is on the certificates, a question, a short message."""

from __future__ import annotations

from typing import Any, Protocol

from kivy.clock import Clock

from i18n.explained import FIELDS
from kiosk.intents import Cancel, ChooseLanguage, Intent, KeepGoing, SetContrast, SetReach, SetTextSize
from kiosk.view import SessionView
from screens.router import SHEET_INTENTS
from screens.theme import look
from screens.voice import Voice
from screens.widgets.frame import Frame

TOAST_S = 5.0


class Owner(Protocol):
    """What the covers need of the app."""

    voice: Voice

    def send(self, intent: type[Intent], **fields: Any) -> None:
        """Emit an intent, made on the step that is shown."""

    def turned(self) -> None:
        """There is something else to be read: it is placed, and said."""


class Covers:
    """Opens, fills and takes them away; what is on them is the frame's."""

    def __init__(self, frame: Frame, owner: Owner) -> None:
        self._frame, self._owner = frame, owner
        self._end_toast = Clock.create_trigger(lambda _dt: self.hide_toast(), TOAST_S)
        sheet, fields, still = frame.sheet, frame.fields, frame.still
        sheet.on_language = lambda value: owner.send(ChooseLanguage, language=value)
        sheet.on_size = lambda value: owner.send(SetTextSize, size=value)
        sheet.on_contrast = lambda value: owner.send(SetContrast, contrast=value)
        sheet.on_reach = lambda value: owner.send(SetReach, is_low=value == "low")
        sheet.on_turn = fields.on_turn = owner.turned
        sheet.close.does(self._close)
        fields.close.does(self._close)
        still.go.does(lambda: owner.send(KeepGoing))
        still.end.does(lambda: owner.send(Cancel))

    # ---- the sheets

    def toggle_languages(self, view: SessionView) -> None:
        if self._frame.sheet.is_shown:
            self._close()
        else:
            self.open_languages(view)

    def open_languages(self, view: SessionView) -> None:
        self._fill_sheet(view)
        self._frame.sheet.open()
        self._opened()

    def open_fields(self, kinds: tuple[str, ...]) -> None:
        """What stands on these certificates; on all of them, if these are none."""
        self._frame.fields.open(kinds or tuple(FIELDS))
        self._opened()

    def _opened(self) -> None:
        self.hide_toast()
        self._frame.regrow()
        self._owner.turned()

    def follow(self, view: SessionView, *, is_new: bool) -> None:
        """A view was shown: another screen is never covered, the same one may stay so."""
        if is_new:
            self.hide_sheets()
        elif self._frame.sheet.is_shown:
            self._fill_sheet(view)

    def _fill_sheet(self, view: SessionView) -> None:
        self._frame.sheet.show_state(view.languages, SHEET_INTENTS & set(view.intents))

    def _close(self) -> None:
        self.hide_sheets()
        self._owner.voice.say_screen()

    def hide_sheets(self) -> None:
        self.take_sheets_off()
        self._frame.settle()

    def take_sheets_off(self) -> None:
        """As `hide_sheets`; what is below is placed by whoever calls."""
        self._frame.clear(self._frame.sheet, self._frame.fields)

    # ---- the short message

    def toast(self, key: str, tone: str) -> None:
        """A short message above the bar."""
        toast = self._frame.toast
        toast.say.set_tone(tone)
        toast.say.say(key)
        toast.show(True)
        toast.changed()
        self._frame.settle()
        self._end_toast.cancel()
        self._end_toast()
        self._owner.voice.toast()

    def hide_toast(self) -> None:
        self._frame.clear(self._frame.toast)
        self._frame.settle()

    # ---- the question

    def show_still_there(self, view: SessionView) -> None:
        """「まだ いらっしゃいますか」, as long as the view asks it."""
        still, overlay = view.still_there, self._frame.still
        if still is None:
            return
        left_s = still.ends_at_s - look.monotonic()
        if not overlay.is_shown:
            overlay.total_s = max(1.0, left_s)
            self.hide_sheets()
        overlay.show_money(still.has_money)
        overlay.go.enable("KeepGoing" in view.intents)
        overlay.end.show("Cancel" in view.intents)
        overlay.show_seconds(left_s)
        overlay.show(True)

    def hide_still_there(self) -> None:
        self._frame.clear(self._frame.still)

    def hide_all(self) -> None:
        self.hide_sheets()
        self.hide_toast()
        self.hide_still_there()
