"""The questions, as Elasticsearch reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recsys.adapters.elasticsearch.documents import (
    ALL,
    AVAILABLE_FROM,
    AVAILABLE_UNTIL,
    CATEGORY,
    DESCRIPTION,
    ITEM_ID,
    LABELS,
    PLAIN,
    TITLE,
)
from recsys.adapters.search_words import Alternative
from recsys.content_index import Search

Query = dict[str, Any]

FACETS = "facets"
MOST_CATEGORIES = 10_000
MOST_TERMS = 50_000
"""In one clause; the server's own limit is 65,536."""
RELEVANCE = [f"{TITLE}^4", f"{LABELS}^2", DESCRIPTION]
WHOLE_TITLE = 20
"""What it brings an item that its title alone says everything."""
LIKENESS_TERMS = 25
"""Words by which a text is compared: its rarest ones."""
EFFORT = 2
"""Candidates of a nearest-vector search for each one wanted."""
LEAST_COSINE = 0.1
"""Below that two texts have nothing to do with one another."""
FEWEST_CANDIDATES, MOST_CANDIDATES = 100, 10_000


def search_body(search: Search, alternatives: Sequence[Alternative], at: int, *, fuzzy: bool) -> Query:
    """`at` is in microseconds. The facets see what the category leaves out."""
    matches = [_matching(each, fuzzy=fuzzy) for each in alternatives]
    body: Query = {
        "query": _offered({"bool": {"should": matches, "minimum_should_match": 1}}, at, search.left_out),
        "size": search.limit,
        "sort": [{"_score": "desc"}, {ITEM_ID: "asc"}],
        "track_total_hits": True,
        "_source": False,
        "aggs": {FACETS: {"terms": {"field": CATEGORY, "size": MOST_CATEGORIES}}},
    }
    if search.category is not None:
        body["post_filter"] = {"term": {CATEGORY: search.category}}
    return body


def _matching(alternative: Alternative, *, fuzzy: bool) -> Query:
    """What must occur decides; how well it does is the score."""
    text = alternative.wanted
    phrases = [_phrase(phrase) for phrase in alternative.phrases]
    unless = [_match(ALL, words) for words in alternative.without]
    if fuzzy:
        relevance = {"multi_match": {"query": text, "fields": RELEVANCE, "fuzziness": "AUTO"}}
        required = [*map(_nearly, alternative.guessed), *phrases]
        return {"bool": {"must": required, "should": relevance, "must_not": unless}}
    phrases += [_phrase(compound) for compound in alternative.compounds]
    unstemmed = f"{TITLE}.{PLAIN}"
    # In English a stop word alone is no word; titles can be found by it all the same.
    somewhere = {"bool": {"should": [_match(ALL, text), _match(unstemmed, text)], "minimum_should_match": 1}}
    ranked = [
        {"multi_match": {"query": text, "fields": RELEVANCE, "type": "most_fields"}},
        {"match": {unstemmed: text}},
        {"constant_score": {"filter": _match(TITLE, text), "boost": WHOLE_TITLE}},
    ]
    return {"bool": {"filter": [somewhere, *phrases], "should": ranked, "must_not": unless}}


def _match(field: str, words: str) -> Query:
    return {"match": {field: {"query": words, "operator": "and"}}}


def _phrase(words: str) -> Query:
    return {"match_phrase": {ALL: {"query": words, "zero_terms_query": "all"}}}


def _nearly(word: str) -> Query:
    """As it stands, or by a letter or two."""
    near = {"match": {f"{ALL}.{PLAIN}": {"query": word, "fuzziness": "AUTO"}}}
    return {"bool": {"should": [_match(ALL, word), near], "minimum_should_match": 1}}


def more_like(index: str, item_id: int, limit: int, at: int, left_out: Sequence[int]) -> Query:
    """The items that share the most telling words."""
    like = {
        "fields": [ALL],
        "like": [{"_index": index, "_id": str(item_id)}],
        "max_query_terms": LIKENESS_TERMS,
        "min_term_freq": 1,
        "min_doc_freq": 1,
        "minimum_should_match": "1",
    }
    return {"query": _offered({"more_like_this": like}, at, left_out), "size": limit, "_source": False}


def nearest(field: str, vector: Sequence[float], limit: int, at: int, left_out: Sequence[int]) -> Query:
    """The items whose vectors point the same way."""
    knn = {
        "field": field,
        "query_vector": list(vector),
        "k": limit,
        "similarity": LEAST_COSINE,
        "num_candidates": min(MOST_CANDIDATES, max(FEWEST_CANDIDATES, EFFORT * limit)),
        "filter": _offered({"match_all": {}}, at, left_out),
    }
    return {"knn": knn, "size": limit, "_source": False}


def _offered(query: Query, at: int, left_out: Sequence[int]) -> Query:
    """`query`, where the item is on offer and may be found."""
    unless: list[Query] = [{"range": {AVAILABLE_FROM: {"gt": at}}}, {"range": {AVAILABLE_UNTIL: {"lte": at}}}]
    parts = (list(left_out[start : start + MOST_TERMS]) for start in range(0, len(left_out), MOST_TERMS))
    unless += [{"terms": {ITEM_ID: part}} for part in parts]
    return {"bool": {"must": [query], "must_not": unless}}
