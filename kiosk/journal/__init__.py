"""The durable memory of the kiosk."""
