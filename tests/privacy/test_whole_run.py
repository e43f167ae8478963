"""A whole visit with a canary PIN; afterwards neither it nor the person is anywhere but where they belong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from drivers.simpanel import journey, places, report, script
from drivers.simpanel.script import Step
from drivers.simpanel.session import Session

pytestmark = pytest.mark.system

CANARY = "7391"
"""Looked for where it stands alone: four digits may well be in a random number or a moment."""

STAFF_CANARY = "846213"
STAFF = """
steps = [
  { see = "Attract" },
  { do = ["place-card", "staff:demo-technician"] },
  { see = "StaffPin", where = { slot = "*" } },
  { pin = "846219" },
  { tap = "main" },
  { see = "StaffPin", where = { slot = "*", was_wrong = true } },
  { pin = "846213" },
  { tap = "main" },
  { see = "StaffNote", where = { code = "back" } },
  { do = ["remove-card"] },
  { see = "StaffDesk", where = { page = "menu" } },
  { tap = "cancel" },
]
"""
"""A login with one wrong try (a digit off the canary), before the visit."""

PERSON = ("花子", "ハナコ", "1941-03-03", "昭和16年3月3日", "中央一丁目")
ELSEWHERE = re.compile(
    rb"(?<![0-9A-Fa-f.])(" + b"|".join((CANARY.encode(), b"84621[39]")) + rb")(?![0-9A-Fa-f])"
)

PIN_MAY_BE = ("state/card/",)
"""On the card."""

PERSON_MAY_BE = ("state/card/", "state/issuance/", "state/ipp/", "papers/", "screens/")
"""On the card, in the town's register, on the paper."""


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a run after a staff login and a visit, each with one wrong PIN and its canary; everything still
    runs."""
    out = tmp_path_factory.mktemp("privacy") / "run"
    visit = script.load("wrong_pin")
    steps = [replace(step, pin=CANARY) if step.pin == "1234" else step for step in visit.steps]
    steps = [*msgspec.toml.decode(STAFF, type=dict[str, list[Step]])["steps"], *steps]
    pins = ["--pin", CANARY, "--staff-pin", STAFF_CANARY]
    with Session(out, ["--person", "hanako", *pins]) as session:
        result = journey.walk(session, "wrong_pin", replace(visit, steps=steps), "ja")
        assert result.is_good, report.table(result)
        yield out


def files(out: Path, but: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Every file of the run, and of its own /run and /tmp, which only it sees; a checkout in /tmp is none of it."""
    inside = next(
        pid for pid in _pids() if f"--out {out}" in _command(pid) and _command(pid).endswith("--inside")
    )
    code = Path(f"{inside}/root{places.code_root()}")
    for root in (out, inside / "root/run/kiosk", inside / "root/run/bench", inside / "root/tmp"):
        for path in root.rglob("*"):
            name = str(path.relative_to(root))
            if code in path.parents:
                continue
            if path.is_file() and not (root == out and name.startswith(but)):
                yield f"{root.name}/{name}", path.read_bytes()


def _pids() -> list[Path]:
    return [each for each in Path("/proc").iterdir() if each.name.isdecimal()]


def _command(pid: Path) -> str:
    try:
        return (pid / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


# --- a day with 照合番号B and the camera --------------------------------------------------------------------

JPEG_2000 = bytes.fromhex("0000000C6A5020200D0A870A")
FRAME = bytes((128, 128, 128)) * 4096
"""A piece of the wall behind the person, as every frame has it."""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, bytes]]:
    """The folder of a run after a visit with number, photo and camera, and the number."""
    out = tmp_path_factory.mktemp("face") / "run"
    visit = script.load("juminhyo_face")
    with Session(out, ["--person", "hanako", *visit.up]) as session:
        result = journey.walk(session, "juminhyo_face", visit, "ja")
        assert result.is_good, report.table(result)
        printed = session.do("printed", "hanako")
        yield out, "".join(printed[part] for part in ("birth", "expiry", "code")).encode()


def test_the_number_is_on_the_card_only(seen: tuple[Path, bytes]) -> None:
    out, number = seen
    forms = (number, bytes.fromhex(number.decode()), number.hex().encode())
    found = [name for name, data in files(out, ()) if any(form in data for form in forms)]
    assert found, "on the card it is: the search sees it"
    assert all(name.removeprefix(f"{out.name}/").startswith("state/card/") for name in found), found


def test_the_cards_record_leaves_no_trace(seen: tuple[Path, bytes]) -> None:
    """The core knew name, birth date and sex; no file of its own does."""
    out, _ = seen
    found = [
        (name, word)
        for name, data in files(out, PERSON_MAY_BE)
        if not name.startswith("tmp/kiosk-sim-ipp")
        for word in PERSON
        if word.encode() in data
    ]
    assert not found


def test_no_photo_and_no_frame_of_anybody_stays_behind(seen: tuple[Path, bytes]) -> None:
    out, _ = seen
    found = [name for name, data in files(out, ("state/card/",)) if JPEG_2000 in data or FRAME in data]
    assert not found
    assert (out / "state/card/cards/hanako/photo.jp2").read_bytes().startswith(JPEG_2000), (
        "the search would see it"
    )


def test_the_pin_is_nowhere(visited: Path) -> None:
    found = [name for name, data in files(visited, ()) if ELSEWHERE.search(data)]
    assert found, "on the card it is: the search sees it"
    assert all(name.removeprefix(f"{visited.name}/").startswith(PIN_MAY_BE) for name in found), found


def test_the_pin_is_in_no_command_and_no_environment(visited: Path) -> None:
    del visited
    said = [pid for pid in _pids() if {CANARY, STAFF_CANARY} & set(_command(pid).split())]
    assert all("simpanel" in _command(pid) for pid in said), "only who made the test cards was told it"


def test_the_person_is_only_where_she_belongs(visited: Path) -> None:
    found = [
        (name, word)
        for name, data in files(visited, PERSON_MAY_BE)
        if not name.startswith("tmp/kiosk-sim-ipp")  # inside the printer
        for word in PERSON
        if word.encode() in data
    ]
    assert not found


def test_no_paper_of_anybody_stays_behind(visited: Path) -> None:
    allowed = ("state/ipp/", "papers/")
    found = [name for name, data in files(visited, allowed) if data.startswith(b"%PDF")]
    assert all(name.startswith("tmp/kiosk-sim-ipp") for name in found), found
