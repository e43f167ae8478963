"""Who is at the other end of a Unix socket, by the kernel's word (SO_PEERCRED, unix(7)): uids decide roles here."""

from __future__ import annotations

import socket
import struct
from typing import Final

NOBODY: Final = 65534
"""What every peer looks like across user namespaces: nobody, whatever the configuration says."""
_CREDENTIALS: Final = struct.Struct("3i")
"""struct ucred: pid, uid, gid (socket(7))."""


def uid_of(peer: socket.socket) -> int:
    """Of whoever made the connection; on the connecting side, of whoever listens."""
    _, uid, _ = _CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return int(uid)
