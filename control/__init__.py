"""Care for the control plane: whether GitHub has all that is needed, and whether its schedules live."""
