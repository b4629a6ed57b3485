"""The only place that joins adapters to the runtime."""
