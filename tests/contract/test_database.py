"""The ports of one database: in memory and in PostgreSQL."""

from __future__ import annotations

import pytest

from recsys.testing import contracts

pytestmark = pytest.mark.anyio


class TestCatalog(contracts.CatalogContract):
    pass


class TestUsers(contracts.UsersContract):
    pass


class TestMerging(contracts.MergingContract):
    pass


class TestInteractionLog(contracts.InteractionLogContract):
    pass


class TestHiddenItems(contracts.HiddenItemsContract):
    pass


class TestRules(contracts.RulesContract):
    pass


class TestRepeatedEvents(contracts.RepeatedEventsContract):
    pass


class TestRecommendationLog(contracts.RecommendationLogContract):
    pass


class TestDeploymentLog(contracts.DeploymentLogContract):
    pass


class TestDecisionLog(contracts.DecisionLogContract):
    pass


class TestErasures(contracts.ErasuresContract):
    pass


class TestPersonalData(contracts.PersonalDataContract):
    pass
