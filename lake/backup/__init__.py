"""One moment of database, store, keys and city in a folder, and the way back."""
