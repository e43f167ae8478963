"""`kiosk-sim up`: what a run is made of, without starting it."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from drivers.simpanel import parts, up, windows


class Outside:
    cookies = None
    configured = {"machine.toml": "the class's own machine", "municipality.toml": "its own town"}  # noqa: RUF012


def test_a_configuration_of_ones_own_is_the_one_that_the_core_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training machine's unit names /etc/madoguchi's files: they are not read and left aside."""
    parser = argparse.ArgumentParser()
    up.arguments(parser)
    given: list[Any] = []
    for module in (parts, windows):
        for name in ("paper", "cash", "card", "calling", "issuance", "screen", "panel"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, lambda *_: [])

    def core(*words: Any) -> list[Any]:
        given.append(words)
        return []

    monkeypatch.setattr(parts, "core", core)
    monkeypatch.setattr(up, "Ears", object)
    run = up.Run(parser.parse_args([]), Outside(), None)  # type: ignore[arg-type]
    run.wanted = set()
    assert run._parts() == []
    assert given[0][-1] == Outside.configured
