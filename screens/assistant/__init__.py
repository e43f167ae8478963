"""The floor assistant's panel: a second client of the same session, on a display and with a projection of its own."""
