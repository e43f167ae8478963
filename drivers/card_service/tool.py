"""`kiosk-card read | tries | photo | sign`: a technician's own look at a card, by the code of a resident's visit.

Secrets are asked for without echo, or come as a line of standard input; never as an argument, which everybody on the
machine can read. They are wiped, shown nowhere, and a trace shows lengths in their place. One VERIFY for one answer;
the last try is not used up unless that is asked for in words.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import os
import secrets
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from drivers.card_service import roots as pinned
from drivers.card_service import sealed
from drivers.card_service.hardening import harden
from drivers.card_service.session import COVER
from drivers.jpki import codec, surface, text
from drivers.jpki.apdu import Command, Connection, Response, described
from drivers.jpki.application import Application, Jpki, NotAllowed, NotFound, WrongSecret
from drivers.jpki.common import CommonApplication
from drivers.jpki.cv import NotBelieved
from drivers.jpki.processors import GetResponse, Plain, Processor, ShortOnly
from drivers.jpki.profile import AUTH, SIGN, CardProfile, KeySet, profile_of
from drivers.jpki.surface import SurfaceApplication
from drivers.transport.pcsc import PcscCard, look, readers
from kiosk.errors import MadoguchiError
from kiosk.ports import SecretKind

_SECRET_LINE_MAX: Final = 64
_NUMBER_B_DIGITS: Final = 14
_FEWEST_B_TRIES: Final = 3
"""Of ten: below this nobody should use one up by mistake."""

Open = Callable[[argparse.Namespace], "contextlib.AbstractContextManager[Connection]"]


class RefusedError(MadoguchiError):
    """The card or this tool says no. The message is for the technician and holds nothing of the card's content."""


class Traced:
    """Tells each exchange on standard error: headers, lengths, status words."""

    def __init__(self, inner: Processor) -> None:
        self._inner = inner

    def send(self, command: Command) -> Response:
        sys.stderr.write(f"> {described(command)}\n")
        answer = self._inner.send(command)
        sys.stderr.write(f"< [{len(answer.data)}] {answer.sw:04X}\n")
        return answer


# --- the verbs ----------------------------------------------------------------------------------------------


def read(card: Processor, args: argparse.Namespace) -> None:
    """What kind of card it is, and one of its certificates."""
    if args.common:
        application = CommonApplication(card)
        application.open()
        record = application.record()
        _say(f"serial: {record.serial}")
        _say(f"municipality: {record.municipality}")
        _say(f"expiry: {record.expiry}")
        return
    jpki, profile = _begin(card)
    keys = profile.keys[SecretKind.SIGN if args.sign else SecretKind.AUTH]
    if not keys.is_certificate_free:
        _verify(jpki, keys, "署名用 password" if args.sign else "PIN", args.last_try)
    der = jpki.certificate(keys)
    _say(f"kind: {profile.kind.value}")
    _say(f"fingerprint: {codec.fingerprint(der)}")
    if args.out is not None:
        _write(args.out, _pem(der))
    elif not args.sign:  # an authentication certificate names nobody; the other holds name and address
        for line in _dates(der):
            _say(line)


def tries(card: Processor, _: argparse.Namespace) -> None:
    """Tries left of every secret. Asking costs none."""
    asked = (
        ("利用者証明用 PIN", codec.AID, AUTH.secret),
        ("署名用 password", codec.AID, SIGN.secret),
        ("券面事項入力補助 PIN", text.AID, text.PIN),
        ("照合番号B (text)", text.AID, text.NUMBER_B),
        ("照合番号B (face)", surface.AID, surface.NUMBER_B),
        ("照合番号A (face)", surface.AID, surface.NUMBER_A),
        ("生年月日 (face)", surface.AID, surface.BIRTH),
    )
    application, selected = Application(card), b""
    for name, aid, reference in asked:
        try:
            if aid != selected:
                application.select(aid)
                selected = aid
            left = application.tries(reference)
        except NotFound:
            selected = b""
            _say(f"{name}: not on this card")
        else:
            _say(f"{name}: {'not asked for' if left is None else left or 'blocked'}")


