"""A search as people type it, read as PostgreSQL's `websearch_to_tsquery` reads it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from recsys.adapters.acceptance import is_text
from recsys.errors import FieldError, InvalidInput

_TERM = re.compile(r'-?"[^"]*"?|\S+')
_WORD = re.compile(r"\w+")
_OR = "or"


@dataclass(slots=True)
class Alternative:
    """What must occur together."""

    words: list[str] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)
    """Words side by side."""
    compounds: list[str] = field(default_factory=list)
    """The same, where nobody quoted them: `well-known`. Words like others as soon as they may be misspelt."""
    without: list[str] = field(default_factory=list)
    """What must not occur."""

    @property
    def wanted(self) -> str:
        return " ".join([*self.words, *self.compounds, *self.phrases])

    @property
    def guessed(self) -> list[str]:
        """The words that may be misspelt."""
        return " ".join([*self.words, *self.compounds]).split()


def read(text: str) -> Sequence[Alternative]:
    """Each of them is a way to match; one that wants nothing is none. Raises `InvalidInput` for what is no text."""
    if not is_text(text):
        raise InvalidInput("q holds a character that is not text", fields=(FieldError("q", "is not text"),))
    alternatives = [Alternative()]
    for term in _TERM.findall(text):
        if term.casefold() == _OR:
            alternatives.append(Alternative())
        else:
            _add(alternatives[-1], term)
    return [each for each in alternatives if each.wanted]


def _add(alternative: Alternative, term: str) -> None:
    words = _WORD.findall(term)
    if not words:
        return
    if term.startswith("-"):
        alternative.without.append(" ".join(words))
    elif len(words) == 1:
        alternative.words += words
    elif term.startswith('"'):
        alternative.phrases.append(" ".join(words))
    else:
        alternative.compounds.append(" ".join(words))
