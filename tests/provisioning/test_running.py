"""The installed machine under a real systemd: killed in every order, attacked, reconfigured, powered off.

One boot for all of it; the last test ends it.
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import issuance.clock
from issuance import pki
from kiosk.bundles.sealed import Signer
from kiosk.clock import SystemClock
from kiosk.messages import Message
from tests.provisioning.room import NAME, ROOT, Booted

pytestmark = [
    pytest.mark.system,
    pytest.mark.slow,
    pytest.mark.timeout(1200),
]

CONNECTED = (
    "grep -c ' 03 .*/run/kiosk/core/view.sock' /proc/$(systemctl show -P MainPID kiosk-ui.service)/net/unix"
)
"""Connections that the core has taken (net/unix, state 03); they are seen from the network of who connected."""


def entries(booted: Booted, message: Message) -> list[dict[str, str]]:
    """What the machine's journal has of this message."""
    said = booted.run("journalctl", "-b", f"MESSAGE_ID={message.id}", "-o", "json", "--no-pager").stdout
    return [json.loads(line) for line in said.splitlines()]


def test_from_init_to_the_first_screen_nothing_of_ours_waits(booted: Booted) -> None:
    for unit in ("kiosk-core.service", "kiosk-card.socket", "kiosk.target", "graphical.target"):
        booted.until("active", "systemctl", "is-active", unit)
    chain = booted.run("systemd-analyze", "critical-chain", "--no-pager", "kiosk-core.service").stdout
    assert "udev-settle" not in chain and "network-online" not in chain and ".device" not in chain
    booted.until(r"[1-9]\d*", "sh", "-c", CONNECTED)
    mark = ("sh", "-c", f"journalctl -b MESSAGE_ID={Message.FIRST_SCREEN.id} -o cat --no-pager | wc -l")
    booted.until(r"[1-9]\d*", *mark)
    shown = int(entries(booted, Message.FIRST_SCREEN)[0]["__MONOTONIC_TIMESTAMP"])
    began = int(booted.run("systemctl", "show", "-P", "UserspaceTimestampMonotonic").stdout)
    print(f"\nfrom init to the first screen: {(shown - began) / 1e6:.2f} s")
    assert booted.run("systemctl", "show", "-P", "NRestarts", "kiosk-ui.service").stdout.strip() == "0"


UNITS = sorted(path.name for path in (ROOT / "systemd/system").glob("*.service"))


