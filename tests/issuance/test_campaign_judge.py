"""The short form of the judge's campaign: 6,000 inputs of another seed each time; `make campaign` runs a million."""

import random

import pytest

from tests.issuance.campaign_judge import run


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # the library's; such a certificate is refused
def test_whatever_comes_is_a_verdict() -> None:
    ends = run(6_000, random.SystemRandom().randrange(1 << 32))
    assert sum(ends.values()) == 6_000
    assert {"certificate unread", "list unread", "answer not-an-answer", "answer signature"} <= set(ends)
