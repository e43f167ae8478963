"""The card process: the reader, the secret, and nothing else."""
