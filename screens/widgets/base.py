"""Layout by one pass: a parent asks each child how high it is for a width, then places it. No bindings, no second tick.

Kivy's own layouts settle over several clock ticks and know no "height for this width"; a screen of text needs it, and a
screen that is placed in one call has one picture, the right one (ADR 0021). Coordinates here count from the top left in
whole pixels; only `Element.place` turns them into Kivy's, which count from the bottom.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from kivy.uix.widget import Widget

from screens.theme import look
from screens.widgets.paint import draw_box


class Rect(NamedTuple):
    """Whole pixels from the window's top left."""

    x: int
    y: int
    width: int
    height: int

    def inset(self, left: int, top: int, right: int, bottom: int) -> Rect:
        return Rect(self.x + left, self.y + top, self.width - left - right, self.height - top - bottom)


NOWHERE = Rect(0, 0, 0, 0)


class Element(Widget):
    """A widget of ours. `grow`: its share of what is left over. `wide`, `high`: fixed, in millimetres, 0 = natural."""

    role = ""
    """What it is to someone who cannot see it: `button`, `text`, `picture` …; empty: nothing of its own."""
    grow = 0.0
    wide = 0.0
    high = 0.0
    is_shown = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rect = NOWHERE
        self._is_stale = True
        self._is_whole = False
        """Asked since it was placed: none of its own words is cut."""

    def add_widget(self, widget: Any, *args: Any, **kwargs: Any) -> None:
        super().add_widget(widget, *args, **kwargs)
        self.changed()

    def remove_widget(self, widget: Any, *args: Any, **kwargs: Any) -> None:
        super().remove_widget(widget, *args, **kwargs)
        self.changed()

    @property
    def least_high(self) -> float:
        """Never less high than this, in millimetres."""
        return self.high

    def natural_width(self, limit: int) -> int:
        """The width it would like, at most `limit`."""
        return min(limit, look.px(self.wide)) if self.wide else limit

    def height_for(self, width: int) -> int:
        """The height that it needs at this width."""
        return look.px(self.high)

    def baseline(self, width: int) -> int:
        """Where its first line of text stands, below its top."""
        return self.height_for(width)

    def place(self, rect: Rect) -> None:
        """Take this place and be drawn there. Nothing happens if neither place nor content changed."""
        if rect == self.rect and not self._is_stale:
            return
        self.rect = rect
        self._is_stale = self._is_whole = False
        self.size = (rect.width, rect.height)
        self.pos = (rect.x, look.height - rect.y - rect.height)
        self.paint()
        self.arrange()

    def paint(self) -> None:
        """Draw it anew where it is."""
        self.canvas.before.clear()
        with self.canvas.before:
            self.draw()

    def draw(self) -> None:
        """Add graphics instructions for `self.rect`."""

    def arrange(self) -> None:
        """Place the children."""

    def changed(self) -> None:
        """Its content changed: it and everything above it must be placed again."""
        node: Any = self
        while isinstance(node, Element):
            node._is_stale = True
            node = node.parent

    def restyle(self) -> None:
        """The look changed: everything below must be measured and drawn again."""
        self._is_stale = True
        for child in self.children:
            if isinstance(child, Element):
                child.restyle()

    def show(self, is_shown: bool) -> None:
        """Take part or not. What does not take part needs no room and cannot be touched."""
        if self.is_shown != is_shown:
            self.is_shown = is_shown
            self.changed()

    def parts(self) -> list[Element]:
        """The children that take part, in reading order."""
        return [child for child in reversed(self.children) if isinstance(child, Element) and child.is_shown]

    def hide(self) -> None:
        """Leave no picture behind."""
        if self.rect != NOWHERE:
            self.rect = NOWHERE
            self._is_stale = True
            self.canvas.before.clear()
            for child in self.children:
                child.hide()

    def is_cut(self) -> bool:
        """Its words are wider than its place: one word is longer than the line."""
        return False

    def has_cut(self) -> bool:
        """`is_cut`, of itself or of anything in it; asked once for each time that it is placed."""
        if self.rect == NOWHERE:
            return False
        self._is_whole = self._is_whole or not self.is_cut()
        return not self._is_whole or any(child.has_cut() for child in self.children)

    def within(self) -> Iterator[Element]:
        """Itself and everything in it, in no order that matters."""
        rest: list[Element] = [self]
        while rest:
            element = rest.pop()
            yield element
            rest.extend(element.children)

    def would_cut(self, width: int) -> bool:
        """In a place this wide they would be."""
        return False

    def dismantle(self) -> None:
        """Come apart: it is in no cycle any more, so it is freed now and not when garbage is collected."""
        for child in list(self.children):
            if isinstance(child, Element):
                child.dismantle()
        self.canvas.before.clear()
        self.clear_widgets()
        self.funbind("opacity", self.on_opacity)  # by these three, Kivy's own, every widget holds itself
        self.ids.obj = self.motion_filter.obj = None

    def hide_rest(self) -> None:
        for child in self.children:
            if isinstance(child, Element) and not child.is_shown:
                child.hide()


