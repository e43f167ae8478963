"""Equal cells, row by row."""

from __future__ import annotations

from screens.theme import look, tokens
from screens.widgets.base import Element, Panel, Rect, height_of


class Grid(Panel):
    """Equal cells, `columns` across; a row is as high as its highest cell. `gap` across, `gap_y` down."""

    columns = 2
    gap_y = tokens.GAP_3

    def _rows(self) -> list[list[Element]]:
        parts = self.parts()
        return [parts[at : at + self.columns] for at in range(0, len(parts), self.columns)]

    def cell(self, width: int) -> int:
        """How wide one cell is."""
        return (width - look.px(self.gap) * (self.columns - 1)) // self.columns

    def height_for(self, width: int) -> int:
        cell = self.cell(width)
        rows = self._rows()
        heights = sum(max(height_of(part, cell) for part in row) for row in rows)
        return heights + look.px(self.gap_y) * max(0, len(rows) - 1)

    def arrange(self) -> None:
        self.hide_rest()
        rows = self._rows()
        cell = self.cell(self.rect.width)
        heights = [max(height_of(part, cell) for part in row) for row in rows]
        spare = self.rect.height - sum(heights) - look.px(self.gap_y) * max(0, len(rows) - 1)
        extra = max(0, spare) // max(1, len(rows)) if self.grow else 0
        y = self.rect.y
        for row, height in zip(rows, heights, strict=True):
            for index, part in enumerate(row):
                x = self.rect.x + index * (cell + look.px(self.gap))
                part.place(Rect(x, y, cell, height + extra))
            y += height + extra + look.px(self.gap_y)
