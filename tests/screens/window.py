"""One window without a display (SDL's offscreen driver), shared by the tests of a process."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from kivy.base import EventLoop
from kivy.input.providers.mouse import MouseMotionEvent

from screens import samples, tree
from screens.theme import look

SIZE = (1080, 1920)
PANEL_MM = (267.8, 476.1)
_PRESSABLE = frozenset({"button", "radio"})


class Recorder:
    """Stands where the client would: keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, intent: Any) -> None:
        self.sent.append(intent)

    def close(self) -> None:
        return


@cache
def app() -> Any:
    """The app with its window; its clock stands still and nothing moves."""
    look.fit_panel(SIZE, PANEL_MM)
    look.moves = False
    look.monotonic = lambda: 1000.0
    look.now = lambda: dt.datetime(2026, 11, 20, 10, 24)
    with pytest.MonkeyPatch.context() as patch:  # other tests start windows of their own, with a display
        patch.setenv("SDL_VIDEODRIVER", "offscreen")
        from kivy.core.window import Window  # noqa: PLC0415  # opens the window

        from screens.app import UiApp  # noqa: PLC0415  # imports it

        EventLoop.ensure_window()
    found = UiApp("/nonexistent/view.sock", "/nonexistent/pin.sock")
    Window.add_widget(found.frame)
    return found


def lay(is_across: bool) -> Any:
    """The panel upright or across: the same glass, turned."""
    found = app()
    if is_across != look.is_landscape:
        size, panel = (SIZE[::-1], PANEL_MM[::-1]) if is_across else (SIZE, PANEL_MM)
        look.fit_panel(size, panel)
        found.frame.size = size
        found.frame.restyle()
        found.frame.regrow()
    return found


def show(
    name: str,
    language: str = "ja",
    text_size: str = "S",
    contrast: str = "normal",
    step: int = 1,
    *,
    is_low: bool = False,
    is_across: bool = False,
) -> Any:
    """A fresh screen of this sample, without the word that says what has changed since the one before."""
    found = lay(is_across)
    from screens.picture_of import free_textures  # noqa: PLC0415  # imports the window

    found._client = Recorder()
    found.router.forget()
    free_textures()
    found.show(samples.sample(name, language, text_size, contrast, step=step, is_low=is_low))
    found.covers.hide_toast()
    return found


@contextmanager
def undrawn() -> Iterator[None]:
    """Places are taken, nothing is painted, which takes most of the time; and nobody asks for a colour, so what is laid
    out is laid out alike in every palette. Afterwards everything is drawn anew."""
    from screens.widgets.base import Element  # noqa: PLC0415  # imports Kivy

    found = app()

    def colour(name: str) -> tuple[float, ...]:
        assert name == "page", "a layout asked for a colour"
        return (1.0, 1.0, 1.0, 1.0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Element, "paint", lambda _element: None)
        patch.setattr(look, "colour", colour)
        yield
    found.frame.restyle()


def pixels() -> Any:
    """The window's picture."""
    app()
    from screens.picture_of import window_picture  # noqa: PLC0415  # imports the window

    return window_picture()


class Touch:
    """A finger: press and release at window pixels from the top left, through Kivy's own dispatch."""

    def __init__(self, x: float, y: float, button: str = "left") -> None:
        arguments = (*self._place(x, y), button)
        self.event = MouseMotionEvent("mouse", f"test{id(self)}", arguments, is_touch=True, type_id="touch")
        self.event.button = button

    def _place(self, x: float, y: float) -> tuple[float, float]:
        return x / SIZE[0], 1 - y / SIZE[1]

    def down(self) -> Touch:
        EventLoop.post_dispatch_input("begin", self.event)
        return self

    def move(self, x: float, y: float) -> Touch:
        self.event.move(list(self._place(x, y)))
        EventLoop.post_dispatch_input("update", self.event)
        return self

    def up(self) -> Touch:
        self.event.update_time_end()
        EventLoop.post_dispatch_input("end", self.event)
        return self


def tap(node: Any) -> None:
    """A whole touch in the middle."""
    x, y = node.rect.x + node.rect.width / 2, node.rect.y + node.rect.height / 2
    Touch(x, y).down().up()


def find(found: Any, key: str) -> Any:
    """The node of this key, in what can be touched now."""
    return next(node for node in tree.in_front(found.frame) if node.key == key and node.role in _PRESSABLE)
