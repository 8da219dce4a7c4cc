"""Nearest vectors: one port, an exact and an approximate index behind it, and the lists that a release keeps."""
