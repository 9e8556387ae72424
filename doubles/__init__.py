"""Stand-ins for services that cannot be reached from a test; they import nothing of ours, and nothing of ours them."""
