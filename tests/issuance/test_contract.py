"""openapi.yaml is a valid contract, and this server keeps it: no route more, none less, no answer outside it.

Every answer in the other tests is checked against the contract too (desk_of.check).
"""

from __future__ import annotations

import re
from typing import Any, get_type_hints

import msgspec
import pytest
import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from starlette.routing import Route

from issuance import folder, messages, problems
from issuance.public import make_public_app
from tests.issuance.desk_of import CONTRACT, Server, ask_openly
from tests.issuance.people import KIOSK, Card, token

ROUTES = {
    (path, verb.upper())
    for path, verbs in CONTRACT["paths"].items()
    for verb in verbs
    if verb in {"get", "post"}
}


def test_the_contract_is_openapi_3_1() -> None:
    assert CONTRACT["openapi"].startswith("3.1")
    validate(CONTRACT)


def test_every_route_is_in_the_contract_and_no_other(server: Server) -> None:
    routes = [route for route in server.app.routes if isinstance(route, Route)]
    assert len(routes) == len(server.app.routes)
    served = {(route.path, verb) for route in routes for verb in route.methods or () if verb != "HEAD"}
    assert served == ROUTES


def _nodes(node: Any) -> Any:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _nodes(value)
    elif isinstance(node, list):
        for value in node:
            yield from _nodes(value)


def test_every_example_is_of_its_schema() -> None:
    checked = 0
    for node in _nodes(CONTRACT["paths"] | CONTRACT["components"]["responses"]):
        if isinstance(node.get("schema"), dict):
            examples = [each["value"] for each in node.get("examples", {}).values()]
            examples += [node["example"]] if "example" in node else []
            for example in examples:
                Draft202012Validator(node["schema"] | {"components": CONTRACT["components"]}).validate(
                    example
                )
                checked += 1
    assert checked >= len(ROUTES)


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        (name, kind)
        for name, kind in vars(messages).items()
        if isinstance(kind, type) and name in CONTRACT["components"]["schemas"]
    ],
)
def test_the_servers_types_are_the_contracts(schema: str, kind: type[msgspec.Struct]) -> None:
    """Same members, same ones required."""
    said = CONTRACT["components"]["schemas"][schema]
    fields = msgspec.structs.fields(kind)
    assert {field.name for field in fields} == set(said["properties"])
    assert said["additionalProperties"] is False
    if schema.endswith("Request"):
        assert {field.name for field in fields if field.required} == set(said["required"])
    else:
        assert set(said["required"]) == set(said["properties"])


def test_every_message_type_was_compared() -> None:
    ours = {
        name
        for name, kind in vars(messages).items()
        if isinstance(kind, type) and issubclass(kind, messages.Body) and kind is not messages.Body
    }
    assert ours <= set(CONTRACT["components"]["schemas"])
    assert get_type_hints(messages.PrepareRequest)


def test_patterns_agree() -> None:
    schemas = CONTRACT["components"]["schemas"]
    for name in ("Token", "Digest", "Key"):
        ours = getattr(messages, name).__metadata__[0].pattern
        assert re.compile(ours).pattern == schemas[name]["pattern"]


def test_every_problem_is_in_the_contract() -> None:
    types = set(CONTRACT["components"]["schemas"]["Problem"]["properties"]["type"]["enum"])
    assert types == {problems.body_of(problems.Problem(kind)).type for kind in problems.Kind}


BODIES: list[Any] = [
    b"",
    b"[]",
    b"{",
    b"\xff",
    b'{"transaction":1}',
    b'{"transaction":"short"}',
    b'{"transaction":"%s","surprise":1}' % token().encode(),
    b'{"transaction":"%s","kinds":["Not A Key"]}' % token().encode(),
    b"[" * 60_000,
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_a_request_that_is_not_of_the_contract_is_malformed(server: Server, body: bytes) -> None:
    server.add_operator("miyako")
    for path, verb in ROUTES:
        if verb == "POST" and "{transaction}" not in path:
            who = "miyako" if re.fullmatch("/v1/kiosks(/{kiosk}/.*)?", path) else KIOSK
            filled = path.replace("{serial}", "2026-00000001-52").replace("{kiosk}", KIOSK)
            answer = server.call("POST", filled, body, who)
            assert answer.problem == "malformed", path


def test_a_request_that_is_too_large_is_cut_off(server: Server) -> None:
    assert server.call("POST", "/v1/challenges", b" " * 70_000).problem == "too-large"


def test_what_does_not_exist(server: Server) -> None:
    assert server.get("/v1/nothing").problem == "not-found"
    assert server.get("/").problem == "not-found"
    assert server.get("/v1/challenges").problem == "method"
    assert (
        server.post("/v1/documents/12345/commit", {"transaction": token(), "line": token()}).problem
        == "not-found"
    )
    assert server.post("/v1/transactions/short/abandon").problem == "malformed"


def test_a_fault_of_ours_says_nothing(
    server: Server, cards: dict[str, Card], monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("例示　花子")

    monkeypatch.setattr(server.office.renderer, "render", fail)
    transaction, _ = server.authenticate(cards["hanako"])
    order = server.machine.order(transaction, cards["hanako"])
    answer = server.post("/v1/documents", order)
    assert (answer.status, answer.problem) == (500, "internal")
    assert "failed: ValueError at" in caplog.text
    assert "例示" not in caplog.text


def test_what_everybody_may_ask_has_its_contract(server: Server, cards: dict[str, Card]) -> None:
    """public.yaml: two questions, and errors like everybody's."""
    contract = yaml.safe_load((folder.HERE / "public.yaml").read_text(encoding="utf-8"))
    validate(contract)
    ids, prepared = server.prepared(cards["hanako"])
    serial = prepared.body["serial"]
    keys = folder.seal_keys(server.path)
    app = make_public_app(
        server.office.town, server.office.kinds, keys, server.office.store, server.clock, server.path
    )
    assert set(contract["paths"]) == {"/verify/keys.json", "/verify/papers/{serial}"}

    def ask(path: str, status: int, schema: Any, method: str = "GET") -> dict[str, Any]:
        answer = ask_openly(app, path, method)
        assert answer.status == status
        Draft202012Validator(schema).validate(answer.body)
        return answer.body

    kinds, problem = contract["components"]["schemas"], contract["components"]["responses"]["Problem"]
    wrong = problem["content"]["application/problem+json"]["schema"]
    assert len(ask("/verify/keys.json", 200, kinds["SealKeys"])["keys"]) == len(keys)
    assert ask(f"/verify/papers/{serial}", 200, kinds["PaperState"]) == {"state": "unknown"}, "not valid yet"
    server.post(f"/v1/documents/{serial}/commit", ids)
    assert ask(f"/verify/papers/{serial}", 200, kinds["PaperState"]) == {"state": "issued"}
    assert ask("/verify/papers", 404, wrong)["type"].endswith(":not-found")
    assert ask(f"/verify/papers/{serial}", 405, wrong, "POST")["type"].endswith(":method")
