"""People and their keys, and what a command asks before it shows anything."""
