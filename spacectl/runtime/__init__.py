"""The one loop that owns all state, and the small Protocols it needs."""
