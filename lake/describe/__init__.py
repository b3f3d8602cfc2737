"""What the metadata catalogue is told, through an outbox, and by one door."""
