"""A table put back to an earlier version, as a new version."""
