"""The use cases before a document exists: what is open, who is it, what may they have. (Documents:
documents.py)
"""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime, timedelta

import msgspec

from issuance import auth, rules
from issuance.audit import Entry
from issuance.clock import town_day
from issuance.messages import (
    Abandoned,
    Attested,
    AttestRequest,
    Authenticated,
    AuthenticationRequest,
    Challenge,
    ChallengeRequest,
    FiguresKept,
    FiguresRequest,
    HeadKept,
    HeadRequest,
    Price,
    ReportKept,
    ReportRequest,
    Status,
)
from issuance.office import CHALLENGE_LASTS, SESSION_LASTS, Office, is_new_enough, note, stamp
from issuance.problems import Code, Kind, Problem
from issuance.revocation import Revocation
from issuance.store import Document, Figures, Head, Kiosk, Link, Session, Standing, Tx


class Desk:
    """Everything but documents."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def status(self, kiosk: Kiosk) -> Status:
        """Open or not, and why not, for this kiosk; prices for the idle screen."""
        town = self._office.town
        now = self._office.clock.now()
        day = town_day(now)
        is_open = town.is_open(now)
        works = town.is_working_day(day)
        prices = tuple(
            Price(kind, fee.here, fee.counter)
            for kind in town.kinds_sold(day)
            if kind in self._office.kinds and (fee := town.fee(kind, day)) is not None
        )
        return Status(
            time=stamp(now),
            environment=town.environment,
            is_open=is_open,
            stop=self._office.stop(kiosk) or ("" if is_open else "closed"),
            open_from=town.hours.open if works else "",
            open_until=town.hours.close if works else "",
            prices=prices,
        )

    async def attest(self, kiosk: Kiosk, request: AttestRequest) -> Attested:
        """The kiosk says which program it runs; an old one issues nothing (Munakata 2023: a fix not rolled
        out).
        """
        now = self._office.clock.now()
        minimum = self._office.town.minimum_version

        def work(tx: Tx) -> Attested:
            if request.version != kiosk.version:
                entry = Entry(
                    stamp(now), "attested", kiosk=kiosk.kiosk, detail=f"{request.version} {request.build}"
                )
                tx.append(entry)
            current = tx.get(Kiosk, kiosk.kiosk) or kiosk  # it may have been halted since
            tx.put(msgspec.structs.replace(current, version=request.version, attested_at=stamp(now)))
            return Attested(accepted=is_new_enough(request.version, minimum), minimum=minimum)

        return await self._office.act(work)

    async def report(self, kiosk: Kiosk, request: ReportRequest) -> ReportKept:
        """Keeps how the machine stands, in place of what it said before, and tells it whether somebody comes."""
        at = stamp(self._office.clock.now())

        def work(tx: Tx) -> ReportKept:
            known = tx.get(Standing, kiosk.kiosk)
            is_called = request.called_s >= 0
            answered_by = known.answered_by if known is not None and is_called else ""
            tx.put(Standing(kiosk.kiosk, at, msgspec.json.encode(request).decode(), answered_by))
            return ReportKept(bool(answered_by))

        return await self._office.act(work)

    async def keep_figures(self, kiosk: Kiosk, request: FiguresRequest) -> FiguresKept:
        """One day's statistics; the newest of a day stands."""
        rows = msgspec.json.encode(request.rows).decode()

        def work(tx: Tx) -> FiguresKept:
            tx.put(Figures(f"{kiosk.kiosk} {request.day}", kiosk.kiosk, request.day, rows))
            return FiguresKept(request.day)

        return await self._office.act(work)

    async def challenge(self, kiosk: Kiosk, request: ChallengeRequest) -> Challenge:
        """Opens the transaction under the kiosk's id for it. A second call replaces the first challenge."""
        now = self._office.clock.now()
        challenge = secrets.token_bytes(32)
        session = Session(
            transaction_id=request.transaction,
            kiosk=kiosk.kiosk,
            state="challenged",
            challenge=challenge,
            challenge_until=stamp(now + CHALLENGE_LASTS),
            kinds=",".join(sorted(request.kinds)),
            card_fingerprint="",
            resident="",
            expires_at=stamp(now + SESSION_LASTS),
        )

        def work(tx: Tx) -> Challenge | Problem:
            if self._office.stop(kiosk):
                return Problem(Kind.STOPPED)
            most = self._office.town.limits.visits_per_minute
            if self._office.is_too_fast(tx, kiosk.kiosk, "challenge", most, now):
                return Problem(Kind.RATE)
            known = tx.get(Session, request.transaction)
            if known is not None and known.kiosk != kiosk.kiosk:
                return Problem(Kind.CONFLICT, reason="another-kiosk")
            if known is not None and known.state != "challenged":
                return Problem(Kind.CONFLICT, reason="under-way")
            tx.put(session)
            return Challenge(challenge, session.challenge_until)

        return await self._office.act(work)

    async def authenticate(self, kiosk: Kiosk, request: AuthenticationRequest) -> Authenticated:
        """Whose card is it, and what may this person have? Uses the challenge up, however it ends."""
        now = self._office.clock.now()
        session = await self._office.act(lambda tx: self._use_challenge(tx, kiosk, request, now))
        verdict = await asyncio.to_thread(self._judge, kiosk, session, request, now)
        return await self._office.act(lambda tx: self._admit(tx, session, request, verdict, now))

    async def abandon(self, kiosk: Kiosk, transaction: str) -> Abandoned:
        """Nothing new can be had under this id from now; what was prepared is void. Unknown ids are closed
        too, so that a request which is still on its way finds the door shut.
        """
        now = self._office.clock.now()

        def work(tx: Tx) -> Abandoned | Problem:
            known = tx.get(Session, transaction)
            if known is not None and known.kiosk != kiosk.kiosk:
                return Problem(Kind.NOT_FOUND, reason="another-kiosk")
            session = known or Session(transaction, kiosk.kiosk, "", b"", "", "", "", "", stamp(now))
            if session.state != "abandoned":
                tx.put(msgspec.structs.replace(session, state="abandoned", challenge=b""))
                tx.append(note(now, "abandoned", session))
            for document in tx.find(Document, transaction_id=transaction):
                if document.state in {"reserved", "prepared"}:
                    void = msgspec.structs.replace(
                        document, state="void", reason="abandoned", changed_at=stamp(now)
                    )
                    tx.put(void)
                    tx.append(
                        note(
                            now,
                            "void",
                            session,
                            line=document.line,
                            serial=document.serial,
                            detail="abandoned",
                        )
                    )
            return Abandoned(transaction, "abandoned")

        return await self._office.act(work)

    async def keep_head(self, kiosk: Kiosk, request: HeadRequest) -> HeadKept:
        """Keeps the sealed head of a kiosk's journal, with its seal. A head that goes back, or differs, is
        a changed journal: refused and noted."""
        now = self._office.clock.now()
        detail = f"{request.seq} {request.head} {request.signature.hex()}"

        def work(tx: Tx) -> HeadKept | Problem:
            known = tx.get(Head, kiosk.kiosk)
            if known is not None and (known.seq, known.head) == (request.seq, request.head):
                return HeadKept(request.seq)
            if known is not None and known.seq >= request.seq:
                tx.append(Entry(stamp(now), "head-went-back", kiosk=kiosk.kiosk, detail=detail))
                return Problem(Kind.CONFLICT)
            tx.put(Head(kiosk.kiosk, request.seq, request.head))
            tx.append(Entry(stamp(now), "head", kiosk=kiosk.kiosk, detail=detail))
            return HeadKept(request.seq)

        return await self._office.act(work)

    def _use_challenge(
        self, tx: Tx, kiosk: Kiosk, request: AuthenticationRequest, now: datetime
    ) -> Session | Problem:
        if self._office.stop(kiosk):
            return Problem(Kind.STOPPED)
        session = tx.get(Session, request.transaction)
        if session is None or session.kiosk != kiosk.kiosk:
            return Problem(Kind.NOT_FOUND, reason="unknown" if session is None else "another-kiosk")
        if session.state != "challenged" or not session.challenge:
            return Problem(Kind.CONFLICT, reason="challenge-used")
        if session.challenge_until < stamp(now):
            return Problem(Kind.CONFLICT, reason="challenge-late")
        tx.put(msgspec.structs.replace(session, challenge=b"", state="refused"))
        return session

    def _judge(
        self, kiosk: Kiosk, session: Session, request: AuthenticationRequest, now: datetime
    ) -> auth.Accepted | auth.Rejected:
        leaf = auth.read_certificate(request.certificate)
        if leaf is None:
            return auth.Rejected(Code.NOT_MY_NUMBER, "not-a-certificate")
        kinds = session.kinds.split(",") if session.kinds else []
        if sorted(request.kinds) != kinds:
            return auth.Rejected(Code.SERVER_REFUSED, "other-kinds")
        message = auth.challenge_message(session.challenge, kiosk.kiosk, session.transaction_id, kinds)
        verdict = self._office.judge.judge(leaf, now)
        if verdict.link and not auth.is_signed(leaf, request.signature, message):
            return auth.Rejected(Code.CARD_CHANGED, "signature")
        if isinstance(verdict, auth.Accepted):
            waits = timedelta(days=self._office.town.limits.new_certificate_waits_days)
            if town_day(now) < town_day(verdict.begins) + waits:
                return auth.Rejected(Code.NOT_YET_VALID, "new-certificate", verdict.revocation)
        return verdict

    def _admit(
        self,
        tx: Tx,
        session: Session,
        request: AuthenticationRequest,
        verdict: auth.Accepted | auth.Rejected,
        now: datetime,
    ) -> Authenticated | Problem:
        current = tx.get(Session, session.transaction_id)
        if current is None or current.state != "refused":  # abandoned while the card was judged
            return Problem(Kind.CONFLICT)
        link = tx.get(Link, verdict.link) if verdict.link else None
        applicant = self._office.register.resident(link.resident) if link else None
        if isinstance(verdict, auth.Rejected):
            ended = applicant is not None and rules.has_stay_ended(applicant, town_day(now))
            code = Code.STAY_ENDED if ended else verdict.code
            detail = f"{code.value} {verdict.reason} {_asked(verdict.revocation)}".strip()
            tx.append(note(now, "refused", session, detail=detail))
            return Problem(Kind.REFUSED, code)
        if applicant is None:
            tx.append(note(now, "refused", session, detail=f"{Code.COUNTER.value} not-in-the-register"))
            return Problem(Kind.REFUSED, Code.COUNTER)
        session = msgspec.structs.replace(session, resident=applicant.id, state="refused", challenge=b"")
        case = self._office.case(applicant, now)
        refusal = rules.refusal_at_the_door(case)
        if refusal is not None:
            tx.put(session)
            tx.append(note(now, "refused", session, detail=f"{refusal.code.value} {refusal.reason}"))
            return Problem(Kind.REFUSED, refusal.code)
        fingerprint = auth.fingerprint(request.certificate)
        tx.put(msgspec.structs.replace(session, state="authenticated", card_fingerprint=fingerprint))
        tx.append(note(now, "authenticated", session, detail=_asked(verdict.revocation)))
        return Authenticated(rules.entitlements(case), verdict.ends_soon)


def _asked(revocation: Revocation | None) -> str:
    """Who was asked about revocation, of what time the answer was, and why it was none: for the audit log."""
    if revocation is None:
        return ""
    return " ".join(filter(None, (revocation.source, revocation.this_update, revocation.reason)))
