"""kiosk-provision: asks the technician what only they can know, checks each answer, and sets the machine up.

A town writes its profile once (addresses, purposes, devices). What differs from machine to machine is asked: its name,
which network card is which, its addresses, which adapter is which. What the kernel knows is offered; Enter takes what
stands in brackets. The answers become a profile of this machine's own; provisioning/install does the rest.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.clock import SystemClock
from kiosk.errors import ConfigError
from provisioning.machine import main as install
from provisioning.machine import profile as profiles
from provisioning.machine.host import Host
from provisioning.machine.profile import Profile
from provisioning.machine.texts import with_value

PROFILES = Path(__file__).resolve().parents[1] / "profiles"
VENV = "/opt/madoguchi/venv/bin"
ETC = ("--config", "/etc/madoguchi/machine.toml", "--config", "/etc/madoguchi/municipality.toml")
DONE, ENDED, FAILED = 0, 1, 2


@dataclass
class Desk:
    """The technician's screen and keyboard, with a count of what they had to do."""

    read: Callable[[str], str] = input
    write: Callable[[str], None] = print
    seconds: Callable[[], float] = SystemClock().monotonic_s
    questions: int = field(default=0, init=False)
    hands_on_s: float = field(default=0.0, init=False)

    def ask(self, words: str, default: str, offers: Sequence[str] = ()) -> str:
        """One answer; a number picks an offer, Enter the default."""
        for number, each in enumerate(offers, 1):
            self.write(f"    {number}  {each}")
        began = self.seconds()
        answer = self.read(f"{words} [{default}]: ").strip()
        self.hands_on_s += self.seconds() - began
        self.questions += 1
        if answer.isdigit() and 1 <= int(answer) <= len(offers):
            return offers[int(answer) - 1].split()[0]
        return answer or default


@dataclass(frozen=True)
class Question:
    key: tuple[str | int, ...]
    words: str
    default: str
    offers: tuple[str, ...] = ()


STAFF_READER = "staff reader"
"""What a profile calls the second reader's `[[usb]]`."""


def questions(profile: Profile, sys_root: Path) -> list[Question]:
    """What differs from machine to machine; everything else is the town's, and stands in the profile."""
    made = [Question(("machine", "kiosk"), "名前 / name of this machine", profile.kiosk)]
    cards = network_cards(sys_root)
    for at, each in enumerate(profile.interfaces):
        net = each.net.value
        made.append(Question(("interface", at, "mac"), f"{net}: 通信カード / network card", each.mac, cards))
        if each.address != "dhcp":
            made.append(Question(("interface", at, "address"), f"{net}: アドレス / address", each.address))
    adapters = serial_adapters(sys_root)
    for at, line in enumerate(profile.lines):
        key = "serial" if line.serial else "port"
        offers = tuple(each[key == "port"] for each in adapters if each[key == "port"])
        words = f"/dev/kiosk/{line.name}: {'番号 / serial number' if line.serial else '差込口 / USB port'}"
        made.append(Question(("line", at, key), words, line.serial or line.port, offers))
    readers = card_readers(sys_root)
    for at, device in enumerate(profile.devices):
        if device.name == STAFF_READER:
            for which, (key, default) in enumerate((("vendor", device.vendor), ("product", device.product))):
                words = f"職員用のカード読取機 / staff reader: USB {key}"
                offers = tuple(each[which] for each in readers)
                made.append(Question(("usb", at, key), words, default, offers))
    return made


def card_readers(sys_root: Path) -> list[tuple[str, str]]:
    """(vendor, product), each with the device's own name, of each USB device that is a smart card reader (class 0b)."""
    found = []
    for each in sorted(sys_root.glob("bus/usb/devices/*")):
        kinds = {_text(path) for path in each.glob("*/bInterfaceClass")}
        if (each / "idVendor").exists() and "0b" in kinds:
            name = f"({_text(each / 'product')}, {each.name})"
            found.append((f"{_text(each / 'idVendor')} {name}", f"{_text(each / 'idProduct')} {name}"))
    return found


def network_cards(sys_root: Path) -> tuple[str, ...]:
    """`mac (name, state)` of each card that is one."""
    found = []
    for each in sorted(sys_root.glob("class/net/*")):
        if (each / "device").exists():
            found.append(f"{_text(each / 'address')} ({each.name}, {_text(each / 'operstate')})")
    return tuple(found)


