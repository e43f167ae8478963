"""What the processes that hear private words forbid themselves before anything else."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from types import TracebackType
from typing import Final

_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38


def harden(may_write: bool = False) -> None:
    """No core dump, no ptrace by the same uid, no file written, no message of an exception on stderr. OSError when the
    kernel refuses.
    """
    limits = [resource.RLIMIT_CORE, *(() if may_write else (resource.RLIMIT_FSIZE,))]
    for limit in limits:
        resource.setrlimit(limit, (0, 0))
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
    sys.stderr.write(f"kiosk-voice: {kind.__name__} at {place}\n")
