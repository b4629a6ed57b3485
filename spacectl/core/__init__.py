"""Decisions: pure functions of model values and a clock reading."""
