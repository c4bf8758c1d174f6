"""A build on a private emulator: its process, and what it could not know."""
