"""The light and buzzer over the machine."""
