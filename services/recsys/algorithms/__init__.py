"""The algorithms, one a file, and the registry that knows them by name."""
