"""What watches a service: Prometheus, Alertmanager and Grafana, and where their files come from."""
