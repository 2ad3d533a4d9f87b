"""Child processes with limits, and page pictures."""
