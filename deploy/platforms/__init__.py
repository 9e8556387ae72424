"""What a service can run on: one host, Fly.io, Render."""
