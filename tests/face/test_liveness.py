"""Turns of the head: who answers passes, who does not know the question does not."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from drivers.face.liveness import ATTEMPTS, TURNS, Phase, Step, Turns, questions
from drivers.face.measure import Points, eyes_of
from kiosk.ports import TurnDirection
from tests.face.kit import Head

SEEDS = [bytes([number]) * 16 for number in range(40)]
RATE = 15.0


def told(turns: Turns, of: Callable[[Turns, int], float], frames: int = 900) -> list[Step]:
    """What `of(turns, index)` gets as an answer, until the end."""
    steps: list[Step] = []
    for index in range(frames):
        turn = of(turns, index)
        step = turns.see(index / RATE, turn, eyes=-1.6 * (turn - turns.front))
        if step is not Step.NOTHING:
            steps.append(step)
        if turns.phase is Phase.OVER:
            break
    return steps


def test_a_person_who_does_what_is_asked_passes_whatever_is_asked() -> None:
    for seed in SEEDS:
        head = Head()

        def answer(turns: Turns, _: int, head: Head = head) -> float:
            head.hear(turns.asked)
            return head.move() - 0.05  # whose front is not the middle

        steps = told(Turns(seed, -0.05), answer)
        assert steps == [Step.ASKED, Step.SEEN] * TURNS + [Step.PASSED]


def test_a_flat_picture_never_turns() -> None:
    turns = Turns(SEEDS[1], 0.0)
    steps = told(turns, lambda *_: 0.03)
    assert steps[-1] is Step.FAILED and steps.count(Step.RESTARTED) == ATTEMPTS - 1
    assert turns.reason == "no-turn" and Step.SEEN not in steps


def test_a_recording_of_another_conversation_fails() -> None:
    """Recorded under one seed, shown under all the others: directions and moments differ."""
    recorded: list[float] = []
    head = Head()

    def record(turns: Turns, _: int) -> float:
        head.hear(turns.asked)
        recorded.append(head.move())
        return recorded[-1]

    told(Turns(SEEDS[0], 0.0), record)
    others = [number.to_bytes(16) for number in range(400)]
    ends = [told(Turns(seed, 0.0), lambda _, i: recorded[i % len(recorded)])[-1] for seed in others]
    assert ends.count(Step.PASSED) <= 0.05 * len(ends)  # whoever guesses all of it


def test_a_head_that_turns_all_the_time_fails() -> None:
    for seed in SEEDS:
        assert told(Turns(seed, 0.0), lambda _, i: 0.16 * math.sin(i / 6))[-1] is Step.FAILED


def test_a_turn_to_the_other_side_costs_an_attempt_and_the_second_asks_anew() -> None:
    head, turns = Head(), Turns(SEEDS[3], 0.0)

    def mixed_up(turns: Turns, _: int) -> float:
        asked = turns.asked
        if asked is not None and not turns.reason:
            asked = TurnDirection.RIGHT if asked is TurnDirection.LEFT else TurnDirection.LEFT
        head.hear(asked)
        return head.move()

    steps = told(turns, mixed_up)
    assert steps == [Step.ASKED, Step.RESTARTED] + [Step.ASKED, Step.SEEN] * TURNS + [Step.PASSED]
    assert turns.reason == "other-turn"


def test_a_nose_that_moves_without_the_eyes_is_a_tilted_picture() -> None:
    turns = Turns(SEEDS[2], 0.0)
    for index in range(300):
        asked = turns.asked
        turn = 0.0 if asked is None else (0.15 if asked is TurnDirection.LEFT else -0.15)
        assert turns.see(index / RATE, turn, eyes=-0.5 * turn) is not Step.SEEN
    assert turns.phase is Phase.OVER and turns.reason == "no-turn"


def test_a_face_that_goes_away_costs_an_attempt() -> None:
    turns = Turns(SEEDS[0], 0.0)
    assert turns.see(0.0, 0.0, 0.0) is Step.NOTHING
    assert turns.lose(0.1) is Step.RESTARTED
    assert turns.lose(0.2) is Step.FAILED
    assert turns.lose(0.3) is Step.NOTHING


def test_questions_never_go_all_to_one_side_and_differ_between_seeds_and_attempts() -> None:
    for seed in SEEDS:
        assert {question.direction for question in questions(seed, 0)} == set(TurnDirection)
    assert len({questions(seed, attempt) for seed in SEEDS for attempt in (0, 1)}) > 70


@pytest.mark.parametrize("squeeze", [0.9, 0.7, 0.5])
@pytest.mark.parametrize("shear", [-0.5, 0.0, 0.5])
def test_no_affine_map_of_a_picture_changes_how_the_corners_divide_the_eyes_line(
    squeeze: float, shear: float
) -> None:
    points: Points = ((370.0, 200.0), (345.0, 200.0), (270.0, 200.0), (295.0, 200.0), (318.0, 250.0))
    one, two, three, four, five = ((squeeze * x + shear * y, y + shear * x) for x, y in points)
    assert eyes_of((one, two, three, four, five)) == pytest.approx(eyes_of(points))
