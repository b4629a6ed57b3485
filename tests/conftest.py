"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile(
    "spacectl", deadline=None, print_blob=True
)  # how long an example takes is the machine's affair
settings.load_profile("spacectl")
