"""Workers as processes, PostgreSQL between them: killed in the middle, no paper is anybody else's, nothing is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from issuance import audit, folder
from issuance.clock import SystemClock
from issuance.store import Document
from tests.issuance.people import Authority, Card, make_folder
from tests.issuance.postgres import Cluster
from tests.issuance.processes import Workers, campaign
from tests.issuance.test_wrong_person import FOUND_AT_THE_DOOR

pytestmark = pytest.mark.system


def test_no_wrong_paper_while_workers_are_killed_and_the_database_crashes(
    tmp_path: Path, authority: Authority, cards: dict[str, Card], cluster: Cluster
) -> None:
    mine = {name: card for name, card in cards.items() if name not in FOUND_AT_THE_DOOR}
    path = make_folder(tmp_path / "server", authority, mine, SystemClock(), cluster.make())
    count = campaign(path, mine, cluster, kiosks=4, papers=40, seed=11)
    assert count.wrong == []
    assert count.papers >= 40
    assert count.kills >= 2
    assert count.crashes >= 1
    store = folder.open_store(path)
    links = asyncio.run(store.read(lambda tx: list(tx.audit_log())))
    rows = {row.serial: row for row in asyncio.run(store.read(lambda tx: tx.find(Document)))}
    store.close()
    assert audit.first_broken(links) is None
    assert {rows[serial].state for serial in count.serials} <= {"committed", "printed"}


def test_a_worker_that_dies_is_replaced(tmp_path: Path, authority: Authority, cards: dict[str, Card]) -> None:
    server = Workers(make_folder(tmp_path / "server", authority, cards, SystemClock()), 2)
    gone = threading.Event()
    deadline = time.monotonic() + 30.0
    while len(before := server.children()) < 2:
        assert time.monotonic() < deadline
        gone.wait(0.05)
    os.kill(before[0], signal.SIGKILL)
    while len(after := server.children()) < 2 or before[0] in after:
        assert time.monotonic() < deadline
        gone.wait(0.05)
    assert before[1] in after
    assert server.stop() == 0
