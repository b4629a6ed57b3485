"""Containers of a Docker engine: building their images, starting them, seeing them end, their output, their network."""
