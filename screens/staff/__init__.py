"""Staff at the resident's display: logging in, and the pages of their desk. They draw what the core says."""
