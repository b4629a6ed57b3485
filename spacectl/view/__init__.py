"""Pure projections of the model for text, JSON and the terminal."""
