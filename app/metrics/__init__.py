"""What the service counts and shows to Prometheus; names and units as its conventions have them."""
