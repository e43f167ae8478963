"""From a configuration to a loop with its drivers, journal and screens. The only place that knows them all."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from drivers import registry
from kiosk import badges, issuance_client, selftest
from kiosk.badges import Member
from kiosk.cash_office import Office
from kiosk.cash_office import refused as refused_answer
from kiosk.changer_till import ChangerTill
from kiosk.clock import Clock, SystemClock
from kiosk.config import Config, Mode
from kiosk.daemon.desk import DeskDriver
from kiosk.daemon.loop import Loop
from kiosk.daemon.till_driver import TillDriver
from kiosk.engine.inner import AnswerStaff, StaffAsked, StaffSlipAsked
from kiosk.engine.setup import Brand, Hopper, Setup, Timeouts
from kiosk.engine.state import Kiosk, Manners
from kiosk.errors import ConfigError, DeviceUnavailable, JournalError
from kiosk.ids import DeviceId
from kiosk.intents import AnyIntent, AnyStaffIntent
from kiosk.ipc.server import ViewServer
from kiosk.ipc.staff import StaffServer
from kiosk.ipc.staff_wire import Answer, Read
from kiosk.journal.checkpoint import FileVerifier, seal
from kiosk.journal.ledger import Ledger
from kiosk.journal.reading import mode_of, open_for_reading
from kiosk.journal.records import Checkpoint
from kiosk.journal.store import Store, boot_id, open_store
from kiosk.letters import read_letters
from kiosk.messages import Message, say
from kiosk.ports import Driver, SealedKey
from kiosk.sealed import Envelope
from kiosk.services.certificate import PLANS
from kiosk.slips import Issuer, texts_of
from kiosk.treasury.acts import Staff
from kiosk.treasury.refusals import RefusedError
from kiosk.treasury.told import told_of
from kiosk.version import VERSION
from kiosk.view import Role

SEED_BYTES = 32


def setup_of(config: Config) -> Setup:
    """What the engine needs to know of this machine and town."""
    equipment, town = config.equipment, config.town
    return Setup(
        kiosk=config.machine.kiosk,
        town=town.name,
        place=town.place,
        plan=PLANS[config.machine.flow.value].under(
            config.identity.certificate, config.identity.record_by_pin
        ),
        languages=town.languages,
        guidance=town.guidance,
        panel=equipment.panel,
        card_reader=equipment.card_reader,
        staff_reader=equipment.staff_reader,
        acceptor=equipment.acceptor,
        has_changer=equipment.has_changer,
        note_acceptor=equipment.note_acceptor,
        faces=equipment.faces,
        refused_faces=town.refused_faces,
        brands=tuple(
            Brand(
                each.key,
                each.kind.value,
                each.device,
                each.name,
                each.void.value,
                each.void_days,
                each.incomplete.value,
            )
            for each in town.brands
            if each.device in {device.id for device in config.devices}  # a town's machines are not all alike
        ),
        hoppers=tuple(Hopper(device, face) for device, face in equipment.hoppers.items()),
        certificate_printer=equipment.certificate_printer,
        sides=_sides(config, equipment.certificate_printer),
        spare_printer=equipment.spare_printer,
        spare_sides=_sides(config, equipment.spare_printer),
        receipt_printer=equipment.receipt_printer,
        camera=equipment.camera or Setup().camera,
        reader=equipment.reader,
        face_threshold=config.identity.face_threshold,
        face_checks=config.identity.face_checks,
        reads_number=config.identity.number_by_camera,
        has_assistant=config.identity.staff_look,
        lamp=equipment.lamp,
        messenger=equipment.messenger,
        exit_sensors=tuple(each.value for each in config.profile.exit_sensors),
        sheet_sensors=tuple(each.value for each in config.profile.sheet_sensors),
        slots={device: slot.value for device, slot in equipment.slots.items()},
        max_wrong_tries=town.max_wrong_tries,
        max_lines=town.max_lines,
        issuer=Issuer(
            town=town.name["ja"],
            place=town.place["ja"],
            machine=config.machine.kiosk,
            invoice=town.invoice,
            is_training=config.machine.mode is Mode.TRAINING,
        ),
        is_training=config.machine.mode is Mode.TRAINING,
        taxes=town.taxes,
        texts={each: texts_of(each) for each in town.languages},
        page_s=config.profile.page_s,
        serves_phones=config.profile.phones,
        timeouts=_timeouts(config),
        cash_max=town.cash_max,
        staff=tuple(Member(each.id, each.role, each.cards) for each in config.staff),
        seals=tuple(
            Envelope(each.holder, each.role, SealedKey(each.salt, each.key)) for each in config.sealed_codes
        ),
        staff_authorities=tuple(
            authority for each in config.staff_authorities for authority in _read_pem(each)
        ),
        version=VERSION,
    )


def _read_pem(path: Path) -> tuple[bytes, ...]:
    try:
        return badges.authorities_of(path.read_bytes())
    except (OSError, ValueError):
        raise ConfigError(f"{path}: no certificates in PEM") from None


def _sides(config: Config, printer: DeviceId) -> str:
    """The option `sides` of a certificate printer: its driver goes by the same word."""
    options = next((each.options for each in config.devices if each.id == printer), {})
    return str(options.get("sides", Setup().sides))


def _timeouts(config: Config) -> Timeouts:
    given = config.timeouts
    return Timeouts(
        idle_s=given.idle,
        long_idle_s=given.long_idle,
        answer_s=given.answer,
        card_left_s=given.card_left,
        card_lock_s=given.card_lock,
        notice_s=given.notice,
        done_s=given.done,
        take_s=given.take,
        note_s=given.note,
        bezel_s=given.bezel,
        closing_s=given.closing,
        printer_s=given.printer,
        offer_s=given.offer,
        retry_s=given.retry,
        status_s=given.status,
        call_s=given.call,
        check_s=given.check,
        exit_s=given.exit,
    )


def must_be_of(config: Config) -> None:
    """A training machine writes in no real journal, and no real machine in a training one. JournalError."""
    if not config.paths.journal.is_file():
        return
    with closing(open_for_reading(config.paths.journal)) as connection:
        mode = mode_of(connection)
    if (mode == Mode.TRAINING.value) != (config.machine.mode is Mode.TRAINING) and mode:
        raise JournalError(f"journal: it was begun by a machine in mode {mode}")


class Core:
    """Everything that runs. `start()` opens the sockets and the devices; `close()` leaves all of it safe."""

    def __init__(self, config: Config, clock: Clock | None = None) -> None:
        """ConfigError, JournalError, DeviceUnavailable: this machine cannot start, and why."""
        self.clock = clock or SystemClock()
        self.config = config
        keys = (config.issuance.certificate, *config.issuance.earlier_certificates)
        must_be_of(config)
        self.store: Store = open_store(
            config.paths.journal, clock=self.clock, boot=boot_id(), verify=FileVerifier(*keys)
        )
        setup = setup_of(config)
        state = Kiosk(
            setup=setup,
            seed=os.urandom(SEED_BYTES),
            manners=Manners(language=setup.languages[0]),
            ledger=self.store.recovered,
        )
        self.server = ViewServer(config.sockets.view, config.sockets.roles(), self._on_intent)
        self.loop = Loop(state, self.store, self.server, self.clock, self._sealer())
        self.drivers: list[Driver] = [
            self._device(each.id, each.driver, each.options) for each in config.devices
        ]
        self.office = Office(config)
        self.drivers.append(DeskDriver(self.office, lambda: selftest.run(config, self.clock), self.loop.post))
        for driver in self.drivers:
            self.loop.add_driver(driver)
        self.staff = self._staff_server()
        issuance = self._issuance()
        self.loop.set_issuance(issuance)
        self.drivers.append(issuance)

    def _on_intent(self, role: Role, intent: AnyIntent) -> None:
        self.loop.ask(role, intent)

    def _staff_server(self) -> StaffServer[Staff] | None:
        """Only where somebody of the staff has an account of their own on this machine."""
        people = {uid: Staff(each.id, each.role) for uid, each in self.config.staff_by_uid().items()}
        if not people:
            return None

        def ask(request: int, staff: Staff, intent: AnyStaffIntent) -> None:
            self.loop.post(StaffAsked(request, staff, intent))

        server = StaffServer(self.config.sockets.staff, people, ask, self._paper)

        def answer(command: AnswerStaff) -> None:
            refused = command.refusal
            told = told_of(command.records) if refused is None else (refused.ja, refused.en)
            server.answer(command.request, Answer(refused.code if refused else "", *told))

        self.loop.set_staff_desk(answer)
        return server

    def _paper(self, _: Staff, ask: Read) -> Answer:
        """In the asking person's thread. Everybody on the list reads everything; nothing in it names a resident."""
        try:
            text, slip = self.office.made(ask)
        except RefusedError as error:
            return refused_answer(error)
        except JournalError as error:
            return Answer("journal", str(error), str(error))
        if ask.is_printed and slip is not None:
            self.loop.post(StaffSlipAsked(slip))
        return Answer("", text=text)

    def _device(self, device: DeviceId, name: str, options: object) -> Driver:
        factory = registry.driver(name)
        given = dict(options) if isinstance(options, dict) else {}
        equipment = self.config.equipment
        if equipment.has_changer and device == equipment.acceptor:
            till = ChangerTill(device, equipment.hoppers, self.config.machine.kiosk)
            return TillDriver(till, lambda hear: factory(device, given, hear), self.loop.post)
        return factory(device, given, self.loop.post)

    def _sealer(self) -> Callable[[Ledger, str], Checkpoint | None]:
        def make(ledger: Ledger, head: str) -> Checkpoint | None:
            from kiosk.enrolment.keys import open_key  # noqa: PLC0415  # loads cryptography

            try:
                return seal(ledger, head, open_key(self.config.issuance.key))
            except (ConfigError, DeviceUnavailable):  # the next seal covers this day, too
                say(Message.KEYS_UNUSABLE, device="device-key")
                return None

        return make

    def _issuance(self) -> Driver:
        given = self.config.issuance
        if self.config.town.letters:
            read_letters(Path(self.config.town.letters))  # refused here, before anybody is served
        return issuance_client.create(
            DeviceId("issuance"),
            {
                "url": given.url,
                "kiosk": self.config.machine.kiosk,
                "key": str(given.key),
                "certificate": str(given.certificate),
                "ca": str(given.server_ca),
                "manifest_key": str(given.manifest_key),
                "is_production": self.config.machine.mode is Mode.PRODUCTION,
                "is_training": self.config.machine.mode is Mode.TRAINING,
                "mask": self.config.town.mask.value,
                "letters": self.config.town.letters,
                "reads_aloud": bool(self.config.equipment.reader),
            },
            self.loop.post,
        )

    def start(self) -> None:
        """The screens may come; the devices are looked for, each in its own thread."""
        self.server.start()
        if self.staff is not None:
            try:
                self.staff.start()
            except (
                DeviceUnavailable
            ) as error:  # residents are served all the same; `kiosk-cash` gets no answer
                say(Message.STAFF_DESK_CLOSED, why=str(error))
                self.staff = None
        for driver in self.drivers:
            driver.start()

    def close(self) -> None:
        """Cash closed, sockets gone, the journal shut."""
        for driver in self.drivers:
            driver.stop()
        if self.staff is not None:
            self.staff.stop()
        self.server.stop()
        self.store.close()
