"""Arrival: every door by which a delivery comes (folder, bucket, push, pull), each ending in the same landing."""
