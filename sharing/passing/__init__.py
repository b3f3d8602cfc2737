"""Requests, replies and use records passed to and from other platforms, by the connector kit's maps."""
