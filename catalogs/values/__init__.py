"""What the register knows, as values, and its closed vocabularies. Pure."""
