"""A grade is lowered by two people; what raised one is reviewed by the authority."""
