"""Walks a journey: one hand, one pair of eyes. Knows the kiosk by its screens and its control socket only."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from drivers.simpanel.effort import Effort, of_steps, words_in
from drivers.simpanel.script import Journey, Step
from kiosk.errors import ConfigError, MadoguchiError

Do = Callable[..., Mapping[str, Any]]
"""`do(verb, *args)`: `kiosk-sim do` of one running kiosk."""

GLANCE_S = 0.02
SAME_KEY_S = 0.15
"""Between two touches on one key: the keypad takes a faster second one for a finger's bounce."""
FOLLOW_S = 0.15
"""A person needs longer than that to see what is asked."""
KEY_WITHIN_S = 3.0
FOCUS_WITHIN_S = 0.4

DEAD_ENDS = frozenset({"Trouble", "Notice"})
"""Screens that a journey does not walk through by chance: seen while another is awaited, it has failed."""


class JourneyError(MadoguchiError):
    """The kiosk did not show what the journey says it should."""


@dataclass
class Seen:
    """One step as it went."""

    number: int
    step: Step
    screen: str = ""
    picture: str = ""
    machine_s: float | None = None
    """The machine's own time from the touch or act before it to the first frame of this screen; None: nothing
    was waited for."""
    left_out: Mapping[str, float] = field(default_factory=dict)
    """What passed besides: seconds that simulators spent on mechanics and the virtual reader, by name."""
    touches: int = 0
    words: tuple[str, ...] = ()
    """What was to be read on this screen, without the bar, which is always the same."""


