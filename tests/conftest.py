"""What all tests share: who may run which, in which order, and how Hypothesis behaves."""

import faulthandler
import os
import time
from collections import defaultdict
from collections.abc import Generator

import pytest
from hypothesis import settings

from tests import order

# How long an example takes says nothing on a shared machine.
settings.register_profile("madoguchi", parent=settings(), deadline=None)
settings.register_profile("campaign", parent=settings(), deadline=None, max_examples=10_000)
settings.load_profile("campaign" if "CAMPAIGN" in os.environ else "madoguchi")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make test` is root and skips only what is `make campaign`; anybody may run the pure tests.

    Real processes on a busy machine may once be slower than any patience: a test with them that fails is run once
    more, and the summary counts and names it as `rerun`. One that fails twice has failed.
    """
    items.sort(key=lambda item: order.rank_of(item.nodeid))
    for item in items:
        if order.folder_of(item.nodeid) not in order.PURE:
            item.add_marker(pytest.mark.flaky(reruns=1))
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("system"):
            item.add_marker(pytest.mark.skip(reason="needs root: make test"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> order.Scheduling:
    return order.Scheduling(config, log)


# --- a run always ends ------------------------------------------------------------------------------------------------
#
# A test's time limit is a signal, once. Where that does not reach a hang, or a fixture hangs after it, the worker is
# taken down: every thread's place is printed, the test has failed, another worker goes on.

_STDERR = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_STDERR] = os.dup(2)  # the real one: no test has it captured yet


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    _watch(item)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    _watch(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _watch(item: pytest.Item) -> None:
    own = item.get_closest_marker("timeout")
    limit_s = own.args[0] if own else float(item.config.getini("timeout"))
    faulthandler.dump_traceback_later(1.5 * limit_s, exit=True, file=item.config.stash[_STDERR])


SLOW_S = 20.0
"""A test that takes longer is named while the run goes on: a run that is stopped from outside has then said why."""

DEAREST = 25

_started = time.monotonic()
_cost_s: defaultdict[str, float] = defaultdict(float)
"""Seconds of workers, by unit."""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """So is one that is run once more, with the reason: that passed the second time, and still says something."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    _cost_s[order.unit_of(report.nodeid)] += report.duration
    where = f"\n[{time.monotonic() - _started:.0f} s] {report.nodeid}: {report.when}"
    if report.outcome == "rerun":
        print(f"{where} is run once more: {_reason(report)}", flush=True)
    elif report.duration >= SLOW_S:
        print(f"{where} took {report.duration:.0f} s", flush=True)


def _reason(report: pytest.TestReport) -> str:
    """The place and the first words of the error."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        return str(report.longrepr)[-200:]
    return f"{crash.path}:{crash.lineno}: {crash.message[:200]}".partition("\n")[0]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Of a long run, what it spent its time on: `tests/order.py` says what begins first."""
    if time.monotonic() - _started < 10 * SLOW_S:
        return
    terminalreporter.section(f"the {DEAREST} dearest of {sum(_cost_s.values()):.0f} s of all workers")
    for unit, seconds in sorted(_cost_s.items(), key=lambda each: -each[1])[:DEAREST]:
        terminalreporter.line(f"{seconds:6.1f} s  {unit}")
