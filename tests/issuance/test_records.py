"""The record of requests: found with a reason, counted, put into a dossier, forgotten in time; and too many of them."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import pypdfium2
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


def test_a_person_is_shown_the_record_in_a_form_that_can_be_read(
    server: Server, cards: Cards, capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    """開示: every request and every refusal, by the words and codes of the screen; of the reason behind, nothing."""
    serial = _issued(server, cards["hanako"], kind="kazei_shomei", options={"tax_year": "y2025"})
    transaction, _ = server.authenticate(cards["mamoru"])  # 支援措置
    server.post("/v1/documents", server.machine.order(transaction, cards["mamoru"]))
    server.clock.at += timedelta(minutes=1)
    window = ["--from", "2026-11-20", "--to", "2026-11-23", "--reason", "開示請求 3"]

    def shown(who: str, form: str, *more: str) -> int:
        return main(["records", "--dir", str(server.path), "--resident", who, "--form", form, *window, *more])

    assert shown("hanako", "csv") == 0
    head, row = capsysbinary.readouterr().out.decode("utf-8-sig").splitlines()
    assert head.startswith("請求した時刻,証明書,記載の内容")
    assert serial in row
    assert "課税証明書,令和7年度,200,交付・印刷済" in row
    assert shown("mamoru", "csv") == 0
    told = capsysbinary.readouterr().out.decode()
    assert "お断り N-301" in told and "protected" not in told
    file = tmp_path / "kaiji.pdf"
    assert shown("mamoru", "pdf", "--out", str(file)) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert shown("mamoru", "pdf", "--out", str(file)) == 1, "what is there is not written over"
    document = pypdfium2.PdfDocument(file)
    text = "".join(document[0].get_textpage().get_text_range().split())
    document.close()
    assert "保護守" in text and "N-301" in text and "protected" not in text
    assert sum(each.startswith("searched ") for each in server.audit()) == 4


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
