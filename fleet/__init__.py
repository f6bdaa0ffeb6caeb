"""The workers that are up, and which of them takes the next call."""
