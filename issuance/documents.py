"""The life of a document: reserved → prepared → committed → printed, or void. Every step is bound to kiosk,
transaction and line, and repeating one is safe.

What is prepared is not yet valid. Between `reserved` and `prepared` the paper is drawn outside the
database's transaction; if the visit is abandoned meanwhile, the second step finds that and the drawing is
thrown away.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import msgspec

from issuance import manifest, paper, rules
from issuance.clock import town_day
from issuance.drawing import Drawing, Subject
from issuance.messages import (
    DocumentState,
    LineRequest,
    Prepared,
    PrepareRequest,
    PrintedRequest,
    VoidRequest,
)
from issuance.office import DOCUMENT_LASTS, Office, note, stamp
from issuance.problems import Code, Kind, Problem
from issuance.register import Records, Resident
from issuance.serials import make_serial
from issuance.store import Document, Kiosk, Session, Tx
from issuance.wareki import fiscal_year


class Reserved(msgspec.Struct, frozen=True):
    """A reserved order and everything that is needed to draw it."""

    document: Document
    session: Session
    applicant: Resident
    people: tuple[Resident, ...]
    choices: Mapping[str, str]
    records: Records


class Documents:
    """Prepare, commit, printed, void."""

    def __init__(self, office: Office) -> None:
        self._office = office
        # Neither Typst nor PDFium draws for two at once: one thread, whose memory stays where it is.
        self._pen = ThreadPoolExecutor(max_workers=1, thread_name_prefix="draw")

    async def prepare(self, kiosk: Kiosk, request: PrepareRequest) -> Prepared:
        """Final bytes with their 発行番号, signed for, not yet valid."""
        now = self._office.clock.now()
        reserved = await self._office.act(lambda tx: self._reserve(tx, kiosk, request, now))
        loop = asyncio.get_running_loop()
        drawing = await loop.run_in_executor(self._pen, self._draw, reserved, now)
        return await self._office.act(lambda tx: self._settle(tx, reserved, request, drawing, now))

    async def commit(self, kiosk: Kiosk, serial: str, request: LineRequest) -> DocumentState:
        """From here on the document is valid. The same answer however often it is asked."""
        now = self._office.clock.now()

        def work(tx: Tx) -> DocumentState | Problem:
            found = self._find(tx, kiosk, serial, request.transaction, request.line)
            if isinstance(found, Problem):
                return found
            document, session = found
            if document.state in {"committed", "printed"}:
                return DocumentState(serial, "committed")
            if self._office.stop(kiosk):
                return Problem(Kind.STOPPED)
            if document.state != "prepared" or session.state != "authenticated":
                return Problem(Kind.CONFLICT)
            if document.expires_at < stamp(now):
                _change(tx, now, document, session, "void", "expired")
                return Problem(Kind.CONFLICT)
            _change(tx, now, document, session, "committed")
            return DocumentState(serial, "committed")

        return await self._office.act(work)

    async def printed(self, kiosk: Kiosk, serial: str, request: PrintedRequest) -> DocumentState:
        """The paper is out, every page of it. Truth about paper is taken whatever became of the visit."""
        now = self._office.clock.now()

        def work(tx: Tx) -> DocumentState | Problem:
            found = self._find(tx, kiosk, serial, request.transaction, request.line)
            if isinstance(found, Problem):
                return found
            document, session = found
            if document.state not in {"committed", "printed"}:
                return Problem(Kind.CONFLICT, reason="not-committed")
            if document.pages != request.pages:
                return Problem(Kind.CONFLICT, reason="other-pages")
            if document.state == "committed":
                _change(tx, now, document, session, "printed")
            return DocumentState(serial, "printed")

        return await self._office.act(work)

    async def void(self, kiosk: Kiosk, serial: str, request: VoidRequest) -> DocumentState:
        """Not wanted, or proven not printed. What was printed stays so."""
        now = self._office.clock.now()

        def work(tx: Tx) -> DocumentState | Problem:
            found = self._find(tx, kiosk, serial, request.transaction, request.line)
            if isinstance(found, Problem):
                return found
            document, session = found
            if document.state == "printed":
                return Problem(Kind.CONFLICT, reason="printed")
            if document.state != "void":
                _change(tx, now, document, session, "void", request.reason)
            return DocumentState(serial, "void")

        return await self._office.act(work)

    async def sweep(self) -> int:
        """Makes void what was prepared and never committed in time; how many."""
        now = self._office.clock.now()

        def work(tx: Tx) -> int:
            late = [
                document
                for state in ("reserved", "prepared")
                for document in tx.find(Document, state=state)
                if document.expires_at < stamp(now)
            ]
            for document in late:
                session = tx.get(Session, document.transaction_id)
                if session is not None:
                    _change(tx, now, document, session, "void", "expired")
            return len(late)

        return await self._office.act(work)

    def _reserve(self, tx: Tx, kiosk: Kiosk, request: PrepareRequest, now: datetime) -> Reserved | Problem:
        session = tx.get(Session, request.transaction)
        if session is None or session.kiosk != kiosk.kiosk:
            return Problem(Kind.NOT_FOUND, reason="unknown" if session is None else "another-kiosk")
        limits = self._office.town.limits
        most = limits.visits_per_minute * limits.lines_per_transaction
        if self._office.is_too_fast(tx, kiosk.kiosk, "document", most, now):
            return Problem(Kind.RATE)
        if problem := self._fault(tx, kiosk, session, request, now):
            return problem
        applicant = self._office.register.resident(session.resident)
        if applicant is None:
            return Problem(Kind.REFUSED, Code.COUNTER)
        case = self._office.case(applicant, now)
        refusal = rules.refusal_at_the_door(case) or rules.refusal_of_kind(case, request.kind)
        fee = self._office.town.fee(request.kind, town_day(now))
        if refusal is not None or fee is None:
            code = refusal.code if refusal else Code.COUNTER
            reason = refusal.reason if refusal else "no-fee"
            tx.append(note(now, "refused", session, line=request.line, detail=f"{code.value} {reason}"))
            return Problem(Kind.REFUSED, code)
        kind = self._office.kinds[request.kind]
        choices = rules.choices(case, kind, request.options)
        if choices is None:
            return Problem(Kind.MALFORMED)
        document = self._number(tx, session, request, choices, fee.here, now)
        tx.put(document)
        people = paper.people_of(kind, applicant, case.household, choices)
        return Reserved(document, session, applicant, people, choices, rules.records_for(case, choices))

    def _number(
        self,
        tx: Tx,
        session: Session,
        request: PrepareRequest,
        choices: Mapping[str, str],
        fee: int,
        now: datetime,
    ) -> Document:
        """A new document with the next 発行番号."""
        year = fiscal_year(town_day(now))
        return Document(
            serial=make_serial(year, tx.next_number(f"serial-{year}")),
            kiosk=session.kiosk,
            transaction_id=session.transaction_id,
            line=request.line,
            kind=request.kind,
            options=",".join(f"{key}={choice}" for key, choice in sorted(choices.items())),
            order_hash=request.order_hash,
            order_signature=request.order_signature,
            resident=session.resident,
            fee=fee,
            sha256="",
            pages=0,
            state="reserved",
            reserved_at=stamp(now),
            expires_at=stamp(now + DOCUMENT_LASTS),
            changed_at=stamp(now),
            assisted=int(request.assisted),
        )

    def _fault(
        self, tx: Tx, kiosk: Kiosk, session: Session, request: PrepareRequest, now: datetime
    ) -> Problem | None:
        """What is wrong with the order itself, before the person is looked at."""
        if self._office.stop(kiosk):
            return Problem(Kind.STOPPED)
        lines = tx.find(Document, transaction_id=session.transaction_id)
        is_live = session.state == "authenticated" and session.expires_at >= stamp(now)
        is_used = bool(tx.find(Document, line=request.line))
        if is_used:
            return Problem(Kind.CONFLICT, reason="line-used")
        if not is_live or len(lines) >= self._office.town.limits.lines_per_transaction:
            return Problem(Kind.CONFLICT, reason="many-lines" if is_live else "not-authenticated")
        if session.kinds and request.kind not in session.kinds.split(","):
            return Problem(Kind.CONFLICT)
        order = manifest.order_bytes(
            kiosk=kiosk.kiosk,
            transaction=request.transaction,
            line=request.line,
            kind=request.kind,
            options=request.options,
            card_fingerprint=session.card_fingerprint,
        )
        is_same_card = request.card_fingerprint == session.card_fingerprint
        is_same_order = hashlib.sha256(order).hexdigest() == request.order_hash
        if not (is_same_card and is_same_order):
            tx.append(note(now, "order-differs", session, line=request.line))
            return Problem(Kind.CONFLICT)
        if not manifest.is_signed_by_kiosk(kiosk.public_key, request.order_signature, order):
            tx.append(note(now, "order-not-signed", session, line=request.line))
            return Problem(Kind.CONFLICT)
        return None

    def _draw(self, order: Reserved, now: datetime) -> Drawing | str:
        """The paper, or why it cannot be drawn exactly."""
        document = order.document
        issue = paper.Issue(document.kiosk, document.transaction_id, document.line, document.serial, now)
        household = self._office.register.household(order.applicant.household)
        subject = Subject(order.people, household, order.choices, order.records)
        return self._office.draughtsman.draw(self._office.kinds[document.kind], issue, subject)

    def _settle(
        self,
        tx: Tx,
        order: Reserved,
        request: PrepareRequest,
        drawing: Drawing | str,
        now: datetime,
    ) -> Prepared | Problem:
        document = tx.get(Document, order.document.serial)
        session = tx.get(Session, order.session.transaction_id)
        if (
            document is None
            or session is None
            or document.state != "reserved"
            or session.state != "authenticated"
        ):
            return Problem(Kind.CONFLICT)
        if isinstance(drawing, str):
            _change(tx, now, document, session, "void", "not-drawn", detail=drawing)
            return Problem(Kind.REFUSED, Code.COUNTER)
        digest = hashlib.sha256(drawing.pdf).hexdigest()
        claim = manifest.manifest_bytes(
            manifest.Manifest(
                kiosk=document.kiosk,
                transaction=document.transaction_id,
                line=document.line,
                order_hash=request.order_hash,
                card_fingerprint=session.card_fingerprint,
                serial=document.serial,
                sha256=digest,
                pages=drawing.pages,
                sides=drawing.sides,
                applicant=manifest.Applicant(
                    order.applicant.name, order.applicant.birth.isoformat(), order.applicant.sex
                ),
                holders=drawing.names,
            )
        )
        document = msgspec.structs.replace(document, sha256=digest, pages=drawing.pages)
        detail = f"{document.kind} {document.options} {digest}" + (" assisted" if document.assisted else "")
        _change(tx, now, document, session, "prepared", detail=detail)
        return Prepared(
            document.serial, claim, self._office.signer.sign(claim), drawing.pdf, document.expires_at
        )

    def _find(
        self, tx: Tx, kiosk: Kiosk, serial: str, transaction: str, line: str
    ) -> tuple[Document, Session] | Problem:
        """The document, if all four names agree. Another kiosk's, another transaction's: as if there were none; the
        audit log knows better."""
        document = tx.get(Document, serial)
        session = tx.get(Session, transaction)
        if document is None or session is None:
            return Problem(Kind.NOT_FOUND, reason="unknown")
        if document.kiosk != kiosk.kiosk:
            return Problem(Kind.NOT_FOUND, reason="another-kiosk")
        if (document.transaction_id, document.line) != (transaction, line):
            return Problem(Kind.NOT_FOUND, reason="another-line")
        return document, session


def _change(
    tx: Tx,
    now: datetime,
    document: Document,
    session: Session,
    state: str,
    reason: str = "",
    detail: str = "",
) -> None:
    """Moves a document to a state, and says so in the audit log."""
    tx.put(msgspec.structs.replace(document, state=state, reason=reason, changed_at=stamp(now)))
    tx.append(note(now, state, session, line=document.line, serial=document.serial, detail=detail or reason))
