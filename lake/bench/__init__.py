"""The benchmarks of the lake, each with its bare baseline."""
