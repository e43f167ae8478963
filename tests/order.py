"""In which order tests run, and which of them one worker runs one after the other.

What takes longest begins first, and what is short is left for the end: then no worker stands idle while another still
has minutes before it. Tests that share something dear (a machine, a kiosk, a database) are one unit: it is made once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests.journeys.rows import row_of

PURE = frozenset({"build", "codec", "config", "docs", "engine"})
"""Folders of tests that start nothing: there, a failure is a failure at once; and they come last."""

FIRST = (
    "tests/provisioning/test_install.py",
    "tests/provisioning/test_running.py",
    "tests/crash/",
    "tests/journeys/",
    "tests/privacy/",
    "tests/screens/test_layout.py",
    "tests/issuance/",
    "tests/contract/",
    "tests/treasury/",
)
"""The longest, in this order; then all that is not pure, then what is."""

LAST = frozenset({"codec", "config", "engine"})
"""Folders without anything shared: a few of their tests are a unit, and fill what is left of the time."""
FEW = 8

STATEFUL = "::runTest"
"""How a state machine of Hypothesis ends: long, and shares nothing."""

SHARED = {
    "tests/provisioning/test_install.py": "the machine",
    "tests/provisioning/test_running.py": "the machine",
}
"""Modules that are one unit: one Debian, installed once and booted once."""

APART = frozenset({"tests/journeys/test_journeys.py", "tests/screens/test_layout.py"})
"""Modules whose tests share nothing: each is a unit."""

IN_A_ROW = "tests/journeys/test_in_a_row.py"
"""Each row of it is a unit: one kiosk."""


def unit_of(nodeid: str) -> str:
    """What one worker runs in one go: as a rule a module, whose fixtures are then made once."""
    module, _, test = nodeid.partition("::")
    if module == IN_A_ROW and test.endswith("]"):
        return f"{module}: from {row_of(test.partition('[')[2][:-1])[0]} on"
    if module in APART or nodeid.endswith(STATEFUL):
        return nodeid
    return SHARED.get(module, module)


def folder_of(nodeid: str) -> str:
    """`engine` of tests/engine/test_table.py::…; the tests outside of tests/ have none."""
    return nodeid.split("/")[1] if nodeid.startswith("tests/") else ""


def rank_of(nodeid: str) -> int:
    """The lower, the earlier."""
    for rank, start in enumerate(FIRST):
        if nodeid.startswith(start):
            return rank
    if nodeid.endswith(STATEFUL):
        return len(FIRST)
    folder = folder_of(nodeid)
    return len(FIRST) + (folder in PURE) + (folder in LAST)


def units_of(collection: Sequence[str]) -> dict[str, str]:
    """The unit of each test of a run."""
    seen: Counter[str] = Counter()
    units = {}
    for nodeid in collection:
        unit = unit_of(nodeid)
        if folder_of(nodeid) in LAST and not nodeid.endswith(STATEFUL):
            seen[unit] += 1
            unit = f"{unit}, part {(seen[unit] + FEW - 1) // FEW}"
        units[nodeid] = unit
    return units


class Scheduling(LoadScopeScheduling):
    """Units in the order of the collection; a worker gets its next one when it is almost through.

    xdist's own worksteal makes the shared things once a worker, and shares out last what was to begin first.
    """

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)
        self._units: dict[str, str] = {}

    def schedule(self) -> None:
        if self.collection is None:
            self._units = units_of(next(iter(self.registered_collections.values())))
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        return self._units[nodeid]

    def remove_node(self, node: WorkerController) -> str | None:
        """A worker is gone: the test that took it down has failed, the rest of its units go on elsewhere.

        (xdist's own would run that test again, and hand out units with nothing left in them, for which a worker waits
        for ever.)
        """
        units = self.assigned_work.pop(node)
        left = {
            name: [nodeid for nodeid, is_done in unit.items() if not is_done] for name, unit in units.items()
        }
        crashed = next((nodeid for nodeids in left.values() for nodeid in nodeids), None)
        for name, nodeids in reversed(left.items()):
            if rest := {nodeid: False for nodeid in nodeids if nodeid != crashed}:
                self.workqueue[name] = rest
                self.workqueue.move_to_end(name, last=False)
        for each in self.nodes:
            self._reschedule(each)
        return crashed
