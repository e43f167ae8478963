"""The window and its life: views come in, pictures go out, touches become intents. Never blocks, never decides.

Kivy's own App is not used: it brings a settings panel behind F1, a configuration file and command-line options.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from typing import Any

from kivy.base import EventLoop, runTouchApp, stopTouchApp
from kivy.clock import Clock
from kivy.core.window import Window

from i18n.explained import FIELDS
from kiosk.errors import DeviceUnavailable, PeerProtocolError
from kiosk.intents import (
    Back,
    CallStaff,
    Cancel,
    EndHelp,
    Intent,
    SetVoice,
)
from kiosk.ipc.client import ViewClient, connect_forever
from kiosk.ipc.voice_wire import AnyToVoice, Ears
from kiosk.messages import Message, say
from kiosk.view import Advice, Attract, Body, ChooseKinds, ChooseOptions, SessionView
from screens.covers import Covers
from screens.idle import Idle
from screens.keys import CODES, DOUBLE_STRIKE_S, Key, Strikes
from screens.metrics import Metrics
from screens.router import Router
from screens.theme import look
from screens.tidy import tidy
from screens.touch import TOUCH, of_view
from screens.voice import Link, Voice
from screens.widgets.button import PushButton
from screens.widgets.focus import Focus
from screens.widgets.frame import Frame

COLLECT_AFTER_S = 0.25
"""Memory is tidied once the screen has been seen, never while a touch is awaited to answer."""
AWAY_AFTER_S = 0.6
"""So long the last picture stays when the core goes away: a restart of the core need not flicker."""
REVIVE_AFTER_S = 3.0
"""An intent that brought no new step after so long (the core was away) may be given again."""
TICK_S = 0.25


class _Mute:
    """No voice process on this machine."""

    def send(self, message: AnyToVoice) -> None:
        pass


class UiApp:
    """`run` returns when the window is closed."""

    def __init__(
        self,
        view_socket: str,
        pin_socket: str,
        assistant_language: str = "",
        voice_socket: str = "",
        double_strike_s: float = DOUBLE_STRIKE_S,
    ) -> None:
        self.pin_socket = pin_socket
        self._view_socket = view_socket
        self._is_assistant = bool(assistant_language)
        self._stop = threading.Event()
        self._client: ViewClient | None = None
        self._newest: SessionView | None = None
        self._lock = threading.Lock()
        self.metrics = Metrics()
        self.after_frame: list[Callable[[], None]] = []
        """Called after each frame that was shown: for the probe."""
        self._is_told = self._is_ready_told = False
        self.frame = Frame()
        self.router = Router(self.frame, self, assistant_language)
        self.idle = Idle(self.router.warm)
        self._take = Clock.create_trigger(self._take_newest)
        self._collect = Clock.create_trigger(lambda _dt: tidy(), COLLECT_AFTER_S)
        self._revive = Clock.create_trigger(lambda _dt: self._revive_buttons(), REVIVE_AFTER_S)
        self._kinds: tuple[str, ...] = ()
        """Certificates that were offered last: the help page explains these."""
        self._away = Clock.create_trigger(lambda _dt: self._show_away(), AWAY_AFTER_S)
        self.focus = Focus(self.frame)
        self._strikes = Strikes(double_strike_s)
        self._link = Link(voice_socket, self._take_ears) if voice_socket else None
        self.voice = Voice(self._link or _Mute(), self.frame, self.send, look.monotonic)
        self.covers = Covers(self.frame, self)
        self._bind_frame()

    # ---- life

    def run(self) -> None:
        """Open the window and stay until it is closed."""
        Window.add_widget(self.frame)
        EventLoop.add_postproc_module(TOUCH)
        Window.clearcolor = look.colour("page")
        self._swap, Window.on_flip = Window.flip, self._flip
        Window.bind(on_keyboard=lambda *_args: True, on_key_down=self._key_down, on_key_up=self._key_up)
        self.router.show_connecting()
        threading.Thread(target=self._receive, name="view-client", daemon=True).start()
        if self._link is not None:
            self._link.start()
        Clock.schedule_interval(lambda _dt: self.tick(), TICK_S)
        gc.disable()
        try:
            runTouchApp()
        finally:
            self.stop()

    def stop(self) -> None:
        """Close the connection and the window."""
        self._stop.set()
        if self._link is not None:
            self._link.stop()
        if self._client is not None:
            self._client.close()
        stopTouchApp()

    def _flip(self, *_args: object) -> None:
        """Show what was drawn; what follows knows that it can be seen."""
        self._swap()
        is_first = self.metrics.flipped()
        for tell in self.after_frame:
            tell()
        if self.router.view is not None and not (self._is_told and self._is_ready_told):
            self._tell(self.router.view.body)
        if is_first:
            self.idle.begin()

    def _tell(self, body: Body) -> None:
        """The system's journal hears of the first screen, and of the first moment when a resident may come."""
        if not self._is_told:
            self._is_told = True
            say(Message.FIRST_SCREEN, screen=type(body).__name__)
        if not self._is_ready_told and isinstance(body, Attract):
            self._is_ready_told = True
            say(Message.READY_FOR_RESIDENTS)

    # ---- views in (thread: view-client)

    def _receive(self) -> None:
        for client in connect_forever(self._view_socket, self._stop):
            self._client = client
            self._listen(client)
            self._client = None
            Clock.schedule_once(lambda _dt: self._away())

    def _listen(self, client: ViewClient) -> None:
        try:
            while (message := client.receive()) is not None:
                view = getattr(message, "view", None)
                if isinstance(view, SessionView):
                    with self._lock:
                        self._newest = view
                    self._take()
                else:  # refused: the person may press again
                    Clock.schedule_once(lambda _dt: self._revive_buttons())
        except PeerProtocolError:
            return

    # ---- views shown (thread: window)

    def _take_newest(self, _dt: float) -> None:
        with self._lock:
            view, self._newest = self._newest, None
        if view is not None:
            self.show(view)

    def show(self, view: SessionView) -> None:
        """Draw this view."""
        self._away.cancel()
        TOUCH.keep(of_view(view.touch))
        before = self.router.view
        started = time.perf_counter()
        self._kinds = _kinds_of(view) or self._kinds
        if view.still_there is None:
            self.covers.hide_still_there()
        if before is None or before.language != view.language:
            self.covers.take_sheets_off()
        is_new = self.router.show(view)
        took_ms = (time.perf_counter() - started) * 1000
        self.metrics.shown(type(view.body).__name__, took_ms, is_new=is_new)
        if is_new:
            self.covers.hide_toast()
        Window.clearcolor = look.colour("page")
        if before is None or before.step != view.step:
            self._revive_buttons()
        self.covers.follow(view, is_new=is_new)
        if view.is_staff_called and not (before is not None and before.is_staff_called):
            if not view.phone:  # else the number stands above the screen for as long as it is wanted
                self._say_called("toast.called")
        elif view.is_call_answered and not (before is not None and before.is_call_answered):
            self._say_called("toast.coming")
        self.covers.show_still_there(view)
        if before is not None and before.step != view.step:
            self.focus.leave_spent()
        self.focus.point(view.pointed)
        self.frame.curtain.show(view.is_curtained and not self._is_assistant)
        self.settle()
        if not self._is_assistant:
            self.voice.show(view, is_new)
        if is_new:
            self._collect()
        self.idle.disturb()

    def _say_called(self, key: str) -> None:
        if not self._is_assistant:  # who is called is told so by the panel's own screen
            self.toast(key, "ok")

    def _show_away(self) -> None:
        if self._client is None and self.router.show_connecting():
            self.covers.hide_all()
            self.frame.curtain.show(False)
            self.frame.settle()
            self.voice.away()

    def _take_ears(self, ears: Ears) -> None:
        Clock.schedule_once(lambda _dt: self.voice.hear_ears(ears))

    def _revive_buttons(self) -> None:
        for widget in self.frame.within():
            if isinstance(widget, PushButton):
                widget.revive()

    # ---- keys

    def _key_down(self, _window: object, code: int, *_rest: object) -> bool:
        if self._strikes.down(code, look.monotonic()):
            self.key(code)
        return True

    def _key_up(self, _window: object, code: int, *_rest: object) -> bool:
        self._strikes.up(code)
        return True

    def key(self, code: int) -> None:
        """One strike of the five keys; any other key is nothing."""
        key = CODES.get(code)
        if key in (Key.NEXT, Key.PREVIOUS):
            self.voice.focus(self.focus.step(1 if key is Key.NEXT else -1))
        elif key is Key.PART:
            self.voice.focus(self.focus.part())
        elif key is Key.PRESS and self.focus.button is not None:
            if not self.focus.button.is_silent:  # a digit that is taken clicks by itself
                self.voice.pressed()
            button = self.focus.button
            button.accept()
            if (
                button.is_silent
            ):  # the next digit is counted from the beginning, and no mark stays on this one
                self.focus.drop()
        elif key is not None:
            self.voice.key(key)
        self.settle()

    def _touched(self) -> None:
        self.focus.drop()
        self.idle.disturb()

    # ---- intents out

    def send(self, intent: type[Intent], **fields: Any) -> None:
        """Emit an intent made on the step that is shown; if the core is away, its next view says what is possible."""
        client, view = self._client, self.router.view
        if client is None or view is None:
            return
        self._revive.cancel()
        self._revive()
        try:
            client.send(intent(step=view.step, **fields))  # type: ignore[arg-type]  # a subclass of the union
        except DeviceUnavailable:
            return

    def settle(self) -> None:
        self.frame.settle()
        self.focus.keep()

    # ---- the bar, and what lies over the screen

    def _bind_frame(self) -> None:
        frame = self.frame
        frame.bar.on_word, frame.bar.on_off = self._use_word, self._say_why
        frame.on_touch = self._touched
        frame.on_dark_touch = self.voice.dark_touch
        frame.end_help.does(lambda: self.send(EndHelp))

    def _use_word(self, word: str) -> None:
        view = self.router.view
        if view is None:
            return
        if word == "language":
            self.covers.toggle_languages(view)
        elif word == "voice":
            self.send(SetVoice, is_on=not view.is_voice_on)
        else:
            self.send({"back": Back, "cancel": Cancel, "call": CallStaff}[word])

    def _say_why(self, word: str) -> None:
        screen = self.frame.screen
        self.toast(screen.why_off.get(word, f"bar.{word}.off"), "soft")

    def count_digits(self, count: int) -> None:
        """A click, the same for all ten."""
        self.voice.digits(count)

    def open_languages(self) -> None:
        """Every language, over the screen; one touch from there to text size and colours."""
        if self.router.view is not None:
            self.covers.open_languages(self.router.view)

    def open_fields(self, kinds: tuple[str, ...] = ()) -> None:
        """What stands on the certificates, over the screen: on these, or on those that were offered last."""
        if self.router.view is not None:
            self.covers.open_fields(kinds or self._kinds)

    def turned(self) -> None:
        """Another page, or something over the screen, without a new view: who listens hears it."""
        self.settle()
        self.voice.say_screen()

    def toast(self, key: str, tone: str) -> None:
        """A short message above the bar."""
        self.covers.toast(key, tone)

    def tick(self) -> None:
        """Clocks on the screen."""
        view = self.router.view
        if view is None:
            return
        self.voice.tick()
        if view.called_at_s is not None and self._is_assistant:
            self.frame.screen.show_waiting()
        elif self.frame.top_part.call_band.is_shown:
            self.frame.show_call(view)
        if view.still_there is not None:
            self.frame.still.show_seconds(view.still_there.ends_at_s - look.monotonic())
        if isinstance(view.body, Attract) or self.frame.top_part.place_row.is_shown:
            self.frame.top_part.place_row.show_now()
        self.frame.settle()


def _kinds_of(view: SessionView) -> tuple[str, ...]:
    """The certificates that this screen is about."""
    match view.body:
        case Attract(prices=prices):
            return tuple(each.kind for each in prices)
        case ChooseKinds(kinds=kinds):
            return tuple(each.kind for each in kinds)
        case Advice(kind=kind):
            return (kind,) if kind in FIELDS else ()
        case ChooseOptions(kind=kind):
            return (kind,)
    return ()
