"""The virtual My Number Card. Never part of an appliance."""
