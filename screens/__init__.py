"""The resident's screens: they draw a SessionView and emit intents, nothing else (DESIGN 1.6)."""
