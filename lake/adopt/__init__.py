"""A file that no contract speaks of: surveyed, proposed, adopted; and draft rules tried on history."""
