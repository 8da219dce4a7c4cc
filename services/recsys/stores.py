"""Which adapter serves a URL."""
