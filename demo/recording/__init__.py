"""Makes a film of the demonstration and the console, without a person: `python -m demo.recording`."""
