"""The gateway's books and the people with phones. Requests in, answers out; the wire is elsewhere."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from drivers.qr.codec import decode, split
from drivers.transport.sim.kept import Kept
from kiosk.errors import PeerProtocolError

PURSE: Final = 5000
BRANDS: Final = ("paypay", "dbarai", "aupay", "rakutenpay")
Answer = tuple[int, dict[str, Any]]


class SimGateway:
    """What it must remember lies in `folder` (None: nowhere), durable before anything is answered."""

    def __init__(self, folder: Path | None, store: str, key: str) -> None:
        self.store, self.key = store, key
        self.lock = threading.RLock()
        self.is_ready = True
        self.declines = 0
        self.asks_owner = False
        """Consumer-presented: the phone asks its owner before it pays."""
        self._kept = Kept(folder, "gateway.json")
        self.phones: dict[str, int] = dict.fromkeys(BRANDS, PURSE)
        self.payments: dict[str, dict[str, Any]] = {}
        self.reversals: dict[str, dict[str, Any]] = {}
        self.codes: dict[str, str] = {}
        """Consumer-presented codes that pay once, and whose they are."""
        self.counted: list[str] = []
        vars(self).update(self._kept.read() or {})

    # --- requests ---------------------------------------------------------------------------------------------------

    def handle(self, method: str, path: str, authorization: str, body: Mapping[str, Any]) -> Answer:
        with self.lock:
            if authorization != f"Bearer {self.key}":
                return 401, {}
            if (method, path) == ("GET", "/v1/health"):
                return 200, {"store": self.store, "is_ready": self.is_ready}
            parts = path.strip("/").split("/")
            if len(parts) not in (3, 4) or parts[0] != "v1" or not parts[2].isalnum():
                return 404, {}
            return self._serve(method, parts[1], parts[2], parts[3:], body)

    def _serve(self, method: str, what: str, op: str, rest: list[str], body: Mapping[str, Any]) -> Answer:
        match (method, what, rest):
            case ("PUT", "payments", []):
                return self._pay(op, body)
            case ("GET", "payments", []):
                return (200, self._shown(self.payments[op])) if op in self.payments else (404, {})
            case ("POST", "payments", ["cancel"]):
                return self._cancel(op)
            case ("PUT", "reversals", []):
                return self._reverse(op, body)
            case ("GET", "reversals", []):
                return (200, self.reversals[op]) if op in self.reversals else (404, {})
            case ("PUT", "reconciliations", []):
                return 200, {"totals": self._totals()}
        return 404, {}

    def _pay(self, op: str, body: Mapping[str, Any]) -> Answer:
        if op in self.payments:  # the same key again: how it stands, never a second payment
            return 200, self._shown(self.payments[op])
        amount, method, code = body.get("amount"), body.get("method"), body.get("code", "")
        if body.get("store") != self.store or type(amount) is not int or amount <= 0:
            return 422, {}
        if method not in ("consumer", "merchant") or (method == "consumer") != bool(code):
            return 422, {}
        payment = {"state": "pending", "amount": amount, "reference": secrets.token_hex(6), "brand": ""}
        self.payments[op] = payment
        if method == "consumer":
            brand = self.codes.pop(str(code), "")
            if not brand:
                payment["state"] = "refused"
            else:
                payment["brand"] = brand
                if not self.asks_owner:
                    self._charge(payment)
        self.save()
        return 201, self._shown(payment)

    def _cancel(self, op: str) -> Answer:
        payment = self.payments.get(op)
        if payment is None:
            return 404, {}
        if payment["state"] == "pending":
            payment["state"] = "cancelled"
            self.save()
        return 200, self._shown(payment)

    def _reverse(self, op: str, body: Mapping[str, Any]) -> Answer:
        if op in self.reversals:
            return 200, self.reversals[op]
        payment = self.payments.get(str(body.get("of", "")))
        state = "refused"
        if payment is not None and payment["state"] == "paid":
            self.phones[payment["brand"]] += payment["amount"]
            payment["state"], state = "reversed", "reversed"
        amount = payment["amount"] if payment is not None else 0
        brand = payment["brand"] if payment is not None else ""
        self.reversals[op] = {"state": state, "amount": amount, "brand": brand}
        self.save()
        return 201, self.reversals[op]

    def _totals(self) -> list[dict[str, Any]]:
        rows: dict[str, dict[str, Any]] = {}
        fresh = [
            (op, each, "paid") for op, each in self.payments.items() if each["state"] in ("paid", "reversed")
        ]
        fresh += [
            (op, each, "reversed") for op, each in self.reversals.items() if each["state"] == "reversed"
        ]
        for op, each, what in fresh:
            if op in self.counted:
                continue
            self.counted.append(op)
            row = rows.setdefault(
                each["brand"],
                {"brand": each["brand"], "payments": 0, "paid": 0, "reversals": 0, "reversed": 0},
            )
            row["payments" if what == "paid" else "reversals"] += 1
            row[what] += each["amount"]
        self.save()
        return list(rows.values())

    def _shown(self, payment: Mapping[str, Any]) -> dict[str, Any]:
        return {name: payment[name] for name in ("state", "amount", "reference", "brand")}

    def _charge(self, payment: dict[str, Any]) -> None:
        if self.declines or self.phones[payment["brand"]] < payment["amount"]:
            self.declines = max(0, self.declines - 1)
            payment["state"] = "declined"
            return
        self.phones[payment["brand"]] -= payment["amount"]
        payment["state"] = "paid"

    # --- people with phones -----------------------------------------------------------------------------------------

    def show_code(self, brand: str) -> str:
        """A fresh code on a phone's display, that pays once."""
        if brand not in BRANDS:
            raise ValueError(f"brands: {', '.join(BRANDS)}")
        with self.lock:
            code = f"28{BRANDS.index(brand)}{secrets.randbelow(10**14):014d}"
            self.codes[code] = brand
            self.save()
            return code

    def scan(self, payload: str, brand: str) -> str:
        """A phone reads the code on the kiosk's screen and its owner pays. What the phone says."""
        if brand not in BRANDS:
            raise ValueError(f"brands: {', '.join(BRANDS)}")
        with self.lock:
            try:
                fields = decode(payload)
                reference = _label(fields.get("62", ""))
            except PeerProtocolError as why:
                return f"no payment code: {why}"
            found = next((e for e in self.payments.values() if e["reference"] == reference), None)
            if found is None or found["state"] != "pending":
                return "this code is not valid any more"
            if fields["53"] != "392" or fields["54"] != str(found["amount"]):
                return "this code was changed"
            found["brand"] = brand
            self._charge(found)
            self.save()
            return str(found["state"])

    def confirm(self, is_yes: bool) -> int:
        """The owner answers what the phone asks."""
        with self.lock:
            waiting = [e for e in self.payments.values() if e["state"] == "pending" and e["brand"]]
            for each in waiting:
                if is_yes:
                    self._charge(each)
                else:
                    each["state"] = "cancelled"
            self.save()
            return len(waiting)

    @property
    def taken(self) -> dict[str, int]:
        """Yen that were truly taken and not given back, by brand."""
        found: dict[str, int] = {}
        for each in self.payments.values():
            if each["state"] == "paid":
                found[each["brand"]] = found.get(each["brand"], 0) + each["amount"]
        return found

    def save(self) -> None:
        names = ("phones", "payments", "reversals", "codes", "counted")
        self._kept.write({name: getattr(self, name) for name in names})


def _label(template: str) -> str:
    """Reference label of the additional data."""
    return split(template).get("05", "")
