"""A published table whose contract has other columns now."""
