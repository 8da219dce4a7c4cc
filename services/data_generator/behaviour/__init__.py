"""What users do: how well an item suits them, what a visit leads to, and the sessions that it happens in."""
