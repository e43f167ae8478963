"""`kiosk-sim`: a whole kiosk without hardware, its single simulators, and hands for them."""

from __future__ import annotations

import argparse
import json
import sys

from drivers import registry
from drivers.simpanel import control, devices, journey, places, up
from kiosk.errors import MadoguchiError


def main(argv: list[str] | None = None) -> int:
    """0: done. 1: it went wrong, said in words. 2: not understood."""
    words = sys.argv[1:] if argv is None else argv
    if words and words[0] in registry.SIMULATORS:
        return int(registry.simulator(words[0])(words[1:]))
    if words and words[0] == "devices":
        return _devices(words[1:])
    options = _parser().parse_args(words)
    try:
        if options.command == "up" and options.demo and not up.display_of(options):
            return journey.main(["run", "juminhyo", *(["--out", options.out] if options.out else [])])
        if options.command == "up":
            return up.main(words, options)
        if options.command == "panel":
            from drivers.simpanel import panel  # noqa: PLC0415  # Kivy is slow to load

            return panel.main(options)
        return _do(options)
    except MadoguchiError as why:
        print(f"kiosk-sim: {why}", file=sys.stderr)
        return 1


def _devices(words: list[str]) -> int:
    try:
        return devices.main(words)
    except MadoguchiError as why:
        print(f"kiosk-sim: {why}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    simulators = ", ".join(sorted(registry.SIMULATORS))
    parser = argparse.ArgumentParser(
        prog="kiosk-sim",
        description=__doc__,
        epilog=f"Single simulators: kiosk-sim {{{simulators}}} --help; all of a demo machine: kiosk-sim devices --help",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up.arguments(commands.add_parser("up", help="start everything on this machine"))
    do = commands.add_parser(
        "do", help="one act of a hand or an accident: " + ", ".join(sorted(control.PASSED))
    )
    do.add_argument("--out", metavar="DIR", help="the run's folder (the last one)")
    do.add_argument("verb")
    do.add_argument("args", nargs="*")
    panel = commands.add_parser("panel", help="a window with the same acts as buttons")
    panel.add_argument("--out", metavar="DIR", help="the run's folder (the last one)")
    panel.add_argument("--pin", default="1234", help="of the demo cards, to be shown")
    for name, words in (("status", "what runs"), ("down", "end the run")):
        each = commands.add_parser(name, help=words)
        each.add_argument("--out", metavar="DIR")
    return parser


def _do(options: argparse.Namespace) -> int:
    verb = options.verb if options.command == "do" else options.command
    answer = control.do(places.running_folder(options.out), verb, *getattr(options, "args", ()))
    if answer:
        print(json.dumps(answer, ensure_ascii=False, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
