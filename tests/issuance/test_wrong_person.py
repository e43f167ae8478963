"""The wrong-person campaign in short, the published accidents as mutations, and proof that it would have seen them.

The long form: `python -m tests.issuance.campaign_wrong_person` (`make campaign`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.issuance import mutants
from tests.issuance.hostile import HONEST, Odds
from tests.issuance.lobby import Lobby, WrongPaperError, run

FOUND_AT_THE_DOOR = frozenset(
    "kodomo tenshutsu bochi yotei yotei2 mamoru tonari gaiji gaiji2 nokori nagai".split()
)
"""Residents of the specimen who get no 住民票 at a kiosk."""

LATE = Odds(**{name: getattr(HONEST, name) for name in HONEST.__dataclass_fields__} | {"late": 0.1})


def test_no_wrong_paper_in_the_hands_of_a_hostile_network(tmp_path: Path) -> None:
    lobby = run(
        tmp_path / "server",
        seed=20230327,
        kiosks=15,
        papers=100,
        odds=Odds(card_swapped=0.08),
        drawn_every=10,
    )
    assert lobby.inspector.papers >= 100
    assert lobby.draughtsman.drawn >= 10
    happened = lobby.network.seen
    for name in ("late", "lost_request", "lost_answer", "broken", "twice", "swapped", "replayed", "mixed"):
        assert happened[name] > 0, name
    assert happened["in_anothers_name"] and happened["card_swapped"] and happened["workers killed"]


def test_with_nothing_wrong_nobody_is_refused(tmp_path: Path) -> None:
    lobby = run(tmp_path / "server", seed=1, kiosks=8, papers=25, odds=HONEST, drawn_every=10)
    assert not any(name.startswith("incident") for name in lobby.network.seen)


NETWORK: dict[str, type[mutants.Accident]] = {
    "yokohama": mutants.ReleasedLock,
    "munakata": mutants.OldProgram,
}
SERVER: dict[str, type[mutants.FilesByName]] = {
    "kawasaki": mutants.OneFileASecond,
    "takamatsu": mutants.OneServersNumbers,
}


def _campaign(path: Path, accident: str, monkeypatch: pytest.MonkeyPatch, *, blind: bool) -> int:
    """How often the accident bit, with kiosks that look or do not."""

    def change(lobby: Lobby) -> None:
        if accident in NETWORK:
            lobby.network.give_instead = NETWORK[accident](lobby).give
        if blind:
            lobby.desk_of = mutants.BlindDesk

    if accident in SERVER:
        monkeypatch.setattr("issuance.app.Documents", SERVER[accident])
        monkeypatch.setattr(SERVER[accident], "bitten", 0)
    odds = LATE if accident == "yokohama" else HONEST
    lobby = run(
        path,
        seed=7,
        kiosks=8,
        papers=30,
        for_s=300.0,
        odds=odds,
        drawn_every=10,
        slowest_s=1.5,
        change=change,
    )
    assert any(name.startswith("incident X-603") for name in lobby.network.seen)
    return SERVER[accident].bitten if accident in SERVER else lobby.network.seen["bitten"]


@pytest.mark.parametrize("accident", [*NETWORK, *SERVER])
def test_a_published_accident_ends_at_the_kiosk(
    tmp_path: Path, accident: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It bites, and nobody gets another's paper: machines stop until staff have looked."""
    assert _campaign(tmp_path / "server", accident, monkeypatch, blind=False) >= 1


@pytest.mark.parametrize("accident", [*NETWORK, *SERVER])
def test_a_kiosk_that_does_not_look_is_found_out(
    tmp_path: Path, accident: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WrongPaperError):
        _campaign(tmp_path / "server", accident, monkeypatch, blind=True)


def _speaking(lobby: Lobby) -> None:
    lobby.cards_speak = True


def test_cards_that_speak_refuse_nobody_who_is_right(tmp_path: Path) -> None:
    lobby = run(
        tmp_path / "server", seed=3, kiosks=6, papers=15, odds=HONEST, drawn_every=1, change=_speaking
    )
    assert not any(name.startswith("incident") for name in lobby.network.seen)


def test_a_register_that_gives_the_neighbours_record_is_caught_by_the_card(tmp_path: Path) -> None:
    """Everything is signed, bound and in order, and about somebody else."""

    def change(lobby: Lobby) -> None:
        _speaking(lobby)
        mutants.neighbours(lobby)

    lobby = run(
        tmp_path / "server",
        seed=3,
        kiosks=6,
        papers=15,
        for_s=400.0,
        odds=HONEST,
        drawn_every=1,
        change=change,
    )
    assert lobby.inspector.papers == 0
    assert lobby.network.seen["incident X-603"] >= 2


def test_without_the_cards_word_the_neighbours_paper_is_seen_by_the_inspector_alone(tmp_path: Path) -> None:
    with pytest.raises(WrongPaperError):
        run(
            tmp_path / "server",
            seed=3,
            kiosks=6,
            papers=15,
            for_s=400.0,
            odds=HONEST,
            drawn_every=1,
            change=mutants.neighbours,
        )