class Panel(Element):
    """Holds others; may have a box (a name of paint.BOXES) around them."""

    box = ""
    is_page = False
    """Nothing lies below it but the page."""
    gap = 0.0
    pad_x = 0.0
    pad_y = 0.0

    @property
    def _pads(self) -> tuple[int, int]:
        return look.px(self.pad_x), look.px(self.pad_y)

    def draw(self) -> None:
        if self.box:
            draw_box(self.box, self.rect, is_on_page=self._is_on_page())

    def _is_on_page(self) -> bool:
        """Between it and the screen there is no box. (A box that holds another does not change its kind.)"""
        node = self.parent
        while isinstance(node, Panel) and not node.box:
            if node.is_page:
                return True
            node = node.parent
        return False


class Stack(Panel):
    """One below the other. `spread`: where children go that do not fill it: `start`, `center`, `end`, `between`."""

    spread = "start"
    align = "fill"
    """Across: `fill`, `start`, `center`, `end`."""

    def natural_width(self, limit: int) -> int:
        if self.wide:
            return super().natural_width(limit)
        pad_x, _ = self._pads
        inner = limit - 2 * pad_x
        return min(limit, max((part.natural_width(inner) for part in self.parts()), default=0) + 2 * pad_x)

    def height_for(self, width: int) -> int:
        pad_x, pad_y = self._pads
        needed = self.column_height(self.parts(), width - 2 * pad_x) + 2 * pad_y
        return max(needed, look.px(self.high))

    def baseline(self, width: int) -> int:
        parts = self.parts()
        pad_x, pad_y = self._pads
        return pad_y + (parts[0].baseline(width - 2 * pad_x) if parts else 0)

    def _width_of(self, part: Element, width: int) -> int:
        return width if self.align == "fill" else part.natural_width(width)

    def arrange(self) -> None:
        self.hide_rest()
        pad_x, pad_y = self._pads
        self.column(self.parts(), self.rect.inset(pad_x, pad_y, pad_x, pad_y), self.spread)

    def column_height(self, parts: Sequence[Element], width: int) -> int:
        """What these need, one below the other."""
        heights = sum(height_of(part, self._width_of(part, width)) for part in parts)
        return heights + look.px(self.gap) * max(0, len(parts) - 1)

    def column(self, parts: Sequence[Element], inner: Rect, spread: str) -> None:
        """Place these one below the other in a rectangle."""
        if not parts:
            return
        gap = look.px(self.gap)
        heights = [height_of(part, self._width_of(part, inner.width)) for part in parts]
        spare = inner.height - sum(heights) - gap * (len(parts) - 1)
        growing = sum(part.grow for part in parts)
        if growing and spare > 0:
            heights = _grown(parts, heights, spare)
            spare = 0
        y = inner.y + _before(spread, spare)
        between = spare / (len(parts) - 1) if spread == "between" and len(parts) > 1 else 0.0
        for index, (part, height) in enumerate(zip(parts, heights, strict=True)):
            width = self._width_of(part, inner.width)
            x = inner.x + _before(self.align, inner.width - width)
            part.place(Rect(x, y + round(between * index), width, height))
            y += height + gap


