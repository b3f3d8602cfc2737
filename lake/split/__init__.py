"""One pass over a delivery: every value typed, every record judged, duplicates and replaced rows told apart."""
