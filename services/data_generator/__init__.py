"""Fills PostgreSQL: a population with known tastes, or somebody's own data."""
