"""`kiosk-read`: one fresh process per reading (reading.py). The connected socket comes as descriptor 3 (systemd,
`Accept=yes`) or as standard input."""

from __future__ import annotations

import argparse
import os
import pwd
import socket
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from drivers.voice.ears import Switch
from drivers.voice.hardening import harden
from drivers.voice.main import switch_argument
from kiosk.errors import MadoguchiError
from kiosk.ipc.peer import uid_of
from kiosk.messages import Message, open_log, say
from kiosk.ports import ReadingEnd

if TYPE_CHECKING:
    from drivers.voice.outlets import Heard

_LISTEN_FD = 3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kiosk-read", description="Reads one certificate to its owner.")
    parser.add_argument("--core-user", default="kiosk-core", help="the only user who may hand over a text")
    parser.add_argument("--headphones-jack", type=switch_argument, metavar="SWITCH")
    parser.add_argument("--handset", type=switch_argument, metavar="SWITCH")
    for outlet in ("headphones", "handset"):
        parser.add_argument(f"--{outlet}-device", default="default", help="ALSA's name for it (aplay -L)")
    return parser


def _serve(args: argparse.Namespace, heard: Heard | None) -> None:
    harden(may_write=heard is not None)
    from drivers.voice.engines import Engines  # noqa: PLC0415  # numpy comes after the limits
    from drivers.voice.outlets import Alsa, Outlet  # noqa: PLC0415
    from drivers.voice.reading import Reading, answer, take_order  # noqa: PLC0415

    number = _LISTEN_FD if os.environ.get("LISTEN_PID") == str(os.getpid()) else 0
    os.set_inheritable(number, False)
    core = socket.socket(fileno=number)
    if uid_of(core) != pwd.getpwnam(args.core_user).pw_uid:
        say(Message.PEER_TURNED_AWAY, device="read")
        return
    order = take_order(core)
    if order is None:
        return
    heard = heard or Alsa({Outlet.HEADPHONES: args.headphones_device, Outlet.HANDSET: args.handset_device})
    given = {Outlet.HEADPHONES: args.headphones_jack, Outlet.HANDSET: args.handset}
    switches: dict[Outlet, Switch] = {outlet: each for outlet, each in given.items() if each is not None}
    how = ReadingEnd.FAILED
    try:
        how = Reading(core, order, Engines().speak, heard, switches).run()
    finally:
        answer(core, how)


def main(argv: Sequence[str] | None = None, heard: Heard | None = None) -> int:
    """0: read, or ended as it should; 1: started wrongly. `heard`: the demo's, in the place of ALSA."""
    args = _parser().parse_args(argv)
    open_log("kiosk-read")
    try:
        _serve(args, heard)
    except ImportError:
        say(Message.EXTRA_MISSING, extra="voice")
        return 1
    except (MadoguchiError, OSError, KeyError) as why:
        say(Message.CANNOT_START, why=type(why).__name__)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
