"""Titles, descriptions and tags: what an item is, in words."""
