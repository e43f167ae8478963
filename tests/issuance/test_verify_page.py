"""The public page in a real browser: it decodes and verifies by itself, and sends a 発行番号 and nothing else."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from issuance import folder, seal
from issuance.main import main
from issuance.public import DECODER_SHA512, Bucket, DecoderError, unpack_decoder
from issuance.seal import Claim, Sheet
from issuance.serials import make_serial
from issuance.store import Document, Session
from tests.issuance.browser import Browser
from tests.issuance.papers import EVERYTHING, draughtsman, draw, scan
from tests.issuance.people import Authority, Card, HandClock, make_folder
from tests.ports import free_port

SERIAL = make_serial(2026, 123)
CLAIM = Claim("99201", "juminhyo", SERIAL, 1795230000)
SHEET = Sheet(
    1,
    1,
    "住民票の写し",
    [["住所", "例示県例示市港町二丁目２番２号"], ["世帯主", "𠮷見本　葛󠄂子"]],
    ["氏名", "生年月日"],
    [["𠮷見本　葛󠄂子", "昭和50年11月30日"]],
    [],
)
pytestmark = pytest.mark.system


class Served:
    """A server's folder, and `issuance-server public` over it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with contextlib.closing(folder.open_store(path)) as store:
            self.sealer = folder.open_office(path, font=folder.FONT, clock=HandClock(), store=store).sealer
        self.port = free_port()
        command = [
            sys.executable,
            "-m",
            "issuance.main",
            "public",
            "--dir",
            str(path),
            "--port",
            str(self.port),
        ]
        self._process = subprocess.Popen(command, cwd=folder.HERE.parent)
        until_s = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                break
            except OSError:
                assert self._process.poll() is None and time.monotonic() < until_s
                time.sleep(0.05)
        self.here = f"http://localhost:{self.port}/verify"  # a secure context without TLS, for WebCrypto

    def keep(self, state: str, serial: str = SERIAL) -> None:
        row = Document(
            serial=serial, kiosk="kiosk-demo-1", transaction_id="t", line=serial, kind="juminhyo", options="",
            order_hash="", order_signature=b"", resident="hanako", fee=200, sha256="", pages=2, state=state,
            reserved_at="", expires_at="", changed_at="", assisted=0,
        )  # fmt: skip
        store = folder.open_store(self.path)
        session = Session("t", "kiosk-demo-1", "authenticated", b"", "", "", "", "hanako", "")
        store.run_now(lambda tx: tx.put(session))
        store.run_now(lambda tx: tx.put(row))
        store.close()

    def ask(self, path: str) -> tuple[int, bytes, dict[str, str]]:
        with urllib.request.urlopen(self.here + path) as answer:
            return answer.status, answer.read(), dict(answer.headers)

    def code(self, text: str) -> str:
        """The code's text with the town's address exchanged for this one."""
        return f"{self.here}#{text.partition('#')[2]}"

    def close(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("public") / "server"
    served = Served(make_folder(path, authority, {"hanako": Card(authority)}, HandClock()))
    try:
        served.keep("printed")
        yield served
    finally:
        served.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


def seen(browser: Browser) -> str:
    return str(browser.run("document.querySelector('main')?.innerText ?? ''"))


def verdict(browser: Browser) -> str:
    browser.until("document.getElementById('result')?.hidden === false")
    return str(browser.run("document.getElementById('result').className"))


def test_a_code_opens_the_page_that_says_what_the_paper_says(served: Served, browser: Browser) -> None:
    browser.open(served.code(served.sealer.back_text(CLAIM, SHEET)))
    assert verdict(browser) == "good"
    browser.until("document.getElementById('status')?.hidden === false")
    assert browser.run("document.getElementById('status').className") == "issued"
    values = browser.run(
        "[...document.querySelectorAll('#sheet dd')].map(each => each.firstChild.textContent)"
    )
    assert values == ["例示県例示市港町二丁目２番２号", "𠮷見本　葛󠄂子", "𠮷見本　葛󠄂子", "昭和50年11月30日"]
    assert "U+845B U+E0102" in seen(browser)
    # Nothing of it is left in the address, and nothing but the number was sent.
    assert browser.run("location.href") == f"{served.here}/"
    entries = browser.call("Page.getNavigationHistory")["entries"]
    assert not any("#" in each["url"] for each in entries)
    paths = [each.partition("/verify")[2].partition("#")[0] for each in browser.requests]
    assert sorted(set(paths)) == sorted(
        ["", "/", "/verify.css", "/verify.js", "/texts.js", "/keys.json", f"/papers/{SERIAL}"]
    )
    assert [each for each in browser.requests if not each.startswith(served.here)] == []


def test_the_code_of_a_front(served: Served, browser: Browser) -> None:
    browser.open(served.code(served.sealer.text(CLAIM)))
    assert verdict(browser) == "good"
    assert browser.run("document.getElementById('said').hidden") is True
    assert SERIAL in seen(browser)
    assert "住民票の写し" in seen(browser)


@pytest.mark.parametrize(
    ("state", "told"), [("void", "void"), ("printed", "issued"), ("prepared", "unknown")]
)
def test_issued_or_void(served: Served, browser: Browser, state: str, told: str) -> None:
    served.keep(state)
    browser.open(served.code(served.sealer.text(CLAIM)))
    browser.until("document.getElementById('status')?.hidden === false")
    assert browser.run("document.getElementById('status').className") == told


def test_what_was_touched_or_is_anothers_is_told_and_sends_nothing(served: Served, browser: Browser) -> None:
    text = served.sealer.back_text(CLAIM, SHEET)
    at = text.index("#B.") + 60
    touched = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
    another = draughtsman()._sealer.back_text(CLAIM, SHEET)
    for code in (touched, another, f"{served.here}#B.AAAA", f"{served.here}#{'A' * 40}", text[:-20]):
        browser.open(served.code(code))
        assert verdict(browser) == "bad"
        assert "例示県例示市港町" not in seen(browser)
        assert not any("/papers/" in each for each in browser.requests)


def test_a_text_that_a_reader_gave(served: Served, browser: Browser) -> None:
    browser.open(served.here)
    browser.until("document.documentElement.dataset.ready === 'yes'")
    code = json.dumps(served.sealer.back_text(CLAIM, SHEET))
    browser.run(f"document.getElementById('text').value = {code}; document.getElementById('check').click()")
    assert verdict(browser) == "good"


def test_both_languages(served: Served, browser: Browser) -> None:
    browser.open(served.code(served.sealer.text(CLAIM)))
    assert verdict(browser) == "good"
    first = browser.run("document.documentElement.lang")
    other = browser.run("document.getElementById('language').click(); document.documentElement.lang")
    assert {first, other} == {"ja", "en"}
    texts = browser.run(
        "import('./texts.js').then(each => [Object.keys(each.TEXTS.ja), Object.keys(each.TEXTS.en)])"
    )
    assert texts[0] == texts[1]


def test_after_a_new_key_old_papers_are_still_verified(
    tmp_path: Path, authority: Authority, browser: Browser
) -> None:
    path = make_folder(tmp_path / "server", authority, {"hanako": Card(authority)}, HandClock())
    with contextlib.closing(folder.open_store(path)) as store:
        old = folder.open_office(path, font=folder.FONT, clock=HandClock(), store=store).sealer.text(CLAIM)
    assert main(["rotate-seal", "--dir", str(path)]) == 0
    served = Served(path)
    try:
        new = served.sealer.text(CLAIM)
        assert seal.read(old, folder.seal_keys(path)) == CLAIM
        for code in (old, new):
            browser.open(served.code(code))
            assert verdict(browser) == "good"
    finally:
        served.close()


def test_a_picture_is_read_by_the_decoder_that_the_town_put_there(
    served: Served, browser: Browser, tmp_path: Path
) -> None:
    """A decoder of the same interface stands in for the npm package: what is tested is the road to it and back."""
    drawn = draw(draughtsman(), "goro", "juminhyo", **EVERYTHING)
    assert not isinstance(drawn, str)
    scan(drawn.pdf, tmp_path, 100)
    browser.open(served.here)
    browser.until("document.documentElement.dataset.ready === 'yes'")
    browser.choose_file("#picture", tmp_path / "page-2.png")
    browser.until("document.getElementById('cannot')?.hidden === false")  # none is there
    decoder = served.path / "verify-qr"
    decoder.mkdir()
    code = json.dumps(served.sealer.back_text(CLAIM, SHEET))
    (decoder / "decode.js").write_text(f"export default (image) => image.width > 500 ? {code} : null;")
    browser.open(served.here)
    browser.until("document.documentElement.dataset.ready === 'yes'")
    browser.choose_file("#picture", tmp_path / "page-2.png")
    assert verdict(browser) == "good"
    assert all(each.startswith((served.here, "blob:")) for each in browser.requests)


def test_it_fits_a_telephone(served: Served, browser: Browser, tmp_path: Path) -> None:
    browser.open(served.code(served.sealer.back_text(CLAIM, SHEET)))
    assert verdict(browser) == "good"
    browser.picture(tmp_path / "phone.png", 360, 740)
    assert browser.run("document.documentElement.scrollWidth") <= 360
    small = "[...document.querySelectorAll('button, input')].filter(each => each.offsetHeight < 44).length"
    assert browser.run(small) == 0


def test_the_public_server_says_nothing_else(served: Served) -> None:
    served.keep("printed")
    status, body, headers = served.ask(f"/papers/{SERIAL}")
    assert (status, json.loads(body)) == (200, {"state": "issued"})
    assert headers["content-security-policy"].startswith("default-src 'none'")
    for other in (make_serial(2026, 124), SERIAL[:-1] + "x", "nonsense"):
        assert json.loads(served.ask(f"/papers/{other}")[1]) == {"state": "unknown"}
    published = json.loads(served.ask("/keys.json")[1])
    assert {each["id"] for each in published["keys"]} == {
        each.hex() for each in folder.seal_keys(served.path)
    }
    for lost in ("/..%2fpublic.py", "/verify.html", "/qr/..%2findex.html", "/papers/"):
        with pytest.raises(urllib.error.HTTPError):
            served.ask(lost)


def test_nobody_counts_the_towns_papers_by_asking() -> None:
    clock = HandClock()
    bucket = Bucket(clock, 60)
    assert [bucket.take() for _ in range(61)] == [True] * 60 + [False]


def test_only_the_package_that_was_looked_at_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "qr.tgz").write_bytes(b"something else")
    with pytest.raises(DecoderError):
        unpack_decoder(tmp_path / "qr.tgz", tmp_path / "to")
    assert not (tmp_path / "to").exists()
    assert len(DECODER_SHA512) == 128
