"""One server per test module is enough for tests that only ask; tests that change it get their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.issuance.desk_of import Server
from tests.issuance.people import Authority, Card
from tests.issuance.postgres import Cluster

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


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One PostgreSQL for the whole run."""
    cluster = Cluster()
    yield cluster
    cluster.stop()


@pytest.fixture
def database() -> str:
    """The connection string of the server's database; none: SQLite. The modules whose tests are about what the
    database does ask for both."""
    return ""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.system)])
def either(request: pytest.FixtureRequest) -> str:
    """Once with SQLite, once with a new PostgreSQL database."""
    return request.getfixturevalue("cluster").make() if request.param == "postgres" else ""


@pytest.fixture
def server(tmp_path: Path, authority: Authority, cards: dict[str, Card], database: str) -> Iterator[Server]:
    server = Server(tmp_path / "server", authority, cards, database)
    yield server
    server.close()
