"""The tables of `sql/migrations`, once, for SQLAlchemy Core."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Enum, Float, Integer, MetaData, Numeric, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, REAL, TSVECTOR, UUID

from recsys.domain import EventType, Gender

metadata = MetaData()

event_type = Enum(*[event.value for event in EventType], name="event_type", create_type=False)
gender = Enum(*[value.value for value in Gender], name="gender", create_type=False)

categories = Table("categories", metadata, Column("category_id", Integer, primary_key=True), Column("name", Text))

users = Table(
    "users",
    metadata,
    Column("user_id", BigInteger, primary_key=True),
    Column("external_id", Text),
    Column("age", SmallInteger),
    Column("gender", gender),
    Column("country", Text),
    Column("signed_up_at", DateTime(timezone=True)),
)

user_preferences = Table(
    "user_preferences",
    metadata,
    Column("user_id", BigInteger, primary_key=True),
    Column("category_id", Integer, primary_key=True),
    Column("preference", REAL),
)

user_liked_items = Table(
    "user_liked_items",
    metadata,
    Column("user_id", BigInteger, primary_key=True),
    Column("item_id", BigInteger, primary_key=True),
)

items = Table(
    "items",
    metadata,
    Column("item_id", BigInteger, primary_key=True),
    Column("external_id", Text),
    Column("title", Text),
    Column("description", Text),
    Column("category_id", Integer),
    Column("tags", ARRAY(Text)),
    Column("brand", Text),
    Column("price", Numeric(12, 2, asdecimal=False)),
    Column("quality", Float),
    Column("published_at", DateTime(timezone=True)),
    Column("available_from", DateTime(timezone=True)),
    Column("available_until", DateTime(timezone=True)),
    Column("revision", BigInteger),
    Column("search_text", TSVECTOR),
)

interactions = Table(
    "interactions",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("user_id", BigInteger),
    Column("item_id", BigInteger),
    Column("type", event_type),
    Column("value", REAL),
    Column("occurred_at", DateTime(timezone=True)),
    Column("received_at", DateTime(timezone=True)),
    Column("recommendation_id", UUID(as_uuid=False)),
)

recommendation_lists = Table(
    "recommendation_lists",
    metadata,
    Column("recommendation_id", UUID(as_uuid=False), primary_key=True),
    Column("user_id", BigInteger),
    Column("release", Text),
    Column("algorithm", Text),
    Column("item_ids", ARRAY(BigInteger)),
    Column("propensities", ARRAY(REAL)),
    Column("generated_at", DateTime(timezone=True)),
)

releases = Table(
    "releases",
    metadata,
    Column("version", Text, primary_key=True),
    Column("created_at", DateTime(timezone=True)),
    Column("manifest_sha256", Text),
    Column("mlflow_version", Integer),
    Column("metrics", JSONB),
)

deployments = Table(
    "deployments",
    metadata,
    Column("deployment_id", BigInteger, primary_key=True),
    Column("version", Text),
    Column("action", Text),
    Column("live_from", DateTime(timezone=True)),
    Column("reason", Text),
)
