"""The disk fails or is full at each write of a visit: from that moment no piece is let in and nothing irreversible goes
out. What the store does on EIO and ENOSPC is tests/journal/test_disk.py's."""

from __future__ import annotations

import pytest

from kiosk import ports
from kiosk.engine.state import Phase
from kiosk.journal.records import AnyRecord
from kiosk.money import Denomination
from tests.crash.test_kill_sweep import VISITS, Visit, writes_of
from tests.engine.world import ListJournal, World

IRREVERSIBLE = (ports.Dispense, ports.PrintDocument, ports.Commit)


class FailingJournal(ListJournal):
    """The n-th append and all after it are refused."""

    def __init__(self, records: list[AnyRecord], fails_at: int) -> None:
        super().__init__(records)
        self._fails_at = fails_at

    def append(self, records: list[AnyRecord]) -> list[int]:
        if self.appends + 1 >= self._fails_at:
            self.broken = True
        return super().append(records)


def watch(world: World) -> list[tuple[bool, ports.Command]]:
    """Every command from now on, and whether the journal had failed by then."""
    seen: list[tuple[bool, ports.Command]] = []
    perform = world.perform

    def watched(command: ports.Command) -> None:
        seen.append((world.loop.state.journal_is_dead or world.journal.broken, command))
        perform(command)

    world.perform = watched
    return seen


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.__name__)
def test_cash_closes_the_moment_the_journal_fails(visit: Visit) -> None:
    for at in range(1, writes_of(visit) + 1):
        world = World().boot()
        world.journal = FailingJournal(world.records, at)
        world.loop._journal = world.journal
        seen = watch(world)
        visit(world)
        assert world.loop.state.journal_is_dead
        after = [command for is_dead, command in seen if is_dead]
        assert not any(isinstance(each, IRREVERSIBLE) for each in after), f"write {at}"
        masks = [each.denominations for each in after if isinstance(each, ports.SetAcceptance)]
        assert masks and not any(masks), f"write {at}: the slot was opened"
        assert not world.insert(Denomination.COIN100)
        assert world.phase in (Phase.OUT_OF_SERVICE, Phase.IN_TROUBLE)
