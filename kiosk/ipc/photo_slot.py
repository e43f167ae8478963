"""The shape of the one packet that carries the card's photo to the vision process: sizes only.

    offset 0   slot id, 16 bytes (the 32 hex digits of SlotId as bytes)
    offset 16  the photo as it stood in the believed record (JPEG 2000), at most PHOTO_MAX bytes

One SOCK_SEQPACKET packet, past the core. The answer is one byte: ACCEPTED or REFUSED (wrong slot, wrong peer, too big).
"""

SLOT_BYTES = 16
PHOTO_MAX = 200_000
"""A packet that large passes a SOCK_SEQPACKET socket with its default buffer."""
ACCEPTED = b"\x01"
REFUSED = b"\x00"
