"""What a machine's file may say about a certificate printer."""

from __future__ import annotations

import msgspec

JOB_PREFIX = "madoguchi-"
"""Begins the name of every job that we send; the rest is the operation's random id. Nothing of a person."""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """README.md explains each."""

    uri: str
    media: str = "iso_a4_210x297mm"
    sides: str = "one-sided"
    tray: str = ""
    paper: str = "plain"
    poll_s: float = 2.0
    job_poll_s: float = 0.02
    job_poll_max_s: float = 0.25
    answer_timeout_s: float = 5.0
    page_timeout_s: float = 120.0
    cancel_timeout_s: float = 20.0
    settle_timeout_s: float = 15.0
