"""What a configuration says, as frozen values; kiosk/config.py reads them."""

from __future__ import annotations

import pwd
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from kiosk.errors import ConfigError
from kiosk.guidance import Guidance
from kiosk.ids import DeviceId, KioskId
from kiosk.masking import Mask
from kiosk.money import Denomination, Yen
from kiosk.services.plan import Policy
from kiosk.strict_toml import Setting
from kiosk.view import Role


class Mode(Enum):
    """A production machine refuses to start with anything that is simulated."""

    DEMO = "demo"
    TRAINING = "training"
    """A demo that stands in a hall for classes and staff: simulators only, a journal and keys of its own, and every
    screen and paper says so."""
    PRODUCTION = "production"


class KeyPlace(Enum):
    """Where a new device key is made."""

    FILE = "file"
    TPM = "tpm"
    """In the machine's TPM 2.0: the file keeps it wrapped, and no other machine can use it."""


class Flow(Enum):
    """The order of steps (DESIGN §5)."""

    KONBINI = "konbini"
    KIND_FIRST = "kind_first"


class Thing(Enum):
    """What a sensor can see being taken."""

    CERTIFICATE = "certificate"
    SPARE = "spare"
    """A certificate of the spare printer."""
    CHANGE = "change"
    RECEIPT = "receipt"


class Outlet(Enum):
    """Where sheets leave a certificate printer."""

    CERTIFICATE = "certificate"
    SPARE = "spare"


class Slot(Enum):
    """Where papers come out, for a person in front."""

    LEFT = "left"
    RIGHT = "right"
    UPPER = "upper"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Machine:
    kiosk: KioskId
    mode: Mode
    flow: Flow


@dataclass(frozen=True, slots=True)
class Identity:
    """How a service wants to be sure who is there."""

    certificate: Policy
    face_threshold: float
    """Largest distance between the photo and the person; a town's own by `kiosk-face evaluate`."""
    face_checks: int
    """In one session."""
    staff_look: bool
    """Staff have a panel at this machine, and say there that they looked at card and person."""
    record_by_pin: bool
    """Who gave no 照合番号B gives the PIN of the card's own record (券面事項入力補助用), which is then compared with
    the server's word and the paper (DESIGN 6 e)."""
    number_by_camera: bool
    """照合番号B may be read off the card's front by the camera, beside being typed."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The machine's shape."""

    phones: bool
    """A phone's certificate serves as well as the card's (スマホ用電子証明書)."""
    exit_sensors: tuple[Thing, ...]
    """Things whose taking a sensor reports; the others are asked for on the screen. A certificate's also proves that
    something came out."""
    sheet_sensors: tuple[Outlet, ...]
    """Outlets where a sensor counts the sheets that leave: paper is proven out only when it saw all of them."""
    page_s: float
    """What one page takes the certificate printer, for the seconds shown."""


@dataclass(frozen=True, slots=True)
class Paths:
    state: Path
    journal: Path


@dataclass(frozen=True, slots=True)
class Sockets:
    view: Path
    staff: Path
    """Where `kiosk-cash` asks the core."""
    users: Mapping[Role, str]
    """The Unix user whose processes have this role."""

    def roles(self) -> dict[int, Role]:
        """uid -> Role; ConfigError when there is no such user here."""
        found: dict[int, Role] = {}
        for role, user in self.users.items():
            try:
                found[pwd.getpwnam(user).pw_uid] = role
            except KeyError:
                raise ConfigError(f"roles.{role.value}: no user {user} on this machine") from None
        return found


@dataclass(frozen=True, slots=True)
class Device:
    """One line to one or more devices. The driver judges its own options."""

    id: DeviceId
    driver: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Equipment:
    """Which device does what. A hopper of a bus has an id of its own, given by its driver's options."""

    card_reader: DeviceId
    staff_reader: DeviceId
    """A second one, for staff; empty: they use the residents'."""
    certificate_printer: DeviceId
    spare_printer: DeviceId
    """Prints certificates while the first one cannot; empty: there is none."""
    slots: Mapping[DeviceId, Slot]
    """Certificate printer -> where its papers come out; the take screen says it."""
    receipt_printer: DeviceId
    camera: DeviceId | None
    reader: DeviceId
    """Reads a certificate aloud to its owner; empty: none."""
    acceptor: DeviceId
    has_changer: bool
    """The acceptor is a change machine (`changer`): it takes coins and notes, and pays out of the units named as
    hoppers, one for each face."""
    note_acceptor: DeviceId
    """Empty: no notes, or a change machine. Its boxes stand among the hoppers, with the face that they hold."""
    lamp: DeviceId
    """A light that calls staff; empty: none."""
    messenger: DeviceId
    """Who tells staff elsewhere; empty: nobody."""
    panel: DeviceId
    """The input/output module with sensors and the building's alarm contact; empty: none."""
    hoppers: Mapping[DeviceId, Denomination]
    faces: tuple[Denomination, ...]
    """What may ever be put in here."""


