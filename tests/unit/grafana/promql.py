"""Which series and labels a query speaks of; enough of PromQL for the queries of this repository."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
STRING = r'"(?:[^"\\]|\\.)*"'
SELECTOR = re.compile(rf'({NAME})\s*\{{((?:[^}}"]|{STRING})*)\}}')
MATCHER = re.compile(rf"({NAME})\s*(=~|!~|!=|=)\s*({STRING})")
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
REPLACED = re.compile(rf"label_replace\(.*?,\s*({STRING}),\s*{STRING},\s*{STRING},\s*{STRING}\)")
KEYWORDS = frozenset({"or", "and", "unless", "offset", "bool", "inf", "nan", "atan2"})


class Matcher(NamedTuple):
    label: str
    operator: str
    value: str


class Selector(NamedTuple):
    metric: str
    matchers: tuple[Matcher, ...]


def selectors(expr: str) -> Iterator[Selector]:
    """Every series that `expr` reads."""
    for metric, inside in SELECTOR.findall(expr):
        yield Selector(metric, tuple(Matcher(label, op, value[1:-1]) for label, op, value in MATCHER.findall(inside)))
    plain = re.sub(r"\[[^\]]*\]", " ", re.sub(STRING, " ", GROUPING.sub(" ", SELECTOR.sub(" ", expr))))
    for found in re.finditer(rf"(?<![\w.$])({NAME})(?!\s*\()\b", plain):
        if found[1].lower() not in KEYWORDS and not re.match(r"\s*\(", plain[found.end() :]):
            yield Selector(found[1], ())


def grouped(expr: str) -> set[str]:
    """Labels that aggregations and joins name."""
    return {label for inside in GROUPING.findall(expr) for label in re.findall(NAME, inside)}


def made(expr: str) -> set[str]:
    """Labels that `expr` itself writes."""
    return {label[1:-1] for label in REPLACED.findall(expr)}


def filled(text: str, variables: Mapping[str, str]) -> str:
    """`text` with Grafana's `$name` and `${name}` replaced; what is no variable stays."""
    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda found: variables.get(found[1] or found[2], found[0]), text)
