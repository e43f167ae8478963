"""Answers that get lost, printers that talk nonsense: a document goes out once, and the job is asked for."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import NoReturn

import pytest

from drivers.ipp.codec import Message, Operation, encode
from drivers.ipp.driver import IppDriver, create
from drivers.ipp.options import JOB_PREFIX, Options
from kiosk.errors import ConfigError, ContractError
from kiosk.ids import DeviceId, OpId
from kiosk.ports import (
    DeviceArrived,
    DeviceLost,
    Outcome,
    PrintDocument,
    PrintEnded,
    PrinterRead,
    PrintSlip,
    ReadPrinter,
    Slip,
)
from tests.codec.pdfs import make_pdf
from tests.contract.stub_printer import HangUp, StubPrinter
from tests.contract.told import Told

DEVICE = DeviceId("certificate1")
PDF = make_pdf(2)


@pytest.fixture
def printer() -> Iterator[StubPrinter]:
    with StubPrinter() as stub:
        yield stub


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def driver(printer: StubPrinter, told: Told) -> Iterator[IppDriver]:
    limits = {"answer_timeout_s": 0.5, "page_timeout_s": 2.0, "cancel_timeout_s": 0.5}
    driver = create(DEVICE, {"uri": printer.uri, "poll_s": 0.1, **limits}, told)
    driver.start()
    yield driver
    driver.stop()


def send(driver: IppDriver, told: Told) -> PrintEnded:
    driver.perform(
        PrintDocument(
            op=OpId("one"),
            device=DEVICE,
            document=PDF,
            sha256=hashlib.sha256(PDF).hexdigest(),
            pages=2,
        )
    )
    return told.until(PrintEnded)


def hang_up(_: Message) -> NoReturn:
    raise HangUp


def test_the_answer_to_the_document_is_lost_and_it_printed_all_the_same(
    printer: StubPrinter, driver: IppDriver, told: Told
) -> None:
    def take_and_hang_up(_: Message) -> NoReturn:
        printer.print_all(2)
        raise HangUp

    printer.tricks[Operation.SEND_DOCUMENT] = take_and_hang_up
    ended = send(driver, told)
    assert (ended.outcome, ended.pages) == (Outcome.CONFIRMED, 2)
    assert printer.documents == [PDF]


def test_the_answer_to_the_document_is_lost_and_it_never_began(
    printer: StubPrinter, driver: IppDriver, told: Told
) -> None:
    printer.tricks[Operation.SEND_DOCUMENT] = hang_up
    ended = send(driver, told)
    assert (ended.outcome, ended.code) == (Outcome.REFUSED, "canceled")
    assert printer.asked.count(Operation.SEND_DOCUMENT) == 1
    assert printer.asked.count(Operation.CANCEL_JOB) == 1


def test_after_a_lost_answer_a_printer_that_is_silent_leaves_a_doubt(
    printer: StubPrinter, driver: IppDriver, told: Told
) -> None:
    printer.tricks[Operation.SEND_DOCUMENT] = hang_up
    printer.tricks[Operation.GET_JOB_ATTRIBUTES] = hang_up
    ended = send(driver, told)
    assert (ended.outcome, ended.code) == (Outcome.UNKNOWN, "timeout")
    assert len(printer.documents) == 1


def test_the_answer_to_the_empty_job_is_lost_and_no_document_goes_out(
    printer: StubPrinter, driver: IppDriver, told: Told
) -> None:
    printer.tricks[Operation.CREATE_JOB] = hang_up
    ended = send(driver, told)
    assert (ended.outcome, ended.code) == (Outcome.REFUSED, "unreachable")
    assert printer.documents == []


def test_a_job_that_the_printer_will_not_make_is_refused_with_its_status(
    printer: StubPrinter, driver: IppDriver, told: Told
) -> None:
    def refuse(request: Message) -> bytes:
        return encode(Message(code=0x040B, request_id=request.request_id))

    printer.tricks[Operation.CREATE_JOB] = refuse
    ended = send(driver, told)
    assert (ended.outcome, ended.code) == (Outcome.REFUSED, "ipp-040b")
    assert told.until(PrinterRead).is_ready


def test_a_job_that_the_printer_forgot_is_a_doubt(
    printer: StubPrinter, driver: IppDriver, told: Told
) -> None:
    def forget(request: Message) -> bytes:
        return encode(Message(code=0x0406, request_id=request.request_id))

    printer.tricks[Operation.GET_JOB_ATTRIBUTES] = forget
    ended = send(driver, told)
    assert (ended.outcome, ended.code) == (Outcome.UNKNOWN, "job-forgotten")


@pytest.mark.parametrize(
    "said",
    [
        b"nonsense",
        b"\x02\x00\x00\x00\x00\x00\x00\x63\x03",  # an answer to question 99
        encode(Message(code=0x0500, request_id=1)),
        b"\x02\x00\x00\x00\x00\x00\x00\x01\x04\x44\x00",  # breaks off
    ],
)
def test_nonsense_is_a_lost_device_until_it_makes_sense(
    printer: StubPrinter, driver: IppDriver, told: Told, said: bytes
) -> None:
    told.until(PrinterRead)
    printer.tricks[Operation.GET_PRINTER_ATTRIBUTES] = lambda _: said
    assert told.until(DeviceLost).code == "protocol"
    printer.tricks.clear()
    told.until(DeviceArrived)


def test_a_printer_that_hangs_is_lost_and_says_so_when_asked(
    printer: StubPrinter, driver: IppDriver, told: Told
) -> None:
    told.until(PrinterRead)
    may_answer = threading.Event()

    def hang(_: Message) -> None:
        may_answer.wait(20)

    printer.tricks[Operation.GET_PRINTER_ATTRIBUTES] = hang
    assert told.until(DeviceLost).code == "no-answer"
    driver.perform(ReadPrinter(device=DEVICE))
    assert told.until(PrinterRead) == PrinterRead(device=DEVICE, is_ready=False, reasons=("unreachable",))
    may_answer.set()


def test_what_was_asked_for_is_one_a4_copy_at_true_size_in_nobodys_name(
    printer: StubPrinter, driver: IppDriver, told: Told
) -> None:
    seen: list[Message] = []

    def note(request: Message) -> None:
        seen.append(request)

    printer.tricks[Operation.CREATE_JOB] = note
    printer.tricks[Operation.SEND_DOCUMENT] = lambda _: printer.print_all(2)
    assert send(driver, told).outcome is Outcome.CONFIRMED
    operation, template = seen[0].groups
    assert operation.strings("job-name") == (JOB_PREFIX + "one",)
    assert operation.strings("requesting-user-name") == ("kiosk",)
    assert operation.boolean("ipp-attribute-fidelity") is True
    assert template.integer("copies") == 1
    assert template.strings("media") == ("iso_a4_210x297mm",)
    assert template.strings("print-scaling") == ("none",)
    assert template.strings("sides") == ("one-sided",)


@pytest.mark.parametrize("options", [{}, {"uri": "http://x/"}, {"uri": "ipp://x/", "papers": "A4"}])
def test_a_wrong_option_is_a_configuration_error(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        create(DEVICE, options, Told())


def test_a_command_of_another_kind_is_our_own_bug(driver: IppDriver) -> None:
    with pytest.raises(ContractError):
        driver.perform(PrintSlip(op=OpId("x"), device=DEVICE, slip=Slip(kind="", lines=())))


class BrokenClock:
    """Our own bug, wherever it is."""

    def monotonic_s(self) -> float:
        raise RuntimeError("a bug")

    def wall(self) -> datetime:
        raise RuntimeError("a bug")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_in_the_thread_is_told_and_reaches_the_process(printer: StubPrinter, told: Told) -> None:
    driver = IppDriver(DEVICE, Options(uri=printer.uri), told, clock=BrokenClock())
    driver.start()
    driver.perform(
        PrintDocument(
            op=OpId("one"), device=DEVICE, document=PDF, sha256=hashlib.sha256(PDF).hexdigest(), pages=2
        )
    )
    assert told.until(DeviceLost).code == "driver-failed"
    driver.stop()
