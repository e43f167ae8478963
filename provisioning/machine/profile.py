"""The profile of one machine: what a technician knows of it and the software cannot. Read strictly, key by key."""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from kiosk.clock import SystemClock
from kiosk.strict_toml import Document, Setting, Table


class Shape(Enum):
    """Where it stands decides who is near and which line it hangs on."""

    LOBBY = "lobby"
    BRANCH = "branch"
    MALL = "mall"
    VEHICLE = "vehicle"


class Display(Enum):
    CAGE = "cage"
    """A compositor for one program, Xwayland inside."""
    KMSDRM = "kmsdrm"
    """SDL straight on the kernel's display."""


class Net(Enum):
    """Two networks that never meet: the town's (issuance, time, logs) and the payment company's."""

    ISSUANCE = "issuance"
    PAYMENT = "payment"


class Purpose(Enum):
    """Why the machine speaks to an address at all; the firewall says it beside the rule."""

    ISSUANCE = "issuance"
    PRINTER = "printer"
    TIME = "time"
    LOGS = "logs"
    UPDATES = "updates"
    TERMINAL = "terminal"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Interface:
    net: Net
    mac: str
    """The card's own address: a name that the kernel gives may change with the slot."""
    address: str
    """`dhcp`, or `192.0.2.10/24`."""
    gateway: str


@dataclass(frozen=True, slots=True)
class Peer:
    """One address that the machine may speak to. A name is looked up in /etc/hosts, never by DNS."""

    name: str
    address: str
    port: int
    protocol: str
    purpose: Purpose
    net: Net


@dataclass(frozen=True, slots=True)
class Line:
    """A serial adapter by what it is, not by when it was found: `/dev/kiosk/NAME`."""

    name: str
    vendor: str
    product: str
    serial: str
    port: str
    """The USB port (`1-1.2`) where an adapter has no serial number of its own."""


@dataclass(frozen=True, slots=True)
class Device:
    """A USB device that may be used; every other one is refused by usbguard."""

    name: str
    vendor: str
    product: str
    serial: str
    interfaces: tuple[str, ...]
    """USB interface classes that it may have, `0b:*:*`: a reader that also types is no reader."""


@dataclass(frozen=True, slots=True)
class TenKey:
    """The marked keys beside the screen: `/dev/kiosk/tenkey`, for the card process alone."""

    vendor: str
    product: str


@dataclass(frozen=True, slots=True)
class FiveKeys:
    """The pad for who cannot use the screen: the one keyboard that the compositor listens to."""

    vendor: str
    product: str


@dataclass(frozen=True, slots=True)
class Audio:
    """What the kiosk speaks with. ALSA's names as `aplay -L` lists them; input devices by their own names
    (`/proc/bus/input/devices`)."""

    speaker: str
    headphones: str
    handset: str
    jack: str
    """The input device that reports SW_HEADPHONE_INSERT; empty: nothing tells when a plug goes in."""
    hook: str
    """The input device of the handset's switch; empty: no handset."""
    hook_code: str
    """`sw:CODE` or `key:CODE`, with `:inverted` where 0 means lifted."""


@dataclass(frozen=True, slots=True)
class Ups:
    driver: str
    port: str


@dataclass(frozen=True, slots=True)
class Profile:
    kiosk: str
    shape: Shape
    display: Display
    rotation: int
    locale: str
    timezone: str
    interfaces: tuple[Interface, ...]
    peers: tuple[Peer, ...]
    lines: tuple[Line, ...]
    devices: tuple[Device, ...]
    ten_key: TenKey | None
    five_keys: FiveKeys | None
    audio: Audio | None
    ups: Ups | None
    queue: str
    """The URI of a printer without IPP, for a CUPS queue of its own; empty: none."""
    queue_model: str
    config: tuple[Path, ...]
    """The configuration to install, machine then town."""
    server_ca: Path | None
    """The issuance server's authority (PEM): what a machine that is not enrolled yet believes."""
    logs_ca: Path | None
    """The log server's authority (PEM), where that is not the issuance server's."""
    bundle_key: Path | None
    """Who may send this machine another configuration (kiosk-bundle): the town's public key, PEM."""
    has_tpm: bool
    """Its TPM 2.0 may keep the device key (`[issuance] key_in` of the machine's file)."""
    is_training: bool
    """For classes: the full wheel, simulators, an issuing server of its own; nothing real (ADR 0076)."""
    settings: tuple[Setting, ...]

    def peers_for(self, purpose: Purpose) -> tuple[Peer, ...]:
        return tuple(each for each in self.peers if each.purpose is purpose)


_NAME = r"[a-z][a-z0-9-]{0,30}"
_HOST = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
_HEX4 = r"[0-9a-f]{4}"
_SERIAL = r"[A-Za-z0-9._:-]{0,64}"
_PCM = r"[A-Za-z0-9_:=,.-]{0,80}"
_INPUT = r"[^\x00-\x1f\"*?\[\]]{0,80}"
_USB_PORT = r"([0-9]+-[0-9]+(\.[0-9]+)*)?"


