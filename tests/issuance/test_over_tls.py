"""Server and client as they run: real TLS over localhost, real threads, a real font."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from issuance import folder, pki
from issuance.clock import SystemClock
from issuance.folder import CERTIFICATES
from issuance.town import read_kinds
from kiosk import stats_cli
from kiosk.clock import SystemClock as KioskClock
from kiosk.config import Mode, load
from kiosk.ids import DeviceId, LineId, TransactionId
from kiosk.journal.records import Started, VisitEnded
from kiosk.journal.store import open_store
from kiosk.ports import (
    AbandonTransaction,
    Authenticated,
    AuthenticationRefused,
    Commit,
    Committed,
    DeviceArrived,
    DeviceLost,
    HeadAcknowledged,
    IssuanceFailed,
    IssuanceStatus,
    Order,
    Prepare,
    Prepared,
    PrepareRefused,
    PrintedAcknowledged,
    ReadIssuance,
    ReportHead,
    ReportPrinted,
    ReportVoid,
    RequestChallenge,
    VoidAcknowledged,
)
from kiosk.production import server_findings
from tests.issuance.people import KIOSK, Authority, Card, make_folder, token
from tests.issuance.running import WAIT_S, Kiosk, Running, fingerprint
from tests.ports import free_port


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, cards: dict[str, Card]
) -> Iterator[Running]:
    path = make_folder(tmp_path_factory.mktemp("tls") / "server", authority, cards, SystemClock())
    server = Running(path)
    yield server
    assert server.stop() == -signal.SIGTERM


@pytest.fixture
def kiosk(running: Running) -> Iterator[Kiosk]:
    kiosk = Kiosk(running.path / "kiosk", f"https://localhost:{running.port}")
    assert isinstance(kiosk.next(), DeviceArrived)
    yield kiosk
    kiosk.driver.stop()


def test_the_whole_way(kiosk: Kiosk, cards: dict[str, Card]) -> None:
    status = kiosk.ask(ReadIssuance())
    assert isinstance(status, IssuanceStatus)
    assert (status.is_up, status.stop, status.open_until) == (True, "", "24:00")
    assert ("juminhyo", 200, 300) in status.prices
    transaction, authenticated = kiosk.authenticate(cards["hanako"])
    assert isinstance(authenticated, Authenticated)
    prepared = kiosk.prepare(cards["hanako"], transaction, ("whom", "household"))
    assert isinstance(prepared, Prepared)
    evidence = prepared.evidence
    assert evidence.signature_ok
    assert evidence.sha256_ok
    assert evidence.serial_in_text
    assert evidence.transaction_in_metadata
    assert evidence.transaction == transaction
    assert evidence.line == prepared.line
    assert evidence.pages_claimed == evidence.pages_found == prepared.document.pages == 2
    assert (prepared.document.sheets, prepared.document.sides) == (1, "two-sided-long-edge")
    assert evidence.applicant_masked == "例＊＊"
    assert evidence.holders_masked == ("例＊＊",) * 3
    serial = prepared.document.serial
    assert kiosk.ask(Commit(transaction, prepared.line, serial)) == Committed(transaction, prepared.line)
    printed = kiosk.ask(ReportPrinted(transaction, prepared.line, serial, 2))
    assert printed == PrintedAcknowledged(transaction, prepared.line)


@pytest.mark.parametrize("kind", sorted(read_kinds(CERTIFICATES)))
def test_every_kind_passes_the_kiosks_own_look(kiosk: Kiosk, cards: dict[str, Card], kind: str) -> None:
    transaction, _ = kiosk.authenticate(cards["taro"])
    order = Order(LineId(token()), kind)
    prepared = kiosk.ask(Prepare(transaction, order, fingerprint(cards["taro"])))
    assert isinstance(prepared, Prepared)
    evidence = prepared.evidence
    assert evidence.signature_ok
    assert evidence.sha256_ok
    assert evidence.serial_in_text
    assert evidence.transaction_in_metadata
    assert evidence.holders_masked == ("例＊＊",)


def configured(running: Running, folder: Path) -> list[Path]:
    """A demo machine's two files, with this server's papers."""
    files, town, machine = running.path / "kiosk", folder / "town.toml", folder / "machine.toml"
    town.write_text('[town]\nname = { ja = "例示市" }\nplace = { ja = "市民課" }\n', encoding="utf-8")
    machine.write_text(
        f'''[machine]
kiosk = "{KIOSK}"
mode = "demo"
[paths]
journal = "{folder}/journal.db"
[issuance]
url = "https://localhost:{running.port}"
server_ca = "{files}/server-ca.pem"
certificate = "{files}/device.pem"
key = "{files}/device.key"
manifest_key = "{files}/manifest-key.pem"
''',
        encoding="utf-8",
    )
    return [machine, town]


class Yesterday(KioskClock):
    def wall(self) -> datetime:
        return super().wall() - timedelta(days=1)


def test_a_closed_days_figures_are_pushed_and_come_again_as_one(
    running: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """kiosk-stats push, as kiosk-figures.timer starts it, to the server as it runs."""
    words = [word for path in configured(running, tmp_path) for word in ("--config", str(path))]
    with closing(open_store(tmp_path / "journal.db", clock=Yesterday(), boot="b")) as store:
        store.append([Started("0.1.0", "b", "demo")])
        for language in ("ja",) * 12 + ("en",) * 11 + ("vi",) * 3:
            store.append([VisitEnded(language, "issued", "take", papers=(("juminhyo", 1),))])
    for _ in range(2):
        assert stats_cli.main(["push", *words]) == 0, capsys.readouterr().err
    assert capsys.readouterr().out == "1 days\n1 days\n"
    with closing(sqlite3.connect(running.path / "issuance.db")) as database:
        ((kiosk, rows),) = database.execute("SELECT kiosk, rows FROM figures").fetchall()
    cells = {(each["table"], each["labels"]): each["value"] for each in json.loads(rows)}
    assert kiosk == KIOSK
    told = {labels: value for (table, labels), value in cells.items() if table == "visits by language"}
    assert set(told.values()) == {12, -1}, "three are too few, and eleven would tell them by subtraction"


def test_kiosk_check_asks_the_server_and_a_machine_in_use_refuses_a_demos(
    running: Running, tmp_path: Path
) -> None:
    config = load(configured(running, tmp_path))
    assert server_findings(config) == ()
    in_use = replace(config, machine=replace(config.machine, mode=Mode.PRODUCTION))
    assert server_findings(in_use) == ("server: demo-server",)
    away = replace(config, issuance=replace(config.issuance, url="https://localhost:1"))
    assert server_findings(away) == ("server: unreachable",)


def test_void_and_head(kiosk: Kiosk, cards: dict[str, Card]) -> None:
    transaction, _ = kiosk.authenticate(cards["yoshiko"])
    prepared = kiosk.prepare(cards["yoshiko"], transaction)
    assert isinstance(prepared, Prepared)
    assert prepared.evidence.holders_masked == ("\U00020bb7＊＊",)
    void = kiosk.ask(ReportVoid(transaction, prepared.line, prepared.document.serial, "cancelled"))
    assert void == VoidAcknowledged(transaction, prepared.line)
    assert kiosk.ask(ReportHead(7, "ab" * 32, b"seal")) == HeadAcknowledged(7)


def test_refusals_arrive_with_their_public_code(
    kiosk: Kiosk, cards: dict[str, Card], authority: Authority
) -> None:
    transaction, event = kiosk.authenticate(cards["kodomo"])
    assert event == AuthenticationRefused(transaction, "N-303")
    transaction, event = kiosk.authenticate(cards["mamoru"])
    assert isinstance(event, Authenticated)
    refused = kiosk.prepare(cards["mamoru"], transaction)
    assert isinstance(refused, PrepareRefused)
    assert refused.code == "N-301"


def test_what_is_abandoned_is_never_heard_of_again(kiosk: Kiosk, cards: dict[str, Card]) -> None:
    transaction, _ = kiosk.authenticate(cards["hanako"])
    order = Order(LineId(token()), "juminhyo")
    kiosk.driver.perform(Prepare(transaction, order, fingerprint(cards["hanako"])))
    kiosk.driver.perform(AbandonTransaction(transaction))
    assert isinstance(kiosk.ask(ReadIssuance()), IssuanceStatus)
    kiosk.driver.perform(Prepare(transaction, order, fingerprint(cards["hanako"])))
    assert isinstance(kiosk.ask(ReadIssuance()), IssuanceStatus)
    kiosk.driver.stop()
    assert kiosk.events.empty()


def test_a_server_that_is_away(running: Running) -> None:
    port = free_port()
    kiosk = Kiosk(running.path / "kiosk", f"https://localhost:{port}")
    assert kiosk.next() == DeviceLost(DeviceId("issuance"), "unreachable")
    assert kiosk.ask(ReadIssuance()) == IssuanceFailed("ReadIssuance", "unreachable")
    transaction = TransactionId(token())
    failed = kiosk.ask(RequestChallenge(transaction))
    assert failed == IssuanceFailed("RequestChallenge", "unreachable", transaction)
    kiosk.driver.stop()


def test_a_server_that_is_silent(running: Running) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"https://localhost:{mute.getsockname()[1]}"
        kiosk = Kiosk(running.path / "kiosk", url, connect_timeout_s=0.2, answer_timeout_s=0.2)
        assert isinstance(kiosk.next(), DeviceLost)
        event = kiosk.ask(ReadIssuance())
        assert isinstance(event, IssuanceFailed)
        assert event.code in {"timeout", "unreachable"}
        kiosk.driver.stop()


def test_another_authoritys_server_is_not_spoken_to(running: Running, tmp_path: Path) -> None:
    folder.init(
        tmp_path / "other", kiosk=KIOSK, hosts=["localhost"], town=folder.SPECIMEN, clock=SystemClock()
    )
    files = tmp_path / "other" / "kiosk"
    kiosk = Kiosk(files, f"https://localhost:{running.port}")
    assert isinstance(kiosk.next(), DeviceLost)
    kiosk.driver.stop()


def _greet(running: Running, context: ssl.SSLContext) -> bytes:
    """The first bytes of the server's answer; b"" when it hangs up (TLS 1.3 says so only after the
    handshake)."""
    try:
        with socket.create_connection(("localhost", running.port), timeout=WAIT_S) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as line:
                line.sendall(b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return line.recv(4096)
    except (ssl.SSLError, ConnectionError):
        return b""


def test_an_enrolled_kiosk_is_answered(running: Running) -> None:
    assert _greet(running, _kiosks(running)).startswith(b"HTTP/1.1 200")


def test_without_a_client_certificate_there_is_no_conversation(running: Running) -> None:
    context = ssl.create_default_context(cafile=str(running.path / "kiosk" / "server-ca.pem"))
    assert _greet(running, context) == b""


def test_a_certificate_that_is_not_enrolled_is_shown_out(running: Running, tmp_path: Path) -> None:
    """Signed by our own authority, and not on the allow-list."""
    pki.make_kiosk(running.path / "tls", tmp_path / "thief", "kiosk-thief", datetime.now(UTC))
    context = ssl.create_default_context(cafile=str(running.path / "kiosk" / "server-ca.pem"))
    context.load_cert_chain(tmp_path / "thief" / "device.pem", tmp_path / "thief" / "device.key")
    answer = _greet(running, context)
    assert answer.startswith(b"HTTP/1.1 403")


def test_tls_1_2_is_not_spoken(running: Running) -> None:
    context = _kiosks(running)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert _greet(running, context) == b""


def _kiosks(running: Running) -> ssl.SSLContext:
    files = running.path / "kiosk"
    context = ssl.create_default_context(cafile=str(files / "server-ca.pem"))
    context.load_cert_chain(files / "device.pem", files / "device.key")
    return context