def photo(card: Processor, args: argparse.Namespace) -> None:
    """The portrait (JPEG 2000), opened with 照合番号B and believed only behind a pinned root."""
    known = pinned.load(args.cv_roots, args.allow_virtual)
    application = SurfaceApplication(card)
    application.open()
    left = application.tries(surface.NUMBER_B)
    if left is not None and left < _FEWEST_B_TRIES and not args.last_try:
        raise RefusedError(f"照合番号B has {left} tries left: --last-try")
    with _secret("照合番号B (14 digits)") as number:
        if len(number) != _NUMBER_B_DIGITS or not number.isdigit():
            raise RefusedError("照合番号B has 14 digits; no try was used")
        end = application.verify_number_b(number)
    if end.wrong is not None:
        raise RefusedError(f"not this card's number; {end.left} tries left")
    face = application.believed_face(known, secrets.token_bytes(32))
    _write(args.out, face.photo)


def sign(card: Processor, args: argparse.Namespace) -> None:
    """A signature (PKCS#1 v1.5, SHA-256) over a file, verified with the card's own certificate."""
    message = args.file.read_bytes()
    jpki, profile = _begin(card)
    keys = profile.keys[SecretKind.SIGN if args.sign else SecretKind.AUTH]
    _verify(jpki, keys, "署名用 password" if args.sign else "PIN", args.last_try)
    der, signature = jpki.certificate(keys), jpki.sign_message(keys, message)
    if not codec.is_signed_by(der, message, signature):
        raise RefusedError("the signature is not by the key of this certificate")
    _write(args.out, signature)
    if args.certificate is not None:
        _write(args.certificate, _pem(der))


# --- what they share ----------------------------------------------------------------------------------------


def _begin(card: Processor) -> tuple[Jpki, CardProfile]:
    jpki = Jpki(card)
    jpki.open()
    profile = profile_of(jpki.token())
    if profile is None:
        raise RefusedError("a card from before 2016, or another kind of card")
    return jpki, profile


def _verify(jpki: Jpki, keys: KeySet, name: str, may_be_last: bool) -> None:
    left = jpki.tries_of(keys)
    if left is None:
        return
    if left == 0:
        raise RefusedError(f"{name}: blocked; the counter resets it")
    if left == 1 and not may_be_last:
        raise RefusedError(f"{name}: one try left; a wrong one blocks it. --last-try uses it")
    with _secret(f"{name} ({left} tries left)") as secret:
        if not keys.min_length <= len(secret) <= keys.max_length:
            raise RefusedError(f"{name}: not of its length; no try was used")
        end = jpki.verify_secret(keys, secret)
    if end.wrong is WrongSecret.BLOCKED:
        raise RefusedError(f"{name}: wrong, and blocked now")
    if end.wrong is not None:
        raise RefusedError(f"{name}: wrong; {end.left} tries left")


@contextlib.contextmanager
def _secret(name: str) -> Iterator[bytearray]:
    """One line, read without echo where somebody types, and wiped in the end."""
    buffer, fd = bytearray(_SECRET_LINE_MAX), sys.stdin.fileno()
    line = bytearray()
    try:
        with _no_echo(fd, name):
            while (size := os.readv(fd, [buffer])) > 0:
                line += buffer[:size]
                if buffer.find(b"\n", 0, size) >= 0 or len(line) > _SECRET_LINE_MAX:
                    break
        while line and line[-1] in b"\r\n":
            line.pop()
        yield line
    finally:
        buffer[:] = bytes(len(buffer))
        line[:] = bytes(len(line))


@contextlib.contextmanager
def _no_echo(fd: int, name: str) -> Iterator[None]:
    if not os.isatty(fd):
        yield
        return
    before = termios.tcgetattr(fd)
    quiet = termios.tcgetattr(fd)
    quiet[3] &= ~termios.ECHO
    # Before anybody is asked: what is typed fast is not seen, and not lost.
    termios.tcsetattr(fd, termios.TCSAFLUSH, quiet)
    try:
        sys.stderr.write(f"{name}: ")
        sys.stderr.flush()
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSAFLUSH, before)
        sys.stderr.write("\n")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _pem(der: bytes) -> bytes:
    lines = base64.encodebytes(der).replace(b"\n", b"")
    body = b"\n".join(lines[at : at + 64] for at in range(0, len(lines), 64))
    return b"-----BEGIN CERTIFICATE-----\n" + body + b"\n-----END CERTIFICATE-----\n"


def _dates(der: bytes) -> tuple[str, ...]:
    from cryptography import x509  # noqa: PLC0415  # the card process does without

    found = x509.load_der_x509_certificate(der)
    return (
        f"serial: {found.serial_number:x}",
        f"issuer: {found.issuer.rfc4514_string()}",
        f"valid: {found.not_valid_before_utc:%Y-%m-%d} to {found.not_valid_after_utc:%Y-%m-%d}",
    )


