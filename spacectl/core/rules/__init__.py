"""What must hold in the manifests beyond the form of each value; each rule yields the problems it finds."""
