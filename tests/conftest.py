"""What all tests share: who may run which, and how Hypothesis behaves."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says nothing on a shared machine.
settings.register_profile("madoguchi", parent=settings(), deadline=None)
settings.register_profile("campaign", parent=settings(), deadline=None, max_examples=10_000)
settings.load_profile("campaign" if "CAMPAIGN" in os.environ else "madoguchi")


PURE = frozenset({"build", "codec", "config", "docs", "engine"})
"""Folders of tests that start nothing: there, a failure is a failure at once."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make test` is root and skips nothing; anybody may run the pure tests.

    Real processes on a busy machine may once be slower than any patience: a test with them that fails is run once
    more, and the summary counts and names it as `rerun`. One that fails twice has failed.
    """
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] not in PURE:
            item.add_marker(pytest.mark.flaky(reruns=1))
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("system"):
            item.add_marker(pytest.mark.skip(reason="needs root: make test"))
