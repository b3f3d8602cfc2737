"""Delta tables as they lie in the object store: their files, their log, their versions, DuckDB over them."""
