"""Which Body has which screen, and how a view becomes a picture: the same screen is updated, another one is built."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from kivy.lang import Builder

import screens.widgets as _parts  # every widget that a .kv file may name
from i18n.catalogue import languages, load
from kiosk import view as views
from kiosk.view import SessionView, StepBar
from screens import fonts
from screens.theme import look
from screens.widgets.call_band import is_waiting
from screens.widgets.frame import STAFF_LANGUAGE, Frame
from screens.widgets.screen import Host, Screen

HERE = Path(__file__).parent

SCREENS: dict[type[views.Body], tuple[str, str]] = {
    views.Attract: ("attract", "AttractScreen"),
    views.OutOfService: ("out_of_service", "OutOfServiceScreen"),
    views.Language: ("language", "LanguageScreen"),
    views.OfferFace: ("offer_face", "OfferFaceScreen"),
    views.ShowCard: ("show_card", "ShowCardScreen"),
    views.EnterNumber: ("enter_number", "EnterNumberScreen"),
    views.FaceReady: ("face_ready", "FaceReadyScreen"),
    views.FaceCheck: ("face_check", "FaceCheckScreen"),
    views.OtherWays: ("other_ways", "OtherWaysScreen"),
    views.StaffLook: ("staff_look", "StaffLookScreen"),
    views.PlaceCard: ("place_card", "PlaceCardScreen"),
    views.EnterPin: ("enter_pin", "EnterPinScreen"),
    views.LastTry: ("last_try", "LastTryScreen"),
    views.TakeCard: ("take_card", "TakeCardScreen"),
    views.ChooseKinds: ("choose_kinds", "ChooseKindsScreen"),
    views.ChoosePurpose: ("choose_purpose", "ChoosePurposeScreen"),
    views.Advice: ("advice", "AdviceScreen"),
    views.ChooseOptions: ("choose_options", "ChooseOptionsScreen"),
    views.Confirm: ("confirm", "ConfirmScreen"),
    views.ChooseMeans: ("choose_means", "ChooseMeansScreen"),
    views.Cashless: ("cashless", "CashlessScreen"),
    views.Pay: ("pay", "PayScreen"),
    views.Returning: ("returning", "ReturningScreen"),
    views.TakeNote: ("take_note", "TakeNoteScreen"),
    views.Working: ("working", "WorkingScreen"),
    views.TakeThings: ("take_things", "TakeThingsScreen"),
    views.Done: ("done", "DoneScreen"),
    views.Notice: ("notice", "NoticeScreen"),
    views.Trouble: ("trouble", "TroubleScreen"),
    views.OfferBack: ("offer_back", "OfferBackScreen"),
    views.StaffPin: ("staff/pin", "StaffPinScreen"),
    views.StaffNote: ("staff/note", "StaffNoteScreen"),
    views.StaffDesk: ("staff/desk", "StaffDeskScreen"),
}
ASSISTANT_SCREENS: dict[type[views.Body], tuple[str, str]] = {
    views.Assisted: ("assistant/assisted", "AssistedScreen"),
}
"""The floor assistant's panel has one screen: its body says what the resident's shows."""

_CONNECTING = ("connecting", "ConnectingScreen")
_NO_STEPS = StepBar(now=0, total=0)
_WITH_PLACE = (views.Attract, views.OutOfService)

BAR_INTENTS = {"back": "Back", "cancel": "Cancel", "voice": "SetVoice", "call": "CallStaff"}
"""Word of the bar -> the intent that must be possible. ことば opens the sheet, if anything on it is possible."""
SHEET_INTENTS = frozenset({"ChooseLanguage", "SetTextSize", "SetContrast", "SetReach"})


_ALONE = (views.EnterPin, views.EnterNumber, views.ShowCard)
"""The helper looks away."""


def helper_key(body: views.Body) -> str:
    """What is written for a helper who has no panel: the panel's own words for this screen."""
    if isinstance(body, _ALONE):
        return "assist.private"
    key = f"assist.{type(body).__name__}.say"
    return key if load(STAFF_LANGUAGE).has(key) else "assist.other.say"


def screen_class(place: tuple[str, str]) -> type[Screen]:
    """Import the module and its .kv on first use."""
    where, name = place
    folder, _, module = where.rpartition("/")
    folder = folder or "resident"
    path = HERE / folder / f"{module}.kv"
    found: type[Screen] = getattr(importlib.import_module(f"screens.{folder}.{module}"), name)
    if str(path) not in Builder.files:
        Builder.load_file(str(path))
    return found


