"""Serial lines against their far ends: a pty and a TCP port must behave the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.transport.pty import Line, PtyLine, TcpLine
from drivers.transport.serial_port import open_serial
from kiosk.errors import DeviceUnavailable


@pytest.fixture(params=["pty", "tcp"])
def ends(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Line, str]]:
    line: Line
    if request.param == "pty":
        line, address = PtyLine(tmp_path / "line"), str(tmp_path / "line")
    else:
        tcp = TcpLine(0)
        line, address = tcp, f"socket://127.0.0.1:{tcp.port}"
    yield line, address
    line.close()


def _gather(read: object, count: int) -> bytes:
    data = b""
    for _ in range(50):
        data += read(0.2)  # type: ignore[operator]  # both ends have the same verb
        if len(data) >= count:
            break
    return data


def test_every_byte_passes_unchanged_both_ways(ends: tuple[Line, str]) -> None:
    line, address = ends
    port = open_serial(address)
    line.read(0.05)  # TCP: lets the client in
    every = bytes(range(256))
    port.write(every)
    assert _gather(line.read, 256) == every
    line.write(every)
    assert _gather(port.read, 256) == every
    assert port.read(0.0) == b""
    port.close()


def test_a_host_may_go_and_come_back(ends: tuple[Line, str]) -> None:
    line, address = ends
    for word in (b"first", b"second"):
        port = open_serial(address)
        line.read(0.05)
        port.write(word)
        assert _gather(line.read, len(word)) == word
        port.close()
        line.read(0.05)


def test_a_second_process_on_the_port_is_refused(tmp_path: Path) -> None:
    line = PtyLine(tmp_path / "line")
    port = open_serial(str(tmp_path / "line"))
    with pytest.raises(DeviceUnavailable):
        open_serial(str(tmp_path / "line"))
    port.close()
    line.close()


def test_a_second_client_of_a_tcp_line_is_hung_up_on() -> None:
    line = TcpLine(0)
    first = open_serial(f"socket://127.0.0.1:{line.port}")
    line.read(0.05)
    second = open_serial(f"socket://127.0.0.1:{line.port}")
    line.read(0.05)
    with pytest.raises(DeviceUnavailable):
        for _ in range(10):
            second.read(0.2)
    first.write(b"still here")
    assert _gather(line.read, 10) == b"still here"
    first.close()
    second.close()
    line.close()


def test_a_pulled_cable_is_device_unavailable(ends: tuple[Line, str]) -> None:
    line, address = ends
    port = open_serial(address)
    line.read(0.05)
    line.close()
    with pytest.raises(DeviceUnavailable):
        for _ in range(10):
            port.read(0.2)
    port.close()


def test_a_missing_port_is_device_unavailable(tmp_path: Path) -> None:
    with pytest.raises(DeviceUnavailable):
        open_serial(str(tmp_path / "nothing"))


def test_closing_takes_the_name_away(tmp_path: Path) -> None:
    line = PtyLine(tmp_path / "line")
    line.close()
    assert not (tmp_path / "line").is_symlink()
