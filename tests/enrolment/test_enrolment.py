"""A machine and a server that do not know each other yet: asked, approved by fingerprint, renewed, taken off the list.

Both listeners are real (uvicorn, TLS 1.3); the machine is `kiosk-enrol` itself.
"""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509

from issuance import folder as server_folder
from issuance import main as server_main
from issuance.app import make_app, make_enrolment_app
from issuance.clock import SystemClock
from issuance.enrolment import EnrolmentState
from issuance.tls import server_of
from kiosk import config as kiosk_config
from kiosk.enrolment import line, main, paper
from kiosk.enrolment.folder import Folder
from kiosk.enrolment.keys import FileKey
from kiosk.errors import ConfigError
from tests.enrolment import tpm
from tests.issuance.people import FONT

ROOT = Path(__file__).resolve().parents[2]
NAME = "lobby-7"


@dataclass
class Town:
    """A server's folder, and its two listeners in threads of this process."""

    path: Path
    ports: list[int] = field(default_factory=list)
    servers: list[Any] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def serve(self) -> None:
        office = server_folder.open_office(self.path, font=FONT, clock=SystemClock())
        for application, is_mutual in ((make_app(office), True), (make_enrolment_app(office), False)):
            listener = socket.create_server(("127.0.0.1", 0))
            self.ports.append(listener.getsockname()[1])
            server = server_of(
                application, host="127.0.0.1", port=0, tls_folder=self.path / "tls", is_mutual=is_mutual
            )
            thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
            thread.start()
            self.servers.append(server)
            self.threads.append(thread)

    def stop(self) -> None:
        for server in self.servers:
            server.should_exit = True
        for thread in self.threads:
            thread.join(30)

    def does(self, *words: str) -> int:
        return server_main.main([words[0], "--dir", str(self.path), *words[1:]])


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    path = tmp_path_factory.mktemp("town") / "server"
    server_folder.init(
        path, kiosk="other-1", hosts=["127.0.0.1"], town=server_folder.SPECIMEN, clock=SystemClock()
    )
    made = Town(path)
    made.serve()
    yield made
    made.stop()


@dataclass
class Machine:
    place: Path
    files: list[str]

    def does(self, *words: str) -> int:
        return main.main([*self.files, *words])

    @property
    def config(self) -> kiosk_config.Config:
        return kiosk_config.load(self.files[1::2])

    @property
    def folder(self) -> Folder:
        return Folder(self.config.issuance)

    def status(self, town: Town) -> dict[str, Any]:
        """The server's word to whoever has this machine's present key."""
        identity = (self.place / "device.pem", FileKey(self.place / "device.key"))
        url = f"https://127.0.0.1:{town.ports[0]}"
        return line.ask("GET", url, "/v1/status", self.place / "server-ca.pem", None, identity)


@pytest.fixture
def machine(town: Town, tmp_path: Path) -> Machine:
    return a_machine(town, tmp_path)


def a_machine(town: Town, tmp_path: Path, name: str = NAME) -> Machine:
    place = tmp_path / "enrolment"
    place.mkdir()
    (place / "server-ca.pem").write_bytes((town.path / "tls/ca.pem").read_bytes())
    text = (ROOT / "provisioning/config/machine.demo.toml").read_text(encoding="utf-8")
    text = text.replace("/var/lib/madoguchi/enrolment", str(place)).replace('"demo-0001"', f'"{name}"')
    text = text.replace("https://localhost:8443", f"https://127.0.0.1:{town.ports[0]}")
    text = text.replace(
        '# enrolment_url = "https://localhost:8444"',
        f'enrolment_url = "https://127.0.0.1:{town.ports[1]}"',
    )
    (tmp_path / "machine.toml").write_text(text, encoding="utf-8")
    files = [str(tmp_path / "machine.toml"), str(ROOT / "provisioning/config/town.demo.toml")]
    return Machine(place, [word for file in files for word in ("--config", file)])


