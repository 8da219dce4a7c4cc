"""Fits, judges and publishes releases."""
