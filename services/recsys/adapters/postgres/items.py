"""The queries over items, composed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    ColumnElement,
    DateTime,
    Integer,
    Text,
    all_,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, REGCONFIG, TSQUERY, TSVECTOR, insert

from recsys.adapters.postgres.statement import Statement
from recsys.adapters.tables import catalogue_resets, categories, items
from recsys.domain import Item

PAGE = 5000
"""Items read at a time: the event loop breathes in between."""

REPLACED = ("title", "description", "tags", "brand", "price", "available_from", "available_until")
KEPT = ("quality", "published_at", "external_id")
"""Not stated by callers: None leaves them as they were."""

_COLUMNS = (
    items.c.item_id,
    items.c.title,
    items.c.description,
    categories.c.name,
    items.c.tags,
    items.c.brand,
    items.c.price,
    items.c.quality,
    items.c.published_at,
    items.c.available_from,
    items.c.available_until,
    items.c.external_id,
)
_IN_CATEGORY = items.c.category_id == categories.c.category_id


def to_item(row: Sequence[Any]) -> Item:
    """From the columns of `GET` and `CHANGES`."""
    item_id, title, description, category, tags, brand, price, *rest = row
    return Item(
        item_id, title, description, category, tuple(tags), brand, None if price is None else float(price), *rest
    )


def _given(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=items.c[name].type)


def _moment(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=DateTime(timezone=True))


GET = Statement(
    select(*_COLUMNS).join(categories, _IN_CATEGORY, isouter=True).where(items.c.item_id == _given("item_id"))
)

EXISTING = Statement(
    select(items.c.item_id).where(items.c.item_id == any_(bindparam("item_ids", type_=ARRAY(BigInteger))))
)

TOUCH = Statement(
    update(items)
    .where(items.c.item_id == select(func.max(items.c.item_id)).scalar_subquery())
    .values(category_id=items.c.category_id)
)
"""Every written row draws the next revision; one row is enough."""

CATEGORIES = Statement(select(categories.c.name))

ADD_CATEGORY = Statement(
    insert(categories).values(name=bindparam("category", type_=Text)).on_conflict_do_nothing(index_elements=["name"])
)


def _put() -> Statement:
    named = categories.c.name == bindparam("category", type_=Text)
    values: dict[str, ColumnElement[Any]] = {
        name: _given(name) for name in ("item_id", *REPLACED, "quality", "external_id")
    }
    values["category_id"] = select(categories.c.category_id).where(named).scalar_subquery()
    values["published_at"] = func.coalesce(_moment("published_at"), _moment("now"))
    row = insert(items).values(values)
    changes: dict[str, ColumnElement[Any]] = {name: row.excluded[name] for name in (*REPLACED, "category_id")}
    changes |= {name: func.coalesce(_given(name), items.c[name]) for name in KEPT}
    whole = row.on_conflict_do_update(index_elements=["item_id"], set_=changes)
    return Statement(whole.returning(literal_column("xmax = 0", Boolean)))


PUT = _put()
"""One row: whether the item is new (no transaction has replaced the row yet)."""


def _changes() -> Statement:
    reset = select(func.coalesce(func.max(catalogue_resets.c.revision), 0).label("at")).subquery("reset")
    known, since = bindparam("known_reset", type_=BigInteger), bindparam("since", type_=BigInteger)
    page = (
        select(items.c.revision, *_COLUMNS)
        .join(categories, _IN_CATEGORY, isouter=True)
        .where(items.c.revision > case((reset.c.at > known, 0), else_=since))
        .order_by(items.c.revision)
        .limit(PAGE)
        .lateral("page")
    )
    return Statement(select(reset.c.at, page).join(page, true(), isouter=True).order_by(page.c.revision))


CHANGES = _changes()
"""The newest reset beside the next page of items, or beside nulls: from the first item if the reset is news."""


def _typed() -> ColumnElement[Any]:
    """What somebody typed, as a query."""
    text = bindparam("query", type_=Text)
    english, simple = (
        func.websearch_to_tsquery(cast(language, REGCONFIG), text, type_=TSQUERY) for language in ("english", "simple")
    )
    # Stop words alone are no query in English; titles can be found by them all the same.
    return case((func.numnode(english) == 0, simple), else_=english)


def _composed() -> ColumnElement[Any]:
    return func.to_tsquery(cast("english", REGCONFIG), bindparam("query", type_=Text), type_=TSQUERY)


def _relevance(words: ColumnElement[Any]) -> ColumnElement[Any]:
    """Nearness, weight and number of the matches, and one more where the title alone says everything."""
    title = func.ts_filter(items.c.search_text, literal_column("'{a}'"), type_=TSVECTOR)
    return func.ts_rank(items.c.search_text, words, 1) + cast(title.bool_op("@@")(words), Integer)


def _search(wanted_words: ColumnElement[Any]) -> Statement:
    wanted = bindparam("category", type_=Text)
    query = select(wanted_words.label("words")).cte("query")
    words = select(query.c.words).scalar_subquery()
    now = _moment("now")
    matches = (
        select(items.c.item_id, categories.c.name, _relevance(words).label("score"))
        .join(categories, _IN_CATEGORY, isouter=True)
        .where(
            items.c.search_text.bool_op("@@")(words),
            func.querytree(words) != "",
            func.querytree(words) != "T",
            or_(items.c.available_from.is_(None), items.c.available_from <= now),
            or_(items.c.available_until.is_(None), items.c.available_until > now),
            items.c.item_id != all_(bindparam("left_out", type_=ARRAY(BigInteger))),
        )
        .cte("matches")
    )
    counted = (
        select(matches.c.name, func.count().label("found"))
        .where(matches.c.name.is_not(None))
        .group_by(matches.c.name)
        .subquery("counted")
    )
    facets = select(func.jsonb_object_agg(counted.c.name, counted.c.found).label("counts")).subquery("facets")
    hits = (
        select(matches.c.item_id, matches.c.score)
        .where(or_(wanted.is_(None), matches.c.name == wanted))
        .order_by(matches.c.score.desc(), matches.c.item_id)
        .limit(bindparam("limit", type_=Integer))
        .subquery("hits")
    )
    joined = select(facets.c.counts, hits).join(hits, true(), isouter=True)
    return Statement(joined.order_by(hits.c.score.desc(), hits.c.item_id))


SEARCH = _search(_typed())
"""The facets beside each hit, or beside nulls."""

SEARCH_COMPOSED = _search(_composed())
"""The same for a `tsquery` in PostgreSQL's own notation."""
