"""Schemathesis asks the real application whatever openapi.yaml allows, and much that it forbids.

A stranger's reading of the contract: what is asked and how an answer is judged comes from openapi.yaml alone. The
requests are the same in every run (Hypothesis, derandomised); the server's clock moves by a pause before each.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, Config, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation
from starlette.responses import Response

from issuance import folder
from tests.issuance.desk_of import Server
from tests.issuance.people import KIOSK, Authority, Card

PAUSE = timedelta(seconds=5)
"""Before each request, so that nobody meets the limit on challenges."""
OPERATOR = "miyako"
ACCEPTED = ["2xx", "403", "404", "409"]
"""What a request of the contract may hear. No 422: the contract must say what is malformed, and the server no more."""
SCHEMA = schemathesis.openapi.from_path(
    folder.HERE / "openapi.yaml",
    config=Config.from_dict(
        {
            "checks": {
                "positive_data_acceptance": {"expected-statuses": ACCEPTED},
                "negative_data_rejection": {"expected-statuses": ["404", "422"]},
            },
            "operations": [
                {  # whether a text is a PKCS #10 request, no schema can say
                    "include-operation-id": name,
                    "checks": {"positive_data_acceptance": {"expected-statuses": [*ACCEPTED, "422"]}},
                }
                for name in ("registerKiosk", "renewCertificate")
            ],
        }
    ),
)
OPERATIONS = {each.ok().definition.raw["operationId"]: each.ok() for each in SCHEMA.get_all_operations()}
ASKS_SOMETHING = [name for name, each in OPERATIONS.items() if each.body or each.path_parameters]
WANT_A_SIGNATURE = {"authenticate", "prepareDocument", "registerKiosk", "renewCertificate"}
"""Nobody guesses one: these are never answered with 2xx here (test_flow.py, test_fleet.py do it)."""

bounded = settings(
    max_examples=25, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


class Line:
    """The application with a client certificate at the other end, as uvicorn passes it on."""

    def __init__(self, server: Server, card: Card) -> None:
        self.server = server
        self.card = card
        self.bearer = KIOSK
        self.alive: dict[str, Any] = {}
        self.statuses: set[int] = set()

    def begin(self, operation: APIOperation[Any, Any, Any, Any]) -> None:
        """For one operation: who asks, a kiosk that may issue (an earlier one may have halted it) and its document."""
        self.bearer = OPERATOR if "operator" in (operation.tags or ()) else KIOSK
        self.server.post(f"/v1/kiosks/{KIOSK}/resume", {"reason": "the next test"}, OPERATOR)
        self.server.attest()
        ids, answer = self.server.prepared(self.card)
        pages = json.loads(base64.b64decode(answer.body["manifest"]))["pages"]
        self.alive = ids | {"serial": answer.body["serial"], "kiosk": KIOSK, "pages": pages}
        assert self.server.post(f"/v1/documents/{self.alive['serial']}/commit", ids).status == 200
        self.statuses = set()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":  # the store is the fixture's: nobody else opens and closes the house
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        tls = {"client_cert_chain": [self.server.certificates[self.bearer]]}
        self.server.clock.at += PAUSE
        await self.server.app(scope | {"extensions": {"tls": tls}}, receive, send)

    def ask(self, case: Case[Any]) -> None:
        """One request, judged by every check that Schemathesis has."""
        self.statuses.add(case.call_and_validate(app=self).status_code)

    def ask_for_the_living(self, case: Case[Any]) -> None:
        """The same request about what is really there, so that not everything ends at 404."""
        for where in (case.path_parameters, case.body):
            if isinstance(where, dict):
                where.update({name: self.alive[name] for name in self.alive.keys() & where.keys()})
        self.ask(case)


@pytest.fixture(scope="module")
def line(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, cards: dict[str, Card]
) -> Iterator[Line]:
    server = Server(tmp_path_factory.mktemp("schemathesis") / "server", authority, cards)
    server.add_operator(OPERATOR)
    yield Line(server, cards["hanako"])
    server.close()


def _whole_numbers_without_a_fraction(case: Case[Any]) -> Case[Any]:
    """As the contract's first page says. For JSON Schema 3.0 is an integer, so it cannot say this."""
    case.body = _whole(case.body)
    return case


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) else value


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_the_contract_allows(line: Line, name: str) -> None:
    operation = OPERATIONS[name]
    line.begin(operation)

    @bounded
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def ask(case: Case[Any]) -> None:
        line.ask(_whole_numbers_without_a_fraction(case))
        line.ask_for_the_living(case)

    ask()
    assert any(status < 300 for status in line.statuses) is (name not in WANT_A_SIGNATURE)


@pytest.mark.parametrize("name", ASKS_SOMETHING)
def test_what_the_contract_forbids(line: Line, name: str) -> None:
    operation = OPERATIONS[name]
    line.begin(operation)

    @bounded
    @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def ask(case: Case[Any]) -> None:
        line.ask(case)

    ask()
    assert line.statuses & {404, 422}


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_edges_of_every_schema(line: Line, name: str) -> None:
    """Longest, shortest, one more, one less, left out, another type; and the methods that are not there."""
    operation = OPERATIONS[name]
    line.begin(operation)
    SCHEMA.coverage_unexpected_methods_seen.clear()  # also of a path that another operation shares
    for case in SCHEMA.iter_coverage_cases(
        operation, generation_modes=list(GenerationMode), generation_config=SCHEMA.config.generation
    ):
        line.ask(case)
    assert 405 in line.statuses


def test_it_finds_a_server_that_is_not_of_the_contract(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests can fail."""
    operation = OPERATIONS["readStatus"]
    line.begin(operation)
    monkeypatch.setattr(line.server, "app", Response(b"{}", media_type="application/json"))
    with pytest.raises(FailureGroup, match="Response violates schema"):
        line.ask(operation.Case())
