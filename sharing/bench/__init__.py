"""The benchmarks of the door, each with its bare baseline."""
