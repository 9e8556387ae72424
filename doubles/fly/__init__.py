"""Fly.io on one machine: a `flyctl` for the PATH, which keeps its app in a folder, and the address of the app."""
