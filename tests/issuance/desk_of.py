"""A whole server in this process: ASGI calls in, answers out, every one checked against openapi.yaml."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker

from issuance import folder
from issuance.app import make_app
from issuance.office import Office
from tests.issuance.people import FONT, KIOSK, Authority, Card, HandClock, Machine, make_folder, token

CONTRACT: dict[str, Any] = yaml.safe_load((folder.HERE / "openapi.yaml").read_text(encoding="utf-8"))


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass
class Answer:
    status: int
    media_type: str
    body: dict[str, Any]
    raw: bytes = b""

    @property
    def problem(self) -> str:
        return str(self.body.get("type", "")).removeprefix("urn:madoguchi:problem:")


class Server:
    """Calls the application as uvicorn would. Answers that the contract does not know fail the test."""

    def __init__(self, path: Path, authority: Authority, cards: dict[str, Card], database: str = "") -> None:
        self.clock = HandClock()
        self.path = make_folder(path, authority, cards, self.clock, database)
        self.use(folder.open_office(self.path, font=FONT, clock=self.clock))
        self.certificates = {KIOSK: (self.path / "kiosk" / "device.pem").read_text()}
        self.machine = Machine.of(self.path / "kiosk")
        self.attest()

    def use(self, office: Office) -> None:
        """From now on this office answers."""
        self.office = office
        self.app = make_app(office)

    def close(self) -> None:
        self.office.store.close()

    def attest(self, kiosk: str = KIOSK, version: str = "0.1.0") -> Answer:
        return self.post("/v1/kiosks/attest", {"version": version}, kiosk)

    def enrol(self, kiosk: str) -> Machine:
        """One more kiosk, ready to issue."""
        out = self.path / kiosk
        folder.enrol(self.path, kiosk=kiosk, out=out, clock=self.clock)
        self.certificates[kiosk] = (out / "device.pem").read_text()
        self.attest(kiosk)
        return Machine.of(out, kiosk)

    def add_operator(self, name: str) -> None:
        """Somebody who looks after the kiosks; asks as a kiosk would, by this name."""
        folder.add_operator(self.path, name=name, out=self.path / name, clock=self.clock)
        self.certificates[name] = (self.path / name / "operator.pem").read_text()

    def get(self, path: str, kiosk: str = KIOSK) -> Answer:
        return self.call("GET", path, b"", kiosk)

    def post(self, path: str, body: Any = None, kiosk: str = KIOSK) -> Answer:
        return self.call("POST", path, b"" if body is None else json.dumps(_plain(body)).encode(), kiosk)

    def call(self, method: str, path: str, body: bytes, kiosk: str = KIOSK) -> Answer:
        extensions = {}
        if kiosk in self.certificates:
            extensions = {"tls": {"client_cert_chain": [self.certificates[kiosk]]}}
        scope = _scope(method, path, extensions)
        answer = asyncio.run(_exchange(self.app, scope, body))
        check(method, path, answer)
        return answer

    # --- whole steps ----------------------------------------------------------------------------------------

    def authenticate(
        self, card: Card, *, kinds: tuple[str, ...] = (), kiosk: str = KIOSK
    ) -> tuple[str, Answer]:
        """Challenge and authentication of this card under a new transaction."""
        transaction = token()
        challenge = self.post("/v1/challenges", {"transaction": transaction, "kinds": kinds}, kiosk)
        message = bound(base64.b64decode(challenge.body["challenge"]), kiosk, transaction, kinds)
        body = {
            "transaction": transaction,
            "certificate": card.der,
            "signature": card.sign(message),
            "kinds": kinds,
        }
        return transaction, self.post("/v1/authentications", body, kiosk)

    def prepared(self, card: Card, **order: Any) -> tuple[dict[str, str], Answer]:
        """The ids of a prepared document, and the answer that brought it."""
        transaction, answer = self.authenticate(card)
        assert answer.status == 200, answer
        body = self.machine.order(transaction, card, **order)
        ids = {"transaction": transaction, "line": body["line"]}
        return ids, self.post("/v1/documents", body)

    def audit(self) -> list[str]:
        """The acts of the audit log, in order, with their details."""
        links = asyncio.run(self.office.store.run(lambda tx: list(tx.audit_log())))
        return [f"{link.entry.act} {link.entry.detail}".strip() for link in links]


def bound(challenge: bytes, kiosk: str, transaction: str, kinds: tuple[str, ...]) -> bytes:
    """What the card signs, written again from the contract's words."""
    words = [
        b"madoguchi/auth/1",
        challenge,
        kiosk.encode(),
        transaction.encode(),
        ",".join(sorted(kinds)).encode(),
    ]
    return b"\n".join(words)


def check(method: str, path: str, answer: Answer) -> None:
    """The answer is one that the contract has for this call, and its body is of the contract's schema."""
    template = template_of(path)
    if template is None or method.lower() not in CONTRACT["paths"][template]:
        assert answer.status in {404, 405}
        responses = {"default": {"$ref": "#/components/responses/Problem"}}
    else:
        responses = CONTRACT["paths"][template][method.lower()]["responses"]
    response = _resolved(responses.get(str(answer.status), responses["default"]))
    schema = response["content"][answer.media_type]["schema"]
    whole = schema | {"components": CONTRACT["components"]}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(answer.body)


def template_of(path: str) -> str | None:
    for template in CONTRACT["paths"]:
        if re.fullmatch(re.sub(r"\{[a-z]+\}", "[^/]+", template), path):
            return str(template)
    return None


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = CONTRACT
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return b64(value)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return list(value) if isinstance(value, tuple) else value


def ask_openly(app: Any, path: str, method: str = "GET") -> Answer:
    """A question of somebody without a certificate, to any application."""
    return asyncio.run(_exchange(app, _scope(method, path, {}), b""))


def _scope(method: str, path: str, extensions: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "extensions": extensions,
    }


async def _exchange(app: Any, scope: dict[str, Any], body: bytes) -> Answer:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    data = b"".join(message.get("body", b"") for message in sent[1:])
    assert headers["cache-control"] == "no-store"
    return Answer(sent[0]["status"], headers["content-type"], json.loads(data), data)
