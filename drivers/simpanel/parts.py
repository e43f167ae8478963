"""The parts of a run: which processes, under which user, in which order, and the sign that each is ready."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from drivers.simpanel import bench, demo_config, ears, places
from drivers.simpanel.demo_config import STAFF_PIN, Shape
from drivers.simpanel.process import NotifySocket, Part, Task, answers_tcp, answers_unix, ended_well, python

IPP_PORT = 8631
SPARE_PORT = 8632
ISSUANCE_PORT = 8443
VPCD_PORT = 35963
STAFF_VPCD_PORT = VPCD_PORT + 1
"""The virtual reader has two places; the second is the staff's, where a run has one."""
TERMINAL_PORT = 8651
GATEWAY_PORT = 8652
GATEWAY_KEY = "demo-key"
"""The simulated gateway's; it opens nothing else."""

SIM = "drivers.simpanel.cli:main"

ON_THE_KIOSKS_SUPPLY = (
    "pcscd",
    "card",
    "staffcard",
    "cctalk",
    "changer",
    "id003",
    "escpos",
    "ipp",
    "ipp2",
    "terminal",
    "camera",
    "modbus",
    "lamp",
)
"""What goes dark with the computer: its PC/SC daemon and every device without a supply of its own."""

COIN_MS = 60
"""What a hopper's motor needs for one coin."""

CV_ROOTS = places.BENCH / "card-process" / "cv-roots.txt"
"""What the card process pins: the virtual cards' own."""
FRAMES = places.BENCH / "camera" / "frames.sock"
FACES = "tests/fixtures/faces"
"""Public pictures (README there): who stands in front of the camera, and who is on the card."""
PHOTO = "a-card"
"""The picture on every card that is made for a run with a camera."""

LINE = "tty"
"""A simulated serial line's name in its part's folder."""

SERIAL_GROUP = "dialout"
"""Debian's group of serial lines: the core is in it on a kiosk too."""


@dataclass(frozen=True)
class Notes:
    """Notes in the box the first time; one movement of a note; how long one waits in the bezel."""

    count: int
    move_ms: int
    bezel_ms: int


def state(name: str) -> Path:
    return places.STATE / name


def control(name: str) -> Path:
    """The control socket of a simulator."""
    return places.BENCH / name / "control.sock"


def listener(
    path: Path, user: str, group: str, mode: int, kind: socket.SocketKind = socket.SOCK_STREAM
) -> socket.socket:
    """A listening socket made ahead with its final owner and mode, as a systemd socket unit makes it."""
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX, kind)
    made.bind(os.fspath(path))
    bench.own(path, user, mode, group)
    made.listen(16)
    return made


# --- the devices' side ---


def paper(has_spare: bool = False) -> list[Part | Task]:
    """ippeveprinter, which does not start without avahi, which does not start without dbus."""
    for folder, user in ((Path("/run/dbus"), "messagebus"), (Path("/run/avahi-daemon"), "avahi")):
        folder.mkdir(exist_ok=True)
        bench.own(folder, user, 0o755)
    return [
        Part(
            "dbus",
            "system bus, for avahi",
            # no pid file: a stale one would keep it from starting
            ("dbus-daemon", "--system", "--nofork", "--nopidfile", "--nosyslog"),
            "root",
            answers_unix(Path("/run/dbus/system_bus_socket")),
        ),
        Part(
            "avahi",
            "service discovery, for the IPP printer",
            ("avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits"),
            "root",
            answers_unix(Path("/run/avahi-daemon/socket")),
            needs=("dbus",),
        ),
        _simulator("ipp", "certificate printer", "ipp", "--port", str(IPP_PORT), needs=("avahi",)),
        *([_spare()] if has_spare else ()),
        _simulator("escpos", "receipt printer", "escpos", *_cable("escpos")),
    ]


def _spare() -> Part:
    """A name of its own, for Avahi; behind the first, for each start asks the other."""
    argv = ("ipp", "--port", str(SPARE_PORT), "--name", "Madoguchi Simulated Spare Printer")
    return _simulator("ipp2", "spare certificate printer", *argv, needs=("avahi",))


def cash(pieces: int, notes: Notes, has_changer: bool = False) -> list[Part | Task]:
    """`pieces`: coins in each hopper the first time; in a change machine of each face."""
    if has_changer:
        filled = ("--pieces", str(pieces), "--piece-ms", str(COIN_MS))
        return [_simulator("changer", "change machine", "changer", *_cable("changer"), *filled)]
    filled = ("--pieces", str(pieces), "--coin-ms", str(COIN_MS))
    boxed = ("--notes", str(notes.count), "--move-ms", str(notes.move_ms), "--bezel-ms", str(notes.bezel_ms))
    return [
        _simulator("cctalk", "coin acceptor and hoppers", "cctalk", *_cable("cctalk"), *filled),
        _simulator("id003", "note validator and its box", "id003", *_cable("id003"), *boxed),
    ]


def sensors() -> list[Part | Task]:
    """The input/output module that sees what lies in the trays, and hears the building's alarm."""
    return [_simulator("modbus", "sensors and alarm contact", "modbus", *_cable("modbus"))]


