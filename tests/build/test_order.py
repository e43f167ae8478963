"""The order of a run: what is dear begins first and is made once; what takes a worker down is not run again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from drivers.simpanel import script
from tests import order
from tests.journeys.rows import ROWS

ROOT = Path(__file__).resolve().parents[2]


class Node:
    """A worker as the scheduler sees it."""

    shutting_down = False

    def __init__(self) -> None:
        self.told: list[int] = []
        self.gateway = SimpleNamespace(id="a worker")

    def send_runtest_some(self, indices: list[int]) -> None:
        self.told += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def scheduling(nodes: list[Any], collection: list[str]) -> order.Scheduling:
    option = SimpleNamespace(loadscopereorder=True)
    config: Any = SimpleNamespace(option=option, getvalue=lambda name: [f"{len(nodes)}*popen"])
    made = order.Scheduling(config)
    for node in nodes:
        made.add_node(node)
        made.add_node_collection(node, collection)
    made.schedule()
    return made


def test_all_that_the_order_names_is_there() -> None:
    for name in (*order.FIRST, *order.SHARED, *order.APART, *(f"tests/{each}" for each in order.PURE)):
        assert (ROOT / name).exists(), name


def test_the_longest_begin_and_the_pure_end() -> None:
    names = ["tests/codec/a.py::a", "tests/docs/a.py::a", "tests/face/a.py::a", "tests/crash/a.py::a"]
    names.append(f"{next(iter(order.SHARED))}::a")
    assert sorted(names, key=order.rank_of) == names[::-1]


def test_one_machine_is_one_unit_and_journeys_are_apart() -> None:
    install, running = order.SHARED
    journeys = next(iter(order.APART))
    collection = [f"{install}::a", f"{running}::b", f"{running}::c", f"{journeys}::a[1]", f"{journeys}::a[2]"]
    one, other = Node(), Node()
    scheduling([one, other], collection)
    assert one.told == [0, 1, 2] and other.told == [3, 4]


def test_what_fills_the_end_is_shared_out_by_a_few() -> None:
    pure = [f"tests/engine/test_a.py::test[{at}]" for at in range(2 * order.FEW)]
    machine = "tests/engine/test_a.py::TestAnything::runTest"
    units = order.units_of([machine, *pure, "tests/docs/test_a.py::a", "tests/docs/test_a.py::b"])
    sizes = [sum(unit == each for unit in units.values()) for each in dict.fromkeys(units.values())]
    assert sizes == [1, order.FEW, order.FEW, 2]
    assert order.rank_of(machine) < order.rank_of(pure[0])


def test_a_row_of_visits_is_one_unit_and_each_journey_is_walked_once() -> None:
    units = {order.unit_of(f"{order.IN_A_ROW}::test_visit[{name}]") for row in ROWS for name in row}
    assert len(units) == len(ROWS)
    walked = [name for row in ROWS for name in row]
    assert len(set(walked)) == len(walked) and set(walked) <= set(script.names())
    assert all(script.load(name).in_ci and not script.load(name).ends.waits for row in ROWS for name in row[:-1])


def test_what_takes_its_worker_down_is_not_run_again_and_the_rest_of_its_unit_is() -> None:
    collection = ["tests/a.py::a", "tests/a.py::dies", "tests/a.py::c", "tests/b.py::a", "tests/b.py::b"]
    one, other = Node(), Node()
    made = scheduling([one, other], collection)
    assert one.told == [0, 1, 2]
    made.mark_test_complete(one, 0)
    assert made.remove_node(one) == "tests/a.py::dies"
    instead = Node()
    made.add_node(instead)
    made.add_node_collection(instead, collection)
    made.schedule()
    assert other.told == [3, 4] and instead.told == [2]
    for node, indices in ((other, other.told), (instead, instead.told)):
        for index in indices:
            made.mark_test_complete(node, index)
    assert not made.has_pending and made.tests_finished
