"""Predictions whose outcome is known, and whether the model does worse than was promised."""
