"""Two models answer side by side: which one is better, as soon as that is known."""
