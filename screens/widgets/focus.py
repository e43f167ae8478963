"""Where the keys are: one button is marked, in reading order, and none is a trap."""

from __future__ import annotations

from screens.widgets.base import Element
from screens.widgets.button import PushButton
from screens.widgets.frame import Frame


class Focus:
    """`button` is marked, or nothing is: a touch takes the mark away, the next key brings it back."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self.button: PushButton | None = None
        self._pointed = ""

    def point(self, target: str) -> None:
        """The assistant points: the same ring, round that button, once for each time that she points."""
        if target and target != self._pointed:
            found = next((each for each in self.order() if each.target == target), None)
            if found is not None:
                self._mark(found)
        self._pointed = target

    def order(self) -> list[PushButton]:
        """Everything that can be pressed now, as it is read: what lies over the screen or the screen, then the bar."""
        return [button for part in self._areas() for button in part]

    def _areas(self) -> list[list[PushButton]]:
        frame = self._frame
        over = [part for part in (frame.still, frame.sheet, frame.fields) if part.is_shown]
        roots: list[Element] = [*over[:1]] or ([frame.screen] if frame.screen is not None else [])
        found = [[each for root in roots for each in _buttons(root)], list(_buttons(frame.bar))]
        found.append(_buttons(frame.top_part))  # 「お手伝いをおわる」
        return [area for area in found if area]

    def step(self, by: int) -> PushButton | None:
        """The next or the one before; after the last comes the first."""
        buttons = self.order()
        if not buttons:
            return self._mark(None)
        if self.button not in buttons:
            return self._mark(buttons[0 if by > 0 else -1])
        return self._mark(buttons[(buttons.index(self.button) + by) % len(buttons)])

    def part(self) -> PushButton | None:
        """The first button of the next part: past a long list in one press."""
        areas = self._areas()
        if not areas:
            return self._mark(None)
        here = next((index for index, area in enumerate(areas) if self.button in area), -1)
        return self._mark(areas[(here + 1) % len(areas)][0])

    def drop(self) -> None:
        """No mark."""
        self._mark(None)

    def leave_spent(self) -> None:
        """A new step: the mark does not stay on what can no longer be pressed, so the next key begins at the top."""
        if self.button is not None and not self.button.can_press:
            self._mark(None)

    def keep(self) -> None:
        """After a new picture: the mark goes if its button has gone."""
        if self.button is not None and self.button not in self.order():
            self._mark(None)

    def _mark(self, button: PushButton | None) -> PushButton | None:
        if button is not self.button:
            if self.button is not None:
                self.button.focus(False)
            self.button = button
            if button is not None:
                button.focus(True)
        return button


def _buttons(root: Element) -> list[PushButton]:
    if not root.is_shown or not root.rect.width:
        return []
    if isinstance(root, PushButton):
        return [root]
    return [button for part in root.parts() for button in _buttons(part)]
