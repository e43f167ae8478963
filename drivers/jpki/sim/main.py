"""`kiosk-sim card [make | run | revoke]`: the virtual My Number Card on the command line (README.md)."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from drivers.jpki.sim import box as boxes
from drivers.jpki.sim.box import CERTIFICATES, DEVICES, OWNERS, RECORDS, Options
from drivers.jpki.sim.card import FAULTS, Fault, VirtualCard, fault
from drivers.jpki.sim.filesystem import Image
from drivers.jpki.sim.persons import PERSONS
from drivers.jpki.sim.vpcd import Reader
from drivers.piv import sim as piv
from drivers.transport.control import ControlServer
from kiosk.errors import MadoguchiError

VPCD_PORT = 35963
DEFAULT_PIN = "1234"
DEFAULT_PASSWORD = "EXAMPLE2026A"  # noqa: S105  # of cards that open nothing, and printed in the README


STAFF_MARK = "staff:"


def staff_card(box: Path, name: str, validity: str = "genuine") -> VirtualCard:
    """A staff card of the box. ValueError when there is none."""
    chip, memory = piv.open_card(box, name, validity)
    return VirtualCard(Image(piv.ATR, {}), memory, answers=piv.PivInterpreter(chip, memory))


class Shelf:
    """The cards of a box and the reader: what the control verbs do."""

    def __init__(self, box: Path, reader: Reader, options: Options) -> None:
        self._box = box
        self._reader = reader
        self._options = options
        self._faults: tuple[Fault, ...] = ()

    def verbs(self) -> dict[str, Any]:
        return {
            "place-card": self.place,
            "remove-card": self.remove,
            "fault": self.fault,
            "option": self.option,
            "printed": self.printed,
            "revoke": self.revoke,
            "status": self.status,
        }

    def place(self, name: str) -> dict[str, Any]:
        """place-card NAME, or staff:ID for a member of staff's own card"""
        self._reader.remove()
        if name.startswith(STAFF_MARK):
            self._reader.place(
                staff_card(self._box, name.removeprefix(STAFF_MARK), self._options.certificate)
            )
            return {"card": name}
        image, memory = boxes.open_card(self._box, name, self._options)
        self._reader.place(VirtualCard(image, memory, self._options.is_lenient, self._faults))
        return {"card": name}

    def remove(self) -> None:
        """remove-card"""
        self._reader.remove()

    def fault(self, kind: str, at: str = "0", sw: str = "6F00") -> dict[str, Any]:
        """fault vanish-at N | mute-at N | wrong-sw N SW | truncate N | bad-signature | none

        N counts the commands since the card was placed; 0 is every one.
        """
        self._faults = () if kind == "none" else (*self._faults, fault(kind, at, sw))
        card = self._reader.card
        if card is not None:
            card.faults = self._faults
        return {"faults": [each.kind for each in self._faults]}

    def option(self, name: str, value: str) -> None:
        """option certificate|record|device|atr|profile|reselect|owner VALUE, from the next placing on"""
        self._options = _with_option(self._options, name, value)

    def revoke(self, name: str) -> None:
        """revoke NAME: put the card's certificate on the list (DIR/pki/crl.pem, crl.der)"""
        boxes.revoke(self._box, name)

    def printed(self, name: str) -> dict[str, Any]:
        """printed NAME: what a person reads off the front of this card for 照合番号B"""
        number = boxes.printed_number(self._box, name)
        return {"birth": number[:6], "expiry": number[6:10], "code": number[10:]}

    def status(self) -> dict[str, Any]:
        """status: is a card there, what was it asked since it was placed, which tries are left"""
        card = self._reader.card
        if card is None:
            return {"occupied": False}
        tries = {name: card.memory[name].left for name in card.memory.names()}
        return {
            "occupied": self._reader.is_occupied,
            "commands": card.commands[-200:],
            "count": len(card.commands),
            "bytes": card.bytes_carried,
            "tries": tries,
        }


_CHOICES = {
    "certificate": CERTIFICATES,
    "record": RECORDS,
    "device": DEVICES,
    "atr": tuple(boxes.ATRS),
    "profile": ("real", "long-form"),
    "reselect": ("strict", "lenient"),
    "owner": OWNERS,
}


