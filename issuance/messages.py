"""Bodies of requests and answers, as `openapi.yaml` defines them (a test compares the two). Strict: unknown
members are refused."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Token = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Key = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,39}$")]
Version = Annotated[str, Meta(pattern=r"^[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}([.+-][0-9A-Za-z.+-]{1,40})?$")]
KioskName = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
Month = Annotated[str, Meta(pattern="^20[0-9]{2}-(0[1-9]|1[0-2])$")]
Kinds = Annotated[tuple[Key, ...], Meta(max_length=10)]


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request or an answer."""


# --- requests -------------------------------------------------------------------------------------------


class AttestRequest(Body, frozen=True):
    version: Version
    build: Annotated[str, Meta(max_length=80)] = ""


class ChallengeRequest(Body, frozen=True):
    transaction: Token
    kinds: Kinds = ()


class AuthenticationRequest(Body, frozen=True):
    transaction: Token
    certificate: Annotated[bytes, Meta(min_length=1, max_length=8193)]
    signature: Annotated[bytes, Meta(min_length=1, max_length=1024)]
    kinds: Kinds = ()


class PrepareRequest(Body, frozen=True):
    transaction: Token
    line: Token
    kind: Key
    options: Annotated[dict[Key, Key], Meta(max_length=60)]
    card_fingerprint: Digest
    order_hash: Digest
    order_signature: Annotated[bytes, Meta(min_length=1, max_length=256)]
    assisted: bool = False


class LineRequest(Body, frozen=True):
    """Names a document together with its serial in the path."""

    transaction: Token
    line: Token


class PrintedRequest(Body, frozen=True):
    transaction: Token
    line: Token
    pages: Annotated[int, Meta(ge=1, le=200)]


class VoidRequest(Body, frozen=True):
    transaction: Token
    line: Token
    reason: Annotated[str, Meta(pattern="^[a-z0-9_-]{1,40}$")]


class HeadRequest(Body, frozen=True):
    seq: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    head: Digest
    signature: Annotated[bytes, Meta(min_length=1, max_length=256)]


Word = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{0,40}$")]
Trouble = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,40} [A-Za-z0-9_ -]{1,60}$")]
Amount = Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]


class Level(Body, frozen=True):
    """What lies in one cash unit by the kiosk's books. `face`: yen, 0 when it is mixed."""

    unit: Word
    face: Amount
    pieces: Amount
    amount: Amount


class Supply(Body, frozen=True):
    """Paper, roll or toner of a printer. `sheets`: -1 where it does not say."""

    device: Word
    what: Literal["paper", "roll", "toner"]
    sheets: Annotated[int, Meta(ge=-1, le=2**31 - 1)]
    is_low: bool


class ReportRequest(Body, frozen=True):
    """How a machine stands: the step and never the person."""

    service: Literal["idle", "serving", "out", "starting"]
    step: Word = ""
    step_s: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    code: Word = ""
    called_s: Annotated[int, Meta(ge=-1, le=2**31 - 1)] = -1
    is_call_answered: bool = False
    is_helped: bool = False
    incidents: Annotated[tuple[Word, ...], Meta(max_length=20)] = ()
    troubles: Annotated[tuple[Trouble, ...], Meta(max_length=20)] = ()
    supplies: Annotated[tuple[Supply, ...], Meta(max_length=20)] = ()
    cash: Annotated[tuple[Level, ...], Meta(max_length=20)] = ()
    cash_code: Word = ""
    is_training: bool = False


class Figure(Body, frozen=True):
    """One cell of a table of a day; -1: too small to be told."""

    table: Annotated[str, Meta(pattern="^[a-z0-9 ]{1,40}$")]
    labels: Annotated[str, Meta(max_length=120)]
    value: Annotated[float, Meta(ge=-1, le=1e12)]


class FiguresRequest(Body, frozen=True):
    day: Annotated[str, Meta(pattern="^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
    rows: Annotated[tuple[Figure, ...], Meta(max_length=400)]


class KioskRequest(Body, frozen=True):
    """`csr`: PKCS #10, PEM, of the machine's own EC P-256 key."""

    kiosk: KioskName
    csr: Annotated[str, Meta(min_length=1, max_length=4096)]


class RenewalRequest(Body, frozen=True):
    """`csr`: PKCS #10, PEM, of the key that the machine made for its next certificate."""

    csr: Annotated[str, Meta(min_length=1, max_length=4096)]


class ReasonRequest(Body, frozen=True):
    """Why, in words that another person can check."""

    reason: Annotated[str, Meta(min_length=1, max_length=200)]


# --- answers --------------------------------------------------------------------------------------------


class Price(Body, frozen=True):
    kind: str
    here: int
    counter: int


class Status(Body, frozen=True):
    time: str
    environment: str
    is_open: bool
    stop: str
    open_from: str
    open_until: str
    prices: tuple[Price, ...]


class Attested(Body, frozen=True):
    accepted: bool
    minimum: str


class Challenge(Body, frozen=True):
    challenge: bytes
    expires_at: str


class Condition(Body, frozen=True):
    """Asked only when this other question was answered so."""

    key: str
    choice: str


class Option(Body, frozen=True):
    key: str
    choices: tuple[str, ...]
    label: str = ""
    """Of a question about one person: by what the family calls them. For the resident's own screen only."""
    only_if: Condition | None = None


class Entitlement(Body, frozen=True):
    kind: str
    fee: int
    max_copies: int
    options: tuple[Option, ...]
    refusal: str
    open_from: str = ""
    open_until: str = ""
    """When this kind is issued today, town's time; both empty: not today, or not here."""


class Authenticated(Body, frozen=True):
    entitlements: tuple[Entitlement, ...]
    certificate_ends_soon: bool


class Prepared(Body, frozen=True):
    """`manifest` is the exact bytes that `signature` (Ed25519) covers."""

    serial: str
    manifest: bytes
    signature: bytes
    pdf: bytes
    expires_at: str


class DocumentState(Body, frozen=True):
    serial: str
    state: str


class Abandoned(Body, frozen=True):
    transaction: str
    state: str


class HeadKept(Body, frozen=True):
    seq: int


class ReportKept(Body, frozen=True):
    """`is_call_answered`: somebody said on the staff page that they come."""

    is_call_answered: bool


class FiguresKept(Body, frozen=True):
    day: str


class Registered(Body, frozen=True):
    """All PEM: the machine's certificate, the authority of the server's, and the key that signs manifests."""

    kiosk: str
    certificate: str
    server_ca: str
    manifest_key: str


class Renewed(Body, frozen=True):
    """PEM. The certificate before it is good until this one is used for the first time."""

    certificate: str


class Machine(Body, frozen=True, order=True):
    """`attested_at` is empty for one that never said which program it runs."""

    kiosk: str
    version: str
    attested_at: str
    is_halted: bool
    is_new_enough: bool


class Fleet(Body, frozen=True):
    minimum: str
    kiosks: tuple[Machine, ...]


class KioskState(Body, frozen=True):
    kiosk: str
    is_halted: bool


class Counted(Body, frozen=True):
    what: str
    count: int


class Statistics(Body, frozen=True):
    month: str
    counts: tuple[Counted, ...]