class Runner:
    """Performs the steps in order and keeps what was seen."""

    def __init__(
        self,
        do: Do,
        journey: Journey,
        lang: str,
        tell: Callable[[str], None],
        *,
        takes_pictures: bool = True,
    ) -> None:
        self._takes_pictures = takes_pictures
        self._do = do
        self._journey = journey
        self._lang = lang
        self._tell = tell
        self._acted_at_s: float | None = None
        self._since_s = time.monotonic()
        self._last_act_s = self._since_s
        """When the view was shown that was seen last."""
        self._pictures = 0
        self._beside: dict[str, float] = {}
        """Passed before the moment that an act answered: not within what is measured."""
        self._before = self._simulators_time()
        self.seen: list[Seen] = []

    @property
    def touches(self) -> int:
        return sum(each.touches for each in self.seen)

    @property
    def machine_s(self) -> float:
        return sum(each.machine_s or 0.0 for each in self.seen)

    @property
    def effort(self) -> Effort:
        return of_steps((each.step, each.words) for each in self.seen)

    def walk(self) -> None:
        """All steps; JourneyError, and a picture, at the first that does not go as it should."""
        for number, step in enumerate(self._journey.steps, 1):
            seen = Seen(number, step)
            self.seen.append(seen)
            try:
                self._perform(step, seen)
            except MadoguchiError as why:
                if step.may_fail:
                    continue
                seen.picture = self._picture("failed")
                raise JourneyError(f"step {number} ({step.words()}): {why}") from why
            self._tell(_line(seen))

    def _perform(self, step: Step, seen: Seen) -> None:
        match step.kind:
            case "see":
                self._see(step, seen)
            case "tap":
                self._touch([key.format(lang=self._lang) for key in step.taps], seen)
            case "pin":
                self._touch([f"key {digit}" for digit in step.pin], seen)
            case "number":
                whose, part = step.number.split()
                self._touch([f"key {digit}" for digit in self._do("printed", whose)[part]], seen)
            case "follow":
                self._follow(step)
            case "choose":
                self._choose(step, seen)
            case "strike":
                self._strike(step.strikes, seen)
            case "hear":
                self._do("hear", step.hear, str(step.within_s), str(self._last_act_s))
            case _:
                self._hand(step)
        if step.kind not in ("see", "hear"):
            self._last_act_s = self._acted_at_s or self._last_act_s

    # --- steps ---

    def _see(self, step: Step, seen: Seen) -> None:
        found = self._await(step)
        seen.screen = step.see
        if self._acted_at_s is not None:
            waited = self._waited()
            seen.left_out = {name: value for name, value in {**self._beside, **waited}.items() if value > 0}
            passed = float(found["shown_at_s"]) - self._acted_at_s - sum(waited.values())
            seen.machine_s = max(0.0, passed)
            self._acted_at_s, self._beside = None, {}
        self._since_s = float(found["shown_at_s"])
        seen.picture = self._picture(step.see)
        seen.words = self._words()

    def _await(self, step: Step) -> Mapping[str, Any]:
        """The first view that is as the step says: what stands now, or what came since the last act."""
        deadline = time.monotonic() + step.within_s
        while True:
            views = self._history()
            for view in views:
                if view["body"] == step.see and _has(view["fields"], step.where):
                    return view
            now: Mapping[str, Any] = (
                views[-1] if views else {"body": "nothing", "fields": "", "shown_at_s": 0}
            )
            if now["body"] in DEAD_ENDS - {step.see} and float(now["shown_at_s"]) > self._since_s:
                raise JourneyError(f"there is {now['body']} {now['fields']}")
            if time.monotonic() > deadline:
                raise JourneyError(f"after {step.within_s:.0f} s there is {now['body']} {now['fields']}")
            time.sleep(GLANCE_S)

    def _touch(self, keys: list[str], seen: Seen) -> None:
        """One key after the other; a key that cannot be pressed yet is waited for, as a person does."""
        for before, key in zip(("", *keys), keys, strict=False):
            if key == before:
                time.sleep(SAME_KEY_S)
            deadline = time.monotonic() + KEY_WITHIN_S
            while True:
                try:
                    self._acted_at_s = float(self._do("tap", key)["at_s"][-1])
                    break
                except ConfigError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(GLANCE_S)
            seen.touches += 1

    def _hand(self, step: Step) -> None:
        verb, *args = step.do
        acted_at_s = time.monotonic()
        answer = self._do(verb, *args)
        self._acted_at_s = float(answer.get("at_s", acted_at_s))
        self._beside = {name: float(value) for name, value in answer.get("left_out_s", {}).items()}

    def _follow(self, step: Step) -> None:
        """A person who does what the screen asks of her head, as long as it asks."""
        deadline = time.monotonic() + step.within_s
        turned = "ahead"
        while (now := self._history()[-1])["body"] == step.follow:
            wanted = now["fields"].get("turn") or "ahead"
            if wanted != turned:
                self._do("turn", wanted)
                turned = wanted
            if time.monotonic() > deadline:
                raise JourneyError(
                    f"after {step.within_s:.0f} s there is still {step.follow} {now['fields']}"
                )
            time.sleep(FOLLOW_S)

    def _choose(self, step: Step, seen: Seen) -> None:
        """Somebody who sees nothing: on to the next button until it has the name that she waits for."""
        deadline = time.monotonic() + step.within_s
        names: list[str] = []
        while time.monotonic() < deadline:
            name = str(self._do("screen")["focus"])
            if step.choose in name.replace("\n", ""):
                self._strike(["press"], seen)
                return
            names.append(name)
            self._strike(["next"], seen)
            self._await_focus(name)
        raise JourneyError(f"no button is called that: {step.choose}; there is {', '.join(names[-12:])}")

    def _await_focus(self, before: str) -> None:
        """Until the keys are on something else; a digit has no name, so it is not waited for long."""
        give_up_s = time.monotonic() + FOCUS_WITHIN_S
        while str(self._do("screen")["focus"]) == before and time.monotonic() < give_up_s:
            time.sleep(GLANCE_S)

    def _strike(self, keys: list[str], seen: Seen) -> None:
        """The same key again only after the time of a tremble."""
        for key in keys:
            time.sleep(SAME_KEY_S)
            self._acted_at_s = float(self._do("strike", key)["at_s"][-1])
            seen.touches += 1

    # --- eyes ---

    def _history(self) -> list[Mapping[str, Any]]:
        """Views since the last look, the one that stood then included; none while the screens start again."""
        try:
            views: list[Mapping[str, Any]] = self._do("history")["shown"]
        except MadoguchiError:
            return []
        return [each for each in views if float(each["shown_at_s"]) > self._since_s] or views[-1:]

    def _picture(self, name: str) -> str:
        if not self._takes_pictures:
            return ""
        self._pictures += 1
        file = f"screens/{self._pictures:02d}-{name}.png"
        try:
            self._do("shot", file)
        except MadoguchiError:
            return ""
        return file

    def _words(self) -> tuple[str, ...]:
        """What stands on the screen now, as somebody reads it."""
        try:
            return tuple(word for text in self._do("texts")["texts"] for word in words_in(str(text)))
        except MadoguchiError:
            return ()

    def _waited(self) -> dict[str, float]:
        """Seconds of the simulators' own since the last time."""
        before, self._before = self._before, self._simulators_time()
        return {name: round(value - before.get(name, 0.0), 4) for name, value in self._before.items()}

    def _simulators_time(self) -> dict[str, float]:
        """Seconds that simulators have spent on what stands for mechanics and the virtual reader."""
        try:
            state = self._do("state")
        except MadoguchiError:
            return {}
        return {
            f"{name}: {key.removesuffix('_s')}": float(value)
            for name, truth in state.items()
            if isinstance(truth, Mapping)
            for key, value in (truth.get("left_out_s") or {}).items()
        }


def _has(body: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    return all(_matches(_value(body, key), value) for key, value in where.items())


def _value(body: Mapping[str, Any], key: str) -> Any:
    """`due` is a field; `things.change` is the state of that thing."""
    name, _, part = key.partition(".")
    value = body.get(name)
    if not part:
        return value
    return next((each.get("state") for each in value or () if each.get("thing") == part), None)


def _matches(found: Any, wanted: Any) -> bool:
    """`*` is anything but nothing."""
    return bool(found) if wanted == "*" else found == wanted


def _line(seen: Seen) -> str:
    machine = "" if seen.machine_s is None else f"{seen.machine_s * 1000:7.0f} ms"
    return f"{seen.number:3d}  {machine:10s}  {seen.step.words()}"
