"""The shipped example: a table made by code, what is measured on it, and the command that removes all of it."""
