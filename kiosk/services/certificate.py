"""Certificates: the two orders of steps that ship. A town names one in its configuration."""

from __future__ import annotations

from kiosk.services.plan import Plan, Policy, Step

POLICIES = (Policy.PIN, Policy.PIN_AND_FACE)
"""A certificate is issued on a signature of the card, and the card signs after its PIN only: never by face alone."""

KONBINI = Plan(
    name="konbini",
    steps=(
        Step.LANGUAGE,
        Step.CARD,
        Step.PIN,
        Step.CARD_BACK,
        Step.KINDS,
        Step.OPTIONS,
        Step.PREPARE,
        Step.CONFIRM,
        Step.PAY,
        Step.ISSUE,
        Step.TAKE,
    ),
    bar=(0, 1, 2, 2, 3, 3, 3, 4, 5, 6, 6),
    binds_kinds=False,
    policies=POLICIES,
)
"""The order of the convenience stores' machines, so that the skill transfers."""

KIND_FIRST = Plan(
    name="kind_first",
    steps=(
        Step.LANGUAGE,
        Step.KINDS,
        Step.CARD,
        Step.PIN,
        Step.CARD_BACK,
        Step.OPTIONS,
        Step.PREPARE,
        Step.CONFIRM,
        Step.PAY,
        Step.ISSUE,
        Step.TAKE,
    ),
    bar=(0, 1, 2, 3, 3, 3, 3, 4, 5, 6, 6),
    binds_kinds=True,
    policies=POLICIES,
)
"""The question first, the card's time short."""

PLANS = {plan.name: plan for plan in (KONBINI, KIND_FIRST)}
