"""One server per test module is enough for tests that only ask; tests that change it get their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.issuance.desk_of import Server
from tests.issuance.people import Authority, Card

NAMES = (
    "hanako taro ichiro yoshiko maria sato goro mamoru tonari gaiji gaiji2 kodomo tenshutsu"
    " yotei yotei2 bochi nokori nagai daike john emma nguyen shinjin"
).split()


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def cards(authority: Authority) -> dict[str, Card]:
    """A card for each resident that the tests know, by resident id."""
    return {name: Card(authority, serial=0x1001 + at) for at, name in enumerate(NAMES)}


@pytest.fixture
def server(tmp_path: Path, authority: Authority, cards: dict[str, Card]) -> Iterator[Server]:
    server = Server(tmp_path / "server", authority, cards)
    yield server
    server.close()