A_LIFE = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from kiosk.enrolment import line, main
from kiosk.enrolment.keys import open_key
from kiosk.issuance_client import Options, _Desk
from kiosk.journal.checkpoint import FileVerifier, seal
from kiosk.journal.ledger import Ledger

FILES = {"ca": "server-ca.pem", "certificate": "device.pem", "key": "device.key", "manifest_key": "manifest-key.pem"}
place, url, name, *files = sys.argv[1:]
paths = {each: Path(place) / file for each, file in FILES.items()}
said = []
for verbs in (["fetch"], ["renew", "--now"]):
    said.append(main.main([*files, *verbs]))
    if verbs == ["renew", "--now"]:
        said.append(main.main([*files, "take"]))
    key = open_key(paths["key"])
    said.append(type(key).__name__)
    asked = line.ask("GET", url, "/v1/status", paths["ca"], None, (paths["certificate"], key))
    said.append(asked["environment"])
    said.append(FileVerifier(paths["certificate"])(seal(Ledger(), "00", key)))
    options = Options(url=url, kiosk=name, **{each: str(path) for each, path in paths.items()})
    with ThreadPoolExecutor(2) as threads:  # as in the core, where both begin in one moment
        said.append(all(threads.map(lambda _: _Desk(options).attest(), range(2))))
