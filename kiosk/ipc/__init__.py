"""Lines between processes of one machine."""
