"""What the process forbids itself before it does anything else."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from types import TracebackType
from typing import Final

_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38

LIMITS: Final = (
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_FSIZE, 0),  # no byte into any file; sockets and pipes are no files
    (resource.RLIMIT_AS, 1536 << 20),  # address space, of which a quarter is ever touched
    (resource.RLIMIT_NOFILE, 64),
    (resource.RLIMIT_CPU, 240),  # one check and its start: seconds
)


def harden() -> None:
    """No core dump, no ptrace by the same uid, no file written, no message of an exception on stderr. OSError when the
    kernel refuses. A limit that the unit file set lower stays.
    """
    for limit, value in LIMITS:
        _, hard = resource.getrlimit(limit)
        lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
        if resource.getrlimit(limit) != (lowest, lowest):
            resource.setrlimit(limit, (lowest, lowest))
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_PR_SET_DUMPABLE, 0), (_PR_SET_NO_NEW_PRIVS, 1)):
        if libc.prctl(option, value, 0, 0, 0) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    sys.excepthook = _say_where


def _say_where(kind: type[BaseException], _: BaseException, trace: TracebackType | None) -> None:
    """A type and a line: an exception's message may quote what it choked on."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "?"
    sys.stderr.write(f"kiosk-vision: {kind.__name__} at {place}\n")
