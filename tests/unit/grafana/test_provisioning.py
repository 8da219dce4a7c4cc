"""What Grafana reads when it starts."""

from __future__ import annotations

from typing import Any

import yaml

from grafana.queries import DATASOURCE, DATASOURCE_NAME
from native.places import ROOT
from tests.unit.grafana.boards import boards

PROVISIONING = ROOT / "grafana" / "provisioning"


def _read(path: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PROVISIONING / path).read_text())
    assert found["apiVersion"] == 1
    return found


def test_the_datasource_is_the_one_that_panels_name() -> None:
    (source,) = _read("datasources/prometheus.yml")["datasources"]
    assert (source["uid"], source["type"]) == (DATASOURCE.uid, DATASOURCE.type_val)
    assert source["name"] == DATASOURCE_NAME
    assert source["isDefault"] is True


def test_the_address_comes_from_the_environment() -> None:
    (source,) = _read("datasources/prometheus.yml")["datasources"]
    (provider,) = _read("dashboards/recstack.yml")["providers"]
    assert source["url"] == "${RECSTACK_PROMETHEUS_URL}"
    assert provider["options"]["path"] == "${RECSTACK_DASHBOARDS}"


def test_compose_sets_what_the_files_ask_for() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    grafana = compose["services"]["grafana"]
    assert grafana["environment"]["RECSTACK_PROMETHEUS_URL"] == "http://prometheus:9090"
    folder = grafana["environment"]["RECSTACK_DASHBOARDS"]
    assert f"./grafana/dashboards:{folder}:ro" in grafana["volumes"]
    assert grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == f"{folder}/home.json"


def test_the_datasource_knows_how_often_prometheus_scrapes() -> None:
    (source,) = _read("datasources/prometheus.yml")["datasources"]
    prometheus = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())
    assert source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]


def test_the_list_of_alerts_reads_this_datasource() -> None:
    (listed,) = (panel for board in boards() for panel in board["panels"] if panel["type"] == "alertlist")
    (source,) = _read("datasources/prometheus.yml")["datasources"]
    assert listed["options"]["datasource"] == source["name"]
    assert source["jsonData"]["manageAlerts"] is True
