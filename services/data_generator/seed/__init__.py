"""A drawn world into PostgreSQL, all of it or nothing."""
