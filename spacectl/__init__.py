"""spacectl: scaffold, run, watch and check space-based systems on one machine."""

__version__ = "0.1.0"
