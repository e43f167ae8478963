"""What the files of commands share: main.py, record_commands.py, enrolment_commands.py."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeVar

from issuance import folder
from issuance.store import Tx

T = TypeVar("T")

Adder = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
"""Adds a command by its name, what it runs (0 done, 1 refused), and its help; gives its parser."""


def with_store(arguments: argparse.Namespace, work: Callable[[Tx], T]) -> T:
    """One transaction on the database of `--dir`."""
    store = folder.open_store(arguments.dir)
    try:
        return store.run_now(work)
    finally:
        store.close()
