"""Finding: the index of the register inside the governance database, and the search over it."""
