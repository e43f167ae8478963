"""The routes of openapi.yaml: read a body, ask the use case, write the answer. Nothing is decided here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from issuance import messages, problems
from issuance.clock import Clock
from issuance.desk import Desk
from issuance.documents import Documents
from issuance.enrolment import EnrolmentDesk, promote
from issuance.fleet import FleetDesk
from issuance.office import Office
from issuance.problems import REJECTED, Kind, Problem
from issuance.serials import is_serial
from issuance.store import Kiosk, Operator
from issuance.tls import peer_fingerprint

B = TypeVar("B", bound=messages.Body)
P = TypeVar("P", Kiosk, Operator)

MAX_BODY = 64 * 1024
REFUSED_AFTER_S = 0.25
"""Every refusal of a person, or of a kind to a person, is answered at a whole multiple of this after it was asked:
how long the server thought says nothing about why (支援措置)."""
SWEEP_EVERY_S = 30.0

_log = logging.getLogger("issuance")
_HEADERS = {"Cache-Control": "no-store"}


def make_app(office: Office) -> Starlette:
    """The application of one office, whose store is closed when the server ends."""
    documents = Documents(office)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        sweeper = asyncio.create_task(_sweep_for_ever(documents))
        yield
        sweeper.cancel()
        office.store.close()

    return Starlette(
        routes=[
            *_desk_routes(office, Desk(office)),
            *_document_routes(office, documents),
            *_fleet_routes(office, FleetDesk(office)),
        ],
        exception_handlers={Problem: _on_problem, HTTPException: _on_http_exception},
        lifespan=lifespan,
    )


def make_enrolment_app(office: Office) -> Starlette:
    """The other listener's (enrolment.yaml): nobody there has a certificate, and nobody gets more than asking."""
    desk = EnrolmentDesk(office)

    async def ask(_: None, request: Request) -> messages.Body:
        return await desk.ask(await _body(request, messages.KioskRequest))

    async def look(_: None, request: Request) -> messages.Body:
        fingerprint = msgspec.convert(request.path_params["fingerprint"], messages.Digest)
        return await desk.look(fingerprint)

    return Starlette(
        routes=[
            _route(office, "POST", "/v1/enrolments", ask, 202, None),
            _route(office, "GET", "/v1/enrolments/{fingerprint}", look, 200, None),
        ],
        exception_handlers={Problem: _on_problem, HTTPException: _on_http_exception},
    )


def _desk_routes(office: Office, desk: Desk) -> list[Route]:
    async def status(kiosk: Kiosk, _: Request) -> messages.Body:
        return desk.status(kiosk)

    async def attest(kiosk: Kiosk, request: Request) -> messages.Body:
        return await desk.attest(kiosk, await _body(request, messages.AttestRequest))

    async def report(kiosk: Kiosk, request: Request) -> messages.Body:
        return await desk.report(kiosk, await _body(request, messages.ReportRequest))

    async def figures(kiosk: Kiosk, request: Request) -> messages.Body:
        return await desk.keep_figures(kiosk, await _body(request, messages.FiguresRequest))

    async def challenge(kiosk: Kiosk, request: Request) -> messages.Body:
        return await desk.challenge(kiosk, await _body(request, messages.ChallengeRequest))

    async def authenticate(kiosk: Kiosk, request: Request) -> messages.Body:
        return await desk.authenticate(kiosk, await _body(request, messages.AuthenticationRequest))

    async def abandon(kiosk: Kiosk, request: Request) -> messages.Body:
        transaction = msgspec.convert(request.path_params["transaction"], messages.Token)
        return await desk.abandon(kiosk, transaction)

    enrolment = EnrolmentDesk(office)

    async def renew(kiosk: Kiosk, request: Request) -> messages.Body:
        return await enrolment.renew(kiosk, await _body(request, messages.RenewalRequest))

    async def head(kiosk: Kiosk, request: Request) -> messages.Body:
        return await desk.keep_head(kiosk, await _body(request, messages.HeadRequest))

    return [
        _route(office, "GET", "/v1/status", status),
        _route(office, "POST", "/v1/kiosks/attest", attest),
        _route(office, "POST", "/v1/kiosks/renew", renew, 201),
        _route(office, "POST", "/v1/kiosks/report", report),
        _route(office, "POST", "/v1/kiosks/figures", figures),
        _route(office, "POST", "/v1/challenges", challenge, 201),
        _route(office, "POST", "/v1/authentications", authenticate),
        _route(office, "POST", "/v1/transactions/{transaction}/abandon", abandon),
        _route(office, "POST", "/v1/journal-heads", head),
    ]


def _document_routes(office: Office, documents: Documents) -> list[Route]:
    async def prepare(kiosk: Kiosk, request: Request) -> messages.Body:
        return await documents.prepare(kiosk, await _body(request, messages.PrepareRequest))

    async def commit(kiosk: Kiosk, request: Request) -> messages.Body:
        return await documents.commit(kiosk, _serial(request), await _body(request, messages.LineRequest))

    async def printed(kiosk: Kiosk, request: Request) -> messages.Body:
        return await documents.printed(kiosk, _serial(request), await _body(request, messages.PrintedRequest))

    async def void(kiosk: Kiosk, request: Request) -> messages.Body:
        return await documents.void(kiosk, _serial(request), await _body(request, messages.VoidRequest))

    return [
        _route(office, "POST", "/v1/documents", prepare, 201),
        _route(office, "POST", "/v1/documents/{serial}/commit", commit),
        _route(office, "POST", "/v1/documents/{serial}/printed", printed),
        _route(office, "POST", "/v1/documents/{serial}/void", void),
    ]