def serial_adapters(sys_root: Path) -> list[tuple[str, str]]:
    """(serial number, USB port), each with the device's own name, of each USB device that is a serial adapter."""
    found = []
    for each in sorted(sys_root.glob("bus/usb/devices/*")):
        if (each / "idVendor").exists() and any(each.glob("*/tty*")):
            name = f"({_text(each / 'product')}, {_text(each / 'idVendor')}:{_text(each / 'idProduct')})"
            serial = _text(each / "serial")
            found.append((f"{serial} {name}" if serial else "", f"{each.name} {name}"))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def interview(desk: Desk, template: Path, sys_root: Path, scratch: Path) -> str:
    """The text of this machine's profile. Each answer is read as the installation will read it, at once."""
    source = _absolute(template)

    def load(text: str) -> Profile:
        scratch.write_text(text, encoding="utf-8")
        try:
            return profiles.load([scratch])
        finally:
            scratch.unlink()

    for question in questions(load(source), sys_root):
        while True:
            answer = desk.ask(question.words, question.default, question.offers)
            try:
                made = with_value(source, question.key, answer)
                load(made)
            except ConfigError as error:
                desk.write(f"    ✗ {re.sub(r'^[^ ]*:[0-9]+: ', '', str(error))}")
                continue
            source = made
            break
    return source


def _absolute(template: Path) -> str:
    """The template's text, its files named from wherever the profile will lie."""
    source = template.read_text(encoding="utf-8")
    profile = profiles.load([template])
    files = ", ".join(f'"{path.resolve()}"' for path in profile.config)
    source = re.sub(r"^config = \[[^\]]*\]", f"config = [{files}]", source, flags=re.MULTILINE)
    for key in ("server_ca", "logs_ca", "bundle_key"):
        path = getattr(profile, key)
        if path is not None:
            source = re.sub(rf'^{key} = "[^"]*"', f'{key} = "{path.resolve()}"', source, flags=re.MULTILINE)
    return source


def main(argv: Sequence[str] | None = None, desk: Desk | None = None) -> int:
    """0 done, 1 ended by the technician (nothing was installed), 2 a step failed."""
    options = _parser().parse_args(argv)
    desk = desk or Desk()
    began = desk.seconds()
    try:
        template = _template(desk, options)
        source = interview(desk, template, options.sys, options.out / ".profile.part")
        name = re.search(r'^kiosk = "([^"]+)"', source, re.MULTILINE)
        path = options.out / f"{name[1] if name else 'machine'}.toml"
        path.write_text(source, encoding="utf-8")
        desk.write(f"{path}: この機械のプロファイル / this machine's profile")
        if desk.ask("入れますか / install now? (y/n)", "n") != "y":
            return ENDED
    except (EOFError, KeyboardInterrupt):
        desk.write("\n何も変わっていません / nothing was changed")
        return ENDED
    except ConfigError as error:
        desk.write(f"refused: {error}")
        return FAILED
    words = ["--profile", str(path), "--root", str(options.root)]
    code = install.main([*words, *(["--medium", str(options.medium)] if options.medium else [])])
    if code != install.GOOD:
        return FAILED
    show(desk, options.root)
    whole = desk.seconds() - began
    desk.write(
        f"{desk.questions} questions, {desk.hands_on_s:.0f} s at the keyboard, {whole - desk.hands_on_s:.0f} s of "
        "the machine's own / 質問・人の手・機械の時間"
    )
    return DONE


def show(desk: Desk, root: Path) -> None:
    """Self test with inventory, then the machine's identity for the operator who approves it."""
    host = Host(root)
    for name, *words in (
        ("kiosk-check", "--self-test"),
        ("kiosk-enrol", "ask"),
        ("kiosk-enrol", "show", "--qr"),
    ):
        said = host.said(f"{VENV}/{name}", *ETC, *words)
        desk.write("\n".join(line for line in said.splitlines() if " = " not in line))


def _template(desk: Desk, options: argparse.Namespace) -> Path:
    if options.profile is not None:
        path: Path = options.profile
        return path
    names = [each.stem for each in sorted(PROFILES.glob("*.toml"))]
    while (name := desk.ask("どこに置きますか / where does it stand?", "lobby", names)) not in names:
        desk.write(f"    ✗ {', '.join(names)}")
    return PROFILES / f"{name}.toml"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="provisioning/kiosk-provision", description=__doc__)
    parser.add_argument(
        "--profile", type=Path, help="the town's profile; without it, one of provisioning/profiles"
    )
    parser.add_argument("--medium", type=Path, help="wheels and Debian packages from here (make medium)")
    parser.add_argument(
        "--out", type=Path, default=Path("/root"), help="where this machine's profile is written"
    )
    parser.add_argument("--root", type=Path, default=Path("/"), help="another Debian, in a folder")
    parser.add_argument("--sys", type=Path, default=Path("/sys"), help="what is plugged in (tests)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
