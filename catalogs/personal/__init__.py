"""What is personal information and what of it is sensitive: a versioned rule set, and the edition that a city chose."""
