"""Splits, metrics and the judgement over them."""
