"""Ways to a device: serial port, PC/SC, pty, control socket of a simulator."""
