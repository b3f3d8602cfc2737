"""The audit: Great Expectations judges the very files that are about to be published."""
