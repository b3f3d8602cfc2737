"""Keeping tables in order: history, compaction, retention; and verifying them against log and register."""
