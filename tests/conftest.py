"""What all tests share: who may run which, and how Hypothesis behaves."""

import os

import pytest
from hypothesis import settings

# How long an example takes says nothing on a shared machine.
settings.register_profile("madoguchi", parent=settings(), deadline=None)
settings.register_profile("campaign", parent=settings(), deadline=None, max_examples=10_000)
settings.load_profile("campaign" if "CAMPAIGN" in os.environ else "madoguchi")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make test` is root and skips nothing; anybody may run the pure tests."""
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("system"):
            item.add_marker(pytest.mark.skip(reason="needs root: make test"))
