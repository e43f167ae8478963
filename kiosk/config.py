"""The configuration: one file for the machine, one for the municipality, in the order they are named.

A later file's key stands for an earlier one's. An unknown key, table or value is a ConfigError with file and
line. `Config.effective` lists every value in force and where it came from. No secret is ever here: keys are
files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from kiosk.config_guidance import guidance
from kiosk.config_shape import (
    Accounting,
    Brand,
    BrandKind,
    Config,
    Device,
    Equipment,
    Flow,
    Identity,
    Incomplete,
    Issuance,
    KeyPlace,
    Machine,
    Mode,
    Outlet,
    Paths,
    Profile,
    Revenue,
    SealedCode,
    Slot,
    Sockets,
    StaffMember,
    Thing,
    Timeouts,
    Town,
    Void,
)
from kiosk.errors import ConfigError
from kiosk.ids import DeviceId, KioskId
from kiosk.masking import Mask
from kiosk.money import Denomination, Yen
from kiosk.sealed import ROLES
from kiosk.services.certificate import POLICIES
from kiosk.services.plan import Policy
from kiosk.strict_toml import Document, Table
from kiosk.view import Role

__all__ = [
    "Config",
    "Device",
    "Equipment",
    "Flow",
    "Identity",
    "Issuance",
    "KeyPlace",
    "Machine",
    "Mask",
    "Mode",
    "Paths",
    "Profile",
    "Sockets",
    "Thing",
    "Timeouts",
    "Town",
    "load",
]


def load(paths: Sequence[Path | str]) -> Config:
    """Read these files in this order. ConfigError names file, line and key."""
    document = Document([Path(each) for each in paths])
    machine = _machine(document.table("machine"))
    devices = tuple(_device(each, machine.mode) for each in document.tables("device"))
    equipment = _equipment(document.table("equipment"))
    devices = _with_readers_apart(devices, equipment)
    config = Config(
        machine=machine,
        profile=_profile(document.table("profile")),
        paths=_paths(document.table("paths")),
        sockets=_sockets(document.table("sockets"), document.table("roles")),
        devices=devices,
        equipment=equipment,
        issuance=_issuance(document.table("issuance"), machine.mode),
        timeouts=_timeouts(document.table("timeouts_s")),
        town=_town(
            document,
            _accounting(document.table("accounting"), document),
            _brands(document),
            _taxes(document),
        ),
        staff=_staff(document),
        sealed_codes=_sealed_codes(document),
        staff_authorities=_staff_authorities(document.table("staff_cards")),
        identity=_identity(document.table("identity"), devices, equipment),
        settings=tuple(document.settings.found),
    )
    document.done()
    names = [each.id for each in devices]
    if len(set(names)) != len(names):
        raise ConfigError("device: two devices have the same id")
    _must_be_apart(config)
    _must_be_there(config)
    _must_be_marked(config)
    return config


def _with_readers_apart(devices: tuple[Device, ...], equipment: Equipment) -> tuple[Device, ...]:
    """A second reader, for staff, is named as PC/SC names it, and the residents' is told that it is not theirs."""
    if not equipment.staff_reader:
        return devices
    found = {each.id: each for each in devices}
    theirs, ours = found.get(equipment.card_reader), found.get(equipment.staff_reader)
    if theirs is None or ours is None:
        raise ConfigError("equipment: staff_reader wants a [[device]] of its own, and one for card_reader")
    name, other = str(ours.options.get("reader", "")), str(theirs.options.get("reader", ""))
    if not name or theirs.driver != ours.driver:
        raise ConfigError(
            f"device {ours.id}: the staff's reader is a card_service whose option `reader` is part of its name"
        )
    if other and name in other:
        raise ConfigError(f"device {theirs.id}: its reader's name is one of the staff's, {name}")
    apart = replace(theirs, options={**theirs.options, "not_reader": name})
    return tuple(apart if each is theirs else each for each in devices)


def _must_be_marked(config: Config) -> None:
    """What a training machine writes and proves itself with is never taken for the real thing, nor the other way."""
    is_training = config.machine.mode is Mode.TRAINING
    named = {"paths.journal": config.paths.journal, "issuance.key": config.issuance.key}
    for key, path in named.items():
        if ("training" in str(path)) != is_training:
            wanted = "must lie" if is_training else "must not lie"
            raise ConfigError(
                f"{key}: {wanted} in a place called training (machine.mode is {config.machine.mode.value})"
            )


