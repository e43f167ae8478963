"""No number about a few people leaves, and none can be had by subtraction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.statistics.cells import Cell, Row, Table, counted, shown

COUNTS = st.dictionaries(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("123")), st.integers(0, 40), min_size=1, max_size=12
)


@given(COUNTS, st.integers(3, 20))
def test_a_small_cell_is_never_shown_and_never_alone_in_its_line(
    counts: dict[tuple[str, str], int], least: int
) -> None:
    table = shown(counted("t", ("kind", "hour"), counts.items()), least)
    values = {labels: cells[0] for labels, cells in table.rows}
    assert set(values) == set(counts)
    for labels, value in values.items():
        assert value in (None, counts[labels])
        assert value is None or value == 0 or value >= least
    for at in (0, 1):
        for line in {labels[at] for labels in values}:
            here = {labels: value for labels, value in values.items() if labels[at] == line}
            hidden = [labels for labels, value in here.items() if value is None]
            others = [value for value in here.values() if value]
            assert len(hidden) != 1 or not others, "the one that is missing is the total less the others"


def test_one_small_cell_takes_the_smallest_other_with_it() -> None:
    table = counted("t", ("kind",), [(("a",), 50), (("b",), 4), (("c",), 12), (("d",), 0)])
    assert [cells for _, cells in shown(table).rows] == [(50,), (None,), (None,), (0,)]


def test_a_mean_of_a_few_is_left_out_by_how_many_made_it() -> None:
    rows = (Row(("pin",), (Cell(12.5, 9), Cell(9, 9))), Row(("pay",), (Cell(30.0, 10), Cell(10, 10))))
    table = Table("t", ("step",), ("median", "of"), rows, is_additive=False)
    assert [cells for _, cells in shown(table).rows] == [(None, None), (30.0, 10)]


def test_a_least_that_protects_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 3"):
        shown(counted("t", ("kind",), [(("a",), 1)]), 2)
