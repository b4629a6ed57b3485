"""Prints some lines and ends: `exits.py CODE [LINE]...`; the last line has no newline."""

from __future__ import annotations

import sys

sys.stdout.write("\n".join(sys.argv[2:]))
sys.stdout.flush()
sys.exit(int(sys.argv[1]))