def calling(shape: Shape) -> list[Part | Task]:
    """What tells staff of a call: a signal tower, and the town's receiver of messages."""
    lamp = _simulator("lamp", "light and buzzer", "lamp", "--tcp", str(demo_config.LAMP_PORT))
    message = _simulator("webhook", "the town's messages", "webhook", "--tcp", str(demo_config.MESSAGE_PORT))
    return [*([lamp] if shape.has_lamp else ()), *([message] if shape.has_message else ())]


def cashless() -> list[Part | Task]:
    """A payment terminal beside the screen, and a code gateway with phones."""
    return [
        _simulator("terminal", "payment terminal", "terminal", "--tcp", str(TERMINAL_PORT)),
        _simulator(
            "gateway",
            "code gateway and phones",
            "qr-gateway",
            "--tcp",
            str(GATEWAY_PORT),
            "--key",
            GATEWAY_KEY,
        ),
    ]


def card(
    pin: str,
    persons: Iterable[str],
    phone_pin: str = "",
    has_photos: bool = False,
    staff_pin: str = STAFF_PIN,
    has_staff_reader: bool = False,
) -> list[Part | Task]:
    """Virtual cards behind Debian's pcscd. Only root and the card process reach the daemon's socket.

    `persons`: whose cards are made; nobody named: everybody's. `has_photos`: they carry a picture of somebody, so that
    a camera can be asked.
    """
    whose = (word for name in persons for word in ("--person", name))
    phones = ("--phone-pin", phone_pin) if phone_pin else ()
    photos = ("--photo", str(places.code_root() / FACES / f"{PHOTO}.jpg")) if has_photos else ()
    folder = Path("/run/pcscd")
    folder.mkdir(exist_ok=True)
    return [
        Part(
            "pcscd",
            "PC/SC daemon with a virtual reader",
            ("pcscd", "--foreground"),
            "root",
            answers_tcp(VPCD_PORT),
            listener=listener(folder / "pcscd.comm", "root", "kiosk-card", 0o660),
            umask=0o022,
        ),
        Part(
            "card-make",
            "makes the test cards",
            python(
                SIM,
                "card",
                "make",
                "--state",
                str(state("card")),
                "--pin",
                pin,
                *("--staff-pin", staff_pin),
                *phones,
                *photos,
                *whose,
            ),
            "kiosk-sim",
            ended_well,
            is_step=True,
            umask=0o022,
        ),
        Task("card-roots", "pins the test cards' record signers", _hand_over_roots, needs=("card-make",)),
        _simulator(
            "card",
            "My Number Card on the virtual reader",
            *("card", "run", "--port", str(VPCD_PORT)),
            needs=("card-roots", "pcscd"),
        ),
        *([_staff_reader()] if has_staff_reader else ()),
    ]


def _staff_reader() -> Part:
    """The same cards, on the other reader."""
    cards = ("--state", str(state("card")), "--control", str(control("staffcard")))
    return Part(
        "staffcard",
        "staff card on the second virtual reader",
        python(SIM, "card", "run", "--port", str(STAFF_VPCD_PORT), *cards),
        "kiosk-sim",
        answers_unix(control("staffcard")),
        ("card-roots", "pcscd"),
    )


def _hand_over_roots() -> None:
    bench.hand_over(state("card") / "pki" / "cv-roots.txt", CV_ROOTS, "kiosk-card")


def camera(stands: str) -> list[Part | Task]:
    """Somebody in front of a simulated camera. `stands`: a picture of FACES."""
    pictures: tuple[str, ...] = ("--pictures", str(places.code_root() / FACES), "--stand", stands)
    pictures += ("--cards", str(state("card") / "cards"))
    return [
        _simulator("camera", "somebody in front of a camera", "camera", "--frames", str(FRAMES), *pictures)
    ]


def _simulator(name: str, words: str, *argv: str, needs: tuple[str, ...] = ()) -> Part:
    folder = "--dir" if name in ("ipp", "ipp2", "escpos") else "--state"
    common = (folder, str(state(name)), "--control", str(control(name)))
    return Part(
        name,
        words,
        python(SIM, *argv, *common),
        "kiosk-sim",
        answers_unix(control(name)),
        needs,
        groups=(SERIAL_GROUP,),
    )


def _cable(name: str) -> tuple[str, ...]:
    return ("--link", str(places.BENCH / name / LINE), "--group", SERIAL_GROUP)


# --- the server ---


def issuance() -> list[Part | Task]:
    main = "issuance.main:main"
    folder = ("--dir", str(state("issuance")))
    public = places.BENCH / "issuance"
    user = "kiosk-issuance"
    making = python(main, "init", *folder)
    if (state("issuance") / "issuance.db").exists():
        making = ("true",)
    return [
        Part("issuance-init", "makes the demo town's server", making, user, ended_well, is_step=True),
        Task("card-papers", "hands the test CA to the server", _hand_over_card_papers, needs=("card-make",)),
        Part(
            "issuance-trust",
            "tells the server whose cards to trust",
            python(
                main,
                "trust",
                *folder,
                "--jpki-ca",
                str(public / "ca.pem"),
                "--links",
                str(public / "links.csv"),
            ),
            user,
            ended_well,
            needs=("issuance-init", "card-papers"),
            is_step=True,
        ),
        Part(
            "issuance",
            "issuance server of the demo town",
            python(main, "run", *folder, "--port", str(ISSUANCE_PORT)),
            user,
            answers_tcp(ISSUANCE_PORT),
            needs=("issuance-trust",),
        ),
    ]


