"""What the database knows of deliveries: states, files, quality tickets, tombstones."""
