"""The one place where events meet commands."""
