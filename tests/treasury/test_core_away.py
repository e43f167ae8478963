"""`kiosk-cash` when the core dies between an act and its paper: the act is told, and no traceback."""

from __future__ import annotations

import pytest

from kiosk import cash_cli
from kiosk.errors import DeviceUnavailable
from kiosk.ipc.staff_wire import Act, Answer, AnyAsk, Read


def test_the_core_dies_before_it_made_the_slip(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[AnyAsk] = []

    def core(_: object, ask: AnyAsk) -> Answer:
        asked.append(ask)
        if isinstance(ask, Act):
            return Answer("", "日を締めました。", "The day is closed.")
        raise DeviceUnavailable("core: staff socket, errno 104")

    monkeypatch.setattr(cash_cli, "ask_core", core)
    assert cash_cli.main(["close-day", "--no-print"]) == cash_cli.AWAY
    assert [type(each) for each in asked] == [Act, Read]
    told = capsys.readouterr()
    assert "The day is closed." in told.out + told.err
    assert "does not answer" in told.err
