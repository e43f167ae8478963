"""A sales system that knows nothing of this house: written from the README's section "The wire" alone.

Own framing, own JSON, own reading; no code of ours but the bench that starts the process.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.terminal_bench import Sim


class Till:
    """The smallest sales system: one request, its response; notifications are put aside."""

    def __init__(self, port: int, link: Path | None = None) -> None:
        if link is None:
            self.line = socket.create_connection(("127.0.0.1", port))
        else:
            self.line = socket.socket(socket.AF_UNIX)
            self.line.connect(str(link))
        self.line.settimeout(20)
        self.notices: list[str] = []

    def close(self) -> None:
        self.line.close()

    def send(self, category: str, service: str, body: dict[str, Any]) -> None:
        header = {
            "ProtocolVersion": "3.0",
            "MessageClass": "Service",
            "MessageCategory": category,
            "MessageType": "Request",
            "ServiceID": service,
            "SaleID": "till-7",
            "POIID": "POI-0001",
        }
        text = json.dumps({"SaleToPOIRequest": {"MessageHeader": header, f"{category}Request": body}})
        self.line.sendall(struct.pack(">I", len(text.encode())) + text.encode())

    def _exactly(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            piece = self.line.recv(count - len(got))
            assert piece, "hung up"
            got += piece
        return got

    def receive(self, category: str, service: str) -> dict[str, Any]:
        while True:
            (length,) = struct.unpack(">I", self._exactly(4))
            document = json.loads(self._exactly(length))
            if "SaleToPOIRequest" in document:
                self.notices.append(document["SaleToPOIRequest"]["EventNotification"]["EventToNotify"])
                continue
            message = document["SaleToPOIResponse"]
            header = message["MessageHeader"]
            assert (header["SaleID"], header["POIID"]) == ("till-7", "POI-0001")
            if (header["MessageCategory"], header["ServiceID"]) == (category, service):
                return message[f"{category}Response"]

    def ask(self, category: str, service: str, body: dict[str, Any]) -> dict[str, Any]:
        self.send(category, service, body)
        return self.receive(category, service)

    def login(self) -> dict[str, Any]:
        return self.ask("Login", "l", {"DateTime": "2026-11-29T00:00:00Z", "OperatorLanguage": "ja"})

    def status(self, service: str, of: str, category: str = "Payment") -> dict[str, Any]:
        reference = {"MessageCategory": category, "SaleID": "till-7", "ServiceID": of, "POIID": "POI-0001"}
        return self.ask("TransactionStatus", service, {"MessageReference": reference})


def sale(amount: int, brand: str) -> dict[str, Any]:
    return {
        "SaleData": {"SaleTransactionID": {"TransactionID": "77", "TimeStamp": "2026-11-29T00:00:00Z"}},
        "PaymentTransaction": {
            "AmountsReq": {"Currency": "JPY", "RequestedAmount": amount},
            "TransactionConditions": {"AllowedPaymentBrand": [brand]},
        },
    }


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Sim]:
    made = Sim(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def till(sim: Sim) -> Iterator[Till]:
    made = Till(sim.port)
    yield made
    made.close()


def test_nothing_before_login(till: Till) -> None:
    refused = till.ask("Payment", "1", sale(200, "edy"))
    assert refused["Response"] == {"Result": "Failure", "ErrorCondition": "LoggedOut"}
    assert till.login()["Response"]["Result"] == "Success"


def test_a_sale_its_status_and_the_same_request_again(sim: Sim, till: Till) -> None:
    till.login()
    till.send("Payment", "1", sale(200, "edy"))
    assert till.status("2", "1")["Response"]["ErrorCondition"] == "InProgress"
    sim.do("touch-card", "edy")
    paid = till.receive("Payment", "1")
    assert paid["PaymentResult"]["AmountsResp"] == {"Currency": "JPY", "AuthorizedAmount": 200}
    assert till.notices == ["CardInserted"]
    again = till.status("3", "1")["RepeatedMessageResponse"]["RepeatedResponseMessageBody"]
    assert again["PaymentResponse"] == paid
    assert till.ask("Payment", "1", sale(200, "edy")) == paid
    assert sim.taken == {"edy": 200}
    assert till.status("4", "never")["Response"]["ErrorCondition"] == "NotFound"


def test_abort_void_diagnosis_and_totals(sim: Sim, till: Till) -> None:
    serial = till.login()["POISystemData"]["POITerminalData"]["POISerialNumber"]
    assert serial == "SIM-0001"
    till.send("Payment", "1", sale(200, "credit"))
    reference = {"MessageCategory": "Payment", "SaleID": "till-7", "ServiceID": "1", "POIID": "POI-0001"}
    till.send("Abort", "2", {"AbortReason": "MerchantAbort", "MessageReference": reference})
    assert till.receive("Payment", "1")["Response"]["ErrorCondition"] == "Aborted"
    till.send("Payment", "3", sale(350, "credit"))
    while not sim.do("state")["display"]:
        pass
    sim.do("touch-card", "credit")
    number = till.receive("Payment", "3")["POIData"]["POITransactionID"]["TransactionID"]
    void = {
        "OriginalPOITransaction": {"POITransactionID": {"TransactionID": number}},
        "ReversalReason": "MerchantCancel",
    }
    assert till.ask("Reversal", "4", void)["Response"]["Result"] == "Success"
    assert sim.taken == {}
    assert till.ask("Diagnosis", "5", {"HostDiagnosisFlag": True})["POIStatus"]["GlobalStatus"] == "OK"
    totals = till.ask("Reconciliation", "6", {"ReconciliationType": "SaleReconciliation"})
    (group,) = totals["TransactionTotals"]
    rows = {row["TransactionType"]: row["TransactionAmount"] for row in group["PaymentTotals"]}
    assert (group["PaymentBrand"], rows) == ("credit", {"Debit": 350, "ReverseDebit": 350})


def test_pulled_away_too_early_in_the_words_of_the_readme(sim: Sim, till: Till) -> None:
    till.login()
    till.send("Payment", "1", sale(200, "edy"))
    while not sim.do("state")["display"]:
        pass
    sim.do("touch-card", "edy", "early", "charged")
    sim.do("touch-card", "edy")
    assert till.receive("Payment", "1")["Response"]["Result"] == "Success"
    assert till.notices == ["CardRemoved"]
    assert sim.taken == {"edy": 200}


@pytest.mark.parametrize(
    "body",
    [{}, {"PaymentTransaction": []}, {"PaymentTransaction": {"AmountsReq": {"RequestedAmount": -1}}}],
)
def test_a_request_that_says_nothing_sensible_is_answered(till: Till, body: dict[str, Any]) -> None:
    till.login()
    assert till.ask("Payment", "1", body)["Response"]["ErrorCondition"] == "MessageFormat"


def test_bytes_of_no_protocol_end_the_connection_and_not_the_terminal(sim: Sim, till: Till) -> None:
    till.line.sendall(b"\xff" * 8)
    assert till.line.recv(1) == b""
    other = Till(sim.port)
    assert other.login()["Response"]["Result"] == "Success"
    other.close()


def test_the_same_at_a_link_and_a_terminal_whose_power_blinks(tmp_path: Path) -> None:
    """`--link`: a Unix socket that carries the same frames. `reset`: done, display forgotten, connection gone."""
    link = tmp_path / "terminal"
    sim = Sim(tmp_path, link=link)
    try:
        till = Till(0, link)
        assert till.login()["Response"]["Result"] == "Success"
        till.send("Payment", "1", sale(200, "edy"))
        assert till.status("2", "1")["Response"]["ErrorCondition"] == "InProgress"
        sim.do("fault", "reset", 1, "Payment")
        sim.do("touch-card", "edy")
        with pytest.raises((AssertionError, ConnectionResetError)):
            till.receive("Payment", "1")
        till.close()
        till = Till(0, link)
        till.login()
        again = till.status("3", "1")["RepeatedMessageResponse"]["RepeatedResponseMessageBody"]
        assert again["PaymentResponse"]["PaymentResult"]["AmountsResp"]["AuthorizedAmount"] == 200
        assert sim.taken == {"edy": 200}
        till.close()
    finally:
        sim.stop()
