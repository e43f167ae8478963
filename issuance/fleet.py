"""What the town's operators do with its kiosks: register one, look at all of them, stop one, count a month. Their
client certificates are of the same authority as the kiosks', and on a list of their own."""

from __future__ import annotations

from datetime import datetime

import msgspec

from issuance import records
from issuance.audit import Entry
from issuance.messages import (
    Counted,
    Fleet,
    KioskRequest,
    KioskState,
    Machine,
    ReasonRequest,
    Registered,
    Statistics,
)
from issuance.office import Office, is_new_enough, stamp
from issuance.pki import CsrError
from issuance.problems import Kind, Problem
from issuance.store import Kiosk, Operator, Tx


class FleetDesk:
    """The operators' use cases. Every act is in the audit log with the operator's name."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def register(self, operator: Operator, request: KioskRequest) -> Registered:
        """A new machine's certificate for a key that never left it. A name that is known is a conflict."""
        now = self._office.clock.now()
        try:
            row, certificate = self._office.authority.sign(request.csr, request.kiosk, now)
        except CsrError:
            raise Problem(Kind.MALFORMED) from None

        def work(tx: Tx) -> Registered | Problem:
            if tx.get(Kiosk, request.kiosk) is not None:
                return Problem(Kind.CONFLICT)
            tx.put(row)
            tx.append(self._entry(now, "enrolled", operator, request.kiosk, row.fingerprint))
            return Registered(
                request.kiosk,
                certificate.decode(),
                self._office.authority.pem,
                self._office.signer.public_pem,
            )

        return await self._office.act(work)

    async def fleet(self, _: Operator) -> Fleet:
        """Every machine with the program that it said it runs: an old one is seen before it is missed."""
        rows = await self._office.store.read(lambda tx: tx.find(Kiosk))
        minimum = self._office.town.minimum_version
        machines = sorted(
            Machine(
                row.kiosk,
                row.version,
                row.attested_at,
                bool(row.is_halted),
                is_new_enough(row.version, minimum),
            )
            for row in rows
        )
        return Fleet(minimum, tuple(machines))

    async def halt(self, operator: Operator, kiosk: str, request: ReasonRequest) -> KioskState:
        """The kill switch: from the next request on, this kiosk issues nothing."""
        return await self._switch(operator, kiosk, request.reason, is_halted=True)

    async def resume(self, operator: Operator, kiosk: str, request: ReasonRequest) -> KioskState:
        return await self._switch(operator, kiosk, request.reason, is_halted=False)

    async def _switch(self, operator: Operator, kiosk: str, reason: str, *, is_halted: bool) -> KioskState:
        now = self._office.clock.now()

        def work(tx: Tx) -> KioskState | Problem:
            row = tx.get(Kiosk, kiosk)
            if row is None:
                return Problem(Kind.NOT_FOUND)
            tx.put(msgspec.structs.replace(row, is_halted=int(is_halted)))
            tx.append(self._entry(now, "halted" if is_halted else "resumed", operator, kiosk, reason))
            return KioskState(kiosk, is_halted)

        return await self._office.act(work)

    async def statistics(self, _: Operator, month: str) -> Statistics:
        """How many of what in a month; of refusals only what the outside saw (records.counts)."""
        year, number = (int(part) for part in month.split("-"))
        found = await self._office.store.read(lambda tx: records.counts(tx, year, number))
        return Statistics(month, tuple(Counted(what, count) for what, count in found.items()))

    @staticmethod
    def _entry(now: datetime, act: str, operator: Operator, kiosk: str, detail: str) -> Entry:
        return Entry(stamp(now), act, kiosk=kiosk, detail=f"{operator.operator} {detail}")
