"""Somebody's own data into PostgreSQL: what can be used is loaded, every other row is written down with its reason."""
