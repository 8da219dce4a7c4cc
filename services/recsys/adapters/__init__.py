"""The outside world behind the ports: one file a system."""
