"""The staff page: who may what, what a machine's report becomes, and one tour in a real browser."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.applications import Starlette

from issuance import folder
from issuance.main import main
from issuance.office import stamp
from issuance.staff_page import IDLE, LONGEST, RIGHTS, hidden, is_right, lock_s, make_staff_app
from issuance.store import Kiosk, StaffUser, Standing, Tx
from tests.issuance.browser import Browser
from tests.issuance.desk_of import Server
from tests.issuance.people import KIOSK, Authority, Card, HandClock, make_folder
from tests.ports import free_port

PASSWORD = "correct horse battery"
REPORT = {
    "service": "serving",
    "step": "pay",
    "step_s": 12,
    "code": "",
    "called_s": 30,
    "incidents": ["M-406"],
    "troubles": ["certificate1 media-low"],
    "supplies": [
        {"device": "certificate1", "what": "paper", "sheets": 18, "is_low": True},
        {"device": "certificate1", "what": "toner", "sheets": -1, "is_low": False},
        {"device": "receipt1", "what": "roll", "sheets": -1, "is_low": False},
    ],
    "cash": [{"unit": "hopper100", "face": 100, "pieces": 20, "amount": 2000}],
}


def move(server: Server, seconds: float) -> None:
    server.clock.at += timedelta(seconds=seconds)


class Page:
    """The application, asked as a browser asks it."""

    def __init__(self, app: Starlette) -> None:
        self.app = app
        self.cookie = ""
        self.token = ""

    def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> tuple[int, Any]:
        headers = [(b"cookie", f"madoguchi_staff={self.cookie}".encode())]
        headers.append((b"x-madoguchi", (self.token if token is None else token).encode()))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": f"/staff/{path}",
            "raw_path": f"/staff/{path}".encode(),
            "query_string": b"",
            "headers": headers,
        }
        return asyncio.run(self._exchange(scope, b"" if body is None else json.dumps(body).encode()))

    async def _exchange(self, scope: dict[str, Any], body: bytes) -> tuple[int, Any]:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        head = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        for part in head.get("set-cookie", "").split(";"):
            if part.startswith("madoguchi_staff="):
                self.cookie = part.partition("=")[2]
                assert "HttpOnly" in head["set-cookie"] and "Secure" in head["set-cookie"]
                assert "SameSite=strict" in head["set-cookie"]
        data = b"".join(each.get("body", b"") for each in sent[1:])
        is_json = head.get("content-type") == "application/json"
        return sent[0]["status"], json.loads(data) if is_json else data.decode()

    def login(self, name: str, password: str = PASSWORD) -> int:
        status, said = self.ask("POST", "login", {"name": name, "password": password})
        self.token = said.get("token", "")
        return status


SECRET = hidden(PASSWORD)


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, cards: dict[str, Card]
) -> Iterator[Server]:
    """One for all tests here: each has a new page, and users without a wrong try."""
    server = Server(tmp_path_factory.mktemp("page") / "server", authority, cards)
    yield server
    server.close()


@pytest.fixture
def page(server: Server) -> Page:
    def users(tx: Tx) -> None:
        for role in RIGHTS:
            tx.put(StaffUser(role, role, SECRET))

    server.office.store.run_now(users)
    return Page(make_staff_app(server.office.town, server.office.store, server.clock))


def machines(page: Page) -> dict[str, dict[str, Any]]:
    status, said = page.ask("GET", "fleet.json")
    assert status == 200, said
    return {each["kiosk"]: each for each in said["kiosks"]}


def test_nobody_sees_anything_without_a_login(page: Page) -> None:
    for method, path in (("GET", "fleet.json"), ("GET", "me"), ("POST", f"kiosks/{KIOSK}/halt")):
        assert page.ask(method, path, {"reason": "x"} if method == "POST" else None)[0] == 401
    assert page.ask("GET", "")[0] == 200
    assert page.ask("GET", "..%2fstore.py")[0] == 404


def test_a_report_becomes_a_machine_of_the_list_and_no_person(page: Page, server: Server) -> None:
    move(server, 120)
    assert page.login("cash_officer") == 200
    assert machines(page)[KIOSK]["service"] == "silent"
    assert server.post("/v1/kiosks/report", REPORT).body == {"is_call_answered": False}
    move(server, 5)
    shown = machines(page)[KIOSK]
    assert (shown["service"], shown["step"], shown["step_s"], shown["called_s"]) == ("serving", "pay", 17, 35)
    assert shown["cash"][0]["pieces"] == 20 and shown["incidents"] == ["M-406"]
    move(server, 120)
    assert machines(page)[KIOSK]["service"] == "silent"


def test_somebody_comes_and_the_machine_hears_it(page: Page, server: Server) -> None:
    server.post("/v1/kiosks/report", {**REPORT, "called_s": -1})
    server.post("/v1/kiosks/report", REPORT)
    page.login("assistant")
    assert page.ask("POST", f"kiosks/{KIOSK}/coming", {})[0] == 200
    assert machines(page)[KIOSK]["is_coming"] is True
    assert server.post("/v1/kiosks/report", REPORT).body == {"is_call_answered": True}
    server.post("/v1/kiosks/report", {**REPORT, "called_s": -1})  # it is over
    assert server.post("/v1/kiosks/report", REPORT).body == {"is_call_answered": False}, "another call"


def test_each_role_may_what_it_may_and_nothing_else(page: Page, server: Server) -> None:
    """Role x act, exhaustively."""
    server.post("/v1/kiosks/report", REPORT)
    acts = {
        "coming": ("POST", f"kiosks/{KIOSK}/coming", {}),
        "halt": ("POST", f"kiosks/{KIOSK}/halt", {"reason": "opened"}),
        "resume": ("POST", f"kiosks/{KIOSK}/resume", {"reason": "looked"}),
        "figures": ("GET", "figures/2026-11.csv", None),
    }
    for role, rights in RIGHTS.items():
        assert page.login(role) == 200
        for act, (method, path, body) in acts.items():
            right = {"resume": "halt"}.get(act, act)
            status, said = page.ask(method, path, body)
            assert status == (200 if right in rights else 403), (role, act, said)
        assert ("cash" in machines(page)[KIOSK]) == ("cash" in rights)
        assert page.ask("POST", "kiosks/nobody/coming", {})[0] in (404, 403)


def test_stop_and_resume_hold_from_the_next_request_and_name_who_did_it(page: Page, server: Server) -> None:
    page.login("technician")
    page.ask("POST", f"kiosks/{KIOSK}/halt", {"reason": "paper path open"})
    assert server.get("/v1/status").body["stop"] == "kill-switch"
    assert machines(page)[KIOSK]["is_halted"] is True
    page.ask("POST", f"kiosks/{KIOSK}/resume", {"reason": "closed again"})
    assert server.get("/v1/status").body["stop"] == ""
    assert server.audit()[-2:] == ["halted technician paper path open", "resumed technician closed again"]
    assert page.ask("POST", f"kiosks/{KIOSK}/halt", {"reason": ""})[0] == 422
    assert page.ask("POST", f"kiosks/{KIOSK}/halt", {"reason": "x"}, token="another page's")[0] == 403


def test_an_old_program_is_an_alarm_and_one_behind_the_others_is_told(page: Page, server: Server) -> None:
    for name, version in (("kiosk-2", "0.0.9"), ("kiosk-3", "0.2.0")):
        server.enrol(name)
        server.attest(name, version)
    page.login("assistant")
    assert {name: each["drift"] for name, each in machines(page).items()} == {
        KIOSK: "behind",
        "kiosk-2": "old",
        "kiosk-3": "",
    }


def test_wrong_passwords_lock_longer_each_time_and_a_session_ends(page: Page, server: Server) -> None:
    assert is_right(PASSWORD, SECRET) and not is_right("another", SECRET)
    assert [lock_s(wrong) for wrong in (1, 2, 3, 4, 5, 30)] == [0, 0, 15, 30, 60, 3600]
    assert page.login("nobody", "x" * 12) == 403
    assert [page.login("assistant", "wrong") for _ in range(3)] == [403] * 3
    assert page.login("assistant") == 429, "also with the right one"
    move(server, 20)
    assert page.login("assistant") == 200
    move(server, int(IDLE.total_seconds()) - 1)
    assert page.ask("GET", "fleet.json")[0] == 200, "a page that renews itself is no act"
    move(server, 2)
    assert page.ask("GET", "fleet.json")[0] == 401
    assert page.login("assistant") == 200
    for _ in range(int(LONGEST / IDLE) + 1):
        move(server, int(IDLE.total_seconds()) - 60)
        page.ask("POST", f"kiosks/{KIOSK}/coming", {})
    move(server, int(IDLE.total_seconds()))
    assert page.ask("GET", "me")[0] == 401
    assert page.login("assistant") == 200
    assert page.ask("POST", "logout", {})[0] == 200
    assert page.ask("GET", "me")[0] == 401


def test_a_months_figures_of_all_machines_mark_what_was_too_small(page: Page, server: Server) -> None:
    rows = [
        {"table": "papers by kind", "labels": "juminhyo", "value": 30},
        {"table": "papers by kind", "labels": "fuhyo", "value": -1},
    ]
    for day in ("2026-11-20", "2026-11-21", "2026-12-01"):
        assert server.post("/v1/kiosks/figures", {"day": day, "rows": rows}).body == {"day": day}
    server.post("/v1/kiosks/figures", {"day": "2026-11-21", "rows": rows})  # once more: it stands once
    page.login("treasurer")
    status, text = page.ask("GET", "figures/2026-11.csv")
    assert status == 200
    assert text.splitlines()[1:] == [
        f"{KIOSK},papers by kind,fuhyo,0+",
        f"{KIOSK},papers by kind,juminhyo,60",
    ]
    assert page.ask("GET", "figures/whatever.csv")[0] == 404


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[tuple[str, Path]]:
    path = make_folder(
        tmp_path_factory.mktemp("staff") / "server", authority, {"hanako": Card(authority)}, HandClock()
    )
    store = folder.open_store(path)
    store.run_now(lambda tx: tx.put(StaffUser("t-0042", "cash_officer", SECRET)))
    store.close()
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "issuance.main",
        "staff",
        "--plain",
        "--dir",
        str(path),
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command, cwd=folder.HERE.parent)
    try:
        until_s = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < until_s
                time.sleep(0.05)
        yield f"http://localhost:{port}/staff/", path
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


@pytest.mark.system
def test_a_tour_in_a_browser(served: tuple[str, Path], tmp_path: Path) -> None:
    """Login, a call with its waiting time, 「行きます」, stop with a reason, the other language, a tablet's width."""
    address, path = served
    store = folder.open_store(path)
    server_says = {**REPORT, "called_s": 95}
    browser = Browser(tmp_path / "chromium")
    try:
        store.run_now(make_one_newer)
        browser.open(address)
        browser.until("document.documentElement.dataset.ready === 'yes'")
        assert browser.run("document.getElementById('list').hidden") is True
        type_in = "document.getElementById('{}').value = {}"
        browser.run(type_in.format("name", '"t-0042"'))
        browser.run(type_in.format("password", '"wrong"'))
        browser.run("document.getElementById('enter').click()")
        browser.until("document.getElementById('said').hidden === false")
        browser.run(type_in.format("password", json.dumps(PASSWORD)))
        browser.run("document.getElementById('enter').click()")
        browser.until("document.getElementById('list').dataset.ready === 'yes'")
        stand(store, server_says)
        card = f"document.getElementById('kiosk-{KIOSK}')"
        browser.until(f"{card}.className === 'called'")
        browser.run("if (document.documentElement.lang !== 'ja') document.getElementById('language').click()")
        said = browser.run(f"{card}.innerText")
        assert (
            "呼出し中" in said
            and "支払" in said
            and "M-406" in said
            and "硬貨の箱" in said
            and "hopper100" in said
            and "2,000円" in said
        )
        assert "証明書プリンター：用紙が少ない" in said and "18枚 残りわずか" in said
        assert "問題なし" in said, "toner and roll"
        assert "1台が呼んでいます" in browser.run("document.getElementById('calls').innerText")
        assert "プログラムがそろっていません" in browser.run("document.getElementById('alarms').innerText")
        browser.picture(tmp_path / "called.png", 1024, 768)
        browser.run(f"{card}.querySelector('[data-act=coming]').click()")
        browser.until(f"{card}.innerText.includes('係員が向かっています')")
        browser.run(f"{card}.querySelector('[data-act=halt]').click()")
        browser.run(type_in.format("reason", '"蓋が開いている"'))
        browser.run("document.getElementById('ask-yes').click()")
        browser.until(f"{card}.innerText.includes('発行を止めています')")
        assert "halt" not in browser.run(f"{card}.querySelector('[data-act=resume]').dataset.act")
        browser.run("document.getElementById('language').click()")
        browser.until(f"{card}.innerText.includes('Issuing is stopped')")
        browser.picture(tmp_path / "phone.png", 360, 740)
        assert browser.run("document.documentElement.scrollWidth") <= 360
        shown = "[...document.querySelectorAll('button')].filter(each => each.offsetHeight)"
        small = f"{shown}.filter(each => each.offsetHeight < 44).length"
        assert browser.run(small) == 0
        texts = "import('./texts.js').then(each => [Object.keys(each.TEXTS.ja), Object.keys(each.TEXTS.en)])"
        first, second = browser.run(texts)
        assert first == second
        browser.run("document.getElementById('leave').click()")
        browser.until("document.getElementById('login').hidden === false")
        assert all(each.startswith(address) for each in browser.requests if not each.startswith("data:"))
    finally:
        browser.close()
        store.close()


