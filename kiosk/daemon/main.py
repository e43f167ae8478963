"""`kiosk-core`: the core's process. Ready when journal and socket are open; devices come when they come."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType

from kiosk.config import load
from kiosk.config_shape import Mode
from kiosk.daemon.clockwatch import judge
from kiosk.daemon.evening import Evening
from kiosk.daemon.wiring import Core
from kiosk.engine.service import start
from kiosk.engine.state import CloseDayAsked, Turn
from kiosk.errors import ConfigError, DeviceUnavailable, JournalError
from kiosk.journal.records import Started, Stopped
from kiosk.journal.store import boot_id
from kiosk.version import VERSION

LOG = logging.getLogger("kiosk.core")
ALIVE_EVERY_S = 5.0
EX_CONFIG, EX_CANTCREAT, EX_SOFTWARE = 78, 73, 70
"""sysexits(3): what the unit file reads."""


def _notify(message: str) -> None:
    """sd_notify(3); nothing where no manager listens."""
    if "NOTIFY_SOCKET" in os.environ:
        from systemd.daemon import notify  # noqa: PLC0415  # only under a manager

        notify(message)


def run(core: Core) -> int:
    """Serve until SIGTERM or SIGINT. The evening, or SIGUSR1 from a person with root, asks for the day close."""
    loop = core.loop
    evening = Evening(core.clock, core.config.town.day_closes)
    production = core.config.machine.mode is Mode.PRODUCTION

    def stop(_: int, __: FrameType | None) -> None:
        loop.stop()

    def close_day(_: int, __: FrameType | None) -> None:
        loop.post(CloseDayAsked("root"))

    def alive() -> None:
        loop.post(judge(core.clock, must_be_synchronised=production))
        if not core.server.is_running:
            LOG.critical("the view server ended")
            loop.stop()
            return
        if evening.has_come():
            loop.post(CloseDayAsked("evening"))
        _notify("WATCHDOG=1")

    failed: list[str] = []

    def thread_failed(args: threading.ExceptHookArgs) -> None:
        """A bug of ours in a driver's thread: the type only, no payload. Exit, restart, recover."""
        failed.append(args.exc_type.__name__)
        LOG.critical("a thread failed: %s", args.exc_type.__name__)
        loop.stop()

    threading.excepthook = thread_failed
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGUSR1, close_day)
    core.start()
    loop.record(Started(VERSION, boot_id()))
    turn = Turn(loop.state)
    start(turn)
    loop.perform_all(turn.commands)
    _notify("READY=1")
    LOG.info("ready, version %s", VERSION)
    loop.run(alive, ALIVE_EVERY_S)
    _notify("STOPPING=1")
    if failed:
        return EX_SOFTWARE
    loop.record(Stopped())
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 stopped when asked, 70 our own bug, 78 configuration refused, 73 journal or socket cannot be had."""
    parser = argparse.ArgumentParser(prog="kiosk-core", description="The core of the kiosk.")
    parser.add_argument("--config", action="append", required=True, help="machine file, then town file")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        core = Core(load(arguments.config))
    except ConfigError as error:
        LOG.critical("configuration refused: %s", error)
        return EX_CONFIG
    except (JournalError, DeviceUnavailable) as error:
        LOG.critical("cannot start: %s", error)
        return EX_CANTCREAT
    try:
        return run(core)
    finally:
        core.close()


if __name__ == "__main__":
    sys.exit(main())
