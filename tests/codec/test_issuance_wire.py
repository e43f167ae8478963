"""Commands become calls, answers become events; whatever else comes is a failure with a name."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import issuance_wire as wire
from kiosk.errors import ContractError, PeerProtocolError
from kiosk.ids import DeviceId, LineId, TransactionId
from kiosk.issuance_wire import Answer, Refused
from kiosk.ports import (
    AbandonTransaction,
    Authenticate,
    Authenticated,
    AuthenticationRefused,
    CertificateOption,
    ChallengeIssued,
    Command,
    Commit,
    CommitRefused,
    Committed,
    EndCardSession,
    Entitlement,
    Event,
    HeadAcknowledged,
    IssuanceFailed,
    IssuanceStatus,
    KeepFigures,
    Order,
    Prepare,
    PrepareRefused,
    PrintedAcknowledged,
    ReadIssuance,
    ReportHead,
    ReportPrinted,
    ReportVoid,
    RequestChallenge,
    VoidAcknowledged,
)

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
T, L, S = TransactionId("1" * 32), LineId("2" * 32), "2026-00000001-52"
PREPARE = Prepare(T, Order(L, "juminhyo", (("whom", "self"),)), "d" * 64)
AUTHENTICATE = Authenticate(T, b"cert", b"sign", ("b", "a"))


def good(body: Any, status: int = 200) -> Answer:
    return Answer(status, "application/json", json.dumps(body).encode())


def problem(name: str, status: int, code: str) -> Answer:
    body = {"type": f"urn:madoguchi:problem:{name}", "title": "t", "status": status, "code": code}
    return Answer(status, "application/problem+json", json.dumps(body).encode())


@pytest.mark.parametrize(
    ("command", "method", "path", "body"),
    [
        (ReadIssuance(), "GET", "/v1/status", None),
        (RequestChallenge(T, ("b", "a")), "POST", "/v1/challenges", {"transaction": T, "kinds": ["a", "b"]}),
        (
            AUTHENTICATE,
            "POST",
            "/v1/authentications",
            {"transaction": T, "certificate": "Y2VydA==", "signature": "c2lnbg==", "kinds": ["a", "b"]},
        ),
        (Commit(T, L, S), "POST", f"/v1/documents/{S}/commit", {"transaction": T, "line": L}),
        (
            ReportPrinted(T, L, S, 2),
            "POST",
            f"/v1/documents/{S}/printed",
            {"transaction": T, "line": L, "pages": 2},
        ),
        (
            ReportVoid(T, L, S, "x"),
            "POST",
            f"/v1/documents/{S}/void",
            {"transaction": T, "line": L, "reason": "x"},
        ),
        (AbandonTransaction(T), "POST", f"/v1/transactions/{T}/abandon", None),
        (
            ReportHead(7, "ab", b"s"),
            "POST",
            "/v1/journal-heads",
            {"seq": 7, "head": "ab", "signature": "cw=="},
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Command) else "",
)
def test_calls(command: Command, method: str, path: str, body: Any) -> None:
    call = wire.call_of(command)
    assert (call.method, call.path) == (method, path)
    assert (json.loads(call.body) if call.body else None) == body


def test_only_what_changes_nothing_twice_is_repeated() -> None:
    assert not wire.call_of(AUTHENTICATE).is_repeatable
    assert not wire.prepare_call(PREPARE, "c" * 64, b"s").is_repeatable
    assert wire.call_of(Commit(T, L, S)).is_repeatable


def test_a_command_for_another_device_is_our_bug() -> None:
    with pytest.raises(ContractError):
        wire.call_of(EndCardSession(DeviceId("card")))


WHOM = {"key": "whom", "choices": ["self", "household"]}
OFFER = {"kind": "juminhyo", "fee": 200, "max_copies": 5, "options": [WHOM]}


@pytest.mark.parametrize(
    ("command", "answer", "event"),
    [
        (
            RequestChallenge(T),
            good({"challenge": "A" * 43 + "=", "expires_at": "x"}, 201),
            ChallengeIssued(T, bytes(32)),
        ),
        (
            AUTHENTICATE,
            good({"entitlements": [OFFER | {"refusal": ""}], "certificate_ends_soon": True}),
            Authenticated(
                T,
                (Entitlement("juminhyo", 200, 5, (CertificateOption("whom", ("self", "household")),)),),
                True,
            ),
        ),
        (Commit(T, L, S), good({"serial": S, "state": "committed"}), Committed(T, L)),
        (ReportPrinted(T, L, S, 1), good({"serial": S, "state": "printed"}), PrintedAcknowledged(T, L)),
        (ReportVoid(T, L, S, "x"), good({"serial": S, "state": "void"}), VoidAcknowledged(T, L)),
        (ReportHead(7, "ab", b"s"), good({"seq": 7}), HeadAcknowledged(7)),
        (AbandonTransaction(T), good({"transaction": T, "state": "abandoned"}), None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Command) else "",
)
def test_events(command: Command, answer: Answer, event: Event | None) -> None:
    assert wire.event_of(command, answer, NOW, 120.0) == event


@pytest.mark.parametrize(
    ("stop", "skew_s", "expected"),
    [("", 0, ""), ("", 119, ""), ("", 121, "clock"), ("", -121, "clock"), ("closed", 500, "closed")],
)
def test_a_wrong_clock_stops_the_kiosk(stop: str, skew_s: int, expected: str) -> None:
    body = {
        "time": (NOW + timedelta(seconds=skew_s)).isoformat(),
        "stop": stop,
        "open_until": "17:15",
        "prices": [{"kind": "juminhyo", "here": 200, "counter": 300}],
        "is_open": True,
        "later": "a member we do not know yet",
    }
    event = wire.event_of(ReadIssuance(), good(body), NOW, 120.0)
    assert event == IssuanceStatus(not expected, expected, "17:15", (("juminhyo", 200, 300),))


STATUS = {"time": NOW.isoformat(), "stop": "", "open_until": "17:15", "prices": []}
OFFERED = OFFER | {"refusal": ""}


def _offers(*offers: dict[str, Any]) -> dict[str, Any]:
    return {"entitlements": list(offers), "certificate_ends_soon": False}


@pytest.mark.parametrize(
    ("command", "body"),
    [
        (ReadIssuance(), STATUS | {"time": "2026-11-21T03:00:00"}),
        (ReadIssuance(), STATUS | {"stop": "x" * 10_000}),
        (ReadIssuance(), STATUS | {"prices": [{"kind": "juminhyo", "here": -200, "counter": 300}]}),
        (ReadIssuance(), STATUS | {"prices": [{"kind": "k", "here": 1, "counter": 1}] * 1000}),
        (RequestChallenge(T), {"challenge": ""}),
        (RequestChallenge(T), {"challenge": "QUFBQQ=="}),
        (AUTHENTICATE, _offers(OFFERED | {"fee": -200})),
        (AUTHENTICATE, _offers(OFFERED | {"fee": 10**12})),
        (AUTHENTICATE, _offers(OFFERED | {"max_copies": 10**9})),
        (AUTHENTICATE, _offers(OFFERED, OFFERED | {"fee": 10})),
        (AUTHENTICATE, _offers(OFFERED | {"kind": "k" * 10_000})),
        (AUTHENTICATE, _offers(OFFERED | {"options": [WHOM] * 1000})),
        (AUTHENTICATE, _offers(OFFERED | {"options": [WHOM | {"choices": []}]})),
        (AUTHENTICATE, _offers(OFFERED | {"options": [WHOM | {"label": "\u202e一郎"}]})),
        (AUTHENTICATE, _offers(OFFERED | {"options": [WHOM | {"label": "一\n郎"}]})),
        (Commit(T, L, S), {"serial": "2026-00000002-41", "state": "committed"}),
        (Commit(T, L, S), {"serial": S, "state": "printed"}),
        (ReportHead(7, "ab", b"s"), {"seq": 8}),
        (KeepFigures("2026-11-20", ()), {"day": "2026-11-19"}),
    ],
)
def test_a_server_that_lies_is_not_of_this_api(command: Command, body: dict[str, Any]) -> None:
    """No price below nothing, no kind twice, no text that hides text, no word about something else."""
    with pytest.raises(PeerProtocolError):
        wire.event_of(command, good(body), NOW, 120.0)


@pytest.mark.parametrize("code", ["", "N-301\n", "n-301", "N-30", "x" * 1000, "screen.attract.title"])
def test_a_code_that_is_none_is_no_key_to_a_text(code: str) -> None:
    with pytest.raises(PeerProtocolError):
        wire.read(problem("refused", 403, code), wire.State)


@pytest.mark.parametrize(
    ("environment", "expected"), [("production", ""), ("demo", "demo-server"), ("", "demo-server")]
)
def test_a_kiosk_in_use_takes_no_demos_server(environment: str, expected: str) -> None:
    body = {
        "time": NOW.isoformat(),
        "stop": "",
        "open_until": "17:15",
        "prices": [],
        "environment": environment,
    }
    event = wire.event_of(ReadIssuance(), good(body), NOW, 120.0, "production")
    assert event == IssuanceStatus(not expected, expected, "17:15")
    assert wire.event_of(ReadIssuance(), good(body), NOW, 120.0) == IssuanceStatus(True, "", "17:15")
    stop = "" if environment == "demo" else "real-server"  # a training machine takes no other
    event = wire.event_of(ReadIssuance(), good(body), NOW, 120.0, "demo")
    assert event == IssuanceStatus(not stop, stop, "17:15")


@pytest.mark.parametrize(
    ("command", "answer", "event"),
    [
        (AUTHENTICATE, problem("refused", 403, "C-104"), AuthenticationRefused(T, "C-104")),
        (AUTHENTICATE, problem("conflict", 409, "X-602"), IssuanceFailed("Authenticate", "server", T)),
        (AUTHENTICATE, problem("internal", 500, "X-602"), IssuanceFailed("Authenticate", "server", T)),
        (PREPARE, problem("refused", 403, "N-301"), PrepareRefused(T, L, "N-301")),
        (PREPARE, problem("conflict", 409, "X-602"), PrepareRefused(T, L, "X-602")),
        (PREPARE, problem("internal", 500, "X-602"), IssuanceFailed("Prepare", "server", T, L)),
        (Commit(T, L, S), problem("conflict", 409, "X-602"), CommitRefused(T, L, "X-602")),
        (Commit(T, L, S), problem("rate", 429, "X-602"), IssuanceFailed("Commit", "server", T, L)),
        (
            ReportVoid(T, L, S, "x"),
            problem("conflict", 409, "X-602"),
            IssuanceFailed("ReportVoid", "server", T, L),
        ),
        (ReadIssuance(), problem("unknown-kiosk", 403, "X-602"), IssuanceFailed("ReadIssuance", "server")),
    ],
)
def test_problems(command: Command, answer: Answer, event: Event) -> None:
    with pytest.raises(Refused) as caught:
        wire.read(answer, wire.State)
    assert wire.refusal_event(command, caught.value) == event


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, "text/html", b"<html>"),
        Answer(200, "application/json", b"{"),
        Answer(200, "application/json", b'{"serial":1,"state":"committed"}'),
        Answer(200, "application/problem+json", b"{}"),
        Answer(302, "application/json", b"{}"),
        Answer(502, "text/html", b"Bad gateway"),
        Answer(403, "application/problem+json", b"[]"),
        good({"serial": "2026-00000002-55", "state": "committed"}),
        good({"serial": S, "state": "void"}),
    ],
    ids=range(9),
)
def test_an_answer_that_is_none(answer: Answer) -> None:
    with pytest.raises(PeerProtocolError):
        wire.event_of(Commit(T, L, S), answer, NOW, 120.0)


MEDIA_TYPES = ["application/json", "application/problem+json", ""]


@given(st.integers(100, 599), st.sampled_from(MEDIA_TYPES), st.binary(max_size=200))
def test_any_answer_ends_in_an_event_or_a_named_failure(status: int, media_type: str, body: bytes) -> None:
    commands = (ReadIssuance(), RequestChallenge(T), AUTHENTICATE, Commit(T, L, S), ReportHead(7, "ab", b"s"))
    for command in commands:
        with pytest.raises((PeerProtocolError, Refused)):
            wire.event_of(command, Answer(status, media_type, body), NOW, 120.0)
