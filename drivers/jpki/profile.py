"""What differs between the things that carry JPKI: cards and phones today, the next card tomorrow.

A session asks the profile instead of knowing: which file, which key, which secret, and whether the certificate can be
read before its secret. Another generation of card is another CardProfile, and where its commands differ, another
Application; sessions, engine and server stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from drivers.jpki.codec import AUTH_PIN_LENGTH, LABEL_BYTES, SIGN_PASSWORD_MAX, SIGN_PASSWORD_MIN, Ef
from kiosk.errors import PeerProtocolError
from kiosk.ports import CardKind, SecretKind


@dataclass(frozen=True, slots=True)
class KeySet:
    """A certificate, its key, and the secret that opens the key."""

    certificate: int
    key: int
    secret: int
    min_length: int
    max_length: int
    has_letters: bool
    is_certificate_free: bool
    """The certificate is read without the secret."""


@dataclass(frozen=True, slots=True)
class CardProfile:
    kind: CardKind
    keys: dict[SecretKind, KeySet]
    has_surface: bool
    """There are 券面 applications: a name and a photo to be read."""
    owner_may_approve: bool = False
    """The owner may have proven themselves to the device already (a phone's own face or finger check): it then answers
    9000 when it is asked for its tries, and wants no secret."""


AUTH: Final = KeySet(
    Ef.AUTH_CERTIFICATE, Ef.AUTH_KEY, Ef.AUTH_PIN, AUTH_PIN_LENGTH, AUTH_PIN_LENGTH, False, True
)
AUTH_AFTER_PIN: Final = KeySet(
    Ef.AUTH_CERTIFICATE, Ef.AUTH_KEY, Ef.AUTH_PIN, AUTH_PIN_LENGTH, AUTH_PIN_LENGTH, False, False
)
SIGN: Final = KeySet(
    Ef.SIGN_CERTIFICATE, Ef.SIGN_KEY, Ef.SIGN_PIN, SIGN_PASSWORD_MIN, SIGN_PASSWORD_MAX, True, False
)

_BOTH: Final = {SecretKind.AUTH: AUTH, SecretKind.SIGN: SIGN}

MY_NUMBER: Final = CardProfile(CardKind.MY_NUMBER, _BOTH, has_surface=True)

# Labels as clients of other projects know them (jpki/myna). Android shows the certificate after its PIN only, an
# iPhone at once; what a phone answers to an empty VERIFY after its owner's own check is not published: README.md.
PROFILES: Final = {
    b"JPKIAPICCTOKEN2": MY_NUMBER,
    b"JPKIAPGPSETOKEN": CardProfile(
        CardKind.ANDROID,
        {SecretKind.AUTH: AUTH_AFTER_PIN, SecretKind.SIGN: SIGN},
        has_surface=False,
        owner_may_approve=True,
    ),
    b"JPKIAPIOSTOKEN": CardProfile(CardKind.IPHONE, _BOTH, has_surface=False, owner_may_approve=True),
}


def profile_of(token: bytes) -> CardProfile | None:
    """From the token information's label (CK_TOKEN_INFO: 32 characters, space padded). None: an older card's."""
    if len(token) < LABEL_BYTES:
        raise PeerProtocolError("JPKI: the token information is cut short")
    return PROFILES.get(token[:LABEL_BYTES].rstrip(b" \x00"))
