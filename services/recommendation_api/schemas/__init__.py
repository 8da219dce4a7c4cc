"""Requests and answers, strict: the same models validate, document and write."""
