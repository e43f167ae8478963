"""A campaign against what the server reads of cards and authorities: certificates, revocation lists, OCSP answers.

    python -m tests.issuance.campaign_judge [INPUTS] [SEED]

Genuine ones are cut, spliced and changed in a few bytes. Whatever comes, it is a verdict, never an exception; and no
changed certificate is accepted, no changed answer clears a revoked card.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from issuance import auth
from issuance.ocsp import OcspChecker
from issuance.revocation import Revocation, Standing, is_of, read_list
from tests.issuance.people import NOW, Authority, Card
from tests.issuance.responders import Delegate, Says


class Good:
    def check(self, *_: object) -> Revocation:
        return Revocation(Standing.GOOD, "campaign")


def _changed(genuine: bytes, dice: random.Random) -> bytes:
    data = bytearray(genuine)
    match dice.randrange(5):
        case 0:
            return dice.randbytes(dice.randrange(200))
        case 1:
            return bytes(data[: dice.randrange(len(data))])
        case 2:
            at = dice.randrange(len(data))
            return bytes(data[:at]) + bytes(data[dice.randrange(len(data)) :])
    for _ in range(dice.randrange(1, 4)):
        data[dice.randrange(len(data))] ^= dice.randrange(1, 256)
    return bytes(data)


def run(inputs: int, seed: int) -> Counter[str]:
    """How they ended. AssertionError: a changed thing was believed."""
    dice, authority = random.Random(seed), Authority()
    card = Card(authority)
    judge = auth.CertificateJudge([authority.certificate], Good())
    crl = authority.crl(card.serial).public_bytes(serialization.Encoding.DER)
    answer = _answer(authority, card)

    def certificate(data: bytes) -> str:
        leaf = auth.read_certificate(data)
        verdict = judge.judge(leaf, NOW) if leaf is not None else None
        assert not isinstance(verdict, auth.Accepted) or leaf == card.certificate
        return "certificate " + (verdict.reason if isinstance(verdict, auth.Rejected) else "unread")

    def revocation_list(data: bytes) -> str:
        found = read_list(data)
        is_ours = found is not None and is_of(found, authority.certificate)
        assert not is_ours or (
            found is not None and found.get_revoked_certificate_by_serial_number(card.serial) is not None
        )
        return f"list {'ours' if is_ours else 'unread' if found is None else 'of nobody'}"

    def responder(data: bytes) -> str:
        checker = OcspChecker("http://nobody", post=lambda *_: data)
        found = checker.check(card.certificate, authority.certificate, NOW)
        assert found.standing is not Standing.GOOD
        return f"answer {found.reason or found.standing.value}"

    readers: tuple[tuple[Callable[[bytes], str], bytes], ...] = (
        (certificate, card.der),
        (revocation_list, crl),
        (responder, answer),
    )
    ends: Counter[str] = Counter()
    for number in range(inputs):
        reader, genuine = readers[number % len(readers)]
        data = _changed(genuine, dice)
        try:
            ends[reader(data)] += 1
        except Exception:
            sys.stderr.write(f"seed {seed}, input {number}: {data.hex()}\n")
            raise
    return ends


def _answer(authority: Authority, card: Card) -> bytes:
    """A responder's word that the card is revoked, without a nonce, so that it can be played again."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        card.certificate, authority.certificate, hashes.SHA1()
    )  # names only (RFC 5019)
    request = builder.add_extension(x509.OCSPNonce(bytes(32)), critical=False).build()
    says = Says(authority, frozenset({card.serial}), delegate=Delegate(authority), nonce=lambda _: None)
    return says.answer(request.public_bytes(serialization.Encoding.DER))


def main() -> int:
    inputs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    ends = run(inputs, seed)
    sys.stdout.write(f"seed {seed}: {inputs} inputs\n")
    for end, count in sorted(ends.items()):
        sys.stdout.write(f"{count:10} {end}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
