"""The issuance API as values: a command becomes a call, an answer becomes an event. Pure; the contract is
issuance/openapi.yaml.

Refusals of a person or card are problems of type `refused` and carry a public code; everything else that is
not the answer is IssuanceFailed with `server` (it will not) or `protocol` (it is not this API).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from kiosk.errors import ContractError, PeerProtocolError
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
    Entitlement,
    Event,
    FiguresKept,
    HeadAcknowledged,
    IssuanceFailed,
    IssuanceStatus,
    KeepFigures,
    Prepare,
    PrepareRefused,
    PrintedAcknowledged,
    ReadIssuance,
    ReportHead,
    ReportPrinted,
    ReportState,
    ReportVoid,
    RequestChallenge,
    StateReported,
    VoidAcknowledged,
)

T = TypeVar("T")

REFUSED = "urn:madoguchi:problem:refused"


class Call(msgspec.Struct, frozen=True):
    """One request. `is_repeatable`: may be sent again when the connection broke before an answer came."""

    method: str
    path: str
    body: bytes = b""
    is_repeatable: bool = True


class Answer(msgspec.Struct, frozen=True):
    status: int
    media_type: str
    body: bytes


class Refused(Exception):  # noqa: N818  # a problem answer, not an error of ours
    """The server answered with a problem. `is_final`: asking again would give the same answer."""

    def __init__(self, is_refusal: bool, is_final: bool, code: str) -> None:
        super().__init__(code)
        self.is_refusal = is_refusal
        self.is_final = is_final
        self.code = code


# --- answers: what we read of them; a server may say more -----------------------------------------------
# Bounds stand here once: what is beyond them is not of this API (`protocol`), whoever says it.

Word = Annotated[str, Meta(max_length=64)]
Label = Annotated[str, Meta(max_length=60, pattern=r"\A[^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*\Z")]
"""Shown to a person: nothing that moves or hides other text."""
Fee = Annotated[int, Meta(ge=0, le=100_000)]
Instant = Annotated[datetime, Meta(tz=True)]
MANY = 200


class Price(msgspec.Struct, frozen=True):
    kind: Word
    here: Fee
    counter: Fee


class Status(msgspec.Struct, frozen=True):
    time: Instant
    stop: Word
    open_until: Word
    prices: Annotated[tuple[Price, ...], Meta(max_length=MANY)]
    environment: Word = ""


class Attested(msgspec.Struct, frozen=True):
    accepted: bool


class Challenge(msgspec.Struct, frozen=True):
    challenge: Annotated[bytes, Meta(min_length=32, max_length=32)]


class Condition(msgspec.Struct, frozen=True):
    key: Word
    choice: Word


class Option(msgspec.Struct, frozen=True):
    key: Word
    choices: Annotated[tuple[Word, ...], Meta(min_length=1, max_length=MANY)]
    label: Label = ""
    only_if: Condition | None = None


class Offer(msgspec.Struct, frozen=True):
    kind: Word
    fee: Fee
    max_copies: Annotated[int, Meta(ge=0, le=99)]
    options: Annotated[tuple[Option, ...], Meta(max_length=MANY)]
    refusal: Word


class Offers(msgspec.Struct, frozen=True):
    entitlements: Annotated[tuple[Offer, ...], Meta(max_length=MANY)]
    certificate_ends_soon: bool


class PreparedAnswer(msgspec.Struct, frozen=True):
    manifest: bytes
    signature: bytes
    pdf: bytes


class State(msgspec.Struct, frozen=True):
    serial: str
    state: str


class Kept(msgspec.Struct, frozen=True):
    seq: int


class ReportKept(msgspec.Struct, frozen=True):
    is_call_answered: bool = False


class DayKept(msgspec.Struct, frozen=True):
    day: str


class Problem(msgspec.Struct, frozen=True):
    type: str
    code: Annotated[str, Meta(pattern=r"\A[A-Z]-[0-9]{3}\Z")] = "X-602"


# --- calls ----------------------------------------------------------------------------------------------


def attest_call(version: str) -> Call:
    return Call("POST", "/v1/kiosks/attest", _json({"version": version}))


def prepare_call(command: Prepare, order_hash: str, order_signature: bytes) -> Call:
    body: dict[str, object] = {
        "transaction": command.transaction,
        "line": command.order.line,
        "kind": command.order.kind,
        "options": dict(command.order.options),
        "card_fingerprint": command.card_fingerprint,
        "order_hash": order_hash,
        "order_signature": order_signature,
    }
    if command.is_assisted:
        body["assisted"] = True
    return Call("POST", "/v1/documents", _json(body), is_repeatable=False)


def call_of(command: Command) -> Call:
    """The call of every command but Prepare, which has to be signed. ContractError for a command that is
    not ours."""
    match command:
        case ReadIssuance():
            return Call("GET", "/v1/status")
        case RequestChallenge(transaction=transaction, kinds=kinds):
            return Call("POST", "/v1/challenges", _json({"transaction": transaction, "kinds": sorted(kinds)}))
        case Authenticate():
            body = {
                "transaction": command.transaction,
                "certificate": command.certificate,
                "signature": command.signature,
                "kinds": sorted(command.kinds),
            }
            return Call("POST", "/v1/authentications", _json(body), is_repeatable=False)
        case Commit():
            return _document_call(command, "commit", {})
        case ReportPrinted(pages=pages):
            return _document_call(command, "printed", {"pages": pages})
        case ReportVoid(reason=reason):
            return _document_call(command, "void", {"reason": reason})
        case AbandonTransaction(transaction=transaction):
            return Call("POST", f"/v1/transactions/{transaction}/abandon")
        case ReportHead(seq=seq, head=head, signature=signature):
            return Call(
                "POST", "/v1/journal-heads", _json({"seq": seq, "head": head, "signature": signature})
            )
        case ReportState():
            body = {field: getattr(command, field) for field in command.__struct_fields__}
            return Call("POST", "/v1/kiosks/report", _json(body))
        case KeepFigures(day=day, figures=figures):
            rows = [{"table": table, "labels": labels, "value": value} for table, labels, value in figures]
            return Call("POST", "/v1/kiosks/figures", _json({"day": day, "rows": rows}))
    raise ContractError(f"issuance: not a command for a server: {type(command).__name__}")


def _document_call(command: Commit | ReportPrinted | ReportVoid, act: str, more: Mapping[str, Any]) -> Call:
    body = {"transaction": command.transaction, "line": command.line, **more}
    return Call("POST", f"/v1/documents/{command.serial}/{act}", _json(body))


# --- events ---------------------------------------------------------------------------------------------


def read(answer: Answer, kind: type[T]) -> T:
    """The value of a good answer. Refused for a problem; PeerProtocolError for anything that is not of this
    API."""
    if answer.status in {200, 201} and answer.media_type == "application/json":
        return _decode(answer.body, kind)
    if answer.status >= 400 and answer.media_type == "application/problem+json":
        problem = _decode(answer.body, Problem)
        is_final = answer.status < 500 and answer.status != 429
        raise Refused(problem.type == REFUSED, is_final, problem.code)
    raise PeerProtocolError(f"issuance: an answer that is not of this API ({answer.status})")


def event_of(
    command: Command, answer: Answer, now: datetime, max_skew_s: float, wants: str = ""
) -> Event | None:
    """What an answer means for the core, for every command but Prepare. None: nothing the core waits for."""
    match command:
        case ReadIssuance():
            return status_event(read(answer, Status), now, max_skew_s, wants)
        case RequestChallenge(transaction=transaction):
            return ChallengeIssued(transaction, read(answer, Challenge).challenge)
        case Authenticate(transaction=transaction):
            offers = read(answer, Offers)
            entitlements = tuple(_entitlement(each) for each in offers.entitlements)
            if len({each.kind for each in entitlements}) < len(entitlements):
                raise PeerProtocolError("issuance: a kind at two prices")
            return Authenticated(transaction, entitlements, offers.certificate_ends_soon)
        case Commit(transaction=transaction, line=line):
            _expect(read(answer, State), command.serial, "committed")
            return Committed(transaction, line)
        case ReportPrinted(transaction=transaction, line=line):
            _expect(read(answer, State), command.serial, "printed")
            return PrintedAcknowledged(transaction, line)
        case ReportVoid(transaction=transaction, line=line):
            _expect(read(answer, State), command.serial, "void")
            return VoidAcknowledged(transaction, line)
        case ReportHead(seq=seq):
            _expect_same(read(answer, Kept).seq, seq)
            return HeadAcknowledged(seq)
        case KeepFigures(day=day):
            _expect_same(read(answer, DayKept).day, day)
            return FiguresKept(day)
        case ReportState():
            return StateReported(read(answer, ReportKept).is_call_answered)
    return None


def status_event(status: Status, now: datetime, max_skew_s: float, wants: str = "") -> IssuanceStatus:
    """A kiosk whose clock differs from the server's issues nothing: dates on papers and in the journal
    would be wrong. `wants`: a kiosk in use takes no demo's server (test cards open it, and its papers are worth
    nothing), a training machine no other."""
    stop = status.stop
    if wants and status.environment != wants:
        stop = "demo-server" if wants == "production" else "real-server"
    if not stop and abs((status.time - now).total_seconds()) > max_skew_s:
        stop = "clock"
    prices = tuple((price.kind, price.here, price.counter) for price in status.prices)
    return IssuanceStatus(is_up=not stop, stop=stop, open_until=status.open_until, prices=prices)


def refusal_event(command: Command, refused: Refused) -> Event:
    """A problem answer, as the core wants to hear it."""
    match command:
        case Authenticate(transaction=transaction) if refused.is_refusal:
            return AuthenticationRefused(transaction, refused.code)
        case Prepare(transaction=transaction, order=order) if refused.is_final:
            return PrepareRefused(transaction, order.line, refused.code)
        case Commit(transaction=transaction, line=line) if refused.is_final:
            return CommitRefused(transaction, line, refused.code)
    return failure_event(command, "server")


def failure_event(command: Command, code: str) -> IssuanceFailed:
    """No usable answer: `unreachable`, `timeout`, `protocol` or `server`."""
    transaction = getattr(command, "transaction", None)
    line = command.order.line if isinstance(command, Prepare) else getattr(command, "line", None)
    return IssuanceFailed(type(command).__name__, code, transaction, line)


def _entitlement(offer: Offer) -> Entitlement:
    options = tuple(
        CertificateOption(
            option.key,
            option.choices,
            option.label,
            (option.only_if.key, option.only_if.choice) if option.only_if is not None else None,
        )
        for option in offer.options
    )
    return Entitlement(offer.kind, offer.fee, offer.max_copies, options, offer.refusal)


def _expect(state: State, serial: str, wanted: str) -> None:
    if (state.serial, state.state) != (serial, wanted):
        raise PeerProtocolError("issuance: an answer about another document")


def _expect_same(said: object, asked: object) -> None:
    if said != asked:
        raise PeerProtocolError("issuance: an answer about something else")


def _json(value: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(value)


def _decode(data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise PeerProtocolError("issuance: not an answer that we know") from None  # the library quotes it
