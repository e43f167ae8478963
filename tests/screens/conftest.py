"""Kivy is told how to behave before any test module imports it."""

from __future__ import annotations

import pytest

from screens import environment

environment.prepare((1080, 1920))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the layout trees of the screens anew"
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden", default=False))
