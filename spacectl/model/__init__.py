"""What is written and what is seen: frozen values, no I/O."""
