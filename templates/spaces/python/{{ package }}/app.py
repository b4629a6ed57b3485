"""What uvicorn serves."""

from __future__ import annotations

from .kit import process
from .kit.settings import from_environment
from .service import CALLS, NAME, make

process.prepare()
app = make(from_environment(NAME, CALLS))
