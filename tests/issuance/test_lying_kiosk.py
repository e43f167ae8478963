"""A kiosk that lies: enrolled, with a good key, and asking for what is not its own. Every lie is a problem of the
contract (desk_of checks that) and stands in the audit log, without a byte that came from the liar."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from issuance.serials import make_serial
from tests.issuance.desk_of import Answer, Server, bound
from tests.issuance.people import KIOSK, NOW, Authority, Card, Machine, token

LIAR = "kiosk-2"


class Scene:
    """An honest visit at one kiosk that has come to a printed, a committed and a prepared paper; and the liar."""

    def __init__(self, server: Server, cards: dict[str, Card]) -> None:
        self.server, self.cards = server, cards
        self.liar: Machine = server.enrol(LIAR)
        self.mine, _ = server.authenticate(cards["hanako"])
        self.lines = {state: self._paper(state) for state in ("prepared", "committed", "printed")}
        self.challenged = token()
        asked = server.post("/v1/challenges", {"transaction": self.challenged})
        self.challenge = base64.b64decode(asked.body["challenge"])

    def _paper(self, state: str) -> tuple[str, dict[str, str]]:
        order = self.server.machine.order(self.mine, self.cards["hanako"], kind="kisai_jiko")
        prepared = self.server.post("/v1/documents", order)
        ids = {"transaction": self.mine, "line": order["line"]}
        here = f"/v1/documents/{prepared.body['serial']}"
        if state != "prepared":
            assert self.server.post(f"{here}/commit", ids).status == 200
        if state == "printed":
            manifest = json.loads(base64.b64decode(prepared.body["manifest"]))
            assert self.server.post(f"{here}/printed", ids | {"pages": manifest["pages"]}).status == 200
        return here, ids

    def lie(self, path: str, body: Any = None, kiosk: str = LIAR) -> Answer:
        return self.server.post(path, body, kiosk)

    def signed(self, transaction: str, challenge: bytes, kiosk: str) -> dict[str, Any]:
        card = self.cards["hanako"]
        message = bound(challenge, kiosk, transaction, ())
        return {"transaction": transaction, "certificate": card.der, "signature": card.sign(message)}


@pytest.fixture(scope="module")
def scene(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, cards: dict[str, Card]
) -> Iterator[Scene]:
    server = Server(tmp_path_factory.mktemp("lies") / "server", authority, cards)
    yield Scene(server, cards)
    server.close()


def _of(scene: Scene, state: str, act: str, more: dict[str, Any], **ids: str) -> tuple[str, dict[str, Any]]:
    here, mine = scene.lines[state]
    return f"{here}/{act}", mine | ids | more


PAGES, REASON = {"pages": 1}, {"reason": "cancelled"}
LIES: dict[str, tuple[Callable[[Scene], Answer], str, str]] = {
    "another's challenge": (
        lambda s: s.lie("/v1/challenges", {"transaction": s.challenged}), "conflict", "another-kiosk",
    ),
    "another's authentication": (
        lambda s: s.lie("/v1/authentications", s.signed(s.challenged, s.challenge, LIAR)),
        "not-found", "another-kiosk",
    ),
    "another's transaction, prepare": (
        lambda s: s.lie("/v1/documents", s.liar.order(s.mine, s.cards["hanako"])), "not-found", "another-kiosk",
    ),
    "another's transaction, abandon": (
        lambda s: s.lie(f"/v1/transactions/{s.mine}/abandon"), "not-found", "another-kiosk",
    ),
    "another's paper, commit": (
        lambda s: s.lie(*_of(s, "prepared", "commit", {})), "not-found", "another-kiosk",
    ),
    "another's paper, printed": (
        lambda s: s.lie(*_of(s, "committed", "printed", PAGES)), "not-found", "another-kiosk",
    ),
    "another's paper, void": (
        lambda s: s.lie(*_of(s, "prepared", "void", REASON)), "not-found", "another-kiosk",
    ),
    "a guessed transaction": (
        lambda s: s.lie("/v1/documents", s.liar.order(token(), s.cards["hanako"])), "not-found", "unknown",
    ),
    "a guessed serial": (
        lambda s: s.lie(f"/v1/documents/{make_serial(2026, 77777)}/commit", s.lines["prepared"][1]),
        "not-found", "unknown",
    ),
    "a serial that is none": (
        lambda s: s.lie("/v1/documents/2026-00000001-00/commit", s.lines["prepared"][1]), "not-found", "",
    ),
    "its own paper under another line": (
        lambda s: s.lie(*_of(s, "prepared", "commit", {}, line=s.lines["committed"][1]["line"]), KIOSK),
        "not-found", "another-line",
    ),
    "void of another line's": (
        lambda s: s.lie(*_of(s, "committed", "void", REASON, line=s.lines["prepared"][1]["line"]), KIOSK),
        "not-found", "another-line",
    ),
    "more pages than it has": (
        lambda s: s.lie(*_of(s, "committed", "printed", {"pages": 7}), KIOSK), "conflict", "other-pages",
    ),
    "printed before it is valid": (
        lambda s: s.lie(*_of(s, "prepared", "printed", PAGES), KIOSK), "conflict", "not-committed",
    ),
    "void of what is printed": (
        lambda s: s.lie(*_of(s, "printed", "void", REASON), KIOSK), "conflict", "printed",
    ),
    "the same line with another order": (
        lambda s: s.lie(
            "/v1/documents",
            s.server.machine.order(s.mine, s.cards["hanako"]) | {"line": s.lines["committed"][1]["line"]},
            KIOSK,
        ),
        "conflict", "line-used",
    ),
    "no ids at all": (lambda s: s.lie("/v1/challenges", {"transaction": "1"}), "malformed", ""),
    "no body": (lambda s: s.lie("/v1/documents"), "malformed", ""),
    "a body that never ends": (
        lambda s: s.lie("/v1/challenges", {"transaction": "0" * 70_000}), "too-large", "",
    ),
    "nobody's certificate": (
        lambda s: s.lie("/v1/challenges", {"transaction": token()}, "nobody"), "unknown-kiosk", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_a_problem_and_written_down(scene: Scene, name: str) -> None:
    tell, problem, reason = LIES[name]
    before = scene.server.audit()
    answer = tell(scene)
    assert (answer.problem, answer.media_type) == (problem, "application/problem+json")
    assert answer.body["code"] == "X-602", "a lie learns nothing of a person"
    (written,) = scene.server.audit()[len(before) :]
    words = written.split()
    assert words[0] == "rejected" and words[3:] == [each for each in (problem, reason) if each]
    assert "{" in words[2] or words[2].count("/") == 2, "the route, not what was asked for"


def test_nothing_of_the_honest_visit_changed(scene: Scene) -> None:
    """After all the lies, in whatever order: the prepared paper can be had, the others are as they were."""
    for state, act in (("prepared", "commit"), ("committed", "commit"), ("printed", "printed")):
        here, ids = scene.lines[state]
        body: dict[str, Any] = ids | ({"pages": 2} if act == "printed" else {})
        assert scene.server.post(f"{here}/{act}", body).status == 200, state


def test_a_signature_is_good_once_and_for_its_own_visit(scene: Scene) -> None:
    server, transaction = scene.server, token()
    challenge = base64.b64decode(
        server.post("/v1/challenges", {"transaction": transaction}, LIAR).body["challenge"]
    )
    good = scene.signed(transaction, challenge, LIAR)
    assert server.post("/v1/authentications", good, LIAR).status == 200
    replayed = server.post("/v1/authentications", good, LIAR)
    assert (replayed.problem, server.audit()[-1]) == (
        "conflict", "rejected POST /v1/authentications conflict challenge-used",
    )  # fmt: skip
    for kiosk in (LIAR, KIOSK):  # the same signature under another transaction, and at another kiosk
        other = token()
        server.post("/v1/challenges", {"transaction": other}, kiosk)
        moved = server.post("/v1/authentications", good | {"transaction": other}, kiosk)
        assert (moved.problem, moved.body["code"]) == ("refused", "C-108")
        assert server.audit()[-1] == "refused C-108 signature"


def test_a_late_signature_is_written_down(scene: Scene) -> None:
    server, transaction = scene.server, token()
    challenge = base64.b64decode(
        server.post("/v1/challenges", {"transaction": transaction}, LIAR).body["challenge"]
    )
    server.clock.at += timedelta(hours=1)
    answer = server.post("/v1/authentications", scene.signed(transaction, challenge, LIAR), LIAR)
    server.clock.at = NOW
    assert answer.problem == "conflict"
    assert server.audit()[-1].endswith("challenge-late")


# --- floods ---------------------------------------------------------------------------------------------


@pytest.fixture
def narrow(tmp_path: Path, authority: Authority, cards: dict[str, Card]) -> Iterator[Server]:
    """A real town's limits, not the specimen's."""
    server = Server(tmp_path / "server", authority, cards)
    server.enrol(LIAR)
    limits = structs.replace(server.office.town.limits, rejections_per_minute=5, visits_per_minute=4)
    town = structs.replace(server.office.town, limits=limits)
    server.use(structs.replace(server.office, town=town))
    yield server
    server.close()


def test_a_kiosk_that_guesses_is_soon_told_to_wait(narrow: Server) -> None:
    """The log is no place that a liar can fill; and its neighbour notices nothing."""

    def guess(kiosk: str) -> str:
        where = f"/v1/documents/{make_serial(2026, 7)}/commit"
        return narrow.post(where, {"transaction": token(), "line": token()}, kiosk).problem

    before = len(narrow.audit())
    assert [guess(LIAR) for _ in range(12)] == ["not-found"] * 5 + ["rate"] * 7
    written = narrow.audit()[before:]
    assert [each.split()[0] for each in written] == ["rejected"] * 5 + ["rejected-too-often"]
    assert guess(KIOSK) == "not-found"
    assert narrow.get("/v1/status", LIAR).status == 200, "what is right is still answered"
    narrow.clock.at += timedelta(minutes=1)
    assert guess(LIAR) == "not-found"


def test_a_kiosk_that_opens_too_many_visits_is_told_to_wait(narrow: Server) -> None:
    def visit(kiosk: str) -> int:
        return narrow.post("/v1/challenges", {"transaction": token()}, kiosk).status

    assert [visit(LIAR) for _ in range(6)] == [201] * 4 + [429] * 2
    assert [each for each in narrow.audit() if each.startswith("rejected")] == [
        "rejected POST /v1/challenges rate"
    ] * 2
    assert visit(KIOSK) == 201
    narrow.clock.at += timedelta(minutes=1)
    assert visit(LIAR) == 201