@pytest.mark.parametrize("name", UNITS)
def test_no_unit_is_more_exposed_than_agreed(name: str) -> None:
    command = [
        "systemd-analyze",
        "security",
        "--offline=true",
        "--no-pager",
        str(ROOT / "systemd/system" / name),
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert found is not None and float(found[1]) <= 1.5
    text = (ROOT / "systemd/system" / name).read_text(encoding="utf-8")
    assert re.search("^MemoryDenyWriteExecute=yes$|^# No MemoryDenyWriteExecute=: .{20}", text, re.MULTILINE)


def test_what_a_process_says_is_an_entry_with_its_id_and_an_explanation(booted: Booted) -> None:
    (ready,) = entries(booted, Message.CORE_READY)
    assert ready["SYSLOG_IDENTIFIER"] == "kiosk-core" and ready["MADOGUCHI_VERSION"]
    told = booted.run("journalctl", "-x", f"MESSAGE_ID={Message.CORE_READY.id}", "--no-pager").stdout
    assert "Nothing is to be done" in told or "することはありません" in told


def test_the_machine_looked_at_itself(booted: Booted) -> None:
    booted.until("inactive", "systemctl", "is-active", "kiosk-selftest.service")
    report = json.loads(booted.run("cat", "/run/kiosk/selftest.json").stdout)["self_test"]
    states = {each["check"]: each["state"] for each in report["checks"]}
    for check in ("production", "clock", "disk", "certificate", "permissions", "fonts", "journal"):
        assert states[check] == "good", report["checks"]
    kept = booted.run("cat", "/var/lib/madoguchi-inventory/inventory.jsonl").stdout.splitlines()
    assert [json.loads(line)["digest"] for line in kept] == [report["inventory_digest"]]


def test_the_nightly_renewal_finds_that_it_is_not_time(booted: Booted) -> None:
    assert booted.run("systemctl", "start", "kiosk-renew.service").returncode == 0
    assert booted.run("systemctl", "is-active", "kiosk-renew.timer").stdout.strip() == "active"


# --- an attacker's list: docs/security.md says what each result means ---------------------------------------------


def test_only_who_may_reaches_a_reader(booted: Booted) -> None:
    booted.until("active", "systemctl", "is-active", "pcscd.socket")
    assert booted.run("stat", "-c", "%a %G", "/run/pcscd/pcscd.comm").stdout.strip() == "660 kiosk-card"


def test_taken_over_screens_reach_no_journal_no_key_no_reader_and_no_network(booted: Booted) -> None:
    """Inside the namespaces of the screens, as their user: what a hole in Kivy would give."""
    inside = ("nsenter", "--target", booted.pid("kiosk-ui.service"), "--mount", "--net", "--")
    as_ui = (*inside, "setpriv", "--reuid", "kiosk-ui", "--regid", "kiosk-ui", "--init-groups", "sh", "-c")
    for words in (
        "cat /var/lib/madoguchi/journal.db",
        "cat /var/lib/madoguchi/enrolment/device.key",
        "ls /run/kiosk/card /run/pcscd",
        "echo x >/etc/madoguchi/active/machine.toml",
        "echo x >/usr/bin/x",
        "python3 -c 'import socket; socket.create_connection((\"192.0.2.20\", 8443), 2)'",
    ):
        done = booted.run(*as_ui, words)
        assert done.returncode != 0, words
    assert booted.run(*as_ui, "ls /run/kiosk/core/view.sock").returncode == 0, "and what it needs it reaches"


def test_a_network_port_gives_nothing_and_asks_only_where_it_may(booted: Booted) -> None:
    booted.until("active", "systemctl", "is-active", "nftables.service")
    assert booted.run("sh", "-c", "cat /proc/sys/net/ipv4/ip_forward").stdout.strip() == "0"
    net = ["nsenter", "--target", str(booted.init), "--net"]
    for words in (
        ("link", "add", "issuance", "type", "veth", "peer", "name", "far"),
        ("addr", "add", "192.0.2.10/24", "dev", "issuance"),
        ("link", "set", "issuance", "up"),
        ("link", "set", "far", "up"),
    ):
        subprocess.run([*net, "ip", *words], check=True, timeout=30, capture_output=True)
    ask = (
        "import socket,sys\ns=socket.socket()\ns.settimeout(1)\n"
        "try: s.connect((sys.argv[1],int(sys.argv[2])))\nexcept OSError as e: print(type(e).__name__)"
    )
    said = {
        place: booted.run("python3", "-c", ask, *place).stdout.strip()
        for place in (("192.0.2.20", "8443"), ("192.0.2.20", "22"), ("192.0.2.99", "443"))
    }
    assert said[("192.0.2.20", "8443")] in ("TimeoutError", "OSError"), "let out; nobody is there"
    assert said[("192.0.2.20", "22")] == said[("192.0.2.99", "443")] == "ConnectionRefusedError"
    listening = subprocess.run(
        [*net, "ss", "-Hltun"], capture_output=True, text=True, check=True, timeout=30
    ).stdout
    outside = [line for line in listening.splitlines() if "127.0.0.1" not in line and "[::1]" not in line]
    assert outside == [], "nothing listens to a network"


def test_security_events_leave_by_tls_from_who_shows_the_machines_certificate(
    booted: Booted, tmp_path: Path
) -> None:
    """A real rsyslog to a stranger's TLS server, which wants a certificate of the town's authority."""
    assert booted.server is not None
    tls = tmp_path / "tls"
    shutil.copytree(booted.server / "tls", tls)
    (tls / "server.key").unlink()
    pki.make_server_certificate(tls, ["syslog.town.example"], issuance.clock.SystemClock().now())
    net = ["nsenter", "--target", str(booted.init), "--net"]
    subprocess.run(
        [*net, "ip", "addr", "add", "192.0.2.41/32", "dev", "lo"], check=True, timeout=30, capture_output=True
    )
    words = [*net, "openssl", "s_server", "-accept", "192.0.2.41:6514", "-quiet", "-Verify", "1"]
    words += ["-verify_return_error", "-CAfile", str(tls / "ca.pem")]
    words += ["-cert", str(tls / "server.pem"), "-key", str(tls / "server.key")]
    heard = tmp_path / "heard"
    with (
        heard.open("wb") as out,
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, stderr=out) as log_server,
    ):
        try:
            booted.run("systemctl", "restart", "rsyslog.service")
            booted.until("yes", "sh", "-c", "logger -p authpriv.notice tls-canary && echo yes")
            deadline = time.monotonic() + 60
            while b"tls-canary" not in heard.read_bytes() and time.monotonic() < deadline:
                time.sleep(0.1)
        finally:
            log_server.kill()
    said = heard.read_bytes()
    assert b"tls-canary" in said, booted.run("journalctl", "-u", "rsyslog", "-n", "20", "--no-pager").stdout
    assert re.search(rb"\d+ <\d+>1 20", said), "RFC 5425: a length before each message"


def test_the_machine_keeps_no_swap_no_dump_and_no_other_console(booted: Booted) -> None:
    for unit in ("ctrl-alt-del.target", "debug-shell.service", "swap.target", "getty@tty1.service"):
        assert booted.run("systemctl", "is-enabled", unit).stdout.strip() == "masked"
    assert booted.run("swapon", "--noheadings").stdout == ""
    assert booted.run("systemctl", "show", "-P", "LimitCORE", "kiosk-core.service").stdout.strip() == "0"
    assert booted.run("findmnt", "-no", "FSTYPE", "/tmp").stdout.strip() == "tmpfs"
    assert "ja_JP.utf8" in booted.run("locale", "-a").stdout
    shadow = (booted.root / "etc/shadow").read_text()
    assert [line for line in shadow.splitlines() if not line.split(":")[1].startswith(("!", "*"))] == []
    modules = (booted.root / "etc/modprobe.d/madoguchi.conf").read_text()
    assert "install usb-storage /bin/false" in modules
    rules = (booted.root / "etc/usbguard/rules.conf").read_text().splitlines()
    assert rules[-1] == "reject" and not any("allow with-interface equals { 03" in rule for rule in rules)


