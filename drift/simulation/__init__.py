"""Faults put into rows on purpose, to see whether they would be noticed."""
