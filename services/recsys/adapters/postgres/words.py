"""The catalogue's words, and what a misspelt search may have meant by them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from sqlalchemy import BigInteger, bindparam, select

from recsys.adapters.postgres.engine import Postgres
from recsys.adapters.postgres.statement import Statement
from recsys.adapters.search_words import Alternative
from recsys.adapters.tables import item_words
from recsys.adapters.typos import near_words

PAGE = 20_000
MOST_WORDS = 500_000
"""Some tens of megabytes; words that came later are then not guessed."""

NEWER = Statement(
    select(item_words.c.word_id, item_words.c.word)
    .where(item_words.c.word_id > bindparam("after", type_=BigInteger))
    .order_by(item_words.c.word_id)
    .limit(PAGE)
)


class Vocabulary:
    """Read when the first misspelt search comes, then word by word as they come."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._words: list[str] = []
        self._last = 0
        self._reading = asyncio.Lock()

    async def meant(self, alternatives: Sequence[Alternative]) -> str:
        """A `tsquery` in which every word stands for those that are near it. Raises `Unavailable`."""
        await self._read()
        return await asyncio.to_thread(_query, alternatives, self._words)

    async def _read(self) -> None:
        async with self._reading:
            while len(self._words) < MOST_WORDS:
                rows = await self._postgres.read(partial(NEWER.all, after=self._last))
                self._words += [word for _, word in rows if word.isalnum()]
                if rows:
                    self._last = rows[-1][0]
                if len(rows) < PAGE:
                    break


def _query(alternatives: Sequence[Alternative], vocabulary: Sequence[str]) -> str:
    return " | ".join(f"({_together(each, vocabulary)})" for each in alternatives)


def _together(alternative: Alternative, vocabulary: Sequence[str]) -> str:
    wanted = [_any(dict.fromkeys([word, *near_words(word, vocabulary)])) for word in alternative.guessed]
    wanted += [f"({' <-> '.join(map(_quoted, phrase.split()))})" for phrase in alternative.phrases]
    unless = [f"!({' & '.join(map(_quoted, words.split()))})" for words in alternative.without]
    return " & ".join([*wanted, *unless])


def _any(words: dict[str, None]) -> str:
    return f"({' | '.join(map(_quoted, words))})"


def _quoted(word: str) -> str:
    """Words hold neither quotes nor backslashes."""
    return f"'{word}'"
