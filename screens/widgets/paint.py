"""Boxes: rounded, edged, lipped, drawn once by Pillow at eight times the size and stretched as nine patches.

A box is one quad-strip on the screen however round it is, and its edges are smooth without multisampling, which costs
a software renderer 40 ms a frame.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from kivy.graphics import BorderImage, Color, Mesh, Rectangle
from kivy.graphics.texture import Texture
from PIL import Image, ImageDraw

from screens.theme import look, tokens

if TYPE_CHECKING:
    from screens.widgets.base import Rect


class Box(NamedTuple):
    """Colours by name; lengths in millimetres. `lip` is the edge below what can be pressed."""

    fill: str
    edge: str
    line: float = tokens.LINE
    lip: str = ""
    radius: float = tokens.RADIUS
    is_pressed: bool = False
    is_open_below: bool = False


BOXES: Final[dict[str, Box]] = {
    "panel": Box("card", "hair"),
    "soft": Box("soft", "soft"),
    "ok": Box("green_tint", "green_tint"),
    "ok_edge": Box("green_tint", "green"),
    "warn": Box("yellow_tint", "yellow_tint"),
    "amount": Box("tint", "blue", tokens.CHOSEN_LINE),
    "kind": Box("card", "card_line"),
    "kind_on": Box("tint", "blue", tokens.CHOSEN_LINE),
    "kind_off": Box("soft", "soft"),
    "main": Box("main", "main", lip="main_lip"),
    "main_down": Box("main_down", "main_down", is_pressed=True),
    "plain": Box("card", "rim", lip="lip"),
    "plain_down": Box("down", "rim", is_pressed=True),
    "side": Box("card", "blue", lip="lip"),
    "side_down": Box("down", "blue", is_pressed=True),
    "on": Box("tint", "blue", tokens.CHOSEN_LINE, lip="lip"),
    "on_down": Box("down", "blue", tokens.CHOSEN_LINE, is_pressed=True),
    "key": Box("card", "rim", lip="lip"),
    "key_down": Box("down", "rim", is_pressed=True),
    "wait": Box("grey", "grey"),
    "digit": Box("card", "rim"),
    "digit_at": Box("tint", "blue", tokens.CHOSEN_LINE),
    "note": Box("card", "ink", radius=2),
    "dialog": Box("page", "page", radius=8, is_open_below=True),
}

_FINE: Final = 8


def draw_box(name: str, rect: Rect, *, is_on_page: bool = False) -> None:
    """Add a box to the open canvas. `rule:COLOUR` and `flat:COLOUR` are plain rectangles.

    `is_on_page`: nothing but the page lies below, so a box of the page's colour is a rim with nothing in it.
    """
    bottom = look.height - rect.y - rect.height
    if ":" in name:
        Color(*look.colour(name.partition(":")[2]))
        Rectangle(texture=_white(), pos=(rect.x, bottom), size=(rect.width, rect.height))
        return
    texture, corner, lip = _patch(name, look.contrast, look.mm)
    Color(1, 1, 1, 1)
    if is_on_page and look.colour(BOXES[name].fill) == look.colour("page"):
        _draw_rim(texture, corner, lip, rect)
        return
    BorderImage(
        texture=texture,
        border=(corner + lip, corner, corner, corner),
        pos=(rect.x, bottom - lip),
        size=(rect.width, rect.height + lip),
    )


def _draw_rim(texture: Texture, corner: int, lip: int, rect: Rect) -> None:
    """The nine patches without the one in the middle, which is most of the box."""
    left, low = rect.x, look.height - rect.y - rect.height - lip
    wide, high = rect.width, rect.height + lip
    (u, v), (u_all, v_all) = texture.uvpos, texture.uvsize
    across, up = texture.size
    columns = ((0, 0), (corner, corner), (wide - corner, across - corner), (wide, across))
    rows = ((0, 0), (corner + lip, corner + lip), (high - corner, up - corner), (high, up))
    vertices: list[float] = []
    for y, y_texel in rows:
        for x, x_texel in columns:
            vertices += (left + x, low + y, u + u_all * x_texel / across, v + v_all * y_texel / up)
    indices: list[int] = []
    for at in (0, 1, 2, 4, 6, 8, 9, 10):  # the lower left corner of each patch; 5 is the middle's
        indices += (at, at + 1, at + 5, at + 5, at + 4, at)
    Mesh(vertices=vertices, indices=indices, mode="triangles", texture=texture)


def draw_focus(rect: Rect) -> None:
    """Add the mark of the keys around a rectangle: a line that stands out on any ground, by a second one inside it."""
    outer, inner = look.px(tokens.FOCUS_LINE), look.px(tokens.FOCUS_INNER)
    _frame(rect, outer + inner, outer, "focus")
    _frame(rect, inner, inner, "focus_in")


def _frame(rect: Rect, out: int, thick: int, colour: str) -> None:
    """Four bars, their outer edge `out` pixels outside the rectangle."""
    lip = look.px(tokens.LIP)
    left, top = rect.x - out, rect.y - out
    wide, high = rect.width + 2 * out, rect.height + 2 * out + lip
    Color(*look.colour(colour))
    for x, y, width, height in (
        (left, top, wide, thick),
        (left, top + high - thick, wide, thick),
        (left, top, thick, high),
        (left + wide - thick, top, thick, high),
    ):
        Rectangle(texture=_white(), pos=(x, look.height - y - height), size=(width, height))


@cache
def _white() -> Texture:
    """One texel, taken as it is: Kivy's own is smoothed, which costs a software renderer half as much again."""
    texture = Texture.create(size=(1, 1), colorfmt="rgba")
    texture.blit_buffer(bytes(4 * (255,)), colorfmt="rgba", bufferfmt="ubyte")
    texture.mag_filter = texture.min_filter = "nearest"
    return texture


