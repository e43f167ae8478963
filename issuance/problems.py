"""What the server answers when it will not: RFC 9457 problems with the public code of the catalogue.

Texts are fixed. Nothing that came from the client or from a register is ever quoted.
"""

from __future__ import annotations

import enum

import msgspec

MEDIA_TYPE = "application/problem+json"


class Code(enum.Enum):
    """Public codes this server can say; each is one cause and one next step at the kiosk."""

    NOT_MY_NUMBER = "C-102"
    EXPIRED = "C-103"
    REVOKED = "C-104"
    NOT_YET_VALID = "C-105"
    UNKNOWN_ISSUER = "C-106"
    CARD_CHANGED = "C-108"
    SIGN_CERTIFICATE = "C-109"
    COUNTER = "N-301"
    """The shared, harmless one. Protection measures, glyphs, pending changes, unknown revocation: all look
    like this."""
    NO_SEAL = "N-302"
    UNDER_AGE = "N-303"
    MOVED_OUT = "N-304"
    OUTSIDE_HOURS = "N-305"
    ARRIVED_TODAY = "N-306"
    TAXED_ELSEWHERE = "N-307"
    TAX_FROM_JUNE = "N-308"
    NOT_DECLARED = "N-309"
    NOT_PAID = "N-310"
    HONSEKI_ELSEWHERE = "N-311"
    STAY_ENDED = "N-312"
    SERVER_REFUSED = "X-602"


class Kind(enum.Enum):
    """Problem types: (name in the type URI, HTTP status, title)."""

    REFUSED = ("refused", 403, "Not possible for this person or card here and now")
    STOPPED = ("stopped", 403, "This kiosk may not issue now")
    UNKNOWN_KIOSK = ("unknown-kiosk", 403, "This client certificate is not enrolled")
    MALFORMED = ("malformed", 422, "The request is not of this API")
    NOT_FOUND = ("not-found", 404, "No such thing for this kiosk")
    METHOD = ("method", 405, "No such method here")
    CONFLICT = ("conflict", 409, "The transaction or document is in another state")
    TOO_LARGE = ("too-large", 413, "The request is too large")
    RATE = ("rate", 429, "Too many requests")
    INTERNAL = ("internal", 500, "The server failed")


REJECTED = (
    Kind.STOPPED,
    Kind.UNKNOWN_KIOSK,
    Kind.MALFORMED,
    Kind.NOT_FOUND,
    Kind.CONFLICT,
    Kind.TOO_LARGE,
    Kind.RATE,
)
"""What an honest kiosk seldom hears: each is written down. (A refusal of a person is written where it is decided.)"""


class Problem(Exception):  # noqa: N818  # the name RFC 9457 gives it
    """Ends a request with a problem answer."""

    def __init__(self, kind: Kind, code: Code = Code.SERVER_REFUSED, reason: str = "") -> None:
        """`reason`: for the audit log only, a word of ours."""
        super().__init__(kind.value[0])
        self.kind = kind
        self.code = code
        self.reason = reason


class ProblemBody(msgspec.Struct, frozen=True):
    type: str
    title: str
    status: int
    code: str


def body_of(problem: Problem) -> ProblemBody:
    name, status, title = problem.kind.value
    return ProblemBody(f"urn:madoguchi:problem:{name}", title, status, problem.code.value)
