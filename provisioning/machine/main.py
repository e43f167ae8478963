"""provisioning/install: make, look, verify, undo."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kiosk.errors import ConfigError
from provisioning.machine import profile as profiles
from provisioning.machine.host import Host, SetupError
from provisioning.machine.steps import STEPS, Step
from provisioning.machine.wants import Memory, undo

GOOD, DIFFERS, FAILED, USAGE = 0, 1, 2, 64


def main(argv: Sequence[str] | None = None) -> int:
    """0: as wanted. 1: --verify found a difference. 2: a step could not be done. 64: profile or words refused."""
    options = _parser().parse_args(argv)
    host = Host(Path(options.root).resolve(), Path(options.medium).resolve() if options.medium else None)
    chosen = [
        step
        for step in STEPS
        if not options.step or step.name in options.step or step.name[:2] in options.step
    ]
    if not chosen:
        print(f"no such step; there are {', '.join(step.name for step in STEPS)}", file=sys.stderr)
        return USAGE
    try:
        profile = profiles.load([Path(each) for each in options.profile])
        if options.undo:
            return _undo(host, chosen)
        return _go(host, profile, chosen, options)
    except ConfigError as error:
        print(f"refused: {error}", file=sys.stderr)
        return USAGE
    except SetupError as error:
        print(f"FAILED  {error}", file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="provisioning/install",
        description="From a bare Debian 12 to a locked kiosk, step by step. What is right is not touched.",
        epilog="Steps: " + ", ".join(step.name for step in STEPS),
    )
    parser.add_argument(
        "--profile",
        action="append",
        required=True,
        metavar="FILE",
        help="the machine's profile; may be repeated",
    )
    parser.add_argument("--root", default="/", metavar="DIR", help="another Debian, in a folder")
    parser.add_argument(
        "--medium", metavar="DIR", help="wheels and Debian packages from here, no network (make medium)"
    )
    parser.add_argument(
        "--step", action="append", default=[], metavar="NAME", help="only this one (45 or 45-network)"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--dry-run", action="store_true", help="say what would be changed, change nothing")
    what.add_argument(
        "--verify", action="store_true", help="say what is not as wanted; 1 when something is not"
    )
    what.add_argument("--undo", action="store_true", help="take the steps back, the last one first")
    return parser


def _go(host: Host, profile: profiles.Profile, steps: Sequence[Step], options: argparse.Namespace) -> int:
    memory = Memory(host)
    is_looking = options.dry_run or options.verify
    differences = 0
    for step in steps:
        print(f"{step.name}  {step.words}")
        for want in step.wanting(host, profile):
            words = want.differs(host)
            if not words:
                continue
            differences += 1
            print(f"    {words}")
            if is_looking:
                continue
            want.make(host, memory, step.name)
            if still := want.differs(host):
                raise SetupError(f"{step.name}: after it was made: {still}")
    if options.verify:
        print("as wanted" if not differences else f"{differences} not as wanted")
        return DIFFERS if differences else GOOD
    said = "would be changed" if is_looking else "changed"
    print(f"{differences} {said}" if differences else "nothing to change")
    return GOOD


def _undo(host: Host, steps: Sequence[Step]) -> int:
    memory = Memory(host)
    for step in reversed(steps):
        print(step.name)
        for words in undo(host, memory, step.name):
            print(f"    {words}")
    return GOOD


if __name__ == "__main__":
    sys.exit(main())
