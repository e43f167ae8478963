"""`kiosk-voice`: says what the screens ask it to say, and tells them whether headphones are in.

    kiosk-voice --headphones-jack /dev/kiosk/jack --handset /dev/kiosk/handset:key:169
    kiosk-voice --render /var/lib/madoguchi-voice      (at installation: the prompts, spoken ahead)

The listening socket comes as file descriptor 3 (systemd) or is made at `--socket`.
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
from typing import TYPE_CHECKING

from drivers.voice.ears import Switch, read_switch
from drivers.voice.hardening import harden
from i18n.voices import VOICES
from kiosk.errors import ConfigError, MadoguchiError
from kiosk.messages import Message, open_log, say

if TYPE_CHECKING:
    from drivers.voice.outlets import Heard


DEFAULT_SOCKET = Path("/run/kiosk/voice/voice.sock")
DEFAULT_CLIPS = Path("/var/lib/madoguchi-voice")
_LISTEN_FD = 3
EXIT_BUG = 70


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kiosk-voice", description="The voice process of a kiosk.")
    parser.add_argument("--socket", type=Path, default=DEFAULT_SOCKET)
    parser.add_argument("--screen-user", default="kiosk-ui", help="the only user who may have something said")
    parser.add_argument("--clips", type=Path, default=DEFAULT_CLIPS, help="prompts that were spoken ahead")
    parser.add_argument(
        "--headphones-jack",
        type=switch_argument,
        metavar="SWITCH",
        help="PATH, or PATH:sw:CODE, PATH:key:CODE",
    )
    parser.add_argument("--handset", type=switch_argument, metavar="SWITCH", help="its hook, in the same way")
    for outlet in ("speaker", "headphones", "handset"):
        parser.add_argument(f"--{outlet}-device", default="default", help="ALSA's name for it (aplay -L)")
    parser.add_argument(
        "--render", type=Path, metavar="DIR", help="speak all prompts into this folder, and end"
    )
    parser.add_argument(
        "--language", action="append", choices=sorted(VOICES), help="with --render: only these (all)"
    )
    parser.add_argument("--most", type=int, help="with --render: only so many of each (a trial)")
    return parser


def switch_argument(text: str) -> Switch:
    try:
        return read_switch(text)
    except ValueError as why:
        raise argparse.ArgumentTypeError(str(why)) from None


def _listener(path: Path) -> socket.socket:
    if os.environ.get("LISTEN_PID") == str(os.getpid()):
        os.set_inheritable(_LISTEN_FD, False)
        return socket.socket(fileno=_LISTEN_FD)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    path.unlink(missing_ok=True)
    made.bind(os.fspath(path))
    path.chmod(0o660)  # the folder's group decides who may knock
    made.listen(4)
    return made


def _uid(user: str) -> int:
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        raise ConfigError(f"no such user: {user}") from None


def _alsa(args: argparse.Namespace) -> Heard:
    from drivers.voice.outlets import Alsa, Outlet  # noqa: PLC0415  # numpy comes after the limits

    return Alsa(
        {
            Outlet.SPEAKER: args.speaker_device,
            Outlet.HEADPHONES: args.headphones_device,
            Outlet.HANDSET: args.handset_device,
        }
    )


def _serve(args: argparse.Namespace, heard: Heard | None) -> int:
    harden(may_write=heard is not None)
    from drivers.voice.clips import Clips  # noqa: PLC0415  # numpy comes after the limits
    from drivers.voice.engines import Engines  # noqa: PLC0415
    from drivers.voice.player import Player  # noqa: PLC0415
    from drivers.voice.service import VoiceService  # noqa: PLC0415

    clips = Clips(Engines(), args.clips if args.clips.is_dir() else None)
    player = Player(clips.speak, heard or _alsa(args))
    service = VoiceService(
        _listener(args.socket), (_uid(args.screen_user),), player, args.headphones_jack, args.handset
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    return 0 if service.run() else EXIT_BUG


def _render(args: argparse.Namespace) -> int:
    from drivers.voice.clips import render  # noqa: PLC0415
    from drivers.voice.engines import Engines  # noqa: PLC0415

    engines = Engines()
    for language in args.language or sorted(VOICES):
        made, there = render(args.render, language, engines, args.most)
        print(f"{language:10s} {there:4d} prompts, {made} spoken now", flush=True)
    (args.render / ".made").touch()  # later than the program that made them
    return 0


def main(argv: Sequence[str] | None = None, heard: Heard | None = None) -> int:
    """0: ended as asked; 1: started wrongly; 70: a bug of ours. `heard`: the demo's, in the place of ALSA."""
    args = _parser().parse_args(argv)
    open_log("kiosk-voice")
    try:
        return _render(args) if args.render else _serve(args, heard)
    except ImportError:
        say(Message.EXTRA_MISSING, extra="voice")
        return 1
    except (MadoguchiError, OSError) as why:
        say(Message.CANNOT_START, why=str(why) if isinstance(why, MadoguchiError) else f"errno {why.errno}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
