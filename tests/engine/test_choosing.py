"""Which questions are asked now."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kiosk.engine.choosing import chosen_options, questions
from kiosk.ports import CertificateOption, Entitlement

OPTIONS = (
    CertificateOption("whom", ("self", "household", "some")),
    CertificateOption("member_a", ("no", "yes"), "太郎", ("whom", "some")),
    CertificateOption("honseki", ("no", "yes")),
)


def turn(*answers: tuple[str, str]) -> Any:
    offers = (Entitlement("juminhyo", 200, 5, OPTIONS),)
    return SimpleNamespace(session=SimpleNamespace(entitlements=offers, options=(("juminhyo", answers),)))


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ((), ["whom", "honseki"]),
        ((("whom", "household"),), ["whom", "honseki"]),
        ((("whom", "some"),), ["whom", "member_a", "honseki"]),
    ],
)
def test_a_person_is_asked_about_only_when_people_are_chosen(
    answers: tuple[tuple[str, str], ...], asked: list[str]
) -> None:
    assert [each.key for each in questions(turn(*answers), "juminhyo")] == asked


def test_what_is_not_asked_any_more_is_not_ordered() -> None:
    chosen = chosen_options(turn(("member_a", "yes"), ("whom", "self")), "juminhyo")
    assert dict(chosen) == {"whom": "self", "honseki": "no"}
    chosen = chosen_options(turn(("member_a", "yes"), ("whom", "some")), "juminhyo")
    assert dict(chosen) == {"whom": "some", "member_a": "yes", "honseki": "no"}
