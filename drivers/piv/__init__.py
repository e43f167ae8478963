"""Staff cards: the part of NIST SP 800-73-4 (PIV) that a login needs, and a virtual card that answers it."""
