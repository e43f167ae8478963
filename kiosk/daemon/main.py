"""`kiosk-core`: the core's process. Ready when journal and socket are open; devices come when they come."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence

from kiosk.config import load
from kiosk.config_shape import Mode
from kiosk.daemon.clockwatch import judge
from kiosk.daemon.evening import Evening
from kiosk.daemon.wiring import Core
from kiosk.engine.inner import CloseDayAsked, RoomJudged
from kiosk.engine.service import start
from kiosk.engine.state import Turn
from kiosk.errors import ConfigError, DeviceUnavailable, JournalError
from kiosk.journal.records import Started, Stopped
from kiosk.journal.store import boot_id
from kiosk.messages import Message, open_log, say
from kiosk.version import VERSION

ALIVE_EVERY_S = 5.0
DEAD_FOR_S = 30.0
"""So long the screen says what happened when the journal died; then a new life reads the devices and recovers."""
EX_CONFIG, EX_CANTCREAT, EX_SOFTWARE = 78, 73, 70
"""sysexits(3): what the unit file reads."""


def _notify(message: str) -> None:
    """sd_notify(3); nothing where no manager listens."""
    if "NOTIFY_SOCKET" in os.environ:
        from systemd.daemon import notify  # noqa: PLC0415  # only under a manager

        notify(message)


class Pulse:
    """What the loop does every few seconds beside its events: judge clock and disk, see the evening, say it lives."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._evening = Evening(core.clock, core.config.town.day_closes)
        self._is_production = core.config.machine.mode is Mode.PRODUCTION
        self._dead_for_s = 0.0
        self.failure = ""

    def beat(self) -> None:
        loop = self._core.loop
        loop.post(judge(self._core.clock, must_be_synchronised=self._is_production))
        loop.post(RoomJudged(loop.has_room()))
        if self._evening.has_come():
            loop.post(CloseDayAsked("evening"))
        if not self._core.server.is_running:
            self.fail("the view server ended")
        elif loop.state.journal_is_dead:
            self._dead_for_s += ALIVE_EVERY_S
            if self._dead_for_s >= DEAD_FOR_S:
                self.fail("the journal died")
        _notify("WATCHDOG=1")

    def thread_failed(self, args: threading.ExceptHookArgs) -> None:
        """A bug of ours in a driver's thread: the type only, no payload."""
        self.fail(f"a thread failed: {args.exc_type.__name__}")

    def fail(self, why: str) -> None:
        """Exit, restart, recover."""
        say(Message.CORE_FAILED, why=why)
        self.failure = why
        self._core.loop.stop()


def run(core: Core) -> int:
    """Serve until SIGTERM or SIGINT. The evening, or SIGUSR1 from a person with root, asks for the day close."""
    loop, pulse = core.loop, Pulse(core)
    threading.excepthook = pulse.thread_failed
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.stop())
    signal.signal(signal.SIGUSR1, lambda *_: loop.post(CloseDayAsked("root")))
    core.start()
    loop.record(Started(VERSION, boot_id(), core.config.machine.mode.value))
    turn = Turn(loop.state)
    start(turn)
    loop.perform_all(turn.commands)
    _notify("READY=1")
    say(Message.CORE_READY, version=VERSION)
    loop.run(pulse.beat, ALIVE_EVERY_S)
    _notify("STOPPING=1")
    if pulse.failure:
        return EX_SOFTWARE
    loop.record(Stopped())
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 stopped when asked, 70 our own bug, 78 configuration refused, 73 journal or socket cannot be had."""
    parser = argparse.ArgumentParser(prog="kiosk-core", description="The core of the kiosk.")
    parser.add_argument("--config", action="append", required=True, help="machine file, then town file")
    arguments = parser.parse_args(argv)
    open_log("kiosk-core")
    try:
        core = Core(load(arguments.config))
    except ConfigError as error:
        say(Message.CONFIG_REFUSED, why=str(error))
        return EX_CONFIG
    except (JournalError, DeviceUnavailable) as error:
        say(Message.CANNOT_START, why=str(error))
        return EX_CANTCREAT
    try:
        return run(core)
    finally:
        core.close()


if __name__ == "__main__":
    sys.exit(main())
