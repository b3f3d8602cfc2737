"""Quarantined rows judged anew, and published where they pass now."""
