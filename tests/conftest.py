"""What all tests share: who may run which, and how Hypothesis behaves."""

import faulthandler
import os
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says nothing on a shared machine.
settings.register_profile("madoguchi", parent=settings(), deadline=None)
settings.register_profile("campaign", parent=settings(), deadline=None, max_examples=10_000)
settings.load_profile("campaign" if "CAMPAIGN" in os.environ else "madoguchi")


PURE = frozenset({"build", "codec", "config", "docs", "engine"})
"""Folders of tests that start nothing: there, a failure is a failure at once."""


LONG = frozenset({"crash", "journeys", "provisioning"})
"""Folders whose tests take long each: begun first, for what is left at the end is shared among the workers."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make test` is root and skips only what is `make campaign`; anybody may run the pure tests.

    The longest begin first.

    Real processes on a busy machine may once be slower than any patience: a test with them that fails is run once
    more, and the summary counts and names it as `rerun`. One that fails twice has failed.
    """
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(here).parts[0] not in LONG)
    for item in items:
        if item.path.relative_to(here).parts[0] not in PURE:
            item.add_marker(pytest.mark.flaky(reruns=1))
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("system"):
            item.add_marker(pytest.mark.skip(reason="needs root: make test"))


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

_started = time.monotonic()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.duration >= SLOW_S and "PYTEST_XDIST_WORKER" not in os.environ:
        after = time.monotonic() - _started
        print(f"\n[{after:.0f} s] {report.nodeid}: {report.when} took {report.duration:.0f} s", flush=True)
