"""Runs the project's own workflow files on this machine, as GitHub Actions would."""
