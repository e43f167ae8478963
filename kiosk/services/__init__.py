"""A service is a plan of steps as data. Today: certificates. Forms, guides, tickets get rooms of the same shape."""
