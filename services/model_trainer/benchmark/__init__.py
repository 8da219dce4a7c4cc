"""The product's own models on somebody's split, outside PostgreSQL."""
