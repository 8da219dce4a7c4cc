"""Answers requests from the live release."""
