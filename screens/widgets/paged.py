"""A screen with more parts than fit: as many as do, the rest behind one large button (`ids.more`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from screens.widgets.base import Grid, Rect
from screens.widgets.screen import Host, Screen, Zones


class PagedScreen(Screen):
    """Subclasses say what their parts are and in which stack they lie."""

    stack = ""
    """The id of that stack in the .kv."""
    columns = 1
    columns_split = 2
    """Of a grid: upright, and where controls have a place of their own."""

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
        self.host.settle()

    def height_for(self, width: int) -> int:
        """With one part it can live: paging does the rest."""
        self._show_from(0, 1)
        return super().height_for(width)

    def is_room(self, zones: Zones) -> bool:
        self._show_from(0, 1)
        return super().is_room(zones)

    def place(self, rect: Rect) -> None:
        if rect != self.rect or self._is_stale:
            self._paginate(rect)
        super().place(rect)

    def _paginate(self, rect: Rect) -> None:
        holder = self.ids[self.stack]
        if isinstance(holder, Grid):
            holder.columns = self.columns if self.zones is None else self.columns_split
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
