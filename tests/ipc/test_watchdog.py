"""What a unit's watchdog hears of a loop (sd_notify(3)): a socket by path or by an abstract name, or nobody."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from kiosk.ipc.watchdog import EVERY_S, Watchdog, shorter


@pytest.mark.parametrize("is_abstract", [False, True])
def test_a_beat_is_a_datagram(is_abstract: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"@madoguchi-test-{os.getpid()}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if is_abstract else name)
        manager.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        watchdog = Watchdog()
        watchdog.beat()
        watchdog.close()
        assert manager.recv(100) == b"WATCHDOG=1"


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    watchdog = Watchdog()
    watchdog.beat()
    watchdog.close()


def test_a_loop_with_nothing_to_do_still_turns() -> None:
    assert shorter(None) == EVERY_S
    assert shorter(600.0) == EVERY_S
    assert shorter(0.5) == 0.5
