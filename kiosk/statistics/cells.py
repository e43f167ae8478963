"""Tables whose small cells are left out, so that no number is about a few people. Pure.

A cell is small when fewer than `least` things made it. A small one is never shown; nor is the smallest other one of its
line when only one of the line would be missing, for it could be had by subtraction (secondary suppression). A table
that splits another one up (`Part`) has its parts as lines too, and hides what is hidden there. A zero is shown: that
nobody did something is what makes a table a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

LEAST = 10
"""Things in a cell, where a town says nothing else."""
LEAST_EVER = 3
HIDDEN = "<"
"""What stands where a small number would."""


class Cell(msgspec.Struct, frozen=True):
    """`value` as it is printed; `made_of`: how many visits (papers, calls, answers) it was made of."""

    value: int | float
    made_of: int


class Row(msgspec.Struct, frozen=True):
    labels: tuple[str, ...]
    cells: tuple[Cell, ...]


class Part(msgspec.Struct, frozen=True):
    """Rows of a table that sum up to rows of another: `of` has for each row the labels of the other's row."""

    whole: str
    of: tuple[tuple[str, ...], ...]


class Table(msgspec.Struct, frozen=True):
    """`labels` and `columns` are the heads; `is_additive`: its cells sum up along a row and a column. `parts`: of which
    tables it is a finer view; they come before it."""

    name: str
    labels: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    is_additive: bool = True
    parts: tuple[Part, ...] = ()


class Shown(msgspec.Struct, frozen=True):
    """A table that may leave: None stands for a cell that is too small."""

    name: str
    labels: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], tuple[int | float | None, ...]], ...]


def counted(
    name: str,
    labels: tuple[str, ...],
    counts: Iterable[tuple[tuple[str, ...], int]],
    parts: Mapping[str, Callable[[tuple[str, ...]], str]] | None = None,
) -> Table:
    """A table of one column of counts. `parts`: table -> which of its rows a row of this one belongs to."""
    rows = tuple(Row(key, (Cell(count, count),)) for key, count in sorted(counts))
    found = tuple(
        Part(whole, tuple((part_of(each.labels),) for each in rows))
        for whole, part_of in (parts or {}).items()
    )
    return Table(name, labels, ("count",), rows, parts=found)


def shown_together(tables: Iterable[Table], least: int = LEAST) -> list[Shown]:
    """What leaves together: in their order, each with an eye on those before it."""
    found: dict[str, Shown] = {}
    for table in tables:
        found[table.name] = shown(table, least, found)
    return list(found.values())


def shown(table: Table, least: int = LEAST, before: Mapping[str, Shown] | None = None) -> Shown:
    """Without small cells, nor those that are a part of what is hidden in a table `before` it. ValueError: a least that
    protects nobody."""
    if least < LEAST_EVER:
        raise ValueError(f"a cell is of at least {LEAST_EVER}")
    hidden = {
        (row, column)
        for row, each in enumerate(table.rows)
        for column, cell in enumerate(each.cells)
        if 0 < cell.made_of < least
    }
    hidden |= _hidden_before(table, before or {})
    if table.is_additive:
        _hide_seconds(table, hidden)
    return Shown(
        table.name,
        table.labels,
        table.columns,
        tuple(
            (
                each.labels,
                tuple(
                    None if (row, column) in hidden else cell.value for column, cell in enumerate(each.cells)
                ),
            )
            for row, each in enumerate(table.rows)
        ),
    )


def _hidden_before(table: Table, before: Mapping[str, Shown]) -> set[tuple[int, int]]:
    found = set()
    for part in table.parts:
        rows = before[part.whole].rows if part.whole in before else ()
        missing = {labels for labels, cells in rows if cells[0] is None}
        found |= {(row, 0) for row, of in enumerate(part.of) if of in missing and _made_of(table, (row, 0))}
    return found


def _hide_seconds(table: Table, hidden: set[tuple[int, int]]) -> None:
    """Until no line has one single cell missing. It ends: each turn hides one more."""
    while (more := _single(table, hidden)) is not None:
        hidden.add(more)


def _single(table: Table, hidden: set[tuple[int, int]]) -> tuple[int, int] | None:
    for line in _lines(table):
        missing = [at for at in line if at in hidden]
        others = [at for at in line if at not in hidden and _made_of(table, at) > 0]
        if len(missing) == 1 and others:
            return min(others, key=lambda at: (_made_of(table, at), at))
    return None


def _lines(table: Table) -> Iterable[Sequence[tuple[int, int]]]:
    """Rows, columns, and groups of rows with all labels but one in common: each has a sum that somebody may know."""
    width = len(table.columns)
    if width > 1:
        yield from ([(row, column) for column in range(width)] for row in range(len(table.rows)))
    for column in range(width):
        yield [(row, column) for row in range(len(table.rows))]
        for left_out in range(len(table.labels) if len(table.labels) > 1 else 0):
            groups: dict[tuple[str, ...], list[tuple[int, int]]] = {}
            for row, each in enumerate(table.rows):
                rest = each.labels[:left_out] + each.labels[left_out + 1 :]
                groups.setdefault(rest, []).append((row, column))
            yield from groups.values()
    for part in table.parts:
        yield from (
            [(row, 0) for row, of in enumerate(part.of) if of == one] for one in dict.fromkeys(part.of)
        )


def _made_of(table: Table, at: tuple[int, int]) -> int:
    return table.rows[at[0]].cells[at[1]].made_of
