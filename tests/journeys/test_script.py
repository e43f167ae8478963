"""Journeys as data: every one in the box can be read, and a mistake is named."""

from pathlib import Path

import pytest

from drivers.simpanel import script
from kiosk.errors import ConfigError


@pytest.mark.parametrize("name", script.names())
def test_every_journey_in_the_box_is_readable(name: str) -> None:
    journey = script.load(name)
    assert set(journey.title) >= {"ja", "en"}
    first = next(at for at, step in enumerate(journey.steps) if step.see)
    assert journey.steps[first].see == "Attract", "a journey begins where a resident does"
    assert all(step.kind == "do" for step in journey.steps[:first]), "before her, only hands that prepare"


def test_the_box_has_the_bad_days() -> None:
    wanted = {
        "juminhyo",
        "juminhyo_en",
        "wrong_pin",
        "cancel_with_money",
        "card_pulled",
        "two_kinds",
        "no_change",
    }
    wanted |= {"printer_empty", "ui_killed_in_payment", "core_killed_in_payment", "server_away"}
    assert wanted <= set(script.names())


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("title = {}\nsteps = [{ tap = 'a', see = 'B' }]", "exactly one"),
        ("title = {}\nsteps = [{ pushed = 'a' }]", "pushed"),
        ("title = {}\nsteps = [{ tap = 'a', where = { x = 1 } }]", "where goes with see"),
        ("title = {}\nsteps = [", "Invalid"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"mine\.toml") as why:
        script.load(str(file))
    assert complaint in str(why.value)


def test_an_unknown_name_tells_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="juminhyo"):
        script.load("nonsense")


def test_the_digits_of_a_pin_are_not_in_a_report() -> None:
    assert "1234" not in script.Step(pin="1234").words()
