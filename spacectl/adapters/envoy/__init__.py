"""The program Envoy: found, given its files, and asked over its private socket."""
