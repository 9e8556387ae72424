"""The version of the code, which pyproject.toml has too."""

VERSION = "0.1.0"
