"""`kiosk-card read | tries | photo | sign`: over the virtual card in this process, and once over a real pcscd."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509

from drivers.card_service import main as command_line
from drivers.card_service import tool
from drivers.jpki.sim.box import Options
from drivers.jpki.sim.card import VirtualCard
from tests.contract.card_bench import Bench, wait_for
from tests.contract.cards import PIN, SIGN_SECRET, box, card, number_b

Call = Callable[..., int]


class Hand:
    """A technician: what is typed, what is seen."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.card: VirtualCard = card()
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.out = self.err = ""

    def run(self, *words: str, typed: str = "") -> int:
        """The exit code; the secret comes as a line of standard input."""

        @contextlib.contextmanager
        def opened(_: object) -> Iterator[VirtualCard]:
            self.card.power()
            yield self.card

        reading, writing = os.pipe()
        os.write(writing, typed.encode() + b"\n")
        os.close(writing)
        with os.fdopen(reading) as stdin:
            self._monkeypatch.setattr(sys, "stdin", stdin)
            self._monkeypatch.setattr(tool, "harden", lambda: None)
            code = tool.main(words, opened)
        self.out, self.err = self._capsys.readouterr()
        return code

    @property
    def verifies(self) -> int:
        """VERIFY commands that carried something."""
        return sum(each.startswith("0020") and "[0]" not in each for each in self.card.commands)


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Hand:
    return Hand(monkeypatch, capsys)


def test_read_says_what_it_is_without_any_secret(hand: Hand, tmp_path: Path) -> None:
    assert hand.run("read", "--out", str(tmp_path / "a.pem")) == 0
    found = x509.load_pem_x509_certificate((tmp_path / "a.pem").read_bytes())
    assert (
        "kind: my_number" in hand.out and found.fingerprint(found.signature_hash_algorithm).hex() in hand.out
    )  # type: ignore[arg-type]  # it has one
    assert hand.verifies == 0
    assert (tmp_path / "a.pem").stat().st_mode & 0o77 == 0
    assert hand.run("read", "--out", str(tmp_path / "a.pem")) == 1, "nothing is overwritten"
    assert hand.run("read") == 0 and "valid: " in hand.out and f"serial: {found.serial_number:x}" in hand.out


def test_read_says_which_card_it_is(hand: Hand) -> None:
    assert hand.run("read", "--common") == 0
    assert re.search(r"serial: [0-9]{15}\nmunicipality: 99201\nexpiry: 20[0-9]{6}\n", hand.out)
    assert hand.card.commands == [
        "00A4040C D3921000310001010100 Ne 0",
        "00B2010C [0] Ne 256",
        "00A4040C 00000000000000000000000000000000 Ne 0",
    ]
    hand.card = card(options=Options(device="android"))
    assert hand.run("read", "--common") == 1 and "not on this card" in hand.err


def test_a_sign_certificate_goes_to_a_file_and_never_to_the_screen(hand: Hand, tmp_path: Path) -> None:
    assert hand.run("read", "--sign", "--out", str(tmp_path / "s.pem"), typed=SIGN_SECRET) == 0
    assert b"BEGIN CERTIFICATE" in (tmp_path / "s.pem").read_bytes()
    for words in (("read", "--sign"), ("read", "--sign", "--trace")):
        assert hand.run(*words, typed=SIGN_SECRET) == 0
        assert "例示" not in hand.out + hand.err and SIGN_SECRET not in hand.out + hand.err


def test_tries_are_told_of_every_secret_and_none_is_used(hand: Hand) -> None:
    hand.card.memory["number.b"].left = 7
    hand.card.memory["jpki.auth"].left = 0
    assert hand.run("tries") == 0
    assert "利用者証明用 PIN: blocked" in hand.out and "署名用 password: 5" in hand.out
    assert "照合番号B (face): 7" in hand.out and "照合番号A (face): 10" in hand.out
    assert hand.verifies == 0
    hand.card = card(options=Options(device="iphone"))
    assert hand.run("tries") == 0
    assert "照合番号B (face): not on this card" in hand.out


@pytest.mark.parametrize(("words", "typed"), [((), PIN), (("--sign",), SIGN_SECRET)])
def test_a_signature_is_one_that_openssl_verifies(
    hand: Hand, tmp_path: Path, words: tuple[str, ...], typed: str
) -> None:
    (tmp_path / "m").write_bytes(b"message")
    out = ("--out", str(tmp_path / "s"), "--certificate", str(tmp_path / "c.pem"))
    assert hand.run("sign", str(tmp_path / "m"), *words, *out, typed=typed) == 0
    script = "openssl x509 -in c.pem -noout -pubkey > p && openssl dgst -sha256 -verify p -signature s m"
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, check=False)
    assert b"Verified OK" in done.stdout, done.stderr


