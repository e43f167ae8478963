"""What is on the screen, as a list: for the layout tests, the probe and, later, for speech and keys. Never a digit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from screens.widgets.base import NOWHERE, Element, Panel, Rect
from screens.widgets.button import PushButton
from screens.widgets.frame import Frame
from screens.widgets.sheets import Overlay
from screens.widgets.text import Text


class Node(NamedTuple):
    """One thing to see. `rect` in pixels from the top left; `lines` are the words as they are broken."""

    role: str
    key: str
    rect: Rect
    lines: tuple[str, ...]
    is_enabled: bool
    depth: int
    box: str = ""

    @property
    def text(self) -> str:
        return "".join(self.lines)


def nodes(root: Element, depth: int = 0) -> Iterator[Node]:
    """In reading order: what has a role or a box, and what is in it."""
    if not root.is_shown or root.rect == NOWHERE:
        return
    box = root.box if isinstance(root, Panel) else ""
    if root.role or box:
        yield _node(root, depth, box)
        depth += 1
    for child in root.parts():
        yield from nodes(child, depth)


def _node(element: Element, depth: int, box: str) -> Node:
    lines = tuple(getattr(element, "lines", tuple)())
    rect = element.ink_rect() if isinstance(element, Text) and any(lines) else element.rect
    is_enabled = element.can_press if isinstance(element, PushButton) else True
    return Node(element.role, _key(element), rect, lines, is_enabled, depth, box)


def _key(element: Element) -> str:
    return getattr(element, "target", "") or getattr(element, "key", "") or getattr(element, "drawing", "")


def in_front(frame: Frame) -> list[Node]:
    """What can be seen and touched now: under a veil only the bar counts."""
    found = list(nodes(frame))
    over = [
        part
        for part in (frame.still, frame.sheet, frame.fields)
        if isinstance(part, Overlay) and part.is_shown
    ]
    if not over:
        return found
    return [*nodes(frame.bar), *(node for part in over for node in nodes(part))]


def as_text(found: list[Node]) -> str:
    """One line each, for golden files: role key x y w h | line / line."""
    return "".join(_line(node) + "\n" for node in found)


def _line(node: Node) -> str:
    rect = " ".join(str(value) for value in node.rect)
    name = " ".join(part for part in (node.role or "box", node.box, node.key) if part)
    state = "" if node.is_enabled else " off"
    words = f" | {' / '.join(node.lines)}" if any(node.lines) else ""
    return f"{'  ' * node.depth}{name}{state} {rect}{words}"
