"""The files of docs/examples are valid, and start commands that exist."""