def _write(path: Path, data: bytes) -> None:
    """A new file that only its owner reads; an existing one is never overwritten."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(data)
    _say(f"{path}: {len(data)} bytes")


# --- the command --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def on_reader(args: argparse.Namespace) -> Iterator[Connection]:
    """The card on a PC/SC reader, ours alone until the end, without power after it."""
    state = look(args.reader, args.allow_virtual)
    if not state.reader:
        raise RefusedError(f"no reader: {state.code}")
    if not state.has_card:
        raise RefusedError(f"no card on {state.reader}")
    try:
        card = PcscCard(state.reader, state.insertions)
    except MadoguchiError as why:
        raise RefusedError(f"{why}; the kiosk's own process may hold it: stop kiosk-card.socket") from None
    try:
        yield card
    finally:
        card.close()


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--reader", default="", help="part of the reader's name; default: the first")
    common.add_argument("--allow-virtual", action="store_true", help="take a Virtual PCD: demo and tests")
    common.add_argument(
        "--trace", action="store_true", help="each exchange on standard error, without secrets"
    )
    common.add_argument("--last-try", action="store_true", help="use a try up although few are left")
    parser = argparse.ArgumentParser(
        prog="kiosk-card",
        description="A technician's look at a card. Secrets are asked for without echo, or read as one line of "
        "standard input; never an argument. Without a verb: the card process of a kiosk.",
        epilog="Exit: 0 done, 1 the card or this tool says no, 2 usage.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True)

    def verb(name: str, run: Callable[[Processor, argparse.Namespace], None]) -> argparse.ArgumentParser:
        words = run.__doc__ or ""
        added = verbs.add_parser(name, help=words, description=words, parents=[common])
        added.set_defaults(run=run)
        return added

    reading = verb("read", read)
    reading.add_argument(
        "--sign", action="store_true", help="the 署名用 certificate: it holds name and address"
    )
    reading.add_argument(
        "--common", action="store_true", help="instead: the card's serial, municipality and last day"
    )
    reading.add_argument("--out", type=Path, metavar="FILE.pem", help="write the certificate there")
    verb("tries", tries)
    seal = verbs.add_parser("seal", help="A sealed code for break-glass: write it on paper, into the safe.")
    seal.add_argument("--holder", required=True, help="the town's number of the person, never a name")
    seal.add_argument("--role", required=True, choices=("technician", "cash_officer", "treasurer"))
    verbs.add_parser("readers", help="The readers' names, for `reader` of the machine's file.")
    face = verb("photo", photo)
    face.add_argument("--out", type=Path, required=True, metavar="FILE.jp2")
    face.add_argument("--cv-roots", type=Path, required=True, help="pinned roots of the card's records")
    signing = verb("sign", sign)
    signing.add_argument("file", type=Path, help="what is signed")
    signing.add_argument("--sign", action="store_true", help="with the 署名用 key")
    signing.add_argument("--out", type=Path, required=True, metavar="FILE.sig")
    signing.add_argument(
        "--certificate", type=Path, metavar="FILE.pem", help="write the certificate there too"
    )
    return parser


def _seal(holder: str, role: str) -> int:
    """The code for the envelope, once and nowhere else, and the machine file's words for it."""
    code, key = sealed.make()
    _say("封緘コード / for the envelope: " + " ".join(code[at : at + 4] for at in range(0, len(code), 4)))
    _say("")
    _say("[[sealed_code]]")
    for name, value in (("holder", holder), ("role", role), ("salt", key.salt), ("key", key.public)):
        _say(f'{name} = "{value}"')
    return 0


def main(argv: Sequence[str], open_card: Open = on_reader) -> int:
    args = _parser().parse_args(argv)
    harden()
    if args.verb == "readers":
        found = readers()
        for each in found:
            _say(each)
        return 0 if found else 1
    if args.verb == "seal":
        return _seal(args.holder, args.role)
    try:
        with open_card(args) as connection:
            plain = Plain(connection)
            try:
                args.run(ShortOnly(GetResponse(Traced(plain) if args.trace else plain)), args)
            finally:
                with contextlib.suppress(MadoguchiError):
                    plain.send(COVER)
    except (NotFound, NotAllowed):
        sys.stderr.write("kiosk-card: not on this card, or it wants another secret first" + "\n")
    except NotBelieved as why:
        sys.stderr.write(f"kiosk-card: not believed: {why}" + "\n")
    except (MadoguchiError, OSError) as why:
        sys.stderr.write(f"kiosk-card: {why}" + "\n")
    else:
        return 0
    return 1
