"""The camera's own test: what a technician is told of a good camera, and of each way in which one is unfit."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("dlib", reason="the extra `vision` is not installed")

from PIL import Image, ImageFilter

from drivers.face.camera_test import CHART, SETTLE, WITHIN_S, CameraTest
from drivers.face.codes import chart_in
from drivers.face.recogniser import Grey, Recogniser, Rect
from kiosk.engine.desk_tests import test_page as page
from kiosk.ports import CameraFinding
from tests.face import kit

KNOWN: dict[bytes, list[Rect]] = {}
Change = Callable[[Image.Image], Image.Image]


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Image.Image:
    """The desk's test page as it is printed, held up in front of a wall."""
    folder = tmp_path_factory.mktemp("chart")
    (folder / "page.pdf").write_bytes(page())
    run = ["pdftoppm", "-r", "100", "-png", "-singlefile", str(folder / "page.pdf"), str(folder / "page")]
    subprocess.run(run, check=True, timeout=60)
    with Image.open(folder / "page.png") as sheet:
        paper = sheet.convert("RGB").crop((230, 180, 600, 540)).resize((320, 311))
    scene = Image.new("RGB", (640, 480), (128, 128, 128))
    scene.paste(paper, (160, 85))
    return scene


def once(recogniser: Recogniser) -> Callable[[Grey], list[Rect]]:
    """A search takes long, and these cameras show one picture."""

    def find(grey: Grey) -> list[Rect]:
        key = repr(grey.shape).encode() + grey.tobytes()
        if key not in KNOWN:
            KNOWN[key] = recogniser.find(grey)
        return KNOWN[key]

    return find


def told(
    recogniser: Recogniser, scene: Image.Image, frames: int = SETTLE + 8, rate: float = 15.0
) -> dict[str, str]:
    test = CameraTest(once(recogniser), chart_in)
    for number in range(frames):
        found = test.see(kit.frame(scene, number / rate))
        if found is not None:
            assert all(isinstance(each, CameraFinding) for each in found)
            bad = {each.what for each in found if each.mark == "bad"}
            return {each.what: each.word + ("!" if each.what in bad else "") for each in found}
    return {}


GOOD = {
    "size": "640x480",
    "subject": "person",
    "light": "good",
    "exposure": "even",
    "mounting": "upright",
    "sharpness": "sharp",
    "aim": "middle",
}


def test_a_person_in_front_of_a_good_camera(recogniser: Recogniser) -> None:
    assert told(recogniser, kit.in_front()) == GOOD
    assert told(recogniser, kit.in_front(), frames=SETTLE) == {}, "exposure settles first"


@pytest.mark.parametrize(
    ("change", "what", "word"),
    [
        (kit.darker, "light", "dark!"),
        (kit.brighter, "light", "glaring!"),
        (kit.blurred, "sharpness", "blurred!"),
        (lambda scene: scene.rotate(90), "mounting", "sideways!"),
        (lambda scene: scene.rotate(180), "mounting", "upside-down!"),
    ],
)
def test_each_way_to_be_unfit(recogniser: Recogniser, change: Change, what: str, word: str) -> None:
    assert told(recogniser, change(kit.in_front()))[what] == word


def test_where_it_points_and_who_is_there(recogniser: Recogniser) -> None:
    assert told(recogniser, kit.in_front(middle=(320, 390)))["aim"] == "high!"
    two = kit.beside(kit.in_front(kit.SAME, 150), kit.in_front(kit.OTHER, 150))
    assert told(recogniser, two) == {}, "somebody else may go away yet"
    late = round(WITHIN_S * 2) + 2
    assert told(recogniser, two, max(late, SETTLE + 2), rate=2.0)["subject"] == "people!"
    empty = Image.new("RGB", (640, 480), (128, 128, 128))
    assert told(recogniser, empty, max(late, SETTLE + 2), rate=2.0)["subject"] == "none!"


def test_the_printed_chart_in_place_of_a_person(recogniser: Recogniser, chart: Image.Image) -> None:
    good = {key: word for key, word in GOOD.items() if key != "aim"}
    found = told(recogniser, chart)
    assert found == {**good, "subject": "chart", "light": found["light"]}
    assert not found["light"].endswith("!")
    assert told(recogniser, chart.rotate(180))["mounting"] == "upside-down!"
    assert told(recogniser, chart.rotate(-90))["mounting"] == "sideways!"
    soft = chart.filter(ImageFilter.GaussianBlur(4))
    assert told(recogniser, soft).get("sharpness", "blurred!") == "blurred!"
    assert CHART == "MADOGUCHI CAMERA CHART"


def test_nothing_of_a_picture_stays_in_the_test(recogniser: Recogniser) -> None:
    test = CameraTest(once(recogniser), chart_in)
    for number in range(SETTLE + 3):
        test.see(kit.frame(kit.in_front(), number / 15))
    held = [value for each in test._seen for value in each]
    assert held and not any(isinstance(value, np.ndarray) for value in [*held, *vars(test).values()])
    assert Path(kit.AGAIN).is_file()
