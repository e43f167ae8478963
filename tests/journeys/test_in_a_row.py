"""Visits one after the other on one kiosk, as on a kiosk: what one leaves behind, the next would meet.

What breaks the kiosk for good, or wants another one, has a kiosk of its own (test_journeys.py).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from drivers.simpanel import journey, report, script
from drivers.simpanel.session import Session
from kiosk.errors import MadoguchiError
from tests.journeys.rows import ROWS, TIDIED, row_of

pytestmark = pytest.mark.system

GOES = {"Done": "main", "Notice": "main", "Trouble": "main.end"}
"""What a resident touches last, where the journey ends before that."""
PATIENCE_S = 60.0


class Lobby:
    """One kiosk at a time, for one row of visits; a fresh one after a visit that was not as it should."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._row: Sequence[str] = ()
        self._session: Session | None = None
        self._sums = report.NOTHING
        self._started = 0

    def visit(self, name: str) -> tuple[report.Result, Path]:
        """The journey's result, and the run's folder."""
        row = row_of(name)
        if self._session is None or row != self._row:
            self.close()
            self._start(row)
        session, self._session = self._session, None
        assert session is not None
        try:
            each = script.load(name)
            result = journey.walk(session, name, each, each.lang, self._sums)
            if result.is_good:
                self._leave(session, TIDIED.get(name, ()))
                self._session, self._sums = session, result.sums
        finally:
            if self._session is None:
                session.stop()
        return result, session.out

    def _start(self, row: Sequence[str]) -> None:
        journeys = [script.load(each) for each in row]
        (up,) = {tuple(each.up) for each in journeys}
        persons = sorted({person for each in journeys for person in each.persons})
        self._started += 1
        session = Session(
            self._folder / str(self._started),
            [*(word for each in persons for word in ("--person", each)), *up],
        )
        session.start()
        self._row, self._session, self._sums = row, session, report.NOTHING

    def _leave(self, session: Session, acts: Sequence[Sequence[str]]) -> None:
        """She goes, and somebody puts right what was done to the devices."""
        for act in acts:
            session.do(*act)
        body = self._look(session)
        if body not in GOES:
            return
        with suppress(MadoguchiError):  # it went on by itself
            session.do("tap", GOES[body])
        deadline = time.monotonic() + PATIENCE_S
        while self._look(session) == body:  # and is touched once only: the next screen has such a key, too
            assert time.monotonic() < deadline, f"{body} stays"
            time.sleep(0.02)

    @staticmethod
    def _look(session: Session) -> str:
        return str(session.do("screen")["body"])

    def close(self) -> None:
        if self._session is not None:
            self._session.stop()
            self._session = None


@pytest.fixture(scope="module")
def lobby(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lobby]:
    made = Lobby(tmp_path_factory.mktemp("lobby"))
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("name", [name for row in ROWS for name in row])
def test_visit(lobby: Lobby, name: str) -> None:
    result, folder = lobby.visit(name)
    assert result.is_good, report.table(result)
    pictures = [each.picture for each in result.seen if each.step.kind == "see"]
    assert all((folder / picture).stat().st_size > 0 for picture in pictures)
