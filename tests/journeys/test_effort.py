"""What a visit asks of a person."""

from __future__ import annotations

from drivers.simpanel import script
from drivers.simpanel.effort import KONBINI, SLOW, of_steps, words_in
from drivers.simpanel.script import Step


def test_words_of_each_script() -> None:
    assert words_in("どの 証明書がいりますか") == ["どの", "証明書がいりますか"]
    assert words_in("マイナンバー\nカード 200円") == ["マイナンバー", "カード", "200円"]
    assert words_in("Get certificates here, now.") == ["Get", "certificates", "here", "now"]
    assert len(words_in("ကတ်ကိုတင်ပါ")) == 3
    assert words_in("…→ ") == []


def test_touches_decisions_words_and_hands() -> None:
    steps = [
        (Step(see="Attract"), ("a", "b")),
        (Step(tap="main"), ()),
        (Step(see="EnterPin"), ("b", "c", "d")),
        (Step(pin="1234"), ()),
        (Step(tap="main"), ()),
        (Step(do=["insert-coin", "100", "2"]), ()),
        (Step(do=["kill", "ui"]), ()),
        (Step(tap="taken receipt"), ()),
    ]
    effort = of_steps(steps)
    assert (effort.touches, effort.confirming, effort.decisions) == (6, 1, 2)
    assert (effort.words, effort.coins, effort.cards) == (4, 2, 0), (
        "what stood there before is not read again"
    )
    assert effort.seconds(SLOW) == round(7 * 1.3 + 2 * 3 + 4 * 0.6 + 2 * 5, 1)


def test_a_residence_record_asks_for_ten_touches_at_most() -> None:
    journey = script.load("juminhyo")
    effort = of_steps((step, ()) for step in journey.steps)
    assert effort.touches <= journey.ends.most_touches == 10 < KONBINI.touches
    assert effort.confirming == 0, "sensors say what was taken"


def test_to_choose_a_means_of_payment_is_within_the_ten() -> None:
    """Where cash is not the only means its choice is one touch more; the card that is laid down first saves one."""
    journey = script.load("emoney")
    effort = of_steps((step, ()) for step in journey.steps)
    assert effort.touches == journey.ends.most_touches == 10
    assert effort.confirming == 2, "this machine has no sensors in its trays"
