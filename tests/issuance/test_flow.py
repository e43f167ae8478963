"""The whole way of a document through the API, and every way off it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from issuance import audit
from issuance.desk import Desk
from issuance.documents import Documents
from issuance.main import main
from issuance.messages import AttestRequest
from issuance.office import CHALLENGE_LASTS, DOCUMENT_LASTS, SESSION_LASTS
from issuance.store import Document, Head, Kiosk, Link, Session, SqlTx, Tx
from tests.issuance.desk_of import Server, bound
from tests.issuance.people import KIOSK, Authority, Card, Machine, link_also, token

Cards = dict[str, Card]


@pytest.fixture
def database(either: str) -> str:
    return either


def test_a_certificate_from_challenge_to_printed(server: Server, cards: Cards) -> None:
    transaction, answer = server.authenticate(cards["hanako"])
    offers = {each["kind"]: each for each in answer.body["entitlements"]}
    members = [each for each in offers["juminhyo"]["options"] if each["label"]]
    assert [each["label"] for each in members] == ["太郎", "花子", "一郎"]
    for each in members:
        offers["juminhyo"]["options"].remove(each)
    plain = {"label": "", "only_if": None}
    assert offers["juminhyo"] == {
        "kind": "juminhyo",
        "fee": 200,
        "max_copies": 5,
        "options": [
            {"key": "whom", "choices": ["self", "household", "some"]} | plain,
            {"key": "zokugara", "choices": ["no", "yes"]} | plain,
            {"key": "honseki", "choices": ["no", "yes"]} | plain,
            {"key": "kojin_bango", "choices": ["no", "yes"]} | plain,
        ],
        "refusal": "",
        "open_from": "00:00",
        "open_until": "24:00",
    }
    order = server.machine.order(transaction, cards["hanako"], options={"whom": "household"})
    prepared = server.post("/v1/documents", order)
    assert prepared.status == 201
    claim = base64.b64decode(prepared.body["manifest"])
    key = load_pem_public_key((server.path / "kiosk" / "manifest-key.pem").read_bytes())
    key.verify(base64.b64decode(prepared.body["signature"]), claim)  # type: ignore[call-arg, union-attr]
    manifest = json.loads(claim)
    pdf = base64.b64decode(prepared.body["pdf"])
    assert manifest == {
        "format": "madoguchi/manifest/1",
        "kiosk": KIOSK,
        "transaction": transaction,
        "line": order["line"],
        "order_hash": order["order_hash"],
        "card_fingerprint": order["card_fingerprint"],
        "serial": prepared.body["serial"],
        "sha256": hashlib.sha256(pdf).hexdigest(),
        "pages": 2,
        "sides": "two-sided-long-edge",
        "applicant": {"name": "例示　花子", "birth": "1941-03-03", "sex": "F"},
        "holders": ["例示　太郎", "例示　花子", "例示　一郎"],
    }
    assert claim == json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    ids = {"transaction": transaction, "line": order["line"]}
    here = f"/v1/documents/{prepared.body['serial']}"
    assert server.post(f"{here}/commit", ids).body["state"] == "committed"
    assert server.post(f"{here}/printed", ids | {"pages": 2}).body["state"] == "printed"
    acts = [each.split()[0] for each in server.audit()]
    assert acts[-4:] == ["authenticated", "prepared", "committed", "printed"]


def test_a_paper_of_the_chosen_people(server: Server, cards: Cards) -> None:
    _, answer = server.authenticate(cards["hanako"])
    keys = {each["label"]: each["key"] for each in answer.body["entitlements"][0]["options"] if each["label"]}
    options = {"whom": "some", keys["太郎"]: "yes", keys["一郎"]: "yes"}
    _, prepared = server.prepared(cards["hanako"], options=options)
    manifest = json.loads(base64.b64decode(prepared.body["manifest"]))
    assert manifest["holders"] == ["例示　太郎", "例示　一郎"]
    assert manifest["applicant"]["name"] == "例示　花子"


def test_every_step_may_be_repeated(server: Server, cards: Cards) -> None:
    ids, prepared = server.prepared(cards["hanako"])
    here = f"/v1/documents/{prepared.body['serial']}"
    for _ in range(2):
        assert server.post(f"{here}/commit", ids).body["state"] == "committed"
    for _ in range(2):
        assert server.post(f"{here}/printed", ids | {"pages": 2}).body["state"] == "printed"
    assert server.post(f"{here}/commit", ids).body["state"] == "committed"
    acts = [each.split()[0] for each in server.audit()]
    assert acts.count("committed") == 1
    assert acts.count("printed") == 1


def test_void_ends_a_document_for_good(server: Server, cards: Cards) -> None:
    ids, prepared = server.prepared(cards["hanako"])
    here = f"/v1/documents/{prepared.body['serial']}"
    for _ in range(2):
        assert server.post(f"{here}/void", ids | {"reason": "cancelled"}).body["state"] == "void"
    assert server.post(f"{here}/commit", ids).problem == "conflict"
    assert server.post(f"{here}/printed", ids | {"pages": 2}).problem == "conflict"


def test_a_committed_document_may_still_prove_unprinted(server: Server, cards: Cards) -> None:
    ids, prepared = server.prepared(cards["hanako"])
    here = f"/v1/documents/{prepared.body['serial']}"
    server.post(f"{here}/commit", ids)
    assert server.post(f"{here}/void", ids | {"reason": "not-printed"}).body["state"] == "void"


def test_what_was_printed_stays_printed(server: Server, cards: Cards) -> None:
    ids, prepared = server.prepared(cards["hanako"])
    here = f"/v1/documents/{prepared.body['serial']}"
    server.post(f"{here}/commit", ids)
    assert server.post(f"{here}/printed", ids | {"pages": 1}).problem == "conflict"
    server.post(f"{here}/printed", ids | {"pages": 2})
    assert server.post(f"{here}/void", ids | {"reason": "cancelled"}).problem == "conflict"


def test_nothing_is_printed_that_was_not_committed(server: Server, cards: Cards) -> None:
    ids, prepared = server.prepared(cards["hanako"])
    answer = server.post(f"/v1/documents/{prepared.body['serial']}/printed", ids | {"pages": 2})
    assert answer.problem == "conflict"


def test_a_line_is_prepared_once(server: Server, cards: Cards) -> None:
    transaction, _ = server.authenticate(cards["hanako"])
    order = server.machine.order(transaction, cards["hanako"])
    assert server.post("/v1/documents", order).status == 201
    assert server.post("/v1/documents", order).problem == "conflict"


def test_two_residents_at_once_get_two_papers(server: Server, cards: Cards) -> None:
    """Kawasaki 2023: the later request overwrote the earlier."""
    other = server.enrol("kiosk-2")
    first, _ = server.authenticate(cards["hanako"])
    second, _ = server.authenticate(cards["yoshiko"], kiosk="kiosk-2")
    papers = {
        first: server.post("/v1/documents", server.machine.order(first, cards["hanako"])),
        second: server.post("/v1/documents", other.order(second, cards["yoshiko"]), "kiosk-2"),
    }
    claims = {key: json.loads(base64.b64decode(each.body["manifest"])) for key, each in papers.items()}
    assert {key: claim["transaction"] for key, claim in claims.items()} == {first: first, second: second}
    assert claims[first]["holders"] == ["例示　花子"]
    assert claims[second]["holders"] == ["\U00020bb7見本　葛\U000e0102子"]
    assert claims[first]["serial"] != claims[second]["serial"]


# --- who may what ---------------------------------------------------------------------------------------


def test_another_kiosk_finds_nothing(server: Server, cards: Cards) -> None:
    other = server.enrol("kiosk-2")
    ids, prepared = server.prepared(cards["hanako"])
    for act, more in (("commit", {}), ("printed", {"pages": 2}), ("void", {"reason": "cancelled"})):
        answer = server.post(f"/v1/documents/{prepared.body['serial']}/{act}", ids | more, "kiosk-2")
        assert answer.problem == "not-found"
    order = other.order(ids["transaction"], cards["hanako"])
    assert server.post("/v1/documents", order, "kiosk-2").problem == "not-found"
    assert (
        server.post(f"/v1/transactions/{ids['transaction']}/abandon", None, "kiosk-2").problem == "not-found"
    )
    assert server.post("/v1/challenges", {"transaction": ids["transaction"]}, "kiosk-2").problem == "conflict"


def test_another_transaction_or_line_finds_nothing(server: Server, cards: Cards) -> None:
    ids, prepared = server.prepared(cards["hanako"])
    others, _ = server.prepared(cards["yoshiko"])
    here = f"/v1/documents/{prepared.body['serial']}/commit"
    for wrong in (others, ids | {"line": token()}, ids | {"transaction": others["transaction"]}):
        assert server.post(here, wrong).problem == "not-found"


def test_an_unknown_certificate_is_shown_out(server: Server) -> None:
    assert server.get("/v1/status", "nobody").problem == "unknown-kiosk"


def test_a_halted_kiosk_issues_nothing_and_still_reports(server: Server, cards: Cards) -> None:
    ids, prepared = server.prepared(cards["hanako"])
    waiting, second = server.prepared(cards["hanako"])
    here = f"/v1/documents/{prepared.body['serial']}"
    server.post(f"{here}/commit", ids)
    assert main(["halt", "--dir", str(server.path), "--kiosk", KIOSK, "--reason", "test"]) == 0
    assert server.get("/v1/status").body["stop"] == "kill-switch"
    assert server.post("/v1/challenges", {"transaction": token()}).problem == "stopped"
    assert server.post(f"/v1/documents/{second.body['serial']}/commit", waiting).problem == "stopped"
    assert server.post(f"{here}/printed", ids | {"pages": 2}).body["state"] == "printed"
    main(["resume", "--dir", str(server.path), "--kiosk", KIOSK])
    assert server.get("/v1/status").body["stop"] == ""


def test_a_kill_switch_is_not_undone_by_a_kiosk_that_was_just_heard(server: Server) -> None:
    """The kiosk attests a new version in the moment between its request and the halt."""
    stale = asyncio.run(server.office.store.read(lambda tx: tx.get(Kiosk, KIOSK)))
    assert stale is not None
    main(["halt", "--dir", str(server.path), "--kiosk", KIOSK])
    asyncio.run(Desk(server.office).attest(stale, AttestRequest("0.2.0")))
    assert server.get("/v1/status").body["stop"] == "kill-switch"


def test_an_old_program_issues_nothing(server: Server, cards: Cards) -> None:
    """Munakata 2023: a terminal ran a program whose fault had long been corrected."""
    assert server.attest(version="0.0.9").body == {"accepted": False, "minimum": "0.1.0"}
    assert server.get("/v1/status").body["stop"] == "version"
    assert server.post("/v1/challenges", {"transaction": token()}).problem == "stopped"
    assert server.attest(version="0.10.0").body["accepted"]
    assert server.get("/v1/status").body["stop"] == ""


# --- challenge and order --------------------------------------------------------------------------------


def test_a_challenge_is_used_once(server: Server, cards: Cards) -> None:
    transaction = token()
    challenge = server.post("/v1/challenges", {"transaction": transaction}).body["challenge"]
    message = bound(base64.b64decode(challenge), KIOSK, transaction, ())
    card = cards["hanako"]
    body = {"transaction": transaction, "certificate": card.der, "signature": card.sign(message)}
    assert server.post("/v1/authentications", body).status == 200
    assert server.post("/v1/authentications", body).problem == "conflict"


def test_a_failed_attempt_uses_the_challenge_up(server: Server, cards: Cards) -> None:
    transaction = token()
    challenge = server.post("/v1/challenges", {"transaction": transaction}).body["challenge"]
    card = cards["hanako"]
    body = {"transaction": transaction, "certificate": card.der, "signature": card.sign(b"something else")}
    assert server.post("/v1/authentications", body).body["code"] == "C-108"
    good = bound(base64.b64decode(challenge), KIOSK, transaction, ())
    assert server.post("/v1/authentications", body | {"signature": card.sign(good)}).problem == "conflict"


def test_a_signature_for_another_transaction_kiosk_or_kind_is_refused(server: Server, cards: Cards) -> None:
    card = cards["hanako"]
    for wrong in range(4):
        transaction = token()
        challenge = base64.b64decode(
            server.post("/v1/challenges", {"transaction": transaction, "kinds": ["juminhyo"]}).body[
                "challenge"
            ]
        )
        parts = [challenge, KIOSK, transaction, ("juminhyo",)]
        parts[wrong] = [bytes(32), "kiosk-2", token(), ("inkan_shomei",)][wrong]
        message = bound(*parts)  # type: ignore[arg-type]
        body = {"transaction": transaction, "certificate": card.der, "signature": card.sign(message)}
        answer = server.post("/v1/authentications", body | {"kinds": ["juminhyo"]})
        assert (answer.problem, answer.body["code"]) == ("refused", "C-108")


def test_a_late_signature_is_refused(server: Server, cards: Cards) -> None:
    transaction = token()
    challenge = server.post("/v1/challenges", {"transaction": transaction}).body["challenge"]
    message = bound(base64.b64decode(challenge), KIOSK, transaction, ())
    server.clock.at += CHALLENGE_LASTS + timedelta(seconds=1)
    card = cards["hanako"]
    body = {"transaction": transaction, "certificate": card.der, "signature": card.sign(message)}
    assert server.post("/v1/authentications", body).problem == "conflict"


def test_kinds_bound_into_the_challenge_are_the_only_ones(server: Server, cards: Cards) -> None:
    transaction, answer = server.authenticate(cards["hanako"], kinds=("inkan_shomei",))
    assert answer.status == 200
    assert (
        server.post("/v1/documents", server.machine.order(transaction, cards["hanako"])).problem == "conflict"
    )


def test_an_order_that_the_kiosk_did_not_sign_is_refused(server: Server, cards: Cards) -> None:
    stranger = server.enrol("kiosk-2")
    transaction, _ = server.authenticate(cards["hanako"])
    forged = Machine(stranger.key, KIOSK).order(transaction, cards["hanako"])
    changed = server.machine.order(transaction, cards["hanako"]) | {"options": {"kojin_bango": "yes"}}
    other_card = server.machine.order(transaction, cards["yoshiko"])
    for order in (forged, changed, other_card):
        assert server.post("/v1/documents", order).problem == "conflict"
    acts = [each.split()[0] for each in server.audit()]
    assert (acts.count("order-not-signed"), acts.count("order-differs")) == (1, 2)


def test_an_option_that_was_not_offered_is_refused(server: Server, cards: Cards) -> None:
    transaction, _ = server.authenticate(cards["yoshiko"])  # alone in her household: nobody asks "whom"
    for options in ({"whom": "household"}, {"juminhyo_code": "yes"}, {"honseki": "perhaps"}):
        order = server.machine.order(transaction, cards["yoshiko"], options=options)
        assert server.post("/v1/documents", order).problem == "malformed"


def test_without_authentication_there_is_no_document(server: Server, cards: Cards) -> None:
    transaction = token()
    server.post("/v1/challenges", {"transaction": transaction})
    assert (
        server.post("/v1/documents", server.machine.order(transaction, cards["hanako"])).problem == "conflict"
    )
    assert server.post("/v1/documents", server.machine.order(token(), cards["hanako"])).problem == "not-found"


# --- leaving --------------------------------------------------------------------------------------------


def test_after_abandon_nothing_new_can_be_had(server: Server, cards: Cards) -> None:
    """Yokohama 2023: what one resident left behind came out for the next."""
    ids, prepared = server.prepared(cards["hanako"])
    transaction = ids["transaction"]
    for _ in range(2):
        assert server.post(f"/v1/transactions/{transaction}/abandon").body["state"] == "abandoned"
    assert server.post(f"/v1/documents/{prepared.body['serial']}/commit", ids).problem == "conflict"
    assert (
        server.post("/v1/documents", server.machine.order(transaction, cards["hanako"])).problem == "conflict"
    )
    assert server.post("/v1/challenges", {"transaction": transaction}).problem == "conflict"
    assert [each for each in server.audit() if each.startswith("void")] == ["void abandoned"]


def test_an_abandon_that_overtakes_its_challenge_shuts_the_door(server: Server) -> None:
    transaction = token()
    assert server.post(f"/v1/transactions/{transaction}/abandon").status == 200
    assert server.post("/v1/challenges", {"transaction": transaction}).problem == "conflict"


def test_the_truth_about_paper_is_taken_after_abandon(server: Server, cards: Cards) -> None:
    ids, prepared = server.prepared(cards["hanako"])
    here = f"/v1/documents/{prepared.body['serial']}"
    server.post(f"{here}/commit", ids)
    server.post(f"/v1/transactions/{ids['transaction']}/abandon")
    assert server.post(f"{here}/printed", ids | {"pages": 2}).body["state"] == "printed"


def test_an_abandon_while_the_paper_is_drawn_wins(
    server: Server, cards: Cards, monkeypatch: pytest.MonkeyPatch
) -> None:
    transaction, _ = server.authenticate(cards["hanako"])
    draw = server.office.renderer.render

    def draw_slowly(*arguments: Any) -> Any:
        server.post(f"/v1/transactions/{transaction}/abandon")
        return draw(*arguments)

    monkeypatch.setattr(server.office.renderer, "render", draw_slowly)
    answer = server.post("/v1/documents", server.machine.order(transaction, cards["hanako"]))
    assert answer.problem == "conflict"
    assert [each for each in server.audit() if each.startswith("void")] == ["void abandoned"]


def test_what_is_not_committed_in_time_is_void(server: Server, cards: Cards) -> None:
    ids, late = server.prepared(cards["hanako"])
    _, swept = server.prepared(cards["yoshiko"])
    server.clock.at += DOCUMENT_LASTS + timedelta(seconds=1)
    assert server.post(f"/v1/documents/{late.body['serial']}/commit", ids).problem == "conflict"
    assert asyncio.run(Documents(server.office).sweep()) == 1
    rows = asyncio.run(server.office.store.run(lambda tx: tx.find(Document)))
    assert {(row.serial, row.state, row.reason) for row in rows} == {
        (late.body["serial"], "void", "expired"),
        (swept.body["serial"], "void", "expired"),
    }


def test_a_visit_ends_by_itself(server: Server, cards: Cards) -> None:
    transaction, _ = server.authenticate(cards["hanako"])
    server.clock.at += SESSION_LASTS + timedelta(seconds=1)
    assert (
        server.post("/v1/documents", server.machine.order(transaction, cards["hanako"])).problem == "conflict"
    )


# --- journal heads, audit -------------------------------------------------------------------------------


def test_a_journal_that_goes_back_is_noticed(server: Server) -> None:
    head = {"seq": 100, "head": "ab" * 32, "signature": b"seal"}
    for _ in range(2):
        assert server.post("/v1/journal-heads", head).body == {"seq": 100}
    assert server.post("/v1/journal-heads", head | {"head": "cd" * 32}).problem == "conflict"
    assert server.post("/v1/journal-heads", head | {"seq": 99}).problem == "conflict"
    assert server.post("/v1/journal-heads", head | {"seq": 101, "head": "ef" * 32}).status == 200
    acts = [each.split()[0] for each in server.audit()]
    assert (acts.count("head"), acts.count("head-went-back")) == (2, 2)


def test_the_audit_chain_holds_and_cannot_be_changed(server: Server, cards: Cards) -> None:
    server.prepared(cards["hanako"])
    links = asyncio.run(server.office.store.run(lambda tx: list(tx.audit_log())))
    assert audit.first_broken(links) is None
    assert audit.first_broken(links[:1] + links[2:]) == 2
    for change in ("UPDATE audit SET hash = ''", "DELETE FROM audit"):
        with pytest.raises(Exception, match="append-only"):
            asyncio.run(server.office.store.run(partial(_execute, change)))
    assert [*asyncio.run(server.office.store.run(lambda tx: list(tx.audit_log())))] == links


def test_the_audit_log_holds_no_name_and_no_address(server: Server, cards: Cards) -> None:
    server.prepared(cards["hanako"], options={"whom": "household", "honseki": "yes", "kojin_bango": "yes"})
    everything = asyncio.run(server.office.store.read(_everything)).encode()
    assert b"hanako" in everything  # it is the log that is searched
    for person in server.office.register.household("H1"):
        for secret in (person.name, person.kana, person.address, person.my_number):
            assert secret.encode() not in everything


def _execute(statement: str, tx: Tx) -> None:
    assert isinstance(tx, SqlTx)
    tx.execute(statement, ())


def _everything(tx: Tx) -> str:
    tables = [tx.find(kind) for kind in (Kiosk, Session, Document, Link, Head)]
    return repr((tables, list(tx.audit_log())))


def test_a_card_of_nobody_here_goes_to_the_counter(server: Server, authority: Authority) -> None:
    stranger = Card(authority, serial=0x9999)
    _, answer = server.authenticate(stranger)
    assert (answer.status, answer.body["code"]) == (403, "N-301")
    link_also(server.path, authority, stranger, "nobody")
    _, answer = server.authenticate(stranger)
    assert (answer.status, answer.body["code"]) == (403, "N-301")
