"""The record of requests: found with a reason, counted, put into a dossier, forgotten in time; and too many of them."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from issuance import records
from issuance.app import make_app
from issuance.main import main
from issuance.records import Look, NoReasonError
from issuance.store import Document, Session
from tests.issuance.desk_of import Server
from tests.issuance.people import KIOSK, NOW, Authority, Card, token

Cards = dict[str, Card]
LOOK = Look("tester", "case 12", NOW)
DAY = timedelta(days=1)


@pytest.fixture
def database(either: str) -> str:
    return either


def _issued(server: Server, card: Card, **order: object) -> str:
    ids, prepared = server.prepared(card, **order)
    here = f"/v1/documents/{prepared.body['serial']}"
    server.post(f"{here}/commit", ids)
    server.post(f"{here}/printed", ids | {"pages": json.loads(_claim(prepared.body))["pages"]})
    return str(prepared.body["serial"])


def _claim(body: dict[str, str]) -> bytes:
    return msgspec.convert(body["manifest"], bytes)


def test_who_what_when_assisted(server: Server, cards: Cards) -> None:
    serial = _issued(server, cards["hanako"])
    transaction, _ = server.authenticate(cards["hanako"])
    order = server.machine.order(transaction, cards["hanako"], kind="kazei_shomei") | {"assisted": True}
    assert server.post("/v1/documents", order).status == 201
    _issued(server, cards["yoshiko"])
    found = asyncio.run(
        server.office.store.run(lambda tx: records.search(tx, LOOK, "hanako", NOW - DAY, NOW + DAY))
    )
    assert [(row.serial, row.kind, row.state, row.assisted, row.kiosk) for row in found] == [
        (serial, "juminhyo", "printed", False, KIOSK),
        (found[1].serial, "kazei_shomei", "prepared", True, KIOSK),
    ]
    assert server.audit()[-1].startswith("searched tester ")
    assert server.audit()[-1].endswith(" case 12")


def test_nobody_looks_without_a_reason(server: Server) -> None:
    look = msgspec.structs.replace(LOOK, reason="  ")
    with pytest.raises(NoReasonError):
        asyncio.run(server.office.store.run(lambda tx: records.dossier(tx, look, NOW - DAY, NOW)))
    window = ["--from", "2026-11-21", "--to", "2026-11-22", "--reason", ""]
    assert main(["dossier", "--dir", str(server.path), *window]) == 1


def test_a_dossier_has_every_paper_of_the_window_and_its_log(
    server: Server, cards: Cards, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _issued(server, cards["hanako"])
    server.clock.at += timedelta(hours=1)
    ids, prepared = server.prepared(cards["taro"])
    inside = prepared.body["serial"]
    server.clock.at += timedelta(minutes=10)
    server.post(f"/v1/documents/{inside}/void", ids | {"reason": "cancelled"})
    window = ["--from", "2026-11-21T12:30", "--to", "2026-11-21T14:00"]  # Japan's time; NOW is noon
    assert main(["dossier", "--dir", str(server.path), "--reason", "wrong paper reported", *window]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["serial"] for row in found["records"]] == [inside]
    assert before not in json.dumps(found)
    acts = [link["entry"]["act"] for link in found["log"]]
    # This look itself is noted at the time of the machine, whenever that is.
    assert [act for act in acts if act != "dossier"] == ["authenticated", "prepared", "void"]
    assert found["broken_at"] is None


def test_a_paper_that_was_only_changed_in_the_window_is_in_the_dossier(server: Server, cards: Cards) -> None:
    ids, prepared = server.prepared(cards["taro"])
    server.clock.at += timedelta(minutes=10)
    begins = server.clock.at
    server.post(f"/v1/documents/{prepared.body['serial']}/commit", ids)
    found = asyncio.run(server.office.store.run(lambda tx: records.dossier(tx, LOOK, begins, begins + DAY)))
    assert [row.serial for row in found.records] == [prepared.body["serial"]]


def test_a_month_is_counted_as_the_town_counts_it(
    server: Server, cards: Cards, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    server.clock.at = datetime(2026, 11, 30, 14, 59, tzinfo=UTC)
    _renew_list(server, authority)
    _issued(server, cards["hanako"])
    server.clock.at = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)  # 1 December in Japan
    _issued(server, cards["hanako"])
    for who in ("mamoru", "gaiji"):
        transaction, _ = server.authenticate(cards[who])
        server.post("/v1/documents", server.machine.order(transaction, cards[who]))
    assert main(["counts", "--dir", str(server.path), "--month", "2026-11"]) == 0
    assert capsys.readouterr().out.split() == ["1", "juminhyo", "printed"]
    assert main(["counts", "--dir", str(server.path), "--month", "2026-12"]) == 0
    # A protection measure and a missing glyph are two of one number.
    assert capsys.readouterr().out.split() == ["1", "juminhyo", "printed", "2", "refused", "N-301"]


def test_a_record_is_forgotten_when_its_time_is_over(server: Server, cards: Cards) -> None:
    _issued(server, cards["hanako"])
    later = datetime(2029, 11, 30, 14, 59, tzinfo=UTC)
    forget = [
        asyncio.run(server.office.store.run(partial(records.forget_old, now=at, years=3)))
        for at in (later, later + timedelta(minutes=1))
    ]
    assert forget == [0, 1]
    rows = asyncio.run(server.office.store.read(lambda tx: [*tx.find(Document), *tx.find(Session)]))
    assert rows == []
    assert server.audit()[-1].startswith("forgot 1 records")


def test_a_kiosk_that_asks_too_often_is_slowed(server: Server, cards: Cards) -> None:
    """By the minute, by kiosk, at whichever worker; also when it asks again under the same transaction."""
    other = server.enrol("kiosk-2")
    town = server.office.town
    limits = msgspec.structs.replace(town.limits, visits_per_minute=3)
    server.app = make_app(
        msgspec.structs.replace(server.office, town=msgspec.structs.replace(town, limits=limits))
    )
    again = {"transaction": token()}
    assert [server.post("/v1/challenges", again).status for _ in range(4)] == [201, 201, 201, 429]
    assert server.post("/v1/challenges", {"transaction": token()}, other.kiosk).status == 201
    server.clock.at += timedelta(minutes=1)
    assert server.authenticate(cards["hanako"])[1].status == 200


def _renew_list(server: Server, authority: Authority) -> None:
    """The list of revoked cards ends after a week, and clears nobody then."""
    crl = authority.crl(this_update=server.clock.at, next_update=server.clock.at + 7 * DAY)
    (server.path / "jpki" / "crl" / "ca.crl").write_bytes(crl.public_bytes(Encoding.DER))
