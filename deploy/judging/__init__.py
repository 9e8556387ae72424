"""What finds out over HTTP whether a model may serve, and whether it does well."""
