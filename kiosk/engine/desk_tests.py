"""Tests of the machine at its staff desk: what it does by itself, and who says whether it went well. Pure.

A result is a record (StaffTested); the readiness report is made of the last result of each.
"""

from __future__ import annotations

import enum
import hashlib

from msgspec.structs import replace

from kiosk.engine import session
from kiosk.engine.state import Desk, Kiosk, Turn
from kiosk.ids import DeviceId, OpId
from kiosk.ports import (
    DESK,
    AllowCamera,
    CameraExamined,
    CameraFinding,
    CardInserted,
    ExamineCamera,
    FactsRead,
    Outcome,
    PrintDocument,
    PrintEnded,
    PrintSlip,
    ReadFacts,
    Slip,
    SlipLine,
    SlipPrinted,
)


class Judge(enum.Enum):
    """Who says whether a test went well."""

    MACHINE = "machine"
    PERSON = "person"
    SCREEN = "screen"
    """The touched glass itself: a person cannot see what was not heard."""


TESTS: dict[str, Judge] = {
    "receipt": Judge.PERSON,
    "receipt-feed": Judge.PERSON,
    "certificate": Judge.PERSON,
    "certificate-feed": Judge.PERSON,
    "spare": Judge.PERSON,
    "sound": Judge.PERSON,
    "reader": Judge.MACHINE,
    "staff-reader": Judge.MACHINE,
    "touch": Judge.SCREEN,
    "calibration": Judge.SCREEN,
    "camera": Judge.MACHINE,
    "cash": Judge.MACHINE,
    "machine": Judge.MACHINE,
    "network": Judge.MACHINE,
    "clock": Judge.MACHINE,
    "disk": Judge.MACHINE,
}
"""In the order of the list. `camera`, `spare` (the second certificate printer) and `staff-reader` only where there is
one."""


def here(state: Kiosk) -> tuple[str, ...]:
    """The tests of this machine."""
    has_camera = state.setup.camera in state.up or state.setup.plan.wants_face
    missing = {
        "camera": not has_camera,
        "spare": not state.setup.spare_printer,
        "staff-reader": not state.setup.staff_reader,
    }
    return tuple(each for each in TESTS if not missing.get(each))


def run(turn: Turn, test: str) -> None:
    """The machine's part. Its end is the desk's `result`: `seen`, `failed`; `running` until something comes."""
    state = turn.state
    op = OpId(turn.token())
    match test:
        case "receipt" | "receipt-feed":
            slip = test_slip(state) if test == "receipt" else EMPTY_SLIP
            _set(turn, op, "running")
            turn.do(PrintSlip(op, state.setup.receipt_printer, slip))
        case "certificate" | "certificate-feed" | "spare":
            page = _pdf("") if test == "certificate-feed" else test_page()
            printer = state.setup.spare_printer if test == "spare" else state.setup.certificate_printer
            _set(turn, op, "running")
            turn.do(PrintDocument(op, printer, page, hashlib.sha256(page).hexdigest(), 1))
        case "machine":
            _set(turn, op, "running")
            turn.do(ReadFacts(DESK, op))
        case "sound":
            _judged(turn, True)  # the screens play a tone; whether it is heard a person says
        case "reader" | "staff-reader":
            _set(turn, None, "running")
        case "camera":
            _examine_camera(turn, op)
        case "cash":
            _judged(turn, _cash_is_well(state))
        case "network":
            _judged(turn, state.issuance is not None)
        case "clock":
            _judged(turn, state.clock_is_good)
        case "disk":
            _judged(turn, state.journal_has_room and not state.journal_is_dead)
        case _:
            _set(turn, None, "running")


def _examine_camera(turn: Turn, op: OpId) -> None:
    """Whoever stands in front has read what for and agreed; the camera is shut before the result stands here."""
    camera = turn.state.setup.camera
    if camera not in turn.state.up:
        _found(turn, (CameraFinding("camera", "away", "bad"),))
        return
    _set(turn, op, "running")
    turn.set(camera_is_allowed=True)
    turn.do(AllowCamera(camera), ExamineCamera(camera, op))


def camera_examined(turn: Turn, event: CameraExamined) -> None:
    """Wherever the desk is by now, the camera stays shut."""
    if turn.state.camera_is_allowed:
        session.forbid_camera(turn)
    if turn.state.desk is not None and turn.state.desk.op == event.op:
        _found(turn, event.findings)


def _found(turn: Turn, findings: tuple[CameraFinding, ...]) -> None:
    facts = tuple((f"@desk.camera.{each.what}", _finding(each), each.mark) for each in findings)
    if turn.state.desk is not None:
        turn.set(desk=replace(turn.state.desk, facts=facts))
    _judged(turn, all(each.mark != "bad" for each in findings))


def _finding(each: CameraFinding) -> str:
    return each.word if each.what == "size" else f"@desk.camera.{each.what}.{each.word}"


def _cash_is_well(state: Kiosk) -> bool:
    units = {state.setup.acceptor, *(each.device for each in state.setup.hoppers)}
    return units <= state.up and not any(device in units for device, _ in state.faults)


def _set(turn: Turn, op: OpId | None, result: str) -> None:
    if turn.state.desk is not None:
        turn.set(desk=replace(turn.state.desk, op=op, result=result))


def _judged(turn: Turn, is_well: bool) -> None:
    _set(turn, None, "seen" if is_well else "failed")


