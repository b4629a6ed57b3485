"""Shows a Textual app in browsers: textual-serve, with what a server on a shared machine needs beside it."""