# --- death, in every order ----------------------------------------------------------------------------------------

MORTAL = ("kiosk-core.service", "kiosk-ui.service", "kiosk-card@*")


@pytest.mark.parametrize(
    "order", list(itertools.permutations(MORTAL)), ids=lambda order: "-".join(o[6:8] for o in order)
)
def test_killed_in_every_order_they_come_back(booted: Booted, order: tuple[str, ...]) -> None:
    before = [booted.pid(unit) for unit in MORTAL[:2]]
    booted.run("systemctl", "reset-failed")
    script = "; ".join(f"systemctl kill --signal=SIGKILL '{unit}'" for unit in order)
    assert booted.run("sh", "-c", script).returncode == 0
    for unit, old in zip(MORTAL[:2], before, strict=True):
        booted.until(rf"(?!{old}$)[1-9]\d*", "systemctl", "show", "-P", "MainPID", unit)
        booted.until("active", "systemctl", "is-active", unit)
    ahead = ("sh", "-c", "systemctl list-units --plain --no-legend --state=running 'kiosk-card@*' | wc -l")
    booted.until(r"[1-9]\d*", *ahead)


def test_after_all_that_the_screens_have_the_view_and_the_journal_is_whole(booted: Booted) -> None:
    booted.until(r"[1-9]\d*", "sh", "-c", CONNECTED)
    etc = ("--config", "/etc/madoguchi/machine.toml", "--config", "/etc/madoguchi/municipality.toml")
    done = booted.run("/opt/madoguchi/venv/bin/kiosk-check", *etc, "--journal", "--quiet")
    assert done.returncode == 0, done.stderr
    made = booted.run("/opt/madoguchi/venv/bin/kiosk-journal", *etc, "backup", "/root/copy.db")
    assert made.returncode == 0 and "backed up and verified" in made.stdout, made.stderr


# --- another configuration ----------------------------------------------------------------------------------------


def test_a_bundle_comes_into_force_and_one_that_does_not_come_ready_goes_back(booted: Booted) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (booted.root / "etc/madoguchi/bundle-key.pem").write_bytes(public)
    names = {"machine.toml": "machine.demo.toml", "municipality.toml": "town.demo.toml"}
    files = {name: (ROOT / "provisioning/config" / own).read_text("utf-8") for name, own in names.items()}
    files["machine.toml"] = files["machine.toml"].replace('"demo-0001"', f'"{NAME}"')

    def applied(version: int, old: str, new: str) -> subprocess.CompletedProcess[str]:
        changed = {name: text.replace(old, new) for name, text in files.items()}
        data = Signer(key).seal(version, NAME, changed, SystemClock().wall())
        (booted.root / "root/bundle.json").write_bytes(data)
        return booted.run("/opt/madoguchi/venv/bin/kiosk-bundle", "apply", "/root/bundle.json")

    good = applied(1, "max_lines = 9", "max_lines = 4")
    assert (good.returncode, good.stdout.strip()) == (0, "version 1 is in force"), good.stderr
    wrong = applied(2, "max_lines = 9", "max_lines = 0")
    assert wrong.returncode == 2 and "municipality.toml:" in wrong.stderr and "town.max_lines" in wrong.stderr
    broken = applied(3, "/run/kiosk/core/view.sock", "/run/kiosk/pin/view.sock")  # not the core's folder
    assert broken.returncode == 1, broken.stderr
    assert "version 1 is back" in broken.stderr
    booted.until("active", "systemctl", "is-active", "kiosk-core.service")
    (rolled,) = entries(booted, Message.BUNDLE_ROLLED_BACK)
    assert (rolled["MADOGUCHI_VERSION"], rolled["MADOGUCHI_BEFORE"]) == ("3", "1")


# --- the mains ----------------------------------------------------------------------------------------------------


def test_without_mains_and_without_money_inside_the_machine_ends_itself_in_order(booted: Booted) -> None:
    """A real upsd and upsmon; the driver reads a file instead of a UPS."""
    booted.until("OL", "sh", "-c", "upsc kiosk@localhost ups.status 2>/dev/null")
    (booted.root / "etc/nut/kiosk.dev").write_text("ups.status: OB DISCHRG\n")
    booted.until("yes", "sh", "-c", "test -e /run/nut/on-battery && echo yes")
    assert entries(booted, Message.POWER_LOST)
    booted.run(
        "systemctl", "start", "--no-block", "kiosk-onbattery.service"
    )  # its timer would come within 20 s
    assert booted.ended(), "the machine did not end itself"
    with closing(sqlite3.connect(booted.root / "var/lib/madoguchi/journal.db")) as journal:
        (last,) = journal.execute("SELECT record FROM records ORDER BY seq DESC LIMIT 1").fetchone()
    assert json.loads(last)["type"] == "Stopped"
    assert Path(booted.root / "var/lib/madoguchi/enrolment/device.key").exists()
