"""What carries a durable intent out, each step at most once, and finishes what was interrupted."""