def _must_be_there(config: Config) -> None:
    for role in ("lamp", "messenger"):
        named = getattr(config.equipment, role)
        if named and named not in {each.id for each in config.devices}:
            raise ConfigError(f"equipment: {role} names no device")
    profile = config.profile
    watched = {each.value for each in (*profile.exit_sensors, *profile.sheet_sensors)}
    if Thing.SPARE.value in watched and not config.equipment.spare_printer:
        raise ConfigError("profile: a sensor watches the spare printer, and there is none")
    if profile.sheet_sensors and not config.equipment.panel:
        raise ConfigError("profile: sheet_sensors want [equipment] panel, the module that they hang on")


def _must_be_apart(config: Config) -> None:
    """One person, one number, one account; and no account is a process's of ours."""
    for what in ("id", "user"):
        given = [value for each in config.staff if (value := getattr(each, what))]
        if len(set(given)) != len(given):
            raise ConfigError(f"staff: two have the same {what}")
    holders = [each.holder for each in config.sealed_codes]
    if len(set(holders)) != len(holders) or len({each.key for each in config.sealed_codes}) != len(holders):
        raise ConfigError("sealed_code: one person has one, and no two are the same")
    roles = {each.id: each.role for each in config.staff}
    if any(roles.get(each.holder, each.role) is not each.role for each in config.sealed_codes):
        raise ConfigError("sealed_code: a holder has another role on the list of staff")
    cards = [each for member in config.staff for each in member.cards]
    if len(set(cards)) != len(cards):
        raise ConfigError("staff: two have the same card")
    if shared := {each.user for each in config.staff} & set(config.sockets.users.values()):
        raise ConfigError(f"staff: {', '.join(sorted(shared))} is a screen's user")


_ID = r"[a-z][a-z0-9_-]{0,31}"
_LANGUAGE = r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*"