def load(paths: Sequence[Path]) -> Profile:
    """ConfigError names file, line and key."""
    document = Document(list(paths))
    machine = document.table("machine")
    display = document.table("display")
    queue = document.table("queue")
    made = Profile(
        kiosk=machine.text("kiosk", pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"),
        shape=machine.choice("shape", Shape),
        display=display.choice("kind", Display, Display.CAGE),
        rotation=_rotation(display),
        locale=machine.text("locale", "ja_JP.UTF-8", pattern=r"[a-z]{2}_[A-Z]{2}\.UTF-8"),
        timezone=machine.text("timezone", "Asia/Tokyo", pattern=r"[A-Za-z_]+/[A-Za-z_]+"),
        interfaces=tuple(_interface(each) for each in document.tables("interface")),
        peers=tuple(_peer(each) for each in document.tables("peer")),
        lines=tuple(_line(each) for each in document.tables("line")),
        devices=tuple(_device(each) for each in document.tables("usb")),
        ten_key=_ten_key(document.table("ten_key")),
        five_keys=_five_keys(document.table("five_keys")),
        audio=_audio(document.table("audio")),
        ups=_ups(document.table("ups")),
        queue=queue.text("uri", "", pattern=r"(usb|socket|ipp|ipps)://\S+"),
        queue_model=queue.text("model", "everywhere", pattern=r"[A-Za-z0-9:._/-]+"),
        config=tuple(
            _beside(paths[0], each) for each in machine.texts("config", (), pattern=r"[^\x00-\x1f]+\.toml")
        ),
        server_ca=_authority(paths[0], machine, "server_ca"),
        logs_ca=_authority(paths[0], machine, "logs_ca"),
        bundle_key=_file(paths[0], machine, "bundle_key"),
        has_tpm=machine.flag("tpm", False),
        is_training=machine.flag("training", False),
        settings=(),
    )
    for table in (machine, display, queue):
        table.done()
    document.done()
    _judge(made, machine)
    return replace(made, settings=tuple(document.settings.found))


def _beside(profile: Path, name: str) -> Path:
    return Path(name) if name.startswith("/") else profile.parent / name


def _file(profile: Path, machine: Table, key: str) -> Path | None:
    """A PEM file beside the profile, or none."""
    name = machine.text(key, "", pattern=r"([^\x00-\x1f]+\.pem)?")
    if name and not _beside(profile, name).is_file():
        raise machine.refuse(key, "no such file")
    return _beside(profile, name) if name else None


def _authority(profile: Path, machine: Table, key: str) -> Path | None:
    """A file with the certificate of an authority that has not expired, or none."""
    path = _file(profile, machine, key)
    if path is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=path.read_text(encoding="ascii"))
        ends = [ssl.cert_time_to_seconds(str(each["notAfter"])) for each in context.get_ca_certs()]
    except (OSError, ValueError):
        ends = []
    if not ends:
        raise machine.refuse(key, "no certificate of an authority is in that file")
    if min(ends) < SystemClock().wall().timestamp():
        raise machine.refuse(key, "the certificate in that file has expired")
    return path


def _rotation(table: Table) -> int:
    turned = table.integer("rotation", 0, low=0, high=270)
    if turned % 90:
        raise table.refuse("rotation", "one of 0, 90, 180, 270 is expected")
    return turned


def _interface(table: Table) -> Interface:
    made = Interface(
        net=table.choice("net", Net),
        mac=table.text("mac", pattern=r"[0-9a-f]{2}(:[0-9a-f]{2}){5}"),
        address=table.text("address", "dhcp"),
        gateway=table.text("gateway", ""),
    )
    if made.address != "dhcp":
        _must_parse(table, "address", made.address, ipaddress.ip_interface)
    if made.gateway:
        _must_parse(table, "gateway", made.gateway, ipaddress.ip_address)
    table.done()
    return made


def _peer(table: Table) -> Peer:
    made = Peer(
        name=table.text("name", pattern=_HOST),
        address=table.text("address"),
        port=table.integer("port", low=1, high=65535),
        protocol=table.text("protocol", "tcp", pattern="tcp|udp"),
        purpose=table.choice("purpose", Purpose),
        net=table.choice("net", Net, Net.ISSUANCE),
    )
    _must_parse(table, "address", made.address, ipaddress.ip_address)
    table.done()
    return made


def _line(table: Table) -> Line:
    made = Line(
        name=table.text("name", pattern=_NAME),
        vendor=table.text("vendor", pattern=_HEX4),
        product=table.text("product", pattern=_HEX4),
        serial=table.text("serial", "", pattern=_SERIAL),
        port=table.text("port", "", pattern=_USB_PORT),
    )
    if not made.serial and not made.port:
        raise table.refuse("name", "a serial number or a USB port is expected: two adapters may look alike")
    table.done()
    return made


