"""What only PostgreSQL has to prove: several workers, a database that goes away, and the same tables as SQLite."""

from __future__ import annotations

import asyncio
import base64
import re
from pathlib import Path

import pytest

from issuance import audit, folder
from issuance.app import make_app
from issuance.audit import Entry
from issuance.postgres import PostgresStore
from issuance.store import migrations
from tests.issuance.desk_of import Server, bound
from tests.issuance.people import FONT, KIOSK, Authority, Card, token
from tests.issuance.postgres import Cluster

pytestmark = pytest.mark.system


@pytest.fixture
def database(cluster: Cluster) -> str:
    return cluster.make()


def test_each_step_at_another_worker(server: Server, cards: dict[str, Card]) -> None:
    """A worker keeps nothing that another would miss."""
    first = server.app
    second = make_app(folder.open_office(server.path, font=FONT, clock=server.clock))
    transaction = token()
    challenge = server.post("/v1/challenges", {"transaction": transaction}).body["challenge"]
    message = bound(base64.b64decode(challenge), KIOSK, transaction, ())
    card = cards["hanako"]
    body = {"transaction": transaction, "certificate": card.der, "signature": card.sign(message)}
    server.app = second
    assert server.post("/v1/authentications", body).status == 200
    assert server.post("/v1/authentications", body).problem == "conflict"
    server.app = first
    order = server.machine.order(transaction, card)
    serial = server.post("/v1/documents", order).body["serial"]
    ids = {"transaction": transaction, "line": order["line"]}
    server.app = second
    assert server.post(f"/v1/documents/{serial}/commit", ids).status == 200
    server.app = first
    assert server.post(f"/v1/documents/{serial}/printed", ids | {"pages": 2}).status == 200


def test_many_writers_make_one_chain(server: Server, database: str) -> None:
    other = PostgresStore(database)

    async def write(store: PostgresStore, name: str) -> None:
        entry = Entry("2026", name)
        await asyncio.gather(*(store.run(lambda tx: tx.append(entry)) for _ in range(40)))

    async def both() -> None:
        assert isinstance(server.office.store, PostgresStore)
        await asyncio.gather(write(server.office.store, "here"), write(other, "there"))

    asyncio.run(both())
    links = asyncio.run(other.read(lambda tx: list(tx.audit_log())))
    other.close()
    assert audit.first_broken(links) is None
    assert [link.entry.act for link in links].count("here") == 40
    assert [link.entry.act for link in links].count("there") == 40


def test_a_database_that_went_down_is_found_again(
    server: Server, cluster: Cluster, cards: dict[str, Card]
) -> None:
    ids, prepared = server.prepared(cards["hanako"])
    cluster.restart()
    answer = server.post(f"/v1/documents/{prepared.body['serial']}/commit", ids)
    assert answer.body["state"] == "committed"


def test_what_only_reads_cannot_write(server: Server) -> None:
    with pytest.raises(Exception, match="read-only"):
        asyncio.run(server.office.store.read(lambda tx: tx.append(Entry("2026", "sneaked"))))


def test_both_databases_have_the_same_tables(server: Server) -> None:
    """Each column, in order; SQLite's types are PostgreSQL's by their names."""
    scripts = ["\n".join(migrations(each)) for each in ("sqlite", "postgres")]
    tables = [re.findall(r"CREATE TABLE (\w+) \((.*?)\n\)", script, re.DOTALL) for script in scripts]
    types = {" BLOB ": " BYTEA ", " INTEGER ": " BIGINT ", " x''": " ''"}
    added = [re.findall(r"ALTER TABLE (\w+) ADD COLUMN ([^;]+)", script) for script in scripts]
    tables = [[*table, *more] for table, more in zip(tables, added, strict=True)]
    assert len(tables[0]) == len(tables[1]) >= 10
    for (name, lite), (other, postgres) in zip(*tables, strict=True):
        columns = lite
        for old, new in types.items():
            columns = columns.replace(old, new)
        assert (name, columns) == (other, postgres)


def test_a_second_start_migrates_nothing(database: str, tmp_path: Path, authority: Authority) -> None:
    for _ in range(2):
        store = PostgresStore(database)
        store.close()
    store = PostgresStore(database)
    assert store.run_now(lambda tx: tx.next_number("n")) == 1
    store.close()
