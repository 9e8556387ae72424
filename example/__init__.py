"""The shipped example: a table whose features are made by code, and what is measured on it. One command removes it."""