@dataclass(frozen=True, slots=True)
class Issuance:
    """The server behind issuance/openapi.yaml, and the files that prove both ends."""

    url: str
    server_ca: Path
    certificate: Path
    key: Path
    """The device key (EC P-256): TLS client, order hashes, seals of the journal."""
    key_in: KeyPlace
    """Where the next one is made."""
    manifest_key: Path
    """The server's Ed25519 public key for manifests."""
    earlier_certificates: tuple[Path, ...]
    """Of device keys before this one, named or kept by renewal: seals of the journal made by them stay good."""
    enrolment_url: str
    """Where a machine without a certificate asks for one (issuance/enrolment.yaml); empty: files are carried here."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """All in seconds (facts: public terminals; never under 20 s to answer)."""

    idle: float
    long_idle: float
    answer: float
    card_left: float
    card_lock: float
    notice: float
    done: float
    take: float
    note: float
    bezel: float
    closing: float
    printer: float
    offer: float
    retry: float
    status: float
    call: float
    check: float
    exit: float


@dataclass(frozen=True, slots=True)
class StaffMember:
    """One person who may act on this machine. `id`: the town's number for them, on slips and in the journal."""

    id: str
    role: Role
    user: str
    """Their own Unix account here; empty: none (offline acts, and the desk)."""
    cards: tuple[str, ...]
    """SHA-256 fingerprints (hex) of certificates on their own card; a certificate of `staff_cards.authorities` that
    names them needs none."""


@dataclass(frozen=True, slots=True)
class SealedCode:
    """What is known of a code in the town's safe (kiosk/sealed.py); `kiosk-card seal` makes it."""

    holder: str
    """The town's number of the person whose envelope it is."""
    role: Role
    salt: str
    key: str


@dataclass(frozen=True, slots=True)
class Revenue:
    """歳入科目 of a kind of certificate, from this 年度 on."""

    kind: str
    from_year: int
    code: str
    """款-項-目-節-細節, as the town's accounts number them."""
    name: str


@dataclass(frozen=True, slots=True)
class Accounting:
    """What the town's books call things: for 日計表, 払込書 and 調定."""

    payee: str
    """払込先, usually 会計管理者."""
    bank: str
    """指定金融機関."""
    section: str
    """所属, whose receipts they are."""
    fund: Yen
    """つり銭資金 lent to the officer of this machine."""
    revenues: tuple[Revenue, ...]


class BrandKind(Enum):
    EMONEY = "emoney"
    CREDIT = "credit"
    SCAN = "scan"
    """The code of the resident's phone, held to the camera."""
    SHOW = "show"
    """Our code, for the resident's phone."""


class Void(Enum):
    """Whether a payment can be undone at the same terminal."""

    NEVER = "never"
    LAST = "last"
    """Only the terminal's last one, and the card was not used since."""
    DAYS = "days"


class Incomplete(Enum):
    """What 処理未了 is by the brand's rules."""

    TOUCH_AGAIN = "touch_again"
    SALE = "sale"
    NOT_MADE = "not_made"


@dataclass(frozen=True, slots=True)
class Brand:
    """A cashless means: who takes it, and its rules, from the contract."""

    key: str
    kind: BrandKind
    device: DeviceId
    name: Mapping[str, str]
    void: Void
    void_days: int
    """With `days`: so many day closes after the payment it can still be voided; 0: on its own day only."""
    incomplete: Incomplete


@dataclass(frozen=True, slots=True)
class Town:
    name: Mapping[str, str]
    """Per language; Japanese always."""
    place: Mapping[str, str]
    languages: tuple[str, ...]
    """The first is the one that waits."""
    guidance: Guidance
    day_closes: str
    """When the core closes and seals the day, `HH:MM` in Japan; between people."""
    mask: Mask
    letters: str
    """A file that says which letters are written plainly as which (kiosk/letters.py); empty: ours."""
    refused_faces: tuple[Denomination, ...]
    """Never taken here, and said so on the payment screen."""
    invoice: str
    """登録番号 (`T` and 13 digits), on papers with something taxable; empty: nothing is."""
    taxes: Mapping[str, int]
    """Kind -> per cent of consumption tax in its price."""
    brands: tuple[Brand, ...]
    """In the order in which they are shown; without those that the town refuses because they cannot be voided."""
    cash_max: Yen
    """Cash in the machine above which it warns, then closes cash."""
    max_lines: int
    """Papers in one transaction."""
    max_wrong_tries: int
    """Wrong PINs here in one session; the card's own counter is the law."""
    accounting: Accounting


@dataclass(frozen=True, slots=True)
class Config:
    """Everything in force."""

    machine: Machine
    profile: Profile
    paths: Paths
    sockets: Sockets
    devices: tuple[Device, ...]
    equipment: Equipment
    issuance: Issuance
    timeouts: Timeouts
    town: Town
    staff: tuple[StaffMember, ...]
    sealed_codes: tuple[SealedCode, ...]
    staff_authorities: tuple[Path, ...]
    """PEM files: whose certificates name a member of staff by their number."""
    identity: Identity
    settings: tuple[Setting, ...]

    def staff_by_uid(self) -> dict[int, StaffMember]:
        """uid -> who it is. An account that is not on this machine is nobody: a clerk who left stops no kiosk."""
        found: dict[int, StaffMember] = {}
        for each in self.staff:
            with suppress(KeyError):
                if each.user:
                    found[pwd.getpwnam(each.user).pw_uid] = each
        return found

    def effective(self) -> tuple[Setting, ...]:
        """Every value and where it came from, in the order of reading."""
        return self.settings
