"""kiosk-bundle: make a signed configuration (in the office), put one in force, go back (on the machine)."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from kiosk import check
from kiosk.bundles.sealed import ALL, MACHINE, TOWN, Signer, opened
from kiosk.bundles.shelf import Shelf
from kiosk.clock import SystemClock
from kiosk.errors import ConfigError
from kiosk.messages import Message, open_log, say

DONE, ROLLED_BACK, REFUSED, BUSY = 0, 1, 2, 5
CORE = "kiosk-core.service"
START_S = 120
"""TimeoutStopSec and TimeoutStartSec of the core, and room."""


class Systemd:
    """The manager of a machine in use."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def is_idle(self) -> bool:
        words = [word for each in self._shelf.files() for word in ("--config", str(each))]
        return check.main([*words, "--is-idle", "--quiet"]) != check.BUSY

    def restart(self) -> bool:
        _systemctl("reset-failed", CORE)
        return _systemctl("restart", CORE)  # Type=notify: it ends when the core is ready, or is not

    def is_ready(self) -> bool:
        return _systemctl("is-active", "--quiet", CORE)


def _systemctl(*words: str) -> bool:
    try:
        return subprocess.run(["/usr/bin/systemctl", *words], check=False, timeout=START_S).returncode == 0  # noqa: S603  # own words
    except subprocess.TimeoutExpired:
        return False


def main(argv: Sequence[str] | None = None) -> int:
    """0 done, 1 rolled back, 2 refused (why on stderr and in the log), 5 a visit is under way: nothing was changed."""
    options = _parser().parse_args(argv)
    open_log("kiosk-bundle", is_act=True)
    try:
        if options.verb == "make":
            return _make(options)
        shelf = Shelf(options.root)
        return _do(shelf, options)
    except (ConfigError, OSError) as error:
        why = str(error) if isinstance(error, ConfigError) else f"errno {error.errno}"
        if options.verb != "make":
            say(Message.BUNDLE_REFUSED, why=why)
        print(f"kiosk-bundle: {why}", file=sys.stderr)
        return REFUSED


def _do(shelf: Shelf, options: argparse.Namespace) -> int:
    manager = Systemd(shelf)
    match options.verb:
        case "show":
            for each in shelf.versions():
                print(f"{each}{'  in force' if each == shelf.active else ''}")
        case "settle":
            shelf.settle(manager)
        case "back":
            older = [each for each in shelf.versions() if each < shelf.active]
            if not older:
                raise ConfigError("there is no version before this one")
            return _put(shelf, manager, older[-1], options)
        case "apply":
            bundle = opened(options.file.read_bytes(), options.key.read_bytes())
            if not options.now and not manager.is_idle():
                return BUSY
            return _put(shelf, manager, shelf.accept(bundle), options)
    return DONE


def _put(shelf: Shelf, manager: Systemd, version: int, options: argparse.Namespace) -> int:
    if not options.now and not manager.is_idle():
        return BUSY
    if shelf.put_in_force(version, manager):
        print(f"version {version} is in force")
        return DONE
    print(f"version {version} did not come ready; version {shelf.active} is back", file=sys.stderr)
    return ROLLED_BACK


def _make(options: argparse.Namespace) -> int:
    """Signs what the kiosk would accept; a machine's file is read with the town's even when only the latter goes in."""
    from kiosk.config import load  # noqa: PLC0415

    config = load([options.machine, options.town])
    files = {TOWN: options.town.read_text(encoding="utf-8")}
    if not options.for_all:
        files[MACHINE] = options.machine.read_text(encoding="utf-8")
    kiosk = ALL if options.for_all else config.machine.kiosk
    signer = Signer.of(options.key.read_bytes())
    options.out.write_bytes(signer.seal(options.version, kiosk, files, SystemClock().wall()))
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kiosk-bundle", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path("/etc/madoguchi"), help="the shelf")
    verbs = parser.add_subparsers(dest="verb", required=True)
    make = verbs.add_parser("make", help="sign a configuration (with the town's key, in the office)")
    make.add_argument("--version", type=int, required=True, help="larger than every one before")
    make.add_argument(
        "--key", type=Path, required=True, help="Ed25519, PEM: openssl genpkey -algorithm ed25519"
    )
    make.add_argument("--for-all", action="store_true", help="the town's file only, for every kiosk")
    make.add_argument("--out", type=Path, required=True)
    make.add_argument("machine", type=Path)
    make.add_argument("town", type=Path)
    apply = verbs.add_parser(
        "apply", help="put a bundle in force; back by itself when the core does not come ready"
    )
    apply.add_argument(
        "--key", type=Path, default=Path("/etc/madoguchi/bundle-key.pem"), help="the town's, public"
    )
    apply.add_argument("file", type=Path)
    back = verbs.add_parser("back", help="put the version before in force again")
    for each in (apply, back):
        each.add_argument("--now", action="store_true", help="in the middle of a visit, too")
    verbs.add_parser("settle", help="after a start: end or take back a trial that a power cut interrupted")
    verbs.add_parser("show", help="which versions there are")
    return parser


if __name__ == "__main__":
    sys.exit(main())