@cache
def _patch(name: str, contrast: str, mm: float) -> tuple[Texture, int, int]:
    """Texture, corner in pixels, lip in pixels. The lip lies outside the box's own rectangle, below."""
    box = BOXES[name]
    line, lip = look.px(box.line), look.px(tokens.LIP) if box.lip else 0
    corner = look.px(box.radius) + 2
    side = 2 * corner + 4
    down = look.px(tokens.LIP) // 2 if box.is_pressed else 0
    image = Image.new("RGBA", (side * _FINE, (side + lip) * _FINE))
    pen = ImageDraw.Draw(image)
    radius = look.px(box.radius)

    def rounded(top: int, bottom: int, inset: int, colour: str) -> None:
        if box.is_open_below:
            bottom += radius * 2
        pen.rounded_rectangle(
            (inset * _FINE, (top + inset) * _FINE, (side - inset) * _FINE - 1, (bottom - inset) * _FINE - 1),
            max(0, radius - inset) * _FINE,
            fill=_bytes(colour),
        )

    if box.lip:
        rounded(lip, side + lip, 0, box.lip)
    rounded(down, side, 0, box.edge)
    if line and box.edge != box.fill:
        rounded(down, side, line, box.fill)
    image = _shrunk(image, (side, side + lip))
    texture = Texture.create(size=image.size, colorfmt="rgba")
    texture.blit_buffer(image.tobytes(), colorfmt="rgba", bufferfmt="ubyte")
    texture.mag_filter = texture.min_filter = (
        "nearest"  # shown pixel for pixel; a software renderer blends it faster
    )
    texture.flip_vertical()
    return texture, corner, lip


def _shrunk(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Averaged with premultiplied alpha, so that no dark fringe appears at the round corners."""
    small = image.convert("RGBa").resize(size, Image.Resampling.BOX)
    return small.convert("RGBA")


def _bytes(name: str) -> tuple[int, int, int, int]:
    red, green, blue, alpha = look.colour(name)
    return round(red * 255), round(green * 255), round(blue * 255), round(alpha * 255)
