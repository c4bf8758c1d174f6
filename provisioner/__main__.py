"""The executable `provisioner`, and `python -m provisioner`."""

from __future__ import annotations

import os
import sys

from provisioner import __version__


def main() -> None:
    """Run the command line and exit with its code.

    `--version` alone is answered without it: its imports take four times as long as the rest.
    """
    if sys.argv[1:] == ["--version"] and _is_printed(f"provisioner {__version__}\n"):
        os._exit(0)
    from provisioner.cli.main import main as command_line

    command_line()


def _is_printed(text: str) -> bool:
    """Print a result; False if that fails, and the command line has to say why."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):  # full, closed, or closed before the start
        return False
    return True


if __name__ == "__main__":
    main()