def hand_over_list() -> None:
    """The card authority's list of today, as a town's daily job brings it."""
    folder = state("issuance") / "jpki" / "crl"
    bench.hand_over(state("card") / "pki" / "crl.pem", folder / "crl.pem", "kiosk-issuance")


def _hand_over_card_papers() -> None:
    for name in ("pki/ca.pem", "pki/crl.pem", "links.csv"):
        source = state("card") / name
        bench.hand_over(source, places.BENCH / "issuance" / source.name, "kiosk-issuance")


# --- the kiosk ---


def core(
    environment: Mapping[str, str],
    pieces: int,
    notes: int,
    shape: Shape,
    given: Mapping[str, str] | None = None,
) -> list[Part | Task]:
    """The core, with what its enrolment gave it, and its configuration: `given`, or the demo's."""
    notify = NotifySocket(places.BENCH / "core" / "notify.sock", "kiosk-core")
    made = given or demo_config.files(shape)
    home = state("core") / ("training" if shape.is_training else "enrolment")
    files = {places.BENCH / "core" / name: text for name, text in made.items()}
    named = tuple(word for path in files for word in ("--config", str(path)))

    def enrol() -> None:
        for source in (state("issuance") / "kiosk").iterdir():
            bench.hand_over(source, home / source.name, "kiosk-core")
        staff = state("card") / "staff" / "ca.pem"
        bench.hand_over(staff, home / "staff-ca.pem", "kiosk-core")

    def configure() -> None:
        secret = {places.BENCH / "core" / "gateway.key": GATEWAY_KEY} if shape.has_cashless else {}
        for path, text in {**files, **secret}.items():
            path.write_text(text)
            bench.own(path, "root", 0o640, "kiosk-core")

    return [
        Task("enrol", "gives the kiosk its keys", enrol, needs=("issuance-init", "card-make")),
        Task("configure", "writes the kiosk's configuration", configure),
        _fill(
            counted(shape, pieces, notes), named, (home if shape.is_training else home.parent) / "journal.db"
        ),
        Part(
            "core",
            "the core: engine, journal, money",
            python("kiosk.daemon.main:main", *named),
            "kiosk-core",
            notify.ready,
            # it would start without any of them, and look for them by and by; this way it finds all at once
            needs=(
                "fill",
                *(["changer"] if shape.has_changer else ["cctalk", "id003"]),
                "escpos",
                "ipp",
                "card",
                "issuance",
                *(["camera"] if shape.has_camera else ()),
                *(["terminal", "gateway"] if shape.has_cashless else ()),
                *(["ipp2"] if shape.has_spare else ()),
                *(["modbus"] if shape.has_sensors else ()),
                *(["lamp"] if shape.has_lamp else ()),
                *(["webhook"] if shape.has_message else ()),
            ),
            environment={"NOTIFY_SOCKET": str(notify.path), **environment},
            groups=(SERIAL_GROUP,),
            is_kept_up=True,
        ),
    ]


def counted(shape: Shape, pieces: int, notes: int) -> tuple[str, ...]:
    """What lies in each unit at first, as `kiosk-cash count` wants it said."""
    if shape.has_changer:
        return tuple(f"{unit}={pieces}" for unit in demo_config.STACKS)
    hoppers = (f"{unit}={pieces}" for unit in demo_config.HOPPERS)
    return (*hoppers, *(f"{unit}={notes}" for unit in demo_config.BOXES))


def _fill(counts: tuple[str, ...], named: tuple[str, ...], journal: Path) -> Part:
    """The first count of hoppers and boxes, by the officer who filled them."""
    counting = python("kiosk.cash_cli:main", "count", *named, "--operator", "demo-officer", *counts)
    if journal.exists():
        counting = ("true",)
    needs = ("enrol", "configure")
    return Part(
        "fill",
        "counts the money in hoppers and boxes",
        counting,
        "kiosk-core",
        ended_well,
        needs,
        is_step=True,
    )


HEARD_PACE = "0.2"
"""Nobody listens here, so nobody has to wait."""


def voice() -> list[Part | Task]:
    """The voice process; what it says lies in its folder, as sound and as words."""
    argv = python(
        "drivers.voice.sim:voice",
        *("--headphones-jack", str(ears.JACK), "--handset", f"{ears.HOOK}:key:{ears.HOOK_CODE}"),
        *("--record", str(state("voice") / "heard"), "--pace", HEARD_PACE),
    )
    ready = answers_unix(places.KIOSK / "voice" / "voice.sock")
    return [Part("voice", "the voice", argv, "kiosk-voice", ready, umask=0o007, is_kept_up=True)]
