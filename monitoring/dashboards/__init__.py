"""Grafana's dashboards; `scripts/dashboards` writes them into monitoring/grafana/dashboards."""