def _device(table: Table) -> Device:
    made = Device(
        name=table.text("name", pattern=r"[^\x00-\x1f\"]{1,60}"),
        vendor=table.text("vendor", pattern=_HEX4),
        product=table.text("product", pattern=_HEX4),
        serial=table.text("serial", "", pattern=_SERIAL),
        interfaces=table.texts("interfaces", pattern=r"[0-9a-f]{2}:([0-9a-f]{2}|\*):([0-9a-f]{2}|\*)"),
    )
    table.done()
    return made


def _ten_key(table: Table) -> TenKey | None:
    vendor, product = _pad(table)
    return TenKey(vendor, product) if vendor else None


def _five_keys(table: Table) -> FiveKeys | None:
    vendor, product = _pad(table)
    return FiveKeys(vendor, product) if vendor else None


def _pad(table: Table) -> tuple[str, str]:
    vendor = table.text("vendor", "", pattern=rf"({_HEX4})?")
    product = table.text("product", "", pattern=rf"({_HEX4})?")
    if bool(vendor) is not bool(product):
        raise table.refuse("vendor", "vendor and product, or neither")
    table.done()
    return vendor, product


def _audio(table: Table) -> Audio | None:
    made = Audio(
        speaker=table.text("speaker", "", pattern=_PCM),
        headphones=table.text("headphones", "", pattern=_PCM),
        handset=table.text("handset", "", pattern=_PCM),
        jack=table.text("jack", "", pattern=_INPUT),
        hook=table.text("hook", "", pattern=_INPUT),
        hook_code=table.text("hook_code", "key:169", pattern=r"(sw|key):[0-9]{1,3}(:inverted)?"),
    )
    if made.headphones and not made.jack:
        raise table.refuse(
            "headphones", "a jack that tells when a plug is in: else nothing private may be said"
        )
    if bool(made.handset) is not bool(made.hook):
        raise table.refuse("handset", "the handset's sound and its hook, or neither")
    if not made.speaker and (made.headphones or made.handset):
        raise table.refuse("speaker", "tones and the first words are for everybody")
    table.done()
    return made if made.speaker else None


def _ups(table: Table) -> Ups | None:
    driver = table.text("driver", "", pattern=r"[a-z0-9_-]*")
    port = table.text("port", "auto", pattern=r"[A-Za-z0-9/._-]+")
    table.done()
    return Ups(driver, port) if driver else None


def _must_parse(table: Table, key: str, text: str, parse: Callable[[str], object]) -> None:
    try:
        parse(text)
    except ValueError:
        raise table.refuse(key, "an address is expected, not a name: nothing here asks a DNS") from None


_REAL = (Purpose.ISSUANCE, Purpose.PRINTER, Purpose.TERMINAL, Purpose.STAFF)


def _judge_training(made: Profile, machine: Table) -> None:
    """A machine that anybody may play with reaches nothing real, and nothing real knows it."""
    if made.server_ca is not None or made.bundle_key is not None:
        raise machine.refuse("training", "no server_ca and no bundle_key: it has a server of its own")
    for each in made.peers:
        if each.purpose in _REAL:
            raise machine.refuse("training", f"it may not reach {each.name} ({each.purpose.value})")
    if made.lines or made.ten_key or len(made.config) > 1:
        raise machine.refuse("training", "no [[line]], no [ten_key]; of config the town's file only, or none")


def _judge(made: Profile, machine: Table) -> None:
    if made.is_training:
        _judge_training(made, machine)
    if made.has_tpm and made.peers_for(Purpose.LOGS):
        raise machine.refuse(
            "tpm", "a [[peer]] for logs: its sender reads the device key, and cannot in a TPM"
        )
    names = [each.name for each in made.lines]
    if len(set(names)) != len(names):
        raise machine.refuse("kiosk", "two [[line]] have the same name")
    addresses: dict[str, str] = {}
    for each in made.peers:
        if addresses.setdefault(each.name, each.address) != each.address:
            raise machine.refuse("kiosk", f"[[peer]] {each.name} has two addresses")
    nets = [each.net for each in made.interfaces]
    if len(set(nets)) != len(nets):
        raise machine.refuse("kiosk", "two [[interface]] of one net")
    missing = {each.net for each in made.peers} - set(nets)
    if missing:
        raise machine.refuse(
            "kiosk", f"a [[peer]] is on the net {missing.pop().value}, which has no [[interface]]"
        )
    if not re.fullmatch(r"[a-z0-9-]+", made.kiosk.lower()):
        raise machine.refuse("kiosk", "letters, digits and - only: it is the machine's host name, too")
