"""What the engine knows of this machine and town: data from the configuration, the same for every visit. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from kiosk.badges import Member
from kiosk.guidance import Guidance
from kiosk.ids import DeviceId
from kiosk.money import Denomination, Yen
from kiosk.sealed import Envelope
from kiosk.services.certificate import KONBINI
from kiosk.services.plan import Plan
from kiosk.slips import Issuer, Texts


class Timeouts(msgspec.Struct, frozen=True):
    """All in seconds. Defaults: facts/kiosk.md §1.9."""

    idle_s: float = 60.0
    long_idle_s: float = 90.0
    """On PIN and payment."""
    answer_s: float = 30.0
    """To answer 「つづけますか」; never under 20."""
    card_left_s: float = 10.0
    card_lock_s: float = 60.0
    notice_s: float = 30.0
    done_s: float = 20.0
    take_s: float = 60.0
    closing_s: float = 3.0
    printer_s: float = 180.0
    offer_s: float = 600.0
    surface_s: float = 20.0
    """For the card to give its face."""
    number_s: float = 60.0
    """For a card to be read by the camera, above what the vision process allows itself."""
    face_s: float = 130.0
    """For one check, above what the vision process allows itself."""
    look_s: float = 600.0
    """For staff to come."""
    slow_s: float = 10.0
    """Past the seconds that were promised, before staff are called."""
    exit_s: float = 5.0
    """From the printer's being done until a sensor must have seen the last sheet."""
    retry_s: float = 5.0
    status_s: float = 15.0
    note_s: float = 30.0
    """From ordering a note in to knowing what became of it; then it is in doubt."""
    bezel_s: float = 10.0
    """A note that waits to be taken, before somebody is called."""
    staff_s: float = 900.0
    """So long after their last act a person of the staff still counts as standing at the machine."""
    call_s: float = 60.0
    """A call that nobody answered is told elsewhere again after this, and then after twice as long each time."""
    desk_idle_s: float = 180.0
    """The staff desk shuts when nothing was touched for so long."""
    desk_max_s: float = 3600.0
    """And after so long in any case."""
    check_s: float = 45.0
    """For a payment that nobody can speak for: asked for so long while the resident waits."""
    start_s: float = 30.0
    """For all devices to come after a start, before it is said that money is waiting for one of them."""


class Hopper(msgspec.Struct, frozen=True):
    device: DeviceId
    denomination: Denomination


class Brand(msgspec.Struct, frozen=True):
    """A cashless means of this town, with its rules (facts of the contracts, as data)."""

    key: str
    kind: str
    """`emoney`, `credit` (at the terminal); `scan` (the phone's code to the camera); `show` (our code to the phone)."""
    device: DeviceId
    names: Mapping[str, str]
    void: str = "never"
    """`never`; `last` (only the terminal's last one, on the day of the payment); `days`."""
    void_days: int = 0
    """With `days`: so many day closes later it is still possible; 0: on the day of the payment only."""
    incomplete: str = "touch_again"
    """What 処理未了 is by the brand's rules: `touch_again` (no sale until the next touch settles it), `sale` (a sale
    until it is disproved), `not_made` (never a sale: done with)."""

    @property
    def is_final(self) -> bool:
        return self.void == "never"

    def name(self, language: str) -> str:
        return self.names.get(language) or self.names.get("ja", self.key)


class Setup(msgspec.Struct, frozen=True):
    """What the engine knows of this machine and town: data from the configuration."""

    kiosk: str = "kiosk"
    town: Mapping[str, str] = {}
    """The name of the town, and of where the machine stands, per language; Japanese always."""
    place: Mapping[str, str] = {}
    plan: Plan = KONBINI
    languages: tuple[str, ...] = ("ja", "en")
    card_reader: DeviceId = DeviceId("card")
    staff_reader: DeviceId = DeviceId("")
    """A second reader, for staff cards; empty: there is none. Theirs are taken on the residents' too."""
    acceptor: DeviceId = DeviceId("coin1")
    note_acceptor: DeviceId = DeviceId("")
    """Empty: this machine takes no notes. Its boxes stand among the hoppers, with the face that they hold."""
    has_changer: bool = False
    """The acceptor is a change machine: it takes notes, too, counts itself, and waits for our acknowledgement
    (kiosk/changer_till.py)."""
    faces: tuple[Denomination, ...] = ()
    """What the acceptor may ever take here."""
    refused_faces: tuple[Denomination, ...] = ()
    """Named on the payment screen as not usable."""
    hoppers: tuple[Hopper, ...] = ()
    taxes: Mapping[str, int] = {}
    """Kind -> per cent of consumption tax in its price; what is not here is not taxed."""
    brands: tuple[Brand, ...] = ()
    """In the order in which they are shown. Brands that the town refuses are not here."""
    certificate_printer: DeviceId = DeviceId("certificate1")
    sides: str = "one-sided"
    """What the certificate printer may be asked for, as IPP names it."""
    spare_printer: DeviceId = DeviceId("")
    """Prints while the first one cannot; empty: there is none."""
    spare_sides: str = "one-sided"
    receipt_printer: DeviceId = DeviceId("receipt1")
    camera: DeviceId = DeviceId("camera1")
    reader: DeviceId = DeviceId("")
    """Reads a certificate aloud to its owner; empty: there is none."""
    face_threshold: float = 0.5
    face_checks: int = 2
    reads_number: bool = False
    """照合番号B may be read off the card by the camera."""
    has_assistant: bool = False
    """A member of staff has a panel, and can say there that she looked."""
    lamp: DeviceId = DeviceId("")
    """A light that calls staff; empty: there is none."""
    messenger: DeviceId = DeviceId("")
    """Who tells staff elsewhere that they are called; empty: nobody."""
    is_training: bool = False
    exit_sensors: tuple[str, ...] = ()
    """Things whose taking a sensor reports. Of a certificate it also proves that something came out."""
    sheet_sensors: tuple[str, ...] = ()
    """Outlets (`certificate`, `spare`) where a sensor counts the sheets that leave."""
    slots: Mapping[DeviceId, str] = {}
    """Printer -> where its papers come out, for a person in front (`left`, `right`, `upper`, `lower`)."""
    panel: DeviceId = DeviceId("")
    """The input/output module that has the sensors; empty: other devices report it, or nobody."""
    guidance: Guidance = Guidance()
    serves_phones: bool = False
    """Phones' certificates are taken, not only cards'."""
    max_wrong_tries: int = 2
    max_lines: int = 9
    issuer: Issuer = Issuer(town="", place="", machine="")
    texts: Mapping[str, Texts] = {}
    """Per language, for slips."""
    page_s: float = 4.0
    """What one page takes this printer, for the seconds shown."""
    timeouts: Timeouts = Timeouts()
    staff: tuple[Member, ...] = ()
    """Who may log in with a card of their own."""
    seals: tuple[Envelope, ...] = ()
    """Sealed codes in the town's safe: with each, one of two people may open the staff desk, once."""
    staff_authorities: tuple[bytes, ...] = ()
    """DER of whose certificates are believed to name a member of staff."""
    cash_max: Yen | None = None
    """Cash in the machine with which no more is taken; None: no ceiling."""
    version: str = "0"
