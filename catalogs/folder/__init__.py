"""A city's folder of YAML, read and checked as a whole, every fault at its line; and written."""