def _fleet_routes(office: Office, desk: FleetDesk) -> list[Route]:
    async def fleet(operator: Operator, _: Request) -> messages.Body:
        return await desk.fleet(operator)

    async def register(operator: Operator, request: Request) -> messages.Body:
        return await desk.register(operator, await _body(request, messages.KioskRequest))

    async def halt(operator: Operator, request: Request) -> messages.Body:
        kiosk = msgspec.convert(request.path_params["kiosk"], messages.KioskName)
        return await desk.halt(operator, kiosk, await _body(request, messages.ReasonRequest))

    async def resume(operator: Operator, request: Request) -> messages.Body:
        kiosk = msgspec.convert(request.path_params["kiosk"], messages.KioskName)
        return await desk.resume(operator, kiosk, await _body(request, messages.ReasonRequest))

    async def statistics(operator: Operator, request: Request) -> messages.Body:
        month = msgspec.convert(request.path_params["month"], messages.Month)
        return await desk.statistics(operator, month)

    def route(method: str, path: str, handler: Any, status: int = 200) -> Route:
        return _route(office, method, path, handler, status, Operator)

    return [
        route("GET", "/v1/kiosks", fleet),
        route("POST", "/v1/kiosks", register, 201),
        route("POST", "/v1/kiosks/{kiosk}/halt", halt),
        route("POST", "/v1/kiosks/{kiosk}/resume", resume),
        route("GET", "/v1/statistics/{month}", statistics),
    ]


def _route(
    office: Office,
    method: str,
    path: str,
    handler: Any,
    status: int = 200,
    of: Any = Kiosk,
) -> Route:
    """`handler` takes who asks (a row of the kiosks, or of the operators; `of` None: nobody known) and the request."""

    async def endpoint(request: Request) -> Response:
        asked_s = office.clock.monotonic_s()
        peer = None
        try:
            try:
                peer = await _peer(office, request, of) if of is not None else None
                answer = await handler(peer, request)
            except msgspec.ValidationError:
                raise Problem(Kind.MALFORMED) from None  # the library's message could quote the body
            except Problem as problem:
                if problem.kind in REJECTED and of is Kiosk:
                    name = peer.kiosk if isinstance(peer, Kiosk) else ""
                    raise await office.reject(name, f"{method} {path}", problem) from None
                raise
            if _refuses(office, answer):
                await _wait_for_the_beat(office.clock, asked_s)
        except Problem as problem:
            if problem.kind is Kind.REFUSED:
                await _wait_for_the_beat(office.clock, asked_s)
            raise
        except Exception as error:
            _note_failure(error)
            raise Problem(Kind.INTERNAL) from None  # it ends here: uvicorn would log the message
        return Response(msgspec.json.encode(answer), status, _HEADERS, "application/json")

    return Route(path, endpoint, methods=[method])


def _refuses(office: Office, answer: messages.Body) -> bool:
    """Whether this person may not have something. (A kind without a template is nobody's, and tells nothing.)"""
    return isinstance(answer, messages.Authenticated) and any(
        each.refusal and each.kind in office.kinds for each in answer.entitlements
    )


async def _wait_for_the_beat(clock: Clock, asked_s: float) -> None:
    beats = max(1, math.ceil((clock.monotonic_s() - asked_s) / REFUSED_AFTER_S))
    await clock.wait_until(asked_s + beats * REFUSED_AFTER_S)


async def _peer(office: Office, request: Request, of: type[P]) -> P:
    """Who this connection's client certificate is: an enrolled kiosk, or an operator."""
    fingerprint = peer_fingerprint(request.scope)
    if fingerprint is not None:
        found = await office.store.read(lambda tx: tx.find(of, fingerprint=fingerprint))
        if found:
            return found[0]
        if of is Kiosk:
            next_one = await office.store.read(lambda tx: tx.find(Kiosk, next_fingerprint=fingerprint))
            if next_one:
                now = office.clock.now()
                kiosk = await office.store.run(lambda tx: promote(tx, fingerprint, now))
                found = (
                    await office.store.read(lambda tx: tx.find(of, fingerprint=fingerprint)) if kiosk else []
                )
                if found:
                    return found[0]
    raise Problem(Kind.UNKNOWN_KIOSK)


async def _body(request: Request, kind: type[B]) -> B:
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY:
            raise Problem(Kind.TOO_LARGE)
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem(Kind.MALFORMED) from None


def _serial(request: Request) -> str:
    serial: str = request.path_params["serial"]
    if not is_serial(serial):
        raise Problem(Kind.NOT_FOUND)
    return serial


async def _on_problem(request: Request, problem: Exception) -> Response:
    body = problems.body_of(problem if isinstance(problem, Problem) else Problem(Kind.INTERNAL))
    headers = _HEADERS | ({"Allow": _allowed(request)} if body.status == 405 else {})
    return Response(msgspec.json.encode(body), body.status, headers, problems.MEDIA_TYPE)


def _allowed(request: Request) -> str:
    """Every method of this path (RFC 9110 §15.5.6): Starlette names only those of its first route."""
    routes: list[Route] = request.app.routes
    here = [each for each in routes if each.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({method for each in here for method in each.methods or ()}))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's own: no such route, no such method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    kinds = {404: Kind.NOT_FOUND, 405: Kind.METHOD}
    return await _on_problem(request, Problem(kinds.get(status, Kind.MALFORMED)))


def _note_failure(error: Exception) -> None:
    """Our own bug. The log gets its type and place; a message could hold data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    _log.error("failed: %s at %s", type(error).__name__, place)


async def _sweep_for_ever(documents: Documents) -> None:
    while True:
        await asyncio.sleep(SWEEP_EVERY_S)
        try:
            await documents.sweep()
        except Exception as error:  # the next round tries again
            _note_failure(error)
