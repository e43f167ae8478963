"""kiosk-check on a machine in use: each way in for test cards, alone."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drivers.piv import sim
from kiosk import check
from kiosk.cash_office import Office
from kiosk.clock import SystemClock
from kiosk.config import load
from kiosk.config_shape import Mode, Paths
from kiosk.daemon.wiring import must_be_of, setup_of
from kiosk.errors import ConfigError, JournalError
from kiosk.ipc.staff_wire import Read
from kiosk.journal.reading import mode_of, open_for_reading
from kiosk.journal.records import Started, Stopped
from kiosk.journal.store import open_store
from kiosk.money import Yen
from kiosk.production import findings
from kiosk.slips import Heading, Issuer, Languages, fault, owed, texts_of
from tests.config.test_config import SMALL_MACHINE, SMALL_TOWN


def _put(root: Path, name: str, text: str = "") -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _machine(folder: Path, mode: str) -> list[Path]:
    paths = [folder / "machine.toml", folder / "town.toml"]
    paths[0].write_text(SMALL_MACHINE.replace("demo", mode), encoding="utf-8")
    paths[1].write_text(SMALL_TOWN, encoding="utf-8")
    return paths


GOOD_UNIT = "[Service]\nExecStart=/opt/madoguchi/venv/bin/kiosk-card\n"
WAYS = [
    ("usr/lib/pcsc/drivers/serial/libifdvpcd.so.1.0.0", "", "virtual-reader"),
    ("etc/reader.conf.d/vpcd", "", "virtual-reader"),
    ("etc/systemd/system/kiosk-card@.service", GOOD_UNIT[:-1] + " --allow-virtual\n", "virtual-reader"),
    (
        "etc/systemd/system/kiosk-card@.service.d/local.conf",
        "[Service]\nExecStart=\nExecStart=/opt/x/kiosk-card --allow-virtual\n",
        "virtual-reader",
    ),
    ("etc/madoguchi/cv-roots.txt", "# state\n5000023F00 AA 03\n\n9000023F00 AA 03\n", "test-root"),
    ("etc/madoguchi/cv-roots.txt", "6000023F00 AA 03\n", "test-root"),
]


def test_the_authority_of_virtual_staff_cards_is_found(tmp_path: Path) -> None:
    sim.make(tmp_path, ())
    config = load(_machine(tmp_path, "production"))
    assert findings(config, tmp_path / "root") == ()
    tainted = replace(config, staff_authorities=(tmp_path / "staff" / "ca.pem",))
    assert [each.partition(":")[0] for each in findings(tainted, tmp_path / "root")] == ["test-root"]


@pytest.mark.parametrize(("name", "text", "code"), WAYS)
def test_each_way_in_is_found_and_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, code: str
) -> None:
    root = tmp_path / "root"
    _put(root, "etc/systemd/system/kiosk-core.service", "ExecStart=kiosk-core --allow-virtual\n")
    _put(root, "etc/systemd/system/kiosk-card.socket", "[Socket]\n")
    _put(root, "usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist")
    config = load(_machine(tmp_path, "production"))
    assert findings(config, root) == ()
    _put(root, name, text)
    (found,) = findings(config, root)
    assert found.startswith(code + ":") and name in found
    words = [word for path in _machine(tmp_path, "production") for word in ("--config", str(path))]
    assert check.main([*words, "--root", str(root)]) == check.REFUSED
    assert f"REFUSED {code}" in capsys.readouterr().err
    words = [word for path in _machine(tmp_path, "demo") for word in ("--config", str(path))]
    assert check.main([*words, "--root", str(root)]) == check.GOOD


def test_the_line_of_a_test_root_is_named(tmp_path: Path) -> None:
    _put(tmp_path, *WAYS[4][:2])
    (found,) = findings(load(_machine(tmp_path, "production")), tmp_path)
    assert "cv-roots.txt:4" in found


# --- training -------------------------------------------------------------------------------------------------------


def _training(folder: Path, change: tuple[str, str] = ("", "")) -> list[Path]:
    """A machine for classes: everything simulated, keys and journal in places of their own."""
    paths = _machine(folder, "training")
    text = paths[0].read_text(encoding="utf-8")
    assert "/dev/" not in text
    for name in ("key", "certificate", "server_ca", "manifest_key"):
        text = re.sub(rf'^{name} = ".*/', f'{name} = "/var/lib/madoguchi/training/', text, flags=re.MULTILINE)
    text = re.sub(r'^url = ".*"', 'url = "https://127.0.0.1:8443"', text, flags=re.MULTILINE)
    text += '\n[paths]\njournal = "/var/lib/madoguchi/training/journal.db"\n'
    assert not change[0] or change[0] in text
    paths[0].write_text(text.replace(*change) if change[0] else text, encoding="utf-8")
    return paths


def test_a_training_machine_has_simulators_a_server_and_a_journal_of_its_own(tmp_path: Path) -> None:
    config = load(_training(tmp_path))
    assert config.machine.mode is Mode.TRAINING
    setup = setup_of(config)
    assert setup.is_training and setup.issuer.is_training
    assert findings(config, tmp_path / "root") == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("https://127.0.0.1:8443", "https://issuance.example.lg.jp"), "issuing server of its own"),
        (("training/journal.db", "journal.db"), "paths.journal: must lie in a place called training"),
        (("training/device.key", "device.key"), "issuance.key: must lie in a place called training"),
    ],
)
def test_nothing_real_comes_into_training(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(_training(tmp_path, change))


def test_a_real_device_is_refused_in_training_and_training_elsewhere(tmp_path: Path) -> None:
    paths = _training(tmp_path)
    text = paths[0].read_text(encoding="utf-8")
    device = '\n[[device]]\nid = "lamp1"\ndriver = "panel_io"\noptions = { host = "192.0.2.7" }\n'
    paths[0].write_text(text + device, encoding="utf-8")
    with pytest.raises(ConfigError, match="nothing but simulators"):
        load(paths)
    paths[0].write_text(text.replace('"training"', '"demo"'), encoding="utf-8")
    with pytest.raises(ConfigError, match="must not lie in a place called training"):
        load(paths)


LEFT = (
    "opt/madoguchi/venv/lib/python3.11/site-packages/drivers/simpanel/cli.py",
    "var/lib/madoguchi/training/journal.db",
    "etc/systemd/system/kiosk-sim.service",
)


@pytest.mark.parametrize("name", LEFT)
def test_going_back_is_proven_by_nothing_being_left(tmp_path: Path, name: str) -> None:
    config = load(_machine(tmp_path, "production"))
    assert findings(config, tmp_path / "root") == ()
    _put(tmp_path / "root", name)
    (found,) = findings(config, tmp_path / "root")
    assert found.startswith("training: ")


def test_a_training_machine_that_still_holds_a_real_key_is_refused(tmp_path: Path) -> None:
    config = load(_training(tmp_path))
    _put(tmp_path / "root", "var/lib/madoguchi/training/device.key")
    assert findings(config, tmp_path / "root") == ()
    _put(tmp_path / "root", "var/lib/madoguchi/enrolment/device.key")
    (found,) = findings(config, tmp_path / "root")
    assert found.startswith("device-key: ")
    words = [word for path in _training(tmp_path) for word in ("--config", str(path))]
    assert check.main([*words, "--root", str(tmp_path / "root")]) == check.REFUSED


def test_no_machine_writes_in_the_other_ones_journal(tmp_path: Path) -> None:
    """The first Started says whose journal it is, for ever."""
    for mode in ("training", "production", ""):
        path = tmp_path / f"{mode}.db"
        with closing(open_store(path, clock=SystemClock(), boot="b")) as store:
            store.append([Stopped()])
            store.append([Started("0.1.0", "b", mode)])
        with closing(open_for_reading(path)) as connection:
            assert mode_of(connection) == mode
    config = load(_training(tmp_path))
    real = replace(load(_machine(tmp_path, "production")), paths=Paths(tmp_path, tmp_path / "training.db"))
    class_in_real = replace(config, paths=Paths(tmp_path, tmp_path / "production.db"))
    for wrong in (real, class_in_real):
        with pytest.raises(JournalError, match="begun by a machine in mode"):
            must_be_of(wrong)
    must_be_of(replace(config, paths=Paths(tmp_path, tmp_path / "training.db")))
    must_be_of(replace(real, paths=Paths(tmp_path, tmp_path / ".db")))  # of before modes were written


def test_every_treasury_paper_says_it_too(tmp_path: Path) -> None:
    """日計表 and its like: page, PDF page, slip, spreadsheet."""
    config = load(_training(tmp_path))
    config = replace(config, paths=Paths(tmp_path, tmp_path / "training.db"))
    with closing(open_store(config.paths.journal, clock=SystemClock(), boot="b")) as store:
        store.append([Started("0.1.0", "b", "training")])
    for machine, times in (
        (config, 2),
        (replace(config, machine=replace(config.machine, mode=Mode.DEMO)), 0),
    ):
        office = Office(machine)
        for report in ("stock", "readiness"):
            text, slip = office.made(Read(report))
            assert text.count("訓練・見本（無効）") == times and slip is not None
            assert sum("SPECIMEN" in each.text for each in slip.lines) == times
            assert office.made(Read(report, form="csv"))[0].startswith("訓練") is (times > 0)


def test_every_small_paper_says_that_it_is_none() -> None:
    issuer = Issuer("例示市", "市民課", "kiosk-1", is_training=True)
    heading = Heading(issuer, "0042", datetime(2026, 11, 30, 3, 0, tzinfo=UTC))
    say = Languages(texts_of("ja"), texts_of("en"))
    for slip in (fault(say, heading, "X-601"), owed(say, heading, Yen(200), "shortage", "M-403")):
        texts = [line.text for line in slip.lines]
        assert "見本" in texts[0] and "SPECIMEN" in texts[1]
        assert sum("見本" in each for each in texts) == 2, "at its head and at its foot"
    real = fault(say, Heading(Issuer("例示市", "市民課", "kiosk-1"), "0042", heading.at), "X-601")
    assert not any("見本" in line.text for line in real.lines)
