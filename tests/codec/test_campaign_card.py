"""The short form of the card's campaign: 40,000 inputs of another seed each time; `make campaign` runs a million."""

import random

from tests.codec.campaign_card import run


def test_no_input_is_anything_but_a_value_or_a_refusal() -> None:
    ends = run(40_000, random.SystemRandom().randrange(1 << 32))
    assert sum(ends.values()) == 40_000 and min(ends.values()) > 1_000, "both ways are walked"
