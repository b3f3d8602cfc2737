"""The life of an entry: drafted, assessed, approved, reviewed, published, changed, withdrawn; by the clock."""
