"""Where the rows come from that a service answered."""