def _machine(table: Table) -> Machine:
    made = Machine(
        kiosk=KioskId(table.text("kiosk", pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")),
        mode=table.choice("mode", Mode),
        flow=table.choice("flow", Flow, Flow.KONBINI),
    )
    table.done()
    return made


def _profile(table: Table) -> Profile:
    made = Profile(
        phones=table.flag("phones", False),
        exit_sensors=table.choices("exit_sensors", Thing, ()),
        sheet_sensors=table.choices("sheet_sensors", Outlet, ()),
        page_s=table.seconds("page_s", 4.0, low=0.1, high=120),
    )
    table.done()
    return made


def _paths(table: Table) -> Paths:
    state = table.path("state", Path("/var/lib/madoguchi"))
    made = Paths(
        state=state,
        journal=table.path("journal", state / "journal.db"),
    )
    table.done()
    return made


def _sockets(sockets: Table, roles: Table) -> Sockets:
    view = sockets.path("view", Path("/run/kiosk/core/view.sock"))
    staff = sockets.path("staff", Path("/run/kiosk/staff/staff.sock"))
    for key, path in (("view", view), ("staff", staff)):
        if len(str(path).encode()) > 107:
            raise sockets.refuse(key, "a socket's path is at most 107 bytes")  # sun_path, unix(7)
    sockets.done()
    defaults = {Role.RESIDENT: "kiosk-ui", Role.ASSISTANT: "kiosk-assist"}
    users = {
        role: roles.text(role.value, defaults.get(role, ""), pattern=r"[a-z_][a-z0-9_-]*") for role in Role
    }
    roles.done()
    named = {role: user for role, user in users.items() if user}
    if len(set(named.values())) != len(named):
        raise roles.refuse("resident", "one user can have one role only")
    return Sockets(view, staff, named)


def _device(table: Table, mode: Mode) -> Device:
    made = Device(
        id=DeviceId(table.text("id", pattern=_ID)),
        driver=table.text("driver", pattern=_ID),
        options=table.anything("options"),
    )
    if mode is Mode.PRODUCTION and (_is_simulated(made.options) or made.options.get("allow_virtual")):
        raise table.refuse("options", "a production machine takes no simulator")
    if mode is Mode.TRAINING and _is_real(made.options):
        raise table.refuse("options", "a training machine takes nothing but simulators")
    table.done()
    return made


_SIMULATED = re.compile(
    r"^/run/(kiosk/sim|bench)/|^socket://|//(127\.|localhost|\[::1\])|^(127\.|localhost\b|::1$)"
)


_ADDRESSES = ("host", "port", "url", "address")


def _is_real(option: object, key: str = "") -> bool:
    """Somewhere in it an address that is not of this very machine's simulators."""
    if isinstance(option, Mapping):
        return any(_is_real(each, str(name)) for name, each in option.items())
    if isinstance(option, list):
        return any(_is_real(each, key) for each in option)
    if not isinstance(option, str) or not option:
        return False
    is_address = key in _ADDRESSES or option.startswith("/dev/") or "://" in option
    return is_address and not _is_simulated(option)


def _is_simulated(option: object) -> bool:
    """An address on this very machine where a device should be."""
    if isinstance(option, Mapping):
        return any(_is_simulated(each) for each in option.values())
    if isinstance(option, list):
        return any(_is_simulated(each) for each in option)
    return isinstance(option, str) and _SIMULATED.search(option) is not None


def _equipment(table: Table) -> Equipment:
    def device(key: str, default: str) -> DeviceId:
        return DeviceId(table.text(key, default, pattern=_ID))

    camera = table.text("camera", "", pattern=_ID)
    changer = table.text("changer", "", pattern=rf"({_ID})?")
    made = Equipment(
        card_reader=device("card_reader", "card"),
        staff_reader=DeviceId(table.text("staff_reader", "", pattern=rf"({_ID})?")),
        certificate_printer=device("certificate_printer", "certificate1"),
        spare_printer=DeviceId(table.text("spare_printer", "", pattern=rf"({_ID})?")),
        slots={DeviceId(key): slot for key, slot in table.choice_map("slots", Slot, {}).items()},
        receipt_printer=device("receipt_printer", "receipt1"),
        camera=DeviceId(camera) if camera else None,
        reader=DeviceId(table.text("reader", "", pattern=rf"({_ID})?")),
        acceptor=device("acceptor", changer or "coin1"),
        has_changer=changer != "",
        note_acceptor=DeviceId(table.text("note_acceptor", "", pattern=rf"({_ID})?")),
        lamp=DeviceId(table.text("lamp", "", pattern=rf"({_ID})?")),
        messenger=DeviceId(table.text("messenger", "", pattern=rf"({_ID})?")),
        panel=DeviceId(table.text("panel", "", pattern=rf"({_ID})?")),
        hoppers={DeviceId(key): face for key, face in table.choice_map("hoppers", Denomination, {}).items()},
        faces=table.choices("faces", Denomination, ()),
    )
    table.done()
    if made.staff_reader == made.card_reader:
        raise table.refuse("staff_reader", "it is the residents' reader itself; leave it out")
    if made.spare_printer == made.certificate_printer:
        raise table.refuse("spare_printer", "it is the certificate printer itself")
    if not set(made.slots) <= {made.certificate_printer, made.spare_printer}:
        raise table.refuse("slots", "only certificate printers have one")
    if changer and (made.acceptor != changer or made.note_acceptor):
        raise table.refuse(
            "changer", "a change machine takes coins and notes: there is no acceptor beside it"
        )
    if changer and len(set(made.hoppers.values())) != len(made.hoppers):
        raise table.refuse("hoppers", "a change machine has one unit for each face")
    if (
        not changer
        and not made.note_acceptor
        and any(each.is_note for each in (*made.faces, *made.hoppers.values()))
    ):
        raise table.refuse("note_acceptor", "there are faces or boxes of notes, and nothing takes notes")
    return made


def _identity(table: Table, devices: tuple[Device, ...], equipment: Equipment) -> Identity:
    made = Identity(
        certificate=table.choice("certificate", Policy, Policy.PIN),
        face_threshold=table.fraction("face_threshold", 0.5, low=0.3, high=0.6),
        face_checks=table.integer("face_checks", 2, low=1, high=3),
        staff_look=table.flag("staff_look", False),
        record_by_pin=table.flag("record_by_pin", False),
        number_by_camera=table.flag("number_by_camera", True),
    )
    if made.certificate not in POLICIES:
        raise table.refuse("certificate", "a certificate needs the card's PIN; `face` alone is for forms")
    if made.certificate is Policy.PIN_AND_FACE and equipment.camera not in [each.id for each in devices]:
        raise table.refuse("certificate", "`pin+face` needs a camera: [equipment] camera names no device")
    table.done()
    return made


def _issuance(table: Table, mode: Mode) -> Issuance:
    made = Issuance(
        url=table.text("url", pattern=r"https://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9._/-]*)?"),
        server_ca=table.path("server_ca"),
        certificate=table.path("certificate"),
        key=_device_key(table),
        key_in=table.choice("key_in", KeyPlace, KeyPlace.FILE),
        manifest_key=table.path("manifest_key"),
        earlier_certificates=tuple(
            Path(each) for each in table.texts("earlier_certificates", (), pattern="/.+")
        ),
        enrolment_url=table.text("enrolment_url", "", pattern=r"(https://[A-Za-z0-9.\[\]:-]+)?"),
    )
    # What renewal laid aside (kiosk/enrolment/folder.py) is known without being named.
    kept = tuple(sorted((made.certificate.parent / "earlier").glob("*.pem")))
    made = replace(made, earlier_certificates=(*made.earlier_certificates, *kept))
    if mode is Mode.PRODUCTION and _is_simulated(made.url):
        raise table.refuse("url", "a production machine takes no simulator")
    if mode is Mode.TRAINING and not _is_simulated(made.url):
        raise table.refuse("url", "a training machine has an issuing server of its own, on this machine")
    table.done()
    return made


def _device_key(table: Table) -> Path:
    """A file, also of a key in a TPM (kiosk/enrolment/tpm.py); a handle is refused in words."""
    name = table.text("key")
    if name.startswith(("tpm:", "tpm2:", "pkcs11:", "handle:")):
        raise table.refuse("key", 'a handle: a file is expected, also of a key in the TPM (key_in = "tpm")')
    if not name.startswith("/"):
        raise table.refuse("key", "an absolute path is expected")
    return Path(name)


def _timeouts(table: Table) -> Timeouts:
    made = Timeouts(
        idle=table.seconds("idle", 60, low=20),
        long_idle=table.seconds("long_idle", 90, low=20),
        answer=table.seconds("answer", 30, low=20),
        card_left=table.seconds("card_left", 10, low=3),
        card_lock=table.seconds("card_lock", 60, low=10),
        notice=table.seconds("notice", 30, low=5),
        done=table.seconds("done", 20, low=3),
        take=table.seconds("take", 60, low=20),
        note=table.seconds("note", 30, low=10),
        bezel=table.seconds("bezel", 10, low=3),
        closing=table.seconds("closing", 3, low=0.5, high=30),
        printer=table.seconds("printer", 180, low=20),
        offer=table.seconds("offer", 600, low=60),
        retry=table.seconds("retry", 5, low=1),
        status=table.seconds("status", 15, low=1),
        call=table.seconds("call", 60, low=10),
        check=table.seconds("check", 45, low=5),
        exit=table.seconds("exit", 5, low=1, high=60),
    )
    table.done()
    return made


def _brands(document: Document) -> tuple[Brand, ...]:
    """The town's cashless means. `refuse_final`: none that cannot be voided, for whatever fails after it is paid."""
    cashless = document.table("cashless")
    refuse_final = cashless.flag("refuse_final", False)
    cashless.done()
    brands = [_brand(each) for each in document.tables("brand")]
    if len({each.key for each in brands}) != len(brands):
        raise ConfigError("brand: two brands have the same key")
    return tuple(each for each in brands if not (refuse_final and each.void is Void.NEVER))


def _brand(table: Table) -> Brand:
    made = Brand(
        key=table.text("key", pattern=_ID),
        kind=table.choice("kind", BrandKind),
        device=DeviceId(table.text("device", pattern=_ID)),
        name=table.text_map("name"),
        void=table.choice("void", Void),
        void_days=table.integer("void_days", 0, low=0, high=180),
        incomplete=table.choice("incomplete", Incomplete),
    )
    if made.void_days and made.void is not Void.DAYS:
        raise table.refuse("void_days", 'only with void = "days"')
    if made.key == "cash":
        raise table.refuse("key", "cash is no brand")
    if "ja" not in made.name:
        raise table.refuse("name", "the Japanese text is missing")
    table.done()
    return made


def _taxes(document: Document) -> dict[str, int]:
    """What is sold here and taxed; a fee of public authority is not (消費税法 別表第二)."""
    found: dict[str, int] = {}
    for table in document.tables("taxable"):
        kind = table.text("kind", pattern=_ID)
        found[kind] = table.integer("percent", low=1, high=30)
        table.done()
    return found


def _town(
    document: Document, accounting: Accounting, brands: tuple[Brand, ...], taxes: Mapping[str, int]
) -> Town:
    table = document.table("town")
    languages = table.texts("languages", ("ja", "en"), pattern=_LANGUAGE)

    def per_language(key: str) -> dict[str, str]:
        texts = table.text_map(key)
        if texts and "ja" not in texts:
            raise table.refuse(key, "the Japanese text is missing")
        return texts

    if not languages:
        raise table.refuse("languages", "at least one is expected")
    made = Town(
        name=per_language("name"),
        place=per_language("place"),
        languages=languages,
        guidance=guidance(document, table),
        day_closes=table.text("day_closes", "23:30", pattern=r"([01]\d|2[0-3]):[0-5]\d"),
        mask=table.choice("mask", Mask, Mask.FIRST_CHARACTER),
        letters=table.text("letters", "", pattern=r"(/.+)?"),
        refused_faces=table.choices("refused_faces", Denomination, ()),
        invoice=table.text("invoice", "", pattern=r"(T\d{13})?"),
        taxes=taxes,
        brands=brands,
        cash_max=Yen(table.integer("cash_max", 200_000, low=1)),
        max_lines=table.integer("max_lines", 9, low=1, high=50),
        max_wrong_tries=table.integer("max_wrong_tries", 2, low=1, high=2),
        accounting=accounting,
    )
    if taxes and not made.invoice:
        raise table.refuse("invoice", "something is taxable, and the papers would name no 登録番号")
    table.done()
    return made


def _accounting(table: Table, document: Document) -> Accounting:
    made = Accounting(
        payee=table.text("payee", ""),
        bank=table.text("bank", ""),
        section=table.text("section", ""),
        fund=Yen(table.integer("fund", 0)),
        revenues=tuple(_revenue(each) for each in document.tables("revenue")),
    )
    table.done()
    return made


def _revenue(table: Table) -> Revenue:
    made = Revenue(
        kind=table.text("kind", pattern=_ID),
        from_year=table.integer("from_year", low=2000, high=2999),
        code=table.text("code", pattern=r"[0-9A-Za-z-]{1,40}"),
        name=table.text("name", pattern=r'[^\x00-\x1f",]{1,60}'),
    )
    table.done()
    return made


_STAFF_ROLES = (Role.CASH_OFFICER, Role.TECHNICIAN, Role.TREASURER, Role.ASSISTANT)


def _role(table: Table, roles: Sequence[Role]) -> Role:
    role = table.choice("role", Role)
    if role not in roles:
        raise table.refuse("role", "one of " + ", ".join(each.value for each in roles))
    return role


def _staff(document: Document) -> tuple[StaffMember, ...]:
    found = []
    for table in document.tables("staff"):
        role = _role(table, _STAFF_ROLES)
        found.append(
            StaffMember(
                id=table.text("id", pattern=r"[A-Za-z0-9_-]{1,32}"),
                role=role,
                user=table.text("user", "", pattern=r"|[a-z_][a-z0-9_-]*"),
                cards=table.texts("cards", (), pattern=r"[0-9a-f]{64}"),
            )
        )
        table.done()
    return tuple(found)


_CODES_MOST = 8
"""The card process tries each: a tenth of a second."""


def _sealed_codes(document: Document) -> tuple[SealedCode, ...]:
    found = []
    for table in document.tables("sealed_code"):
        role = _role(table, ROLES)
        found.append(
            SealedCode(
                holder=table.text("holder", pattern=r"[A-Za-z0-9_-]{1,32}"),
                role=role,
                salt=table.text("salt", pattern=r"[0-9a-f]{32}"),
                key=table.text("key", pattern=r"[0-9a-f]{64}"),
            )
        )
        table.done()
    if len(found) > _CODES_MOST:
        raise ConfigError(f"sealed_code: at most {_CODES_MOST}")
    return tuple(found)


def _staff_authorities(table: Table) -> tuple[Path, ...]:
    found = tuple(Path(each) for each in table.texts("authorities", (), pattern="/.+"))
    table.done()
    return found
