"""Grafana's dashboards, written as code; `python -m grafana.dashboards` makes the JSON that Grafana reads."""