class Row(Panel):
    """Side by side. `align`: `middle`, `top`, `fill`, `baseline`."""

    align = "middle"
    spread = "start"

    def widths(self, width: int) -> list[int]:
        """Fixed and natural widths first, left to right; the growing ones share what is left."""
        parts = self.parts()
        free = width - look.px(self.gap) * max(0, len(parts) - 1)
        found: list[int] = []
        for part in parts:
            wanted = 0 if part.grow else part.natural_width(max(0, free))
            free -= wanted
            found.append(wanted)
        growing = sum(part.grow for part in parts)
        for index, part in enumerate(parts):
            if part.grow:
                share = round(max(0, free) * part.grow / growing)
                found[index] = share
                free -= share
                growing -= part.grow
        return found

    def natural_width(self, limit: int) -> int:
        if self.wide:
            return super().natural_width(limit)
        pad_x, _ = self._pads
        parts = self.parts()
        free = limit - 2 * pad_x - look.px(self.gap) * max(0, len(parts) - 1)
        used = 0
        for part in parts:
            used += part.natural_width(max(0, free - used))
        return min(limit, used + limit - free)

    def height_for(self, width: int) -> int:
        pad_x, pad_y = self._pads
        parts = self.parts()
        widths = self.widths(width - 2 * pad_x)
        heights = [height_of(part, each) for part, each in zip(parts, widths, strict=True)]
        if self.align == "baseline" and parts:
            lines = [part.baseline(each) for part, each in zip(parts, widths, strict=True)]
            most = max(lines)
            heights = [most - line + height for line, height in zip(lines, heights, strict=True)]
        return max(max(heights, default=0) + 2 * pad_y, look.px(self.high))

    def baseline(self, width: int) -> int:
        pad_x, pad_y = self._pads
        widths = self.widths(width - 2 * pad_x)
        return pad_y + max(
            (part.baseline(each) for part, each in zip(self.parts(), widths, strict=True)), default=0
        )

    def arrange(self) -> None:
        self.hide_rest()
        parts = self.parts()
        if not parts:
            return
        pad_x, pad_y = self._pads
        inner = self.rect.inset(pad_x, pad_y, pad_x, pad_y)
        gap = look.px(self.gap)
        widths = self.widths(inner.width)
        spare = inner.width - sum(widths) - gap * (len(parts) - 1)
        between = spare / (len(parts) - 1) if self.spread == "between" and len(parts) > 1 else 0.0
        x = inner.x + _before(self.spread, spare)
        lines = [part.baseline(width) for part, width in zip(parts, widths, strict=True)]
        for index, (part, width) in enumerate(zip(parts, widths, strict=True)):
            height = inner.height if self.align == "fill" else height_of(part, width)
            if self.align == "baseline":
                y = inner.y + max(lines) - lines[index]
            else:
                y = inner.y + _before(
                    {"middle": "center", "top": "start"}.get(self.align, "start"), inner.height - height
                )
            part.place(Rect(x + round(between * index), y, width, height))
            x += width + gap


class Space(Element):
    """Nothing: pushes others apart. Never less high than `high`."""

    grow = 1.0

    def natural_width(self, limit: int) -> int:
        return look.px(self.wide)


class Rule(Element):
    """A thin line across."""

    high = 0.5
    colour = "hair"

    def draw(self) -> None:
        draw_box("rule:" + self.colour, self.rect)


def height_of(part: Element, width: int) -> int:
    """What it takes of a column this wide."""
    return max(look.px(part.least_high), part.height_for(width))


def _grown(parts: Sequence[Element], heights: Sequence[int], spare: int) -> list[int]:
    growing = sum(part.grow for part in parts)
    grown: list[int] = []
    for part, height in zip(parts, heights, strict=True):
        share = round(spare * part.grow / growing) if part.grow else 0
        spare -= share
        growing -= part.grow
        grown.append(height + share)
    return grown


def _before(spread: str, spare: int) -> int:
    return {"center": spare // 2, "end": spare}.get(spread, 0)
