"""What running it costs a month, what that carries, and from which traffic on the next step is due."""
