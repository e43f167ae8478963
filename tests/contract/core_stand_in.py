"""A core without an engine, in a process of its own: the real card client, its events out, commands in.

argv: the card socket; `no-virtual`, `impatient` (a silent process is left after 8 s), `reader=NAME`, `not_reader=NAME`.
Out: one JSON event a line. In: one JSON command a line; the end of input stops the client.
"""

from __future__ import annotations

import sys
import threading

from drivers.card_service import client
from drivers.card_service.messages import CardCommand
from kiosk.ids import DeviceId
from kiosk.ipc import fresh
from kiosk.plain import Codec, encode
from kiosk.ports import Event

COMMANDS: Codec[CardCommand] = Codec(CardCommand)


def main() -> None:
    if "impatient" in sys.argv:
        fresh.PING_EVERY_S, fresh.SILENT_MAX_S = 0.5, 8.0  # type: ignore[misc]  # a test does not wait for 20 s
    lock = threading.Lock()

    def post(event: Event) -> None:
        with lock:
            sys.stdout.buffer.write(encode(event) + b"\n")
            sys.stdout.buffer.flush()

    names = dict(word.split("=", 1) for word in sys.argv[2:] if "=" in word)
    options = {"socket": sys.argv[1], "allow_virtual": "no-virtual" not in sys.argv, **names}
    driver = client.create(DeviceId("card1"), options, post)
    driver.start()
    for line in sys.stdin.buffer:
        driver.perform(COMMANDS.decode(line.strip()))
    driver.stop()
    driver.join()


if __name__ == "__main__":
    main()