def test_a_wrong_secret_costs_one_try_and_the_last_is_asked_for_in_words(hand: Hand, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"message")
    words = ("sign", str(tmp_path / "m"), "--out", str(tmp_path / "s"))
    for left in (2, 1):
        assert hand.run(*words, typed="9876") == 1
        assert f"wrong; {left} tries left" in hand.err
    assert hand.run(*words, typed=PIN) == 1 and "--last-try" in hand.err
    assert hand.verifies == 2
    assert hand.run(*words, "--last-try", typed="9876") == 1 and "blocked now" in hand.err
    assert hand.run(*words, "--last-try", typed=PIN) == 1 and "blocked; the counter" in hand.err
    assert hand.verifies == 3
    assert not (tmp_path / "s").exists()


def test_a_secret_of_another_length_uses_no_try(hand: Hand, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"message")
    for typed in ("", "123", "12345", "1" * 70):
        assert hand.run("sign", str(tmp_path / "m"), "--out", str(tmp_path / "s"), typed=typed) == 1
    assert hand.verifies == 0


def test_the_photo_is_believed_or_not_written(hand: Hand, tmp_path: Path) -> None:
    words = ("photo", "--cv-roots", str(box() / "pki" / "cv-roots.txt"), "--out", str(tmp_path / "p.jp2"))
    assert (
        hand.run(*words, typed=number_b()) == 1 and "test card" in hand.err
    )  # a machine in use takes no such root
    assert hand.run(*words, "--allow-virtual", typed=number_b()[:-1]) == 1
    assert hand.run(*words, "--allow-virtual", typed=number_b()[:10] + "0000") == 1 and "9 tries" in hand.err
    hand.card = card(options=Options(record="other-photo"))
    assert hand.run(*words, "--allow-virtual", typed=number_b()) == 1 and "not believed" in hand.err
    assert not (tmp_path / "p.jp2").exists()
    hand.card = card()
    assert hand.run(*words, "--allow-virtual", typed=number_b()) == 0
    assert (tmp_path / "p.jp2").read_bytes()[4:8] == b"jP  "
    assert hand.card.memory["number.b"].left == 10


def test_a_trace_has_lengths_where_secrets_were(hand: Hand, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"message")
    assert hand.run("sign", str(tmp_path / "m"), "--out", str(tmp_path / "s"), "--trace", typed=PIN) == 0
    assert "> 00200098 [4] Ne 0\n< [0] 9000\n" in hand.err
    assert PIN not in hand.err and PIN.encode().hex() not in hand.err.lower()


@pytest.mark.parametrize("word", ["--pin", "--password", "--number"])
def test_no_secret_is_an_argument(hand: Hand, word: str) -> None:
    with pytest.raises(SystemExit) as end:
        hand.run("sign", "m", "--out", "s", word, PIN)
    assert end.value.code == 2


def test_help_names_every_verb_and_what_it_does_to_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command_line.main(["read", "--help"])
    assert "name and address" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        command_line.main(["--help"])
    said = capsys.readouterr().out
    assert "read, tries, photo, sign, readers or seal" in said


@pytest.mark.system
def test_over_pcscd_with_somebody_who_types_and_sees_no_echo() -> None:
    with Bench() as bench:
        bench.start_pcscd()
        bench.start_sim("--person", "hanako")
        wait_for(lambda: b"Yes" in bench.run("kiosk-card", ["opensc-tool", "-l"]).stdout)
        argv = [sys.executable, "-m", "drivers.card_service.main"]
        assert bench.run("kiosk-card", [*argv, "readers"]).stdout.splitlines()[0] == b"Virtual PCD 00 00"
        refused = bench.run("kiosk-card", [*argv, "tries"])
        assert refused.returncode == 1 and b"virtual-reader" in refused.stderr
        assert b"PIN: 3" in bench.run("kiosk-card", [*argv, "tries", "--allow-virtual"]).stdout
        stranger = bench.run("kiosk-core", [*argv, "tries", "--allow-virtual"])
        assert stranger.returncode == 1 and b"no-service" in stranger.stderr
        bench.run("kiosk-card", ["sh", "-c", "echo message > /run/kiosk/card/m"])
        files = ["/run/kiosk/card/m", "--out", "/run/kiosk/card/s"]
        said = _typing(bench.command("kiosk-card", [*argv, "sign", *files, "--allow-virtual"]), PIN)
        assert b"tries left" in said and b"256 bytes" in said
        assert PIN.encode() not in said


def _typing(command: list[str], secret: str) -> bytes:
    """Everything that a terminal showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while piece := os.read(ours, 1000):
            said += piece
            if said.endswith(b"left): "):
                os.write(ours, secret.encode() + b"\n")
    assert process.wait() == 0, said
    os.close(ours)
    return said
