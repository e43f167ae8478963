"""One window without a display (SDL's offscreen driver), shared by the tests of a process."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import pytest

SIZE = (1080, 1920)
PANEL_MM = (267.8, 476.1)


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
    from screens import environment

    environment.prepare(SIZE)
    with pytest.MonkeyPatch.context() as patch:  # other tests start windows of their own, with a display
        patch.setenv("SDL_VIDEODRIVER", "offscreen")
        return _open()


def _open() -> Any:
    from screens.theme import look

    look.fit_panel(SIZE, PANEL_MM)
    look.moves = False
    look.now = lambda: dt.datetime(2026, 11, 20, 10, 24)
    from kivy.base import EventLoop
    from kivy.core.window import Window

    from screens.app import UiApp

    found = UiApp("/nonexistent/view.sock", "/nonexistent/pin.sock")
    EventLoop.ensure_window()
    Window.add_widget(found.frame)
    return found


def show(name: str, language: str = "ja", text_size: str = "S", contrast: str = "normal", step: int = 1) -> Any:
    """A fresh screen of this sample."""
    found = app()
    from screens import samples

    found._client = Recorder()
    found._hide_toast()
    found.router.show_connecting()
    found.show(samples.sample(name, language, text_size, contrast, step=step))
    return found


def pixels() -> Any:
    """The window's picture."""
    from kivy.core.window import Window
    from kivy.graphics.opengl import GL_RGBA, GL_UNSIGNED_BYTE, glReadPixels
    from PIL import Image

    Window.canvas.ask_update()
    Window.dispatch("on_draw")
    data = glReadPixels(0, 0, *SIZE, GL_RGBA, GL_UNSIGNED_BYTE)
    Window.dispatch("on_flip")
    picture = Image.frombytes("RGBA", SIZE, data)
    return picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM).convert("RGB")


class Touch:
    """A finger: press and release at window pixels from the top left, through Kivy's own dispatch."""

    def __init__(self, x: float, y: float, button: str = "left") -> None:
        from kivy.input.providers.mouse import MouseMotionEvent

        self.event = MouseMotionEvent(
            "mouse", f"test{id(self)}", self._place(x, y) + (button,), is_touch=True, type_id="touch"
        )
        self.event.button = button

    def _place(self, x: float, y: float) -> tuple[float, float]:
        return x / SIZE[0], 1 - y / SIZE[1]

    def down(self) -> Touch:
        from kivy.base import EventLoop

        EventLoop.post_dispatch_input("begin", self.event)
        return self

    def move(self, x: float, y: float) -> Touch:
        from kivy.base import EventLoop

        self.event.move(list(self._place(x, y)))
        EventLoop.post_dispatch_input("update", self.event)
        return self

    def up(self) -> Touch:
        from kivy.base import EventLoop

        self.event.update_time_end()
        EventLoop.post_dispatch_input("end", self.event)
        return self


def tap(node: Any) -> None:
    x, y = node.rect.x + node.rect.width / 2, node.rect.y + node.rect.height / 2
    Touch(x, y).down().up()


def find(found: Any, key: str) -> Any:
    """The node of this key, in what can be touched now."""
    from screens import tree

    return next(node for node in tree.in_front(found.frame) if node.key == key and node.role in _PRESSABLE)


_PRESSABLE = frozenset({"button", "radio"})
