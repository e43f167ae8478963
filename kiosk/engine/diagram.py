"""The table as a diagram: `python -m kiosk.engine.diagram` prints docs/states.md (`make diagram`)."""

from __future__ import annotations

import sys

from kiosk.engine.recovery import ACTIONS
from kiosk.engine.state import Phase
from kiosk.engine.table import FOLLOWS, REST, ROWS, Row, Timer

HEAD = """# States of the conversation

Drawn from `kiosk/engine/table.py` by `make diagram`; a test keeps it true. Arrows are the rows of the table that lead
to another phase; what changes nothing but data, and what is possible anywhere (language, voice, text size, call
staff, every device's news), has no arrow. `⏱` is a timer. The dotted way back to the idle screen, which every visit
ends with, is left out.
"""

GROUPS = {
    "Nobody": (Phase.STARTING, Phase.OUT_OF_SERVICE, Phase.IDLE),
    "Who": (
        Phase.CHOOSING_LANGUAGE,
        Phase.AWAITING_CARD,
        Phase.OPENING_PIN,
        Phase.CONSENTING_LAST_TRY,
        Phase.ENTERING_PIN,
        Phase.SIGNING,
        Phase.RETURNING_CARD,
        Phase.AUTHENTICATING,
    ),
    "What": (
        Phase.CHOOSING_KINDS,
        Phase.CHOOSING_PURPOSE,
        Phase.READING_ADVICE,
        Phase.CHOOSING_OPTIONS,
        Phase.PREPARING,
        Phase.CONFIRMING,
    ),
    "Money in": (Phase.OPENING_TRANSACTION, Phase.AWAITING_PAYMENT, Phase.CLOSING_PAYMENT),
    "Paper": (Phase.ISSUING, Phase.AWAITING_PRINTER),
    "Money out and things": (Phase.PAYING_OUT, Phase.TAKING_THINGS, Phase.FINISHED),
    "Staff": (Phase.STAFF_LOGIN, Phase.STAFF_DESK),
    "Told": (Phase.NOTIFIED, Phase.IN_TROUBLE, Phase.OFFERING_BACK),
}


def _label(row: Row) -> str:
    return f"⏱ {row.on}" if isinstance(row.on, Timer) else row.on.__name__


def _arrows(group: tuple[Phase, ...]) -> list[str]:
    lines: dict[tuple[Phase, Phase], list[str]] = {}
    for row in ROWS:
        if row.phase not in group:
            continue
        for target in row.to:
            if target is not row.phase and target not in REST:
                lines.setdefault((row.phase, target), []).append(_label(row))
    return [f"    {a.value} --> {b.value}: {' / '.join(labels)}" for (a, b), labels in lines.items()]


def markdown() -> str:
    """The whole page."""
    parts = [HEAD]
    for name, group in GROUPS.items():
        arrows = _arrows(group)
        parts.append(f"## {name}\n")
        parts.append(
            "```mermaid\nstateDiagram-v2\n" + "\n".join(arrows) + "\n```\n" if arrows else "No arrows.\n"
        )
    parts.append("## What a durable record permits\n\n| record | act |\n|---|---|")
    parts += [f"| {record.__name__} | `{act.__module__}.{act.__name__}` |" for record, act in FOLLOWS.items()]
    parts.append(
        "\n## After a restart: the last record of an open transaction\n\n| last record | action |\n|---|---|"
    )
    parts += [f"| {name} | `kiosk.engine.recovery.{action.__name__}` |" for name, action in ACTIONS.items()]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
