"""After a journey: papers and records gathered, and the question whether everybody tells the same story."""

from __future__ import annotations

from drivers.simpanel.report import Result
from drivers.simpanel.session import Session


def gather(session: Session, result: Result) -> None:
    """Copy papers and records into the folder; check the ledger against what truly lies where."""
