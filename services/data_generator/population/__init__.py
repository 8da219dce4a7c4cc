"""Who comes: users with tastes, what they say of these, and when they are about."""
