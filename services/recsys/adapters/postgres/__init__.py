"""The ports over PostgreSQL: SQLAlchemy Core composes the queries, once; psycopg's pool runs them."""

from __future__ import annotations

from recsys.adapters.postgres.catalog import PostgresCatalog
from recsys.adapters.postgres.decisions import PostgresDecisionLog
from recsys.adapters.postgres.deployments import PostgresDeploymentLog
from recsys.adapters.postgres.engine import Postgres
from recsys.adapters.postgres.erasures import PostgresErasures
from recsys.adapters.postgres.hidden_items import PostgresHiddenItems
from recsys.adapters.postgres.interactions import PostgresInteractionLog
from recsys.adapters.postgres.personal_data import PostgresPersonalData
from recsys.adapters.postgres.recommendation_lists import PostgresRecommendationLog
from recsys.adapters.postgres.rules import PostgresRules
from recsys.adapters.postgres.users import PostgresUsers

__all__ = [
    "Postgres",
    "PostgresCatalog",
    "PostgresDecisionLog",
    "PostgresDeploymentLog",
    "PostgresErasures",
    "PostgresHiddenItems",
    "PostgresInteractionLog",
    "PostgresPersonalData",
    "PostgresRecommendationLog",
    "PostgresRules",
    "PostgresUsers",
]
