"""A screen with more parts than fit: as many as do, the rest behind one large button (`ids.more`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from screens.theme import look
from screens.widgets.base import Element, Rect
from screens.widgets.grid import Grid
from screens.widgets.screen import Host, Screen, Zones, holds_button


class PagedScreen(Screen):
    """Subclasses say what their parts are and in which stack they lie."""

    stack = ""
    """The id of that stack in the .kv."""
    columns = 1
    columns_split = 2
    """Of a grid: upright, and where controls have a place of their own."""
    few = 1
    """Fewer on a page are not worth larger letters."""

    def __init__(self, host: Host, **kwargs: Any) -> None:
        self._first = 0
        self._shown = 0
        super().__init__(host, **kwargs)
        self.ids.more.does(self.turn)

    def paged(self) -> Sequence[Any]:
        """The widgets, in order."""
        raise NotImplementedError

    @property
    def is_at_first(self) -> bool:
        """It shows its first page."""
        return self._first == 0

    def turn(self) -> None:
        """The next page; after the last one the first."""
        self._first = self._first + self._shown if self._first + self._shown < len(self.paged()) else 0
        self.changed()
        self.host.turned()

    def height_for(self, width: int) -> int:
        """With its highest parts it can live: paging does the rest."""
        self._show_least(width)
        return super().height_for(width)

    def is_room(self, zones: Zones) -> bool:
        self._show_least(zones.act.width)
        return super().is_room(zones) and self._is_reached(zones)

    def _is_reached(self, zones: Zones) -> bool:
        """What has a button is within reach, too, where the highest part is one that is only read."""
        parts = self.paged()
        if look.is_landscape or all(holds_button(part) for part in parts):
            return True
        count = self._least()
        for first in range(len(parts) - count + 1):
            if any(holds_button(part) for part in parts[first : first + count]):
                self._show_from(first, count)
                if not super().is_room(zones):
                    return False
        return True

    def _least(self) -> int:
        return min(len(self.paged()), self.few if look.factor > 1.0 else 1)

    def _show_least(self, width: int) -> None:
        """The highest part alone; with large text a few that follow each other."""
        holder = self._arrange_columns(width)
        cell = holder.cell(width) if isinstance(holder, Grid) else width
        heights = [part.height_for(cell) for part in self.paged()]
        count = self._least()
        starts = range(len(heights) - count + 1)
        first = max(starts, key=lambda at: sum(heights[at : at + count]), default=0)
        self._show_from(first, count)

    def _arrange_columns(self, width: int) -> Element:
        """Fewer, where a word would be cut."""
        holder: Element = self.ids[self.stack]
        if isinstance(holder, Grid):
            holder.columns = self.columns_split if look.is_split else self.columns
            while holder.columns > 1 and any(part.would_cut(holder.cell(width)) for part in self.paged()):
                holder.columns -= 1
        return holder

    def place(self, rect: Rect) -> None:
        if rect != self.rect or self._is_stale:
            self._paginate(rect)
        super().place(rect)

    def _paginate(self, rect: Rect) -> None:
        self._arrange_columns(rect.width if self.zones is None else self.zones.act.width)
        total = len(self.paged())
        count = total - self._first
        for count in range(total - self._first, 0, -1):
            self._show_from(self._first, count)
            if self._is_page(rect):
                break
        self._shown = count

    def _is_page(self, rect: Rect) -> bool:
        if self.zones is not None:
            return super().is_room(self.zones)
        return super().height_for(rect.width) <= rect.height

    def _show_from(self, first: int, count: int) -> None:
        parts = self.paged()
        for index, part in enumerate(parts):
            part.is_shown = first <= index < first + count
        rest = len(parts) - first - count
        more = self.ids.more
        more.is_shown = rest > 0 or first > 0
        if rest > 0:
            more.take_words("kinds.more", rest)
        elif first > 0:
            more.take_words("kinds.first")
        self.ids[self.stack]._is_stale = self._is_stale = True  # whoever measures with one part places anew