def _with_option(options: Options, name: str, value: str) -> Options:
    if value not in _CHOICES.get(name, ()):
        raise ValueError(f"no such option: {name} {value}")
    match name:
        case "certificate":
            return replace(options, certificate=value)
        case "record":
            return replace(options, record=value)
        case "device":
            return replace(options, device=value)
        case "atr":
            return replace(options, atr=value)
        case "profile":
            return replace(options, is_long_form=value == "long-form")
        case "owner":
            return replace(options, is_approved=value == "approved")
        case _:
            return replace(options, is_lenient=value == "lenient")


def _default_state() -> Path:
    """Of whoever runs it (XDG base directories)."""
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(home) / "madoguchi-card"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kiosk-sim card", description="A virtual My Number Card.")
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="make test authorities and cards")
    make.add_argument("--state", type=Path, required=True)
    make.add_argument("--person", action="append", choices=sorted(PERSONS), help="default: everybody")
    make.add_argument("--pin", default=DEFAULT_PIN, help="every four-digit secret of the new cards")
    make.add_argument("--sign-password", default=DEFAULT_PASSWORD)
    make.add_argument(
        "--photo",
        action="append",
        default=[],
        metavar="[NAME=]FILE",
        help="this picture on that card, or on all",
    )
    make.add_argument("--phone-pin", default="", help="of the same people's phones; default: as the cards'")
    make.add_argument("--staff-pin", default=piv.DEFAULT_PIN, help="of the staff cards")
    run = commands.add_parser("run", help="offer cards to a vpcd")
    run.add_argument(
        "--state", type=Path, default=_default_state(), help="where cards live; made when missing"
    )
    run.add_argument("--control", type=Path, help="control socket (verbs: README.md)")
    run.add_argument("--host", default="127.0.0.1")
    run.add_argument("--port", type=int, default=VPCD_PORT)
    run.add_argument("--latency-ms", type=float, default=0.0)
    run.add_argument("--person", choices=sorted(PERSONS), help="place this card at once; made when missing")
    run.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND:N[:SW]",
        help=f"{', '.join(FAULTS)}; N 0 is every command",
    )
    for name, values in _CHOICES.items():
        run.add_argument(f"--{name}", choices=values, default=values[0])
    revoke = commands.add_parser("revoke", help="put a card's certificate on the revocation list")
    revoke.add_argument("--state", type=Path, required=True)
    revoke.add_argument("person", choices=sorted(PERSONS))
    return parser


def _run(args: argparse.Namespace) -> int:
    options = Options()
    for name in _CHOICES:
        options = _with_option(options, name, getattr(args, name))
    shelf = Shelf(args.state, Reader(args.host, args.port, args.latency_ms / 1000), options)
    for each in args.fault:
        shelf.fault(*each.split(":"))
    if args.person and not (args.state / "cards" / args.person / boxes.PHONE / "memory.json").exists():
        boxes.make(args.state, [args.person], DEFAULT_PIN, DEFAULT_PASSWORD)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    server = ControlServer(args.control, shelf.verbs()) if args.control else None
    if server:
        server.start()
    try:
        if args.person:
            shelf.place(args.person)
        print(json.dumps({"ready": True}), flush=True)
        stopped.wait()
    finally:
        shelf.remove()
        if server:
            server.close()
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0 done, 1 the box does not hold what was asked for, or no vpcd listens for the first card."""
    words = sys.argv[1:] if argv is None else list(argv)
    if words and words[0].startswith("--") and words[0] != "--help":
        words.insert(0, "run")
    args = _parser().parse_args(words)
    try:
        match args.command:
            case "make":
                boxes.make(
                    args.state, args.person or sorted(PERSONS), args.pin, args.sign_password, args.phone_pin
                )
                piv.make(args.state, pin=args.staff_pin)
                for each in args.photo:
                    name, _, picture = each.rpartition("=")
                    for whose in [name] if name else args.person or sorted(PERSONS):
                        boxes.set_photo(args.state, whose, Path(picture))
            case "revoke":
                boxes.revoke(args.state, args.person)
            case _:
                return _run(args)
    except (OSError, ValueError, MadoguchiError) as why:
        print(f"kiosk-sim card: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
