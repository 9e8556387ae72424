"""Compares what a service was asked with what its model was made from, and tells when it differs."""
