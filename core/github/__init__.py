"""GitHub: the one client of its REST API, and what Slipway keeps there."""
