"""The logs of a system: written by the programs themselves; here they get their times, are kept small, and are read."""

from spacectl.adapters.log_store.files import keep_previous, sources
from spacectl.adapters.log_store.keeper import LogKeeper
from spacectl.adapters.log_store.reading import LogReader, chunks, read
from spacectl.adapters.log_store.trimming import method

__all__ = ["LogKeeper", "LogReader", "chunks", "keep_previous", "method", "read", "sources"]
