"""How each kind of trouble stands, and the issue that tells of it."""
