"""The control API over a Unix socket: its server, its client, and where they meet."""
