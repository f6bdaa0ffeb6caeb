"""What the processes with pages count together, in Redis."""
