"""Many residents in the same instant, at several kiosks: each paper is its own resident's, in every
interleaving."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
from dataclasses import dataclass
from typing import Any

import pytest

from issuance.desk import Desk
from issuance.documents import Documents
from issuance.messages import (
    AuthenticationRequest,
    ChallengeRequest,
    LineRequest,
    Prepared,
    PrepareRequest,
    PrintedRequest,
)
from issuance.store import Kiosk
from kiosk.binding import Expected, ManifestKey, examine
from kiosk.ids import KioskId, LineId, TransactionId
from tests.issuance.desk_of import Server, bound
from tests.issuance.people import KIOSK, Card, Machine, token

PEOPLE = ["hanako", "taro", "ichiro", "yoshiko", "maria", "sato", "goro", "john"]
KIOSKS = 4
VISITS = 64


@dataclass(frozen=True)
class Visit:
    """What one kiosk sent and got."""

    who: str
    kiosk: str
    card: Card
    order: dict[str, Any]
    prepared: Prepared


@pytest.fixture
def database(either: str) -> str:
    return either


def test_each_gets_their_own(server: Server, cards: dict[str, Card]) -> None:
    """Kawasaki 2023: two requests within a second, and the later overwrote the earlier."""
    machines = {KIOSK: server.machine} | {
        name: server.enrol(name) for name in (f"kiosk-{n}" for n in range(1, KIOSKS))
    }
    key = ManifestKey((server.path / "kiosk" / "manifest-key.pem").read_bytes())

    async def all_at_once() -> list[Visit]:
        rows = {row.kiosk: row for row in await server.office.store.run(lambda tx: tx.find(Kiosk))}
        turns = zip(range(VISITS), itertools.cycle(PEOPLE), itertools.cycle(machines), strict=False)
        visits = [_visit(server, rows[name], machines[name], cards[who], who) for _, who, name in turns]
        return await asyncio.gather(*visits)

    visits = asyncio.run(all_at_once())
    for visit in visits:
        _look(server, visit, key)
    assert len({visit.prepared.serial for visit in visits}) == VISITS
    acts = [each.split()[0] for each in server.audit()]
    assert acts.count("printed") == VISITS


async def _visit(server: Server, kiosk: Kiosk, machine: Machine, card: Card, who: str) -> Visit:
    """One resident's whole way."""
    desk, documents = Desk(server.office), Documents(server.office)
    transaction = token()
    challenge = (await desk.challenge(kiosk, ChallengeRequest(transaction))).challenge
    signature = card.sign(bound(challenge, kiosk.kiosk, transaction, ()))
    await desk.authenticate(kiosk, AuthenticationRequest(transaction, card.der, signature))
    order = machine.order(transaction, card)
    prepared = await documents.prepare(kiosk, PrepareRequest(**order))
    line = LineRequest(transaction, order["line"])
    assert (await documents.commit(kiosk, prepared.serial, line)).state == "committed"
    done = PrintedRequest(transaction, order["line"], json.loads(prepared.manifest)["pages"])
    assert (await documents.printed(kiosk, prepared.serial, done)).state == "printed"
    return Visit(who, kiosk.kiosk, card, order, prepared)


def _look(server: Server, visit: Visit, key: ManifestKey) -> None:
    """As the kiosk looks at it; afterwards, for PDFium is not made for two threads."""
    order, prepared = visit.order, visit.prepared
    expected = Expected(
        KioskId(visit.kiosk), TransactionId(order["transaction"]), LineId(order["line"]), order["order_hash"]
    )
    _, evidence = examine(prepared.pdf, prepared.manifest, prepared.signature, key, expected)
    assert evidence.signature_ok
    assert evidence.sha256_ok
    assert evidence.serial_in_text
    assert evidence.transaction_in_metadata
    assert (evidence.transaction, evidence.line) == (order["transaction"], order["line"])
    assert evidence.card_fingerprint == hashlib.sha256(visit.card.der).hexdigest()
    person = server.office.register.resident(visit.who)
    assert person is not None
    assert json.loads(prepared.manifest)["applicant"]["name"] == person.name