class Router:
    """Turns views into what the frame shows."""

    def __init__(self, frame: Frame, host: Host, assistant_language: str = "") -> None:
        """`assistant_language`: this is the assistant's panel, which speaks that language whatever the resident's."""
        self._language = assistant_language
        self._screens = ASSISTANT_SCREENS if assistant_language else SCREENS
        self._frame, self._host = frame, host
        self._kind: type[views.Body] | None = None
        self._subject: object = None
        self._is_connecting = False
        self._warmed: set[object] = set()
        self.view: SessionView | None = None

    def show(self, view: SessionView) -> bool:
        """Show a view; True when it is another screen than before."""
        manners = (view.language, view.text_size, view.contrast, view.is_low_reach)
        if look.dress(*((self._language, "S", "normal", False) if self._language else manners)):
            self._frame.restyle()
            self._frame.regrow()
        self.view = view
        self._is_connecting = False
        self._frame.mark_training(view.is_training)
        is_new = self._show_body(view)
        self._show_bar(view)
        self._frame.settle()
        return is_new

    def _show_body(self, view: SessionView) -> bool:
        frame = self._frame
        screen = frame.screen
        kind = type(view.body)
        is_same = self._kind is kind and screen.subject(view.body) == self._subject
        if not is_same:
            screen = screen_class(self._screens.get(kind, _CONNECTING))(self._host)
            self._kind, self._subject = kind, screen.subject(view.body)
        screen.view = view
        self._show_top(view, screen)
        screen.fill(view.body)
        if not is_same:
            frame.put(screen)
        return not is_same

    def _show_top(self, view: SessionView, screen: Screen) -> None:
        top = self._frame.top_part
        is_place = isinstance(view.body, _WITH_PLACE)
        bar = view.bar or _NO_STEPS
        is_full = view.is_helped and (screen.is_tight or view.is_helper_here)
        top.steps.show(not is_place and not is_full and not is_waiting(view))
        top.place_row.show(is_place)
        top.steps.show_step(bar.now, bar.total)
        self._frame.show_call(None if self._language else view)
        is_alone = isinstance(view.body, _ALONE)
        self._frame.show_helped(view.is_helped and not self._language, is_alone=is_alone)
        is_here = view.is_helper_here and view.is_helped and not self._language
        self._frame.show_helper(helper_key(view.body) if is_here else "", is_tight=screen.is_tight)
        if is_place:
            top.place_row.show_now()
        screen.head(top, view.body)

    def _show_bar(self, view: SessionView) -> None:
        usable = {word for word, intent in BAR_INTENTS.items() if intent in view.intents}
        if SHEET_INTENTS & set(view.intents):
            usable.add("language")
        self._frame.bar.show_state(frozenset(usable), view.is_voice_on, view.is_staff_called)

    def forget(self) -> None:
        """The next view is built anew, whatever is shown now."""
        self._kind, self._subject, self._is_connecting = None, None, False

    def show_connecting(self) -> bool:
        """The core is away."""
        if self._is_connecting:
            return False
        self._is_connecting, self._kind, self.view = True, None, None
        screen = screen_class(_CONNECTING)(self._host)
        top = self._frame.top_part
        top.steps.show(True)
        top.place_row.show(False)
        top.steps.show_step(0, 0)
        self._frame.show_call(None)  # these were true a moment ago; the next view says them anew
        self._frame.show_helped(False)
        self._frame.show_helper("")
        screen.head(top, None)
        self._frame.put(screen)
        self._frame.bar.show_state(frozenset(), False, False)
        self._frame.settle()
        return True

    def warm(self) -> bool:
        """Make the next thing ready that never was: a screen in this language (module, .kv, letters, drawings), another
        language's texts, the letters that a font has. False when all are."""
        for what, make_ready in self._steps():
            if what not in self._warmed:
                self._warmed.add(what)
                make_ready()
                return True
        return False

    def _steps(self) -> Iterator[tuple[object, Callable[[], object]]]:
        for place in self._screens.values():
            yield (place, look.words.language), partial(self._warm_screen, place)
        for language in languages():
            yield language, partial(load, language)
        for name in fonts.FILES:
            yield ("letters", name), partial(fonts.covers, name)

    def _warm_screen(self, place: tuple[str, str]) -> None:
        screen = screen_class(place)(self._host)
        self._frame.top_part.make_ready(screen.title, screen.lead)
        screen.place(self._frame.middle())
        screen.dismantle()


__all__ = ["SCREENS", "Router", "_parts", "screen_class"]
