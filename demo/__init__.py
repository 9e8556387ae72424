"""Months of a model's life on one machine, without an account: the real workflows, a stand-in for GitHub."""