print(json.dumps(said))
"""
"""Certificate, next key, and each time what the core does with it: a request, a seal of the journal, its own line."""


def test_a_key_in_the_tpm_makes_connections_and_seals_and_is_nothing_on_another_machine(
    town: Town, tmp_path: Path
) -> None:
    name = f"tpm-{tmp_path.name[-1]}"  # a test that is run once more has another machine
    made = a_machine(town, tmp_path, name)
    file = Path(made.files[1])
    file.write_text(file.read_text("utf-8").replace('# key_in = "tpm"', 'key_in = "tpm"'), encoding="utf-8")

    def python(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words],
            env=env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    with tpm.chip(tmp_path / "tpm") as env:
        asked = python(env, "-m", "kiosk.enrolment.main", *made.files, "ask")
        assert asked.returncode == main.WAITS, asked.stderr
        key = made.folder.next_key
        assert key.read_bytes().startswith(b"-----BEGIN TSS2 PRIVATE KEY-----")
        assert key.stat().st_mode & 0o777 == 0o600
        (found,) = re.findall(r"^fingerprint  (.+)$", asked.stdout, re.MULTILINE)
        assert town.does("approve", "--fingerprint", found) == 0
        url = f"https://127.0.0.1:{town.ports[0]}"
        lived = python(env, "-c", A_LIFE, str(made.place), url, name, *made.files)
        uses = ["TpmKey", "demo", True, True]
        assert lived.stdout.splitlines()[-1:] == [json.dumps([0, *uses, 0, 0, *uses])], lived.stderr
    with tpm.chip(tmp_path / "another") as env:
        failed = python(env, "-m", "kiosk.enrolment.main", *made.files, "renew", "--now")
        assert failed.returncode == main.REFUSED, "the same files beside another TPM"
        assert "cannot be used" in failed.stderr


def test_a_machine_from_its_first_key_to_the_end_of_its_days(
    town: Town, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine.does("fetch") == main.REFUSED  # nothing was asked yet
    assert machine.does("ask") == main.WAITS
    first = machine.folder
    fingerprint = main.Enrolment(machine.config, first, SystemClock()).key_fingerprint
    assert main.grouped(fingerprint) in capsys.readouterr().out
    key = first.next_key.read_bytes()
    assert (first.next_key.stat().st_mode & 0o777, first.next_key.parent.stat().st_mode & 0o777) == (
        0o600,
        0o700,
    )
    assert machine.does("ask") == main.WAITS, "asking again changes nothing"
    assert machine.does("fetch") == main.WAITS
    assert first.next_key.read_bytes() == key

    assert town.does("enrolments") == 0
    assert re.search(rf"^pending .* {NAME} +{fingerprint}$", capsys.readouterr().out, re.MULTILINE)
    assert town.does("approve", "--fingerprint", "0" * 64) != 0, "another key is not approved"
    assert machine.does("fetch") == main.WAITS
    assert town.does("approve", "--fingerprint", main.grouped(fingerprint).upper()) == 0
    assert machine.does("fetch") == main.DONE
    assert (machine.place / "device.key").read_bytes() == key
    assert b"BEGIN PUBLIC KEY" in (machine.place / "manifest-key.pem").read_bytes()
    assert machine.status(town)["environment"] == "demo"
    assert machine.does("ask") == main.REFUSED, "it is enrolled"

    assert machine.does("renew") == main.WAITS, "825 days are left"
    before = (machine.place / "device.pem").read_bytes()
    assert machine.does("renew", "--now") == main.DONE
    assert machine.does("renew", "--now") == main.DONE, "one next certificate is enough"
    assert machine.status(town)["environment"] == "demo", "until it is taken, the old one is good"
    old = (machine.place / "id-1/device.pem", machine.place / "id-1/device.key")
    kept = [path.read_bytes() for path in old]
    assert machine.does("take") == main.DONE
    assert (machine.place / "device.pem").read_bytes() != before
    assert machine.status(town)["environment"] == "demo"
    assert not (machine.place / "id-1").exists(), "the old key is destroyed"
    assert machine.config.issuance.earlier_certificates == (machine.place / "earlier/id-1.pem",)
    stolen = [machine.place / "stolen.pem", machine.place / "stolen.key"]
    for path, data in zip(stolen, kept, strict=True):
        path.write_bytes(data)
    with pytest.raises(line.Refused, match="unknown-kiosk"):
        url = f"https://127.0.0.1:{town.ports[0]}"
        line.ask(
            "GET", url, "/v1/status", machine.place / "server-ca.pem", None, (stolen[0], FileKey(stolen[1]))
        )

    assert town.does("revoke", "--kiosk", NAME, "--reason", "stolen") == 0
    with pytest.raises(line.Refused, match="unknown-kiosk"):
        machine.status(town)
    assert machine.does("renew", "--now") == main.REFUSED
    assert town.does("revoke", "--kiosk", NAME) != 0, "it is off the list already"
    assert town.does("audit") == 0


def test_a_revoked_name_may_be_enrolled_again_with_another_key(town: Town, tmp_path: Path) -> None:
    for turn in ("first", "second"):
        (tmp_path / turn).mkdir()
        made = a_machine(town, tmp_path / turn, "branch-1")
        assert made.does("ask") == main.WAITS
        key = main.Enrolment(made.config, made.folder, SystemClock()).key_fingerprint
        assert town.does("approve", "--fingerprint", key) == 0
        assert made.does("fetch") == main.DONE
        assert made.status(town)["environment"] == "demo"
        assert town.does("revoke", "--kiosk", "branch-1") == 0


def test_carried_files_become_a_generation_at_the_first_renewal(town: Town, tmp_path: Path) -> None:
    made = a_machine(town, tmp_path, "carried-1")
    server_folder.enrol(town.path, kiosk="carried-1", out=tmp_path / "out", clock=SystemClock())
    for file in (tmp_path / "out").iterdir():
        (made.place / file.name).write_bytes(file.read_bytes())
    assert made.does("renew", "--now") == main.DONE
    assert made.does("take") == main.DONE
    assert os.readlink(made.place / "current") == "id-1"
    assert made.status(town)["environment"] == "demo"
    assert [path.name for path in (made.place / "earlier").iterdir()] == ["id-0.pem"]


def test_the_open_listener_does_nothing_else_and_is_bounded(
    town: Town, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, ca = f"https://127.0.0.1:{town.ports[1]}", machine.place / "server-ca.pem"
    for method, path in (("GET", "/v1/status"), ("POST", "/v1/kiosks"), ("GET", "/v1/enrolments")):
        with pytest.raises(line.Refused):
            line.ask(method, url, path, ca, {})
    for csr in ("", "-----BEGIN CERTIFICATE REQUEST-----", "x" * 5000):
        with pytest.raises(line.Refused, match="malformed"):
            line.ask("POST", url, "/v1/enrolments", ca, {"kiosk": "a", "csr": csr})
    with pytest.raises(line.Refused, match="not-found"):
        line.ask("GET", url, f"/v1/enrolments/{'0' * 64}", ca)
    with pytest.raises(line.Refused, match="malformed"):
        line.ask("GET", url, "/v1/enrolments/..", ca)
    monkeypatch.setattr("issuance.enrolment.PENDING_MAX", 0)
    assert machine.does("ask") == main.REFUSED
    assert not machine.folder.is_enrolled


def test_a_server_that_is_not_the_towns_is_not_asked(town: Town, machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    from issuance.pki import make_authority  # noqa: PLC0415

    make_authority(tmp_path / "other", SystemClock().now())
    (machine.place / "server-ca.pem").write_bytes((tmp_path / "other/ca.pem").read_bytes())
    assert machine.does("ask") == main.REFUSED


@pytest.fixture(scope="module")
def paperwork(town: Town, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, bytes]:
    out = tmp_path_factory.mktemp("paper")
    server_folder.enrol(town.path, kiosk="paper-1", out=out, clock=SystemClock())
    public = FileKey(out / "device.key").public
    return (out / "device.pem").read_text(), (out / "server-ca.pem").read_text(), public


def test_a_certificate_is_believed_only_when_everything_fits(
    paperwork: tuple[str, str, bytes], tmp_path: Path
) -> None:
    from datetime import timedelta  # noqa: PLC0415

    from issuance.pki import make_authority  # noqa: PLC0415

    pem, authority, public = paperwork
    now = SystemClock().now()
    good = paper.must_be_ours(pem, authority, "paper-1", public, now)
    assert good.until == x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    make_authority(tmp_path, now)
    other = (tmp_path / "ca.pem").read_text()
    for changed, why in (
        ((pem, authority, "paper-2", public, now), "another machine"),
        ((pem, authority, "paper-1", b"x", now), "another key"),
        ((pem, other, "paper-1", public, now), "another authority"),
        ((pem, authority, "paper-1", public, now + timedelta(days=826)), "not valid now"),
        ((pem, authority, "paper-1", public, now - timedelta(days=1)), "not valid now"),
        (("nonsense", authority, "paper-1", public, now), "no certificate"),
    ):
        with pytest.raises(ConfigError, match=why):
            paper.must_be_ours(*changed)
    assert not good.is_due(good.until - timedelta(days=91))
    assert good.is_due(good.until - timedelta(days=89))


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{", b"[" * 70000, b'{"type":"urn:madoguchi:problem:\\u0000evil"}', b"x" * 70000]
)
def test_nonsense_of_a_server_is_an_error_of_ours(answer: bytes) -> None:
    from kiosk.errors import PeerProtocolError  # noqa: PLC0415

    for status in (200, 403):
        if answer.startswith(b'{"t') and status == 200:
            assert line._object(status, answer) == json.loads(answer)
            continue
        with pytest.raises(PeerProtocolError):
            line._object(status, answer)


def test_the_wire_is_tls_1_3_with_the_pinned_authority_only(town: Town) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(town.path / "tls/ca.pem")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", town.ports[1]), 10) as plain,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_the_small_contract_is_what_is_served() -> None:
    contract = yaml.safe_load((server_folder.HERE / "enrolment.yaml").read_text(encoding="utf-8"))
    state = contract["components"]["schemas"]["EnrolmentState"]
    assert tuple(state["required"]) == EnrolmentState.__struct_fields__ == tuple(state["properties"])
    assert set(contract["paths"]) == {"/v1/enrolments", "/v1/enrolments/{fingerprint}"}
