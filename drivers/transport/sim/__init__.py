"""The far end of a serial line, for simulators: the wire and what can befall it, the truth on disk, the process, and a
cable without a kernel. Never part of an appliance."""
