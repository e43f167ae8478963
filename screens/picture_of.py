"""The window as a picture: for the probe, the picture book and tests."""

from __future__ import annotations

from kivy.core.window import Window
from kivy.graphics.context import get_context
from kivy.graphics.opengl import GL_RGBA, GL_UNSIGNED_BYTE, glReadPixels
from PIL import Image


def window_picture() -> Image.Image:
    """What the window shows now. Drawn anew, because a buffer that was shown may be undefined."""
    width, height = Window.size
    Window.canvas.ask_update()
    Window.dispatch("on_draw")
    data = glReadPixels(0, 0, width, height, GL_RGBA, GL_UNSIGNED_BYTE)
    picture = Image.frombytes("RGBA", (width, height), data)
    return picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM).convert("RGB")


def free_textures() -> None:
    """Give back what no widget shows any more. Kivy does it at the next tick of its clock; where no clock ticks (tests,
    the picture book) every texture of every screen would stay: 3 GB after some hours."""
    get_context().gl_dealloc()
