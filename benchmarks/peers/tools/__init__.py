"""One module for each tool: how it is set up, started, asked to stop."""
