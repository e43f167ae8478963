"""`kiosk-card`: one fresh process per card, started ahead of it (README.md).

The core's connection comes as file descriptor 3 (socket activation, `Accept=yes`), as standard input
(`StandardInput=socket`), or as `--fd`.
"""

from __future__ import annotations

import argparse
import os
import pwd
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from drivers.card_service import roots
from drivers.card_service.hardening import harden
from drivers.card_service.service import CardService, Places, Users
from drivers.jpki.cv import Roots
from drivers.transport.pcsc import PcscCard, ReaderWatch
from kiosk.errors import ConfigError
from kiosk.ids import DeviceId
from kiosk.ipc.peer import NOBODY, uid_of
from kiosk.messages import Message, open_log, say

DEFAULT_PIN_SOCKET = Path("/run/kiosk/pin/pin.sock")
DEFAULT_TEN_KEY = Path("/dev/kiosk/tenkey")
DEFAULT_NUMBER_SOCKET = Path("/run/kiosk/number/number.sock")
DEFAULT_PHOTO_SOCKET = Path("/run/kiosk/photo/photo.sock")
DEFAULT_ROOTS = Path("/etc/madoguchi/cv-roots.txt")
_LISTEN_FD = 3
VERBS = ("read", "tries", "photo", "sign", "readers", "seal")


_EPILOG = (
    "With read, tries, photo, sign, readers or seal as the first word: a technician's look at cards and readers "
    "(kiosk-card read --help)."
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kiosk-card", description="The card process of a kiosk.", epilog=_EPILOG
    )
    parser.add_argument("--allow-virtual", action="store_true", help="take a Virtual PCD: demo and tests")
    parser.add_argument("--pin-socket", type=Path, default=DEFAULT_PIN_SOCKET)
    parser.add_argument(
        "--ten-key",
        type=Path,
        help=f"input device of the marked pad; default: {DEFAULT_TEN_KEY}, if it is there",
    )
    parser.add_argument("--number-socket", type=Path, default=DEFAULT_NUMBER_SOCKET)
    parser.add_argument("--photo-socket", type=Path, default=DEFAULT_PHOTO_SOCKET)
    parser.add_argument("--cv-roots", type=Path, help=f"default: {DEFAULT_ROOTS}, if it is there")
    parser.add_argument("--vision-user", default="kiosk-vision", help="the only user who is given a photo")
    parser.add_argument("--screen-user", default="kiosk-ui", help="the only user who may send a PIN")
    parser.add_argument("--core-user", default="kiosk-core", help="the only user who may command")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--fd", type=int, help="the connected socket")
    way.add_argument("--connect", type=Path, help="connect to a listening core (tests)")
    return parser


def _core_socket(args: argparse.Namespace) -> socket.socket:
    if args.connect:
        core = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        core.connect(os.fspath(args.connect))
        return core
    number = args.fd
    if number is None:
        is_activated = os.environ.get("LISTEN_PID") == str(os.getpid())
        number = _LISTEN_FD if is_activated else 0
    os.set_inheritable(number, False)
    return socket.socket(fileno=number)


def _uid(user: str) -> int:
    """ConfigError for a user that does not exist, or that nobody may be."""
    try:
        uid = pwd.getpwnam(user).pw_uid
    except KeyError:
        raise ConfigError(f"no such user: {user}") from None
    if uid == NOBODY:
        raise ConfigError(f"not a user of its own: {user}")
    return uid


def _roots(path: Path | None, allow_virtual: bool) -> Roots:
    """None at all: cards are read for their certificate only, and their face is never believed."""
    if path is None and not DEFAULT_ROOTS.exists():
        return {}
    return roots.load(path or DEFAULT_ROOTS, allow_virtual)


def _serve(args: argparse.Namespace) -> None:
    harden()
    screen_uid, vision_uid, core_uid = map(_uid, (args.screen_user, args.vision_user, args.core_user))
    pinned = _roots(args.cv_roots, args.allow_virtual)
    try:
        core = _core_socket(args)
        uid = uid_of(core)
    except OSError:
        raise ConfigError("there is no connected socket") from None
    if uid != core_uid:
        raise ConfigError("the peer is not the core")
    service = CardService(
        core,
        DeviceId("card"),  # the core's end gives every event its device's own name
        Places(
            args.pin_socket,
            args.number_socket,
            args.photo_socket,
            args.ten_key or (DEFAULT_TEN_KEY if DEFAULT_TEN_KEY.exists() else None),
            must_grab=not args.allow_virtual,
        ),
        Users(screen_uid, vision_uid),
        lambda now: PcscCard(now.reader, now.insertions),
        pinned,
        watch=lambda meant: ReaderWatch(
            service.tell_reader, meant.reader, args.allow_virtual, meant.not_reader
        ).start(),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    service.run()


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0: the card was removed or the core went away; 1: started wrongly; 3: the reader hangs. With a verb as
    the first word: a technician's look at a card (tool.py).
    """
    words = sys.argv[1:] if argv is None else list(argv)
    if words and words[0] in VERBS:
        from drivers.card_service import tool  # noqa: PLC0415  # a resident's session has no use for it

        return tool.main(words)
    args = _parser().parse_args(words)
    open_log("kiosk-card")
    try:
        _serve(args)
    except ConfigError as why:
        say(Message.CONFIG_REFUSED, why=str(why))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
