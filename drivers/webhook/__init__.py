"""Messages to staff elsewhere."""
