"""PURE: events in, commands out. No clock, thread, socket, file or log."""
