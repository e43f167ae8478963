"""A bare Debian 12 becomes a kiosk: what is wanted is data, made, verified and undone by one engine."""
