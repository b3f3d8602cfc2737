"""Quality tickets worked off: told to people, and their deliveries taken again."""
