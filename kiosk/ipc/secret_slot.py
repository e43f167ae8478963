"""The shape of the one packet that carries a secret to the card process: sizes and offsets only, never a value.

    offset 0   slot id, 16 bytes (the 32 hex digits of SlotId as bytes)
    offset 16  length of the secret, 1 byte, 1..16; 0: what was typed on the ten-key, which the card process holds
    offset 17  the secret, ASCII, zero padded to 16 bytes

One SOCK_SEQPACKET packet of PACKET_BYTES; any other size closes the slot. The answer is one byte: ACCEPTED (taken, the
card decides) or REFUSED (wrong slot, wrong peer, used up).
"""

SLOT_BYTES = 16
LENGTH_OFFSET = 16
SECRET_OFFSET = 17
SECRET_MAX = 16
PACKET_BYTES = SECRET_OFFSET + SECRET_MAX
ACCEPTED = b"\x01"
REFUSED = b"\x00"
