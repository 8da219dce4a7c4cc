"""What every adapter of a port must do: one suite a port, to be inherited with a fixture that gives the adapter."""

from __future__ import annotations

from recsys.testing.contracts.cache import RecommendationCacheContract
from recsys.testing.contracts.catalog import CatalogContract
from recsys.testing.contracts.content_index import ContentIndexContract
from recsys.testing.contracts.database import Database
from recsys.testing.contracts.decisions import DecisionLogContract
from recsys.testing.contracts.deployments import DeploymentLogContract
from recsys.testing.contracts.erasures import ErasuresContract
from recsys.testing.contracts.hidden_items import HiddenItemsContract
from recsys.testing.contracts.interactions import InteractionLogContract
from recsys.testing.contracts.merging import MergingContract
from recsys.testing.contracts.personal_data import PersonalDataContract
from recsys.testing.contracts.recommendation_lists import RecommendationLogContract
from recsys.testing.contracts.repeated_events import RepeatedEventsContract
from recsys.testing.contracts.rules import RulesContract
from recsys.testing.contracts.sessions import SessionsContract
from recsys.testing.contracts.users import UsersContract

__all__ = [
    "CatalogContract",
    "ContentIndexContract",
    "Database",
    "DecisionLogContract",
    "DeploymentLogContract",
    "ErasuresContract",
    "HiddenItemsContract",
    "InteractionLogContract",
    "MergingContract",
    "PersonalDataContract",
    "RecommendationCacheContract",
    "RecommendationLogContract",
    "RepeatedEventsContract",
    "RulesContract",
    "SessionsContract",
    "UsersContract",
]
