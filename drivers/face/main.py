"""`kiosk-vision`: one fresh process per face check or reading, started ahead of it (README.md).

The core's connection comes as file descriptor 3 (socket activation, `Accept=yes`), as standard input, or as `--fd`.
"""

from __future__ import annotations

import argparse
import os
import pwd
import signal
import socket
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from drivers.face.hardening import harden
from kiosk.errors import ConfigError
from kiosk.ids import DeviceId
from kiosk.ipc.peer import NOBODY, uid_of
from kiosk.messages import Message, open_log, say

DEFAULT_PHOTO_SOCKET = Path("/run/kiosk/photo/photo.sock")
DEFAULT_NUMBER_SOCKET = Path("/run/kiosk/number/number.sock")
_LISTEN_FD = 3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kiosk-vision", description="The vision process of a kiosk.")
    parser.add_argument("--device", default="camera", help="the device id in events")
    parser.add_argument("--camera", default="/dev/video0", help="a V4L2 device, or `picamera2`")
    parser.add_argument("--allow-files", type=Path, nargs="+", help="pictures as a camera: demo and tests")
    parser.add_argument(
        "--allow-simulated", type=Path, metavar="SOCK", help="`kiosk-sim camera`: demo and tests"
    )
    parser.add_argument("--photo-socket", type=Path, default=DEFAULT_PHOTO_SOCKET)
    parser.add_argument("--number-socket", type=Path, default=DEFAULT_NUMBER_SOCKET)
    parser.add_argument(
        "--card-user",
        default="kiosk-card",
        help="the only user who may send a photo, and who is sent a number",
    )
    parser.add_argument("--core-user", default="kiosk-core", help="the only user who may command")
    parser.add_argument("--fd", type=int, help="the connected socket")
    return parser


def _core_socket(number: int | None) -> socket.socket:
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


def _serve(args: argparse.Namespace) -> None:
    harden()
    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # numpy only subtracts here; threads cost address space
    from drivers.face.cameras import camera  # noqa: PLC0415  # numpy and dlib come after the limits
    from drivers.face.number_road import send  # noqa: PLC0415
    from drivers.face.service import VisionService  # noqa: PLC0415

    card_uid, core_uid = _uid(args.card_user), _uid(args.core_user)
    try:
        core = _core_socket(args.fd)
        uid = uid_of(core)
    except OSError:
        raise ConfigError("there is no connected socket") from None
    if uid != core_uid:
        raise ConfigError("the peer is not the core")
    source = camera(args.camera, args.allow_files, args.allow_simulated)
    road = partial(send, args.number_socket, card_uid)
    service = VisionService(core, DeviceId(args.device), args.photo_socket, card_uid, source, road)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    service.run()


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0: a verdict was given or the core went away; 1: started wrongly, or the extra is not installed."""
    args = _parser().parse_args(argv)
    open_log("kiosk-vision")
    try:
        _serve(args)
    except ConfigError as why:
        say(Message.CONFIG_REFUSED, why=str(why))
        return 1
    except ImportError:
        say(Message.EXTRA_MISSING, extra="vision")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
