"""The certificate printer (IPP) and the receipt printer."""

from __future__ import annotations

import msgspec

from kiosk.ids import DeviceId, OpId
from kiosk.ports.base import Command, Event, Outcome


class PrinterRead(Event, frozen=True):
    """State of a printer. `reasons`: IPP printer-state-reasons keywords without severity suffix (RFC 8011 §5.4.12)."""

    device: DeviceId
    is_ready: bool
    reasons: tuple[str, ...]
    sheets: int | None = None
    """Sheets of the certificates' paper that it says lie in it (PWG 5100.13 printer-input-tray); None: it does not
    say."""


class PageImprinted(Event, frozen=True):
    op: OpId
    device: DeviceId
    pages: int


class PrintEnded(Event, frozen=True):
    """CONFIRMED: job completed, every page counted, printer idle. REFUSED: proven that nothing came out."""

    op: OpId
    device: DeviceId
    outcome: Outcome
    pages: int
    code: str = ""


class ReadPrinter(Command, frozen=True):
    device: DeviceId


class PrintDocument(Command, frozen=True):
    """`document` is a PDF of exactly `pages` pages whose SHA-256 is `sha256`; both are checked again
    before it is sent. `sides` is IPP's word."""

    op: OpId
    device: DeviceId
    document: bytes
    sha256: str
    pages: int
    sides: str = "one-sided"


class SlipLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a slip. `right` is set flush right on the same line; `rule` is a line across."""

    text: str = ""
    right: str = ""
    size: int = 1
    """1 normal, 2 large (amounts), 3 huge."""
    is_bold: bool = False
    is_centred: bool = False
    is_rule: bool = False


class Slip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A receipt, slip or ticket as lines; the driver draws it (any script) at the paper's width."""

    kind: str
    lines: tuple[SlipLine, ...]


class SlipPrinted(Event, frozen=True):
    op: OpId
    device: DeviceId
    outcome: Outcome
    code: str = ""


class PrintSlip(Command, frozen=True):
    op: OpId
    device: DeviceId
    slip: Slip
