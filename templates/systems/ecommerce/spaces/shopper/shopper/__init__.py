"""Customers for the shop: they come, look around, fill carts, pay or do not, and change their minds."""
