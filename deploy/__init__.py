"""Brings a published tag to an environment, and back; keeps the ledger of it."""
