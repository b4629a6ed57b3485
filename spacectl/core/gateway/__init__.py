"""What the gateway is to do: a pure function of the system, its ports and which replicas are ready."""
