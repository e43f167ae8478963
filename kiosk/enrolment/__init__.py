"""This machine's place on the town's list: its key, its certificate, and how both are made, renewed and given up."""
