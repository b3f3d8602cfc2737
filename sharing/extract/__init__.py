"""The one way out: from an approved case to a counted, certified extract in the store."""