def make_one_newer(tx: Tx) -> None:
    """Two machines, and one has a newer program."""
    (own,) = tx.find(Kiosk)
    tx.put(replace(own, version="0.1.0"))
    tx.put(replace(own, kiosk="kiosk-9", fingerprint="9" * 64, version="0.2.0"))


def stand(store: Any, report: dict[str, Any]) -> None:
    now = stamp(datetime.now(UTC))
    store.run_now(lambda tx: tx.put(Standing(KIOSK, now, json.dumps(report))))


@pytest.mark.system
def test_users_are_made_and_removed_by_a_command_and_plain_is_for_this_machine(
    served: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, path = served
    monkeypatch.setattr(sys, "stdin", io.StringIO("short\n"))
    assert main(["staff-user", "--dir", str(path), "--name", "a-1", "--role", "assistant"]) == 1
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
    assert main(["staff-user", "--dir", str(path), "--name", "a-1", "--role", "assistant"]) == 0
    assert _login(address, "a-1") == 200
    assert main(["staff-user", "--dir", str(path), "--name", "a-1", "--remove"]) == 0
    assert _login(address, "a-1") == 403
    assert main(["staff", "--plain", "--host", "0.0.0.0", "--dir", str(path)]) == 1


def _login(address: str, name: str) -> int:
    body = json.dumps({"name": name, "password": PASSWORD}).encode()
    request = urllib.request.Request(f"{address}login", body, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
