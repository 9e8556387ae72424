"""From a file to model.toml: what its columns are, and why."""
