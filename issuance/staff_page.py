"""The staff page: every kiosk of the town as it stands, who is called where, stop and resume. Login with roles.

Another process than the one that kiosks talk to; it reads and writes the same database. It knows the step at a machine
and never the person. TLS with the server's own certificate, or plain on this machine behind the town's web server.
"""

from __future__ import annotations

import asyncio
import base64
import csv
import hashlib
import hmac
import io
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from issuance.audit import Entry
from issuance.clock import Clock
from issuance.messages import Figure, ReportRequest
from issuance.office import is_new_enough, stamp
from issuance.public import Bucket
from issuance.store import Figures, Kiosk, StaffUser, Standing, Store, Tx
from issuance.town import Town

PAGE = Path(__file__).parent / "staff"
RIGHTS: Mapping[str, frozenset[str]] = {
    "assistant": frozenset({"coming"}),
    "cash_officer": frozenset({"coming", "cash", "halt", "figures"}),
    "technician": frozenset({"coming", "devices", "halt", "figures"}),
    "treasurer": frozenset({"cash", "figures"}),
}
"""What each role may beyond seeing state, step, calls and incidents. A treasurer reads and changes nothing."""
SILENT_S = 60.0
"""A machine that said nothing for so long is out of reach."""
IDLE = timedelta(minutes=20)
LONGEST = timedelta(hours=10)
SHORTEST_PASSWORD = 10
FREE_TRIES = 3
LOCK_S = 15.0
LONGEST_LOCK_S = 3600.0
_ASKED_A_MINUTE = 600
_LOGINS_A_MINUTE = 30
_COOKIE = "madoguchi_staff"
_BODY_MAX = 4096
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript"}


class Login(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(max_length=40)]
    password: Annotated[str, Meta(max_length=200)]


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


B = TypeVar("B", Login, Reason)


class Entered(msgspec.Struct):
    """One login. `token`: asked back with every act, so that another page cannot act in this one's name."""

    name: str
    role: str
    token: str
    began: datetime
    seen: datetime

    def may(self, right: str) -> bool:
        return right in RIGHTS[self.role]


# --- passwords --------------------------------------------------------------------------------------------------------


def hidden(password: str) -> str:
    """scrypt (RFC 7914) with a salt of its own."""
    salt = secrets.token_bytes(16)
    return f"{base64.b64encode(salt).decode()}${base64.b64encode(_scrypt(password, salt)).decode()}"


def is_right(password: str, secret: str) -> bool:
    salt, _, kept = secret.partition("$")
    return hmac.compare_digest(_scrypt(password, base64.b64decode(salt)), base64.b64decode(kept))


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1, maxmem=64 * 2**20)


_NOBODY = hidden(secrets.token_hex(16))
"""Compared where there is no such person: it takes as long."""


def lock_s(wrong: int) -> float:
    """So long nobody comes in under this name after so many wrong tries in a row."""
    return 0.0 if wrong < FREE_TRIES else min(LOCK_S * 2.0 ** (wrong - FREE_TRIES), LONGEST_LOCK_S)


# --- the page ---------------------------------------------------------------------------------------------------------


