"""A payment terminal behind a nexo-shaped port: credit, e-money, by JSON over TCP."""
