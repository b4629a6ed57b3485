"""Makes systems and spaces from templates."""
