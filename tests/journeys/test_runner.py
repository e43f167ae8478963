"""The runner against a kiosk that is only a list of screens."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from drivers.simpanel import report
from drivers.simpanel.runner import JourneyError, Runner
from drivers.simpanel.script import Journey, Step
from kiosk.errors import ConfigError

BEGAN_S = time.monotonic()
LATER_S = BEGAN_S + 1e6
"""Fake acts lie after any runner's beginning, the first view before it."""


class FakeKiosk:
    """Each act leads to the next screen, which was shown 0.05 s after it."""

    def __init__(self, *screens: tuple[str, dict[str, Any]]) -> None:
        self.views = [self.view(screens[0], BEGAN_S)]
        self.next = list(screens[1:])
        self.acts: list[tuple[str, ...]] = []
        self.now_s = LATER_S
        self.left_out_s = 0.0

    def view(self, screen: tuple[str, dict[str, Any]], at_s: float) -> dict[str, Any]:
        return {"body": screen[0], "fields": screen[1], "shown_at_s": at_s}

    def do(self, verb: str, *args: str) -> Mapping[str, Any]:
        if verb == "history":
            return {"shown": self.views}
        if verb == "shot":
            return {}
        if verb == "texts":
            return {"texts": ["どの証明書がいりますか", "Next"]}
        if verb == "state":
            return {"card": {"left_out_s": {"reader": self.left_out_s}}}
        if verb == "tap" and "nowhere" in args:
            raise ConfigError("not on this screen: nowhere")
        self.acts.append((verb, *args))
        at_s = self.now_s
        self.now_s += 1.0
        self.left_out_s += 0.02
        if self.next:
            self.views.append(self.view(self.next.pop(0), at_s + 0.05))
        return {"at_s": [at_s]} if verb == "tap" else {"at_s": at_s}


def walked(kiosk: FakeKiosk, *steps: Step) -> Runner:
    runner = Runner(kiosk.do, Journey(title={"en": "t"}, steps=list(steps)), "en", lambda _: None)
    runner.walk()
    return runner


def test_hands_and_eyes_take_turns() -> None:
    kiosk = FakeKiosk(("Attract", {}), ("Language", {}), ("PlaceCard", {}), ("EnterPin", {}))
    runner = walked(
        kiosk,
        Step(see="Attract"),
        Step(tap="attract.begin"),
        Step(see="Language"),
        Step(tap="{lang}"),
        Step(do=["place-card", "hanako"]),
        Step(see="EnterPin"),
        Step(pin="12"),
    )
    assert kiosk.acts == [
        ("tap", "attract.begin"),
        ("tap", "en"),
        ("place-card", "hanako"),
        ("tap", "key 1"),
        ("tap", "key 2"),
    ]
    assert runner.touches == 4


def test_time_runs_from_the_act_to_the_frame_and_the_simulators_share_is_apart() -> None:
    kiosk = FakeKiosk(("Attract", {}), ("Language", {}))
    runner = walked(kiosk, Step(see="Attract"), Step(tap="attract.begin"), Step(see="Language"))
    first, _, last = runner.seen
    assert first.machine_s is None, "nothing was done before the first screen"
    assert last.left_out == {"card: reader": pytest.approx(0.02)}
    assert last.machine_s == pytest.approx(0.03)


def test_values_of_a_screen_are_awaited() -> None:
    kiosk = FakeKiosk(("Pay", {"inserted": 100}))
    walked(kiosk, Step(see="Pay", where={"inserted": 100}))
    with pytest.raises(JourneyError, match="inserted"):
        walked(kiosk, Step(see="Pay", where={"inserted": 200}, within_s=0.05))


def test_what_passed_between_two_looks_was_seen() -> None:
    kiosk = FakeKiosk(("Pay", {"inserted": 0}), ("Pay", {"inserted": 100}))
    coin = Step(do=["insert-coin", "100"])
    kiosk.views.append(kiosk.view(("Pay", {"inserted": 0}), LATER_S - 0.5))
    runner = Runner(
        kiosk.do, Journey(title={}, steps=[coin, Step(see="Pay", where={"inserted": 100})]), "en", str
    )
    kiosk.do("insert-coin")
    kiosk.views.append(kiosk.view(("Working", {}), LATER_S + 0.2))
    runner.walk()
    assert runner.seen[1].screen == "Pay"


def test_a_dead_end_fails_at_once() -> None:
    kiosk = FakeKiosk(("Pay", {}), ("Trouble", {"code": "M-402"}))
    with pytest.raises(JourneyError, match=r"step 2 .*there is Trouble.*M-402"):
        walked(kiosk, Step(tap="main"), Step(see="Done"))


def test_a_key_that_is_not_there_fails_with_the_step() -> None:
    kiosk = FakeKiosk(("Attract", {}))
    with pytest.raises(JourneyError, match=r"step 1 .*nowhere"):
        walked(kiosk, Step(tap="nowhere"))


def test_the_report_has_everything_and_says_failed_when_a_check_is_wrong(tmp_path: Path) -> None:
    kiosk = FakeKiosk(("Attract", {}), ("Language", {}))
    journey = Journey(title={"en": "A visit <b>"}, steps=[Step(tap="x"), Step(see="Language")])
    runner = Runner(kiosk.do, journey, "en", lambda _: None)
    runner.walk()
    result = report.Result("visit", journey, "en", runner.seen, checks=[("money", False, "200 are missing")])
    report.write(result, tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["is_good"] is False
    assert summary["steps"][1]["screen"] == "Language"
    page = (tmp_path / "index.html").read_text()
    assert "A visit &lt;b&gt;" in page
    assert "200 are missing" in page
    assert "WRONG" in report.table(result)