def is_at(desk: Desk | None, test: str) -> bool:
    """The desk's page is this test's."""
    return desk is not None and (desk.page, desk.of) == ("test", test)


def slip_printed(turn: Turn, event: SlipPrinted) -> None:
    _printed(turn, event.op, event.outcome)


def print_ended(turn: Turn, event: PrintEnded) -> None:
    _printed(turn, event.op, event.outcome)


def _printed(turn: Turn, op: OpId, outcome: Outcome) -> None:
    desk = turn.state.desk
    if desk is not None and desk.op == op:
        _judged(turn, outcome is Outcome.CONFIRMED)


def facts_read(turn: Turn, event: FactsRead) -> None:
    desk = turn.state.desk
    if desk is not None and desk.op == event.op:
        turn.set(desk=replace(desk, facts=event.facts))
        _judged(turn, event.is_well)


def is_of_reader(state: Kiosk, reader: DeviceId) -> bool:
    """What lies there now belongs to a test of this reader."""
    return is_at(state.desk, "staff-reader" if reader == state.setup.staff_reader else "reader")


def card_seen(turn: Turn, event: CardInserted) -> None:
    """Any card will do: nothing of it is looked at."""
    desk = turn.state.desk
    if desk is not None and is_of_reader(turn.state, event.device) and desk.result == "running":
        _judged(turn, True)


# --- what is printed ------------------------------------------------------------------------------------------------


EMPTY_SLIP = Slip(kind="test", lines=(SlipLine(),) * 6)
"""Paper is moved and cut, and nothing is on it."""


def test_slip(state: Kiosk) -> Slip:
    """Feed, letters of each size, a full line from edge to edge; no money, no person."""
    rule = SlipLine(is_rule=True)
    scale = "".join(str(each % 10) for each in range(1, 43))
    return Slip(
        kind="test",
        lines=(
            SlipLine(text="試験印字 TEST", size=3, is_bold=True, is_centred=True),
            rule,
            SlipLine(text=scale),
            SlipLine(text="左 left", right="right 右"),
            SlipLine(text="大 LARGE", size=2),
            SlipLine(text="永東国酬愛鬱", size=2),
            SlipLine(text=state.setup.issuer.machine, right=state.setup.version),
            rule,
        ),
    )


_MM = 72 / 25.4
_WIDE, _HIGH = 210, 297


def test_page() -> bytes:
    """A4, one page: frames 5 and 10 mm from the edges with a tick each centimetre, and a cross in the middle.

    What is missing of the outer frame is what this printer cannot reach; two frames that are not parallel to the edge
    say that the paper lies askew. The square pattern is the chart of the camera's test.
    """
    lines = []
    for inset in (5, 10):
        lines.append(_box(inset, inset, _WIDE - 2 * inset, _HIGH - 2 * inset))
    for x in range(20, _WIDE - 10, 10):
        lines += [_line(x, 10, x, 13), _line(x, _HIGH - 13, x, _HIGH - 10)]
    for y in range(20, _HIGH - 10, 10):
        lines += [_line(10, y, 13, y), _line(_WIDE - 13, y, _WIDE - 10, y)]
    lines += [_line(95, 148.5, 115, 148.5), _line(105, 138.5, 105, 158.5)]
    words = "BT /F 14 Tf 60 740 Td (TEST PAGE - NOT A CERTIFICATE / SHIKEN INJI) Tj ET"
    return _pdf("0.5 w\n" + "\n".join(lines) + "\n" + _chart() + "\n" + words)


_CHART = (
    0x1FD97F, 0x104241, 0x17575D, 0x175B5D, 0x175D5D, 0x104041, 0x1FD57F, 0x000D00, 0x1E579D, 0x1E95AC, 0x0FE268,
    0x1BAD4F, 0x0BCB17, 0x00168A, 0x1FCC76, 0x104053, 0x174894, 0x175586, 0x175248, 0x1056EC, 0x1FDEDA,
)  # fmt: skip
"""ISO/IEC 18004 version 1, level L: `MADOGUCHI CAMERA CHART` (drivers/face/camera_test.py), a row a number."""
_CHART_LEFT, _CHART_TOP, _MODULE = 73.5, 240.0, 3.0


def _chart() -> str:
    """63 mm wide, in the upper half: held up at arm's length it is as large in the picture as a face."""
    wide = len(_CHART)
    filled = [
        f"{(_CHART_LEFT + x * _MODULE) * _MM:.2f} {(_CHART_TOP - (y + 1) * _MODULE) * _MM:.2f}"
        f" {_MODULE * _MM:.2f} {_MODULE * _MM:.2f} re"
        for y, row in enumerate(_CHART)
        for x in range(wide)
        if row >> (wide - 1 - x) & 1
    ]
    return "\n".join(filled) + "\nf"


def _box(x: float, y: float, wide: float, high: float) -> str:
    return f"{x * _MM:.2f} {y * _MM:.2f} {wide * _MM:.2f} {high * _MM:.2f} re S"


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    return f"{x * _MM:.2f} {y * _MM:.2f} m {to_x * _MM:.2f} {to_y * _MM:.2f} l S"


def _pdf(drawn: str) -> bytes:
    """ISO 32000-1 §7.5: header, objects, cross-reference table, trailer."""
    stream = drawn.encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595.28 841.89] /Contents 4 0 R "
        b"/Resources << /Font << /F 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    out, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % at for at in places)
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return out + end % (len(objects) + 1, table, len(objects) + 1, len(out))