class Refused(Exception):  # noqa: N818  # an answer, not an error of ours
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class StaffDesk:
    """Who is in, and what each may."""

    def __init__(self, town: Town, store: Store, clock: Clock) -> None:
        self._town = town
        self._store = store
        self._clock = clock
        self._entered: dict[str, Entered] = {}
        self._logins = Bucket(clock, _LOGINS_A_MINUTE)

    async def login(self, wish: Login) -> tuple[str, Entered]:
        """(cookie, who). 403 `wrong`, 429 `locked`: nothing says which of name and password was wrong."""
        if not self._logins.take():
            raise Refused(429, "locked")
        now = self._clock.now()
        user = await self._store.read(lambda tx: tx.get(StaffUser, wish.name))
        if user is not None and user.locked_until > stamp(now):
            raise Refused(429, "locked")
        good = await asyncio.to_thread(is_right, wish.password, user.secret if user else _NOBODY)
        if user is None:
            raise Refused(403, "wrong")
        await self._store.run(lambda tx: self._note_try(tx, user.name, good, now))
        if not good or user.role not in RIGHTS:
            raise Refused(403, "wrong")
        cookie = secrets.token_urlsafe(32)
        entered = Entered(user.name, user.role, secrets.token_urlsafe(16), now, now)
        self._entered[cookie] = entered
        return cookie, entered

    @staticmethod
    def _note_try(tx: Tx, name: str, good: bool, now: datetime) -> None:
        user = tx.get(StaffUser, name)
        if user is None:
            return
        wrong = 0 if good else user.wrong + 1
        until = "" if good else stamp(now + timedelta(seconds=lock_s(wrong)))
        tx.put(msgspec.structs.replace(user, wrong=wrong, locked_until=until))
        tx.append(Entry(stamp(now), "staff-in" if good else "staff-wrong", detail=name))

    def who(self, cookie: str) -> Entered:
        """401: nobody, or for too long, or idle for too long."""
        now = self._clock.now()
        found = self._entered.get(cookie)
        if found is None or now - found.seen > IDLE or now - found.began > LONGEST:
            self._entered.pop(cookie, None)
            raise Refused(401, "login")
        return found

    def leave(self, cookie: str) -> None:
        self._entered.pop(cookie, None)

    def touch(self, cookie: str) -> None:
        """An act of a person; a page that only renews itself does not count as one."""
        self._entered[cookie].seen = self._clock.now()

    async def fleet(self, who: Entered) -> dict[str, object]:
        now = self._clock.now()

        def work(tx: Tx) -> tuple[list[Kiosk], list[Standing]]:
            return tx.find(Kiosk), tx.find(Standing)

        kiosks, standings = await self._store.read(work)
        stand = {each.kiosk: each for each in standings}
        newest = max((_numbers(each.version) for each in kiosks if each.version), default=(0,))
        machines = [
            self._machine(each, stand.get(each.kiosk), newest, now, who)
            for each in sorted(kiosks, key=lambda each: each.kiosk)
        ]
        machines.sort(key=_urgency)
        return {"time": stamp(now), "minimum": self._town.minimum_version, "kiosks": machines}

    def _machine(
        self, row: Kiosk, standing: Standing | None, newest: tuple[int, ...], now: datetime, who: Entered
    ) -> dict[str, object]:
        is_new = is_new_enough(row.version, self._town.minimum_version)
        drift = "old" if not is_new else "behind" if _numbers(row.version) < newest else ""
        shown: dict[str, object] = {
            "kiosk": row.kiosk,
            "version": row.version,
            "drift": drift,
            "is_halted": bool(row.is_halted),
            "service": "silent",
            "called_s": -1,
        }
        if standing is None:
            return shown
        ago_s = (now - datetime.fromisoformat(standing.at)).total_seconds()
        report = msgspec.json.decode(standing.report, type=ReportRequest)
        is_here = ago_s <= SILENT_S
        called_s = report.called_s + int(ago_s) if report.called_s >= 0 else -1
        shown |= {
            "service": report.service if is_here else "silent",
            "ago_s": int(ago_s),
            "step": report.step,
            "step_s": report.step_s + int(ago_s) if report.step else 0,
            "code": report.code,
            "called_s": called_s,
            "is_coming": report.is_call_answered or bool(standing.answered_by),
            "is_helped": report.is_helped,
            "incidents": report.incidents,
            "troubles": report.troubles,
            "supplies": report.supplies,
            "is_training": report.is_training,
            "cash_code": report.cash_code,
        }
        if who.may("cash"):
            shown["cash"] = report.cash
        return shown

    async def coming(self, who: Entered, kiosk: str) -> None:
        """Somebody goes there: the machine hears it with its next report."""

        def work(tx: Tx) -> bool:
            row = tx.get(Standing, kiosk)
            if row is None:
                return False
            tx.put(msgspec.structs.replace(row, answered_by=who.name))
            return True

        if not await self._store.run(work):
            raise Refused(404, "no-kiosk")

    async def switch(self, who: Entered, kiosk: str, reason: str, *, is_halted: bool) -> None:
        now = self._clock.now()

        def work(tx: Tx) -> bool:
            row = tx.get(Kiosk, kiosk)
            if row is None:
                return False
            tx.put(msgspec.structs.replace(row, is_halted=int(is_halted)))
            act = "halted" if is_halted else "resumed"
            tx.append(Entry(stamp(now), act, kiosk=kiosk, detail=f"{who.name} {reason}"))
            return True

        if not await self._store.run(work):
            raise Refused(404, "no-kiosk")

    async def figures(self, month: str) -> str:
        """A month of all machines as CSV. A sum of which a part was too small to be told is marked with `+`."""
        rows = await self._store.read(lambda tx: tx.between(Figures, "day", f"{month}-01", f"{month}-32"))
        sums: dict[tuple[str, str, str], float] = defaultdict(float)
        holes: set[tuple[str, str, str]] = set()
        for each in rows:
            for cell in msgspec.json.decode(each.rows, type=tuple[Figure, ...]):
                key = (each.kiosk, cell.table, cell.labels)
                if cell.value < 0:
                    holes.add(key)
                elif not cell.table.startswith("seconds"):
                    sums[key] += cell.value
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["kiosk", "table", "labels", "sum"])
        for key in sorted(sums.keys() | holes):
            mark = "+" if key in holes else ""
            writer.writerow([*key, f"{sums.get(key, 0.0):g}{mark}"])
        return "\ufeff" + out.getvalue()


def _urgency(machine: Mapping[str, object]) -> tuple[object, ...]:
    """Who waits longest first; then what is out of order."""
    called = machine["called_s"]
    waits = isinstance(called, int) and called >= 0 and not machine.get("is_coming")
    is_wrong = machine["service"] in ("silent", "out") or bool(machine["drift"]) or machine["is_halted"]
    return (not waits, -called if isinstance(called, int) and waits else 0, not is_wrong, machine["kiosk"])


