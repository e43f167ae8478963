"""`kiosk-face evaluate`: rates, intervals, bands, and the plain word that four pictures prove nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("dlib", reason="the extra `vision` is not installed")

from drivers.face.cli import main
from drivers.face.evaluate import Rate, Rates, band_of, report
from tests.face import kit


def test_intervals_are_wilsons() -> None:
    """Values of R's prop.test(correct = FALSE)."""
    low, high = Rate(0, 10).interval()
    assert (low, round(high, 4)) == (0.0, 0.2775)
    low, high = Rate(5, 100).interval()
    assert (round(low, 4), round(high, 4)) == (0.0215, 0.1118)
    assert Rate().interval() == (0.0, 1.0)
    assert str(Rate()) == "not tried"


def test_ages_have_bands() -> None:
    assert [band_of(age) for age in (0, 19, 20, 64, 65, 74, 75, 101)] == [
        "under 20", "under 20", "20-39", "40-64", "65-74", "65-74", "75 and over", "75 and over",
    ]  # fmt: skip


def volunteers(folder: Path) -> Path:
    (folder / "people.csv").write_text("person,age\nvolunteer-1,70\nvolunteer-2,30\n")
    one, two = folder / "volunteer-1", folder / "volunteer-2"
    one.mkdir()
    two.mkdir()
    (one / "card.jp2").write_bytes(kit.photo_jp2())
    shutil.copy(kit.SAME, one / "camera-1.jpg")
    shutil.copy(kit.AGAIN, one / "camera-2.jpg")
    shutil.copy(kit.OTHER, two / "card.jpg")
    shutil.copy(kit.OTHER, two / "camera-1.jpg")
    attack = one / "attack-print"
    attack.mkdir()
    (attack / "seed").write_text("00" * 16)
    for index in range(4):
        kit.in_front().save(attack / f"{index:06}.jpg")
    return folder


def test_the_report_counts_and_says_what_it_does_not_prove(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(volunteers(tmp_path))]) == 0
    said = capsys.readouterr().out
    everyone = next(line for line in said.splitlines() if line.startswith("all"))
    assert [cell.split()[0] for cell in everyone.split("  ") if cell.strip()][1:] == [
        "2", "0/5", "0/3", "0/3", "not", "0/1",
    ]  # fmt: skip
    assert "2 people prove that the parts are connected, and nothing about accuracy" in said
    assert "volunteer" not in said


def test_enough_people_need_no_such_word() -> None:
    rates = {"all": Rates(people=100)}
    assert "nothing about accuracy" not in report(rates, 0.5)


@pytest.mark.parametrize(
    "people", ["", "person\none\n", "person,age\n../x,3\n", "person,age\none,old\n", "person,age\none,3\n"]
)
def test_a_directory_that_is_not_as_described_is_named(
    tmp_path: Path, people: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if people:
        (tmp_path / "people.csv").write_text(people)
    assert main(["evaluate", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("evaluate: ")
