"""What stops a start, said to the person at the terminal."""


class CannotStart(Exception):
    """One sentence: what is wrong, and what to do about it."""
