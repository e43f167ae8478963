"""A TPM 2.0 of a program (swtpm) behind a resource manager (tpm2-abrmd), as the kernel's /dev/tpmrm0 is one."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

LIMIT_S = 60.0


@contextmanager
def chip(place: Path) -> Iterator[dict[str, str]]:
    """The environment in which OpenSSL finds this TPM. What it holds stays in `place`."""
    place.mkdir(exist_ok=True)
    running: list[subprocess.Popen[bytes]] = []

    def start(*words: str, env: dict[str, str] | None = None) -> None:
        running.append(subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    bus, wire = place / "bus", place / "wire"
    env = os.environ | {
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={bus}",
        "TPM2OPENSSL_TCTI": "tabrmd:bus_type=session",
    }
    try:
        start("dbus-daemon", "--session", "--nofork", f"--address=unix:path={bus}")
        start(
            *(
                "swtpm",
                "socket",
                "--tpm2",
                "--tpmstate",
                f"dir={place}",
                "--server",
                f"type=unixio,path={wire}",
            ),
            *("--ctrl", f"type=unixio,path={wire}.ctrl", "--flags", "startup-clear,not-need-init"),
        )
        _wait(lambda: bus.exists() and wire.exists())
        start("tpm2-abrmd", "--session", "--allow-root", f"--tcti=swtpm:path={wire}", env=env)
        _wait(lambda: _answers(env))
        yield env
    finally:
        for each in reversed(running):
            each.kill()
            each.wait(20)


def _answers(env: dict[str, str]) -> bool:
    done = subprocess.run(
        ["openssl", "list", "-providers", "-provider", "tpm2"],
        env=env,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
    return done.returncode == 0


def _wait(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < end, "no TPM came up"
        time.sleep(0.05)