def _numbers(version: str) -> tuple[int, ...]:
    head = version.replace("-", "+").split("+")[0]
    return tuple(int(part) for part in head.split(".")[:3]) if head else (0,)


Handler = Callable[[Request, Entered], Awaitable[object]]


class _Pages:
    """What each address does."""

    def __init__(self, desk: StaffDesk, bucket: Bucket) -> None:
        self._desk = desk
        self._bucket = bucket

    def route(
        self, path: str, method: str, handler: Handler, right: str = "", *, is_act: bool = True
    ) -> Route:
        """An address for who is logged in and has the right; an act that changes something needs the token, too."""

        async def endpoint(request: Request) -> Response:
            try:
                who = self._admitted(request, method, right)
                if is_act:
                    self._desk.touch(request.cookies.get(_COOKIE, ""))
                answer = await handler(request, who)
            except Refused as why:
                return _said({"code": why.code}, why.status)
            return answer if isinstance(answer, Response) else _said(answer)

        return Route(path, endpoint, methods=[method])

    def _admitted(self, request: Request, method: str, right: str) -> Entered:
        if not self._bucket.take():
            raise Refused(429, "rate")
        who = self._desk.who(request.cookies.get(_COOKIE, ""))
        if right and not who.may(right):
            raise Refused(403, "role")
        token = request.headers.get("x-madoguchi", "").encode()
        if method == "POST" and not hmac.compare_digest(token, who.token.encode()):
            raise Refused(403, "token")
        return who

    async def login(self, request: Request) -> Response:
        try:
            cookie, who = await self._desk.login(await _body(request, Login))
        except Refused as why:
            return _said({"code": why.code}, why.status)
        answer = _said(_me(who))
        answer.set_cookie(_COOKIE, cookie, secure=True, httponly=True, samesite="strict", path="/staff/")
        return answer

    async def logout(self, request: Request, _: Entered) -> object:
        self._desk.leave(request.cookies.get(_COOKIE, ""))
        return {}

    async def me(self, _: Request, who: Entered) -> object:
        return _me(who)

    async def fleet(self, _: Request, who: Entered) -> object:
        return await self._desk.fleet(who)

    async def coming(self, request: Request, who: Entered) -> object:
        await self._desk.coming(who, request.path_params["kiosk"])
        return {}

    async def halt(self, request: Request, who: Entered) -> object:
        return await self._switch(request, who, is_halted=True)

    async def resume(self, request: Request, who: Entered) -> object:
        return await self._switch(request, who, is_halted=False)

    async def _switch(self, request: Request, who: Entered, *, is_halted: bool) -> object:
        reason = (await _body(request, Reason)).reason
        await self._desk.switch(who, request.path_params["kiosk"], reason, is_halted=is_halted)
        return {}

    async def figures(self, request: Request, _: Entered) -> object:
        month = request.path_params["month"]
        if len(month) != len("2026-11") or not month.replace("-", "").isdecimal():
            raise Refused(404, "no-month")
        headers = {**_HEADERS, "Content-Disposition": f'attachment; filename="kiosk-{month}.csv"'}
        return Response(await self._desk.figures(month), media_type="text/csv", headers=headers)

    async def page(self, request: Request) -> Response:
        return _file(request.path_params.get("name", "index.html"))


def make_staff_app(town: Town, store: Store, clock: Clock) -> Starlette:
    """The application."""
    pages = _Pages(StaffDesk(town, store, clock), Bucket(clock, _ASKED_A_MINUTE))
    return Starlette(
        routes=[
            Route("/staff/", pages.page),
            Route("/staff/login", pages.login, methods=["POST"]),
            pages.route("/staff/logout", "POST", pages.logout),
            pages.route("/staff/me", "GET", pages.me, is_act=False),
            pages.route("/staff/fleet.json", "GET", pages.fleet, is_act=False),
            pages.route("/staff/kiosks/{kiosk}/coming", "POST", pages.coming, "coming"),
            pages.route("/staff/kiosks/{kiosk}/halt", "POST", pages.halt, "halt"),
            pages.route("/staff/kiosks/{kiosk}/resume", "POST", pages.resume, "halt"),
            pages.route("/staff/figures/{month}.csv", "GET", pages.figures, "figures"),
            Route("/staff/{name}", pages.page),
        ]
    )


def _me(who: Entered) -> dict[str, object]:
    return {"name": who.name, "role": who.role, "rights": sorted(RIGHTS[who.role]), "token": who.token}


async def _body(request: Request, kind: type[B]) -> B:
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > _BODY_MAX:
            raise Refused(413, "too-large")
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(422, "malformed") from None


def _said(answer: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(answer), status, _HEADERS, "application/json")


def _file(name: str) -> Response:
    path = PAGE / name
    media_type = _TYPES.get(path.suffix)
    if media_type is None or "/" in name or not path.is_file():
        return Response(status_code=404, headers=_HEADERS)
    return Response(path.read_bytes(), media_type=media_type, headers=_HEADERS)
