"""Operating-system processes: starting them, seeing them end, ending all that they started, what they use."""
