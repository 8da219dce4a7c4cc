"""The tables of `sql/migrations`, once, for SQLAlchemy Core."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Enum,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION, JSONB, REAL, TSVECTOR, UUID
from sqlalchemy.types import TypeEngine

from recsys.domain import EventType, Gender

metadata = MetaData()

event_type = Enum(*[event.value for event in EventType], name="event_type", create_type=False)
gender = Enum(*[value.value for value in Gender], name="gender", create_type=False)
MOMENT = DateTime(timezone=True)

_Type = TypeEngine[Any] | type[TypeEngine[Any]]


def _optional(name: str, kind: _Type) -> Column[Any]:
    return Column(name, kind, nullable=True)


def _required(name: str, kind: _Type) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _key(name: str, kind: _Type) -> Column[Any]:
    return Column(name, kind, primary_key=True)


categories = Table("categories", metadata, _key("category_id", Integer), _required("name", Text))

users = Table(
    "users",
    metadata,
    _key("user_id", BigInteger),
    _optional("external_id", Text),
    _optional("age", SmallInteger),
    _optional("gender", gender),
    _optional("country", Text),
    _required("signed_up_at", MOMENT),
)

user_preferences = Table(
    "user_preferences",
    metadata,
    _key("user_id", BigInteger),
    _key("category_id", Integer),
    _required("preference", REAL),
)

user_liked_items = Table(
    "user_liked_items",
    metadata,
    _key("user_id", BigInteger),
    _key("item_id", BigInteger),
)

items = Table(
    "items",
    metadata,
    _key("item_id", BigInteger),
    _optional("external_id", Text),
    _required("title", Text),
    _optional("description", Text),
    _optional("category_id", Integer),
    _required("tags", ARRAY(Text)),
    _optional("brand", Text),
    _optional("price", Numeric(12, 2, asdecimal=False)),
    _optional("quality", REAL),
    _required("published_at", MOMENT),
    _optional("available_from", MOMENT),
    _optional("available_until", MOMENT),
    _required("revision", BigInteger),
    _required("search_text", TSVECTOR),
)

merged_sessions = Table(
    "merged_sessions",
    metadata,
    _key("session_hash", LargeBinary),
    _required("user_id", BigInteger),
    _required("merged_at", MOMENT),
)

catalogue_resets = Table("catalogue_resets", metadata, _key("revision", BigInteger))

interactions = Table(
    "interactions",
    metadata,
    _key("event_id", Text),
    _required("user_id", BigInteger),
    _required("item_id", BigInteger),
    _required("type", event_type),
    _optional("value", REAL),
    _required("occurred_at", MOMENT),
    _required("received_at", MOMENT),
    _required("timed_by_server", Boolean),
    _optional("recommendation_id", UUID(as_uuid=False)),
)

hidden_items = Table(
    "hidden_items",
    metadata,
    _key("user_id", BigInteger),
    _key("item_id", BigInteger),
    _required("hidden_at", MOMENT),
)

recommendation_lists = Table(
    "recommendation_lists",
    metadata,
    _key("recommendation_id", UUID(as_uuid=False)),
    _required("user_id", BigInteger),
    _optional("release", Text),
    _required("algorithm", Text),
    _required("item_ids", ARRAY(BigInteger)),
    _optional("propensities", ARRAY(REAL)),
    _required("generated_at", MOMENT),
)

new_items = Table(
    "new_items",
    metadata,
    _key("item_id", BigInteger),
    _required("impressions", BigInteger),
)

releases = Table(
    "releases",
    metadata,
    _key("version", Text),
    _required("created_at", MOMENT),
    _required("manifest_sha256", Text),
    _optional("mlflow_version", Integer),
    _required("metrics", JSONB),
)

deployments = Table(
    "deployments",
    metadata,
    _key("deployment_id", BigInteger),
    _required("version", Text),
    _required("action", Text),
    _required("live_from", MOMENT),
    _required("reason", Text),
)

release_decisions = Table(
    "release_decisions",
    metadata,
    _key("decision_id", BigInteger),
    _required("decided_at", MOMENT),
    Column("version", Text),
    Column("champion", Text),
    _required("outcome", Text),
    _required("reasons", JSONB),
    _required("figures", JSONB),
)

item_words = Table("item_words", metadata, _key("word_id", BigInteger), _required("word", Text))

tombstones = Table("tombstones", metadata, _key("hash", LargeBinary), _required("revision", BigInteger))

erasures = Table(
    "erasures",
    metadata,
    _key("receipt_id", UUID(as_uuid=False)),
    _required("user_hash", LargeBinary),
    _required("erased_at", MOMENT),
    _required("removed", JSONB),
)

erasure_steps = Table(
    "erasure_steps",
    metadata,
    _key("receipt_id", UUID(as_uuid=False)),
    _key("store", Text),
    _optional("done_at", MOMENT),
)

rules = Table(
    "rules",
    metadata,
    _key("rule_id", BigInteger),
    _required("version", Integer),
    _required("ended", Boolean),
    _optional("ends_at", MOMENT),
)

rule_versions = Table(
    "rule_versions",
    metadata,
    _key("rule_id", BigInteger),
    _key("version", Integer),
    _required("changed_at", MOMENT),
    _required("name", Text),
    _required("action", Text),
    _required("target", JSONB),
    _required("algorithms", ARRAY(Text)),
    _optional("factor", DOUBLE_PRECISION),
    _optional("position", Integer),
    _optional("starts_at", MOMENT),
    _optional("ends_at", MOMENT),
    _required("ended", Boolean),
)

job_runs = Table(
    "job_runs",
    metadata,
    _key("run_id", BigInteger),
    _required("job", Text),
    _required("started_at", MOMENT),
    _required("ended_at", MOMENT),
    _required("outcome", Text),
    _required("details", JSONB),
)
