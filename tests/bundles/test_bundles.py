"""A signed bundle is put in force as a whole or not at all, whatever is wrong with it and whenever the power goes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.bundles import main
from kiosk.bundles.sealed import ALL, MACHINE, TOWN, Signer, opened
from kiosk.bundles.shelf import Shelf
from kiosk.config import load
from kiosk.errors import ConfigError

CONFIG = Path(__file__).resolve().parents[2] / "provisioning/config"
FILES = {
    MACHINE: (CONFIG / "machine.demo.toml").read_text(encoding="utf-8"),
    TOWN: (CONFIG / "town.demo.toml").read_text(encoding="utf-8"),
}
KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
WHEN = datetime(2026, 4, 1, tzinfo=UTC)


def sealed(version: int = 1, kiosk: str = "demo-0001", key: Ed25519PrivateKey = KEY, **files: str) -> bytes:
    return Signer(key).seal(version, kiosk, files or FILES, WHEN)


def changed(old: str, new: str, file: str = TOWN) -> dict[str, str]:
    assert old in FILES[file]
    return FILES | {file: FILES[file].replace(old, new)}


class Core:
    """A manager whose core comes ready, or not. `power_goes`: the machine ends while it restarts."""

    def __init__(self, *ready: bool, power_goes: bool = False) -> None:
        self.ready = list(ready)
        self.power_goes = power_goes
        self.restarts = 0

    def is_idle(self) -> bool:
        return True

    def restart(self) -> bool:
        self.restarts += 1
        if self.power_goes:
            raise InterruptedError
        return self.ready.pop(0)

    def is_ready(self) -> bool:
        return self.ready.pop(0)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """As step 35 leaves it."""
    (tmp_path / "versions/0").mkdir(parents=True)
    for name, text in FILES.items():
        (tmp_path / "versions/0" / name).write_text(text, encoding="utf-8")
        (tmp_path / name).symlink_to(f"active/{name}")
    (tmp_path / "active").symlink_to("versions/0")
    return Shelf(tmp_path)


def in_force(root: Path) -> int:
    """What the core would read, by the paths that it is started with."""
    return load([root / MACHINE, root / TOWN]).town.max_lines


def accept(shelf: Shelf, data: bytes) -> int:
    return shelf.accept(opened(data, PUBLIC))


def test_a_bundle_is_in_force_when_the_core_is_ready(shelf: Shelf, tmp_path: Path) -> None:
    version = accept(shelf, sealed(3, **changed("max_lines = 9", "max_lines = 4")))
    assert (version, shelf.active, in_force(tmp_path)) == (3, 0, 9), "accepted is not in force"
    assert shelf.put_in_force(version, Core(True))
    assert (shelf.active, shelf.on_trial, in_force(tmp_path)) == (3, None, 4)


def test_a_bundle_for_all_keeps_the_machines_own_file(shelf: Shelf, tmp_path: Path) -> None:
    town = changed("max_lines = 9", "max_lines = 5")[TOWN]
    shelf.put_in_force(accept(shelf, sealed(1, ALL, **{TOWN: town})), Core(True))
    assert in_force(tmp_path) == 5
    assert (tmp_path / MACHINE).read_text(encoding="utf-8") == FILES[MACHINE]


def test_a_core_that_does_not_come_ready_brings_the_old_one_back(shelf: Shelf, tmp_path: Path) -> None:
    core = Core(False, True)
    assert not shelf.put_in_force(accept(shelf, sealed(1, **changed("max_lines = 9", "max_lines = 4"))), core)
    assert (shelf.active, shelf.on_trial, core.restarts, in_force(tmp_path)) == (0, None, 2, 9)
    assert accept(shelf, sealed(2)) == 2, "its number is used up; the next one is taken"


@pytest.mark.parametrize(("is_ready", "stays"), [(True, 4), (False, 9)])
def test_a_power_cut_on_trial_is_settled_after_the_start(
    shelf: Shelf, tmp_path: Path, is_ready: bool, stays: int
) -> None:
    version = accept(shelf, sealed(1, **changed("max_lines = 9", "max_lines = 4")))
    with pytest.raises(InterruptedError):
        shelf.put_in_force(version, Core(power_goes=True))
    again = Shelf(tmp_path)
    assert again.on_trial == 0
    again.settle(Core(is_ready, True))
    assert (in_force(tmp_path), again.on_trial) == (stays, None)
    again.settle(Core())  # nothing is on trial: nobody is asked


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (changed("max_lines = 9", "max_lines = 0"), r"^municipality\.toml:\d+: town\.max_lines: between 1"),
        (changed("max_lines = 9", "max_line = 9"), r"^municipality\.toml:\d+: town\.max_line: unknown key"),
        (changed('flow = "konbini"', 'flow = "back"', MACHINE), r"^machine\.toml:\d+: machine\.flow: one of"),
        (changed('kiosk = "demo-0001"', 'kiosk = "other-1"', MACHINE), "no other name"),
        (changed('mode = "demo"', 'mode = "production"', MACHINE), "takes no simulator"),
        (changed("[town]", "[town"), r"^.*municipality\.toml: not TOML"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_line_and_nothing_changes(
    shelf: Shelf, tmp_path: Path, files: dict[str, str], says: str
) -> None:
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    with pytest.raises(ConfigError, match=says):
        accept(shelf, sealed(1, **files))
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (sealed(1, key=Ed25519PrivateKey.generate()), "not signed by the town"),
        (sealed(1, "other-1"), "this is demo-0001"),
        (b"{}", "not of the form"),
        (b"", "not of the form"),
        (b"[" * 100_000, "not of the form"),
        (b" " * (4 * 1024 * 1024 + 1), "too large"),
    ],
)
def test_what_is_not_the_towns_is_refused(shelf: Shelf, data: bytes, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        accept(shelf, data)


def test_an_older_or_used_number_is_refused(shelf: Shelf) -> None:
    shelf.put_in_force(accept(shelf, sealed(5)), Core(True))
    for version in (5, 4):
        with pytest.raises(ConfigError, match=f"version {version} is not newer than 5"):
            accept(shelf, sealed(version))


@settings(max_examples=50, derandomize=True, deadline=None)
@given(st.integers(0, len(sealed()) - 1), st.integers(1, 255))
def test_no_changed_byte_of_a_bundle_means_anything_else(at: int, by: int) -> None:
    data = bytearray(sealed())
    data[at] ^= by
    try:
        found = opened(bytes(data), PUBLIC)
    except ConfigError:
        return
    assert found == opened(sealed(), PUBLIC)  # white space between the members


def test_a_payload_of_another_form_is_refused_although_it_is_signed() -> None:
    whole = json.loads(base64.b64decode(json.loads(sealed())["payload"]))

    def signed(**parts: object) -> bytes:
        payload = json.dumps(whole | parts).encode()
        texts = (base64.b64encode(each).decode() for each in (payload, KEY.sign(payload)))
        return json.dumps(dict(zip(("payload", "signature"), texts, strict=True))).encode()

    for parts, says in (
        ({"format": "madoguchi/bundle/2"}, "does not read"),
        ({"version": 0}, "from 1 on"),
        ({"more": 1}, "not of the form"),
        ({"files": FILES | {"../passwd": "x"}}, "are expected"),
        ({"kiosk": "*"}, "are expected"),
    ):
        with pytest.raises(ConfigError, match=says):
            opened(signed(**parts), PUBLIC)


def test_only_some_old_versions_are_kept(shelf: Shelf) -> None:
    for version in range(1, 8):
        shelf.put_in_force(accept(shelf, sealed(version)), Core(True))
    assert shelf.versions() == [0, 4, 5, 6, 7]


def test_the_command_from_the_office_to_the_machine(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del shelf
    calls: list[tuple[str, ...]] = []

    def systemctl(*words: str) -> bool:
        calls.append(words)
        return True

    monkeypatch.setattr(main, "_systemctl", systemctl)
    monkeypatch.setattr(main.Systemd, "is_idle", lambda _: "busy" not in calls)
    pem = KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "town.key").write_bytes(pem)
    (tmp_path / "public.pem").write_bytes(PUBLIC)

    def does(*words: str) -> int:
        return main.main(["--root", str(tmp_path), *words])

    sources = [str(CONFIG / name) for name in ("machine.demo.toml", "town.demo.toml")]
    out, key = str(tmp_path / "b.json"), str(tmp_path / "town.key")
    assert does("make", "--version", "2", "--key", key, "--out", out, *sources) == main.DONE
    apply: Callable[[], int] = lambda: does("apply", "--key", str(tmp_path / "public.pem"), out)  # noqa: E731
    calls.append(("busy",))
    monkeypatch.setattr(main.Systemd, "is_idle", lambda _: False)
    assert apply() == main.BUSY
    monkeypatch.setattr(main.Systemd, "is_idle", lambda _: True)
    assert apply() == main.DONE
    assert calls[-1] == ("restart", "kiosk-core.service")
    assert apply() == main.REFUSED
    assert "not newer" in capsys.readouterr().err
    assert does("show") == main.DONE
    assert capsys.readouterr().out.splitlines() == ["0", "2  in force"]
    assert does("back") == main.DONE
    assert Shelf(tmp_path).active == 0
    assert does("settle") == main.DONE
