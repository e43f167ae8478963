"""The workshop: a whole kiosk on one machine without hardware, and journeys through it. Not shipped."""
