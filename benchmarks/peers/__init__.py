"""Runs spacectl and other supervisors side by side on the same services."""
