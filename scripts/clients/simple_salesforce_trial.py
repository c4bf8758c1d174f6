"""simple-salesforce against an emulator; see `scripts/clients/simple-salesforce`.

The library uses only https and *.salesforce.com. A requests adapter sends its requests to the
emulator instead.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from trial import emulator, virtual_environment

CLIENT = "simple-salesforce==1.12.10"


def main() -> int:
    """Install, start, run all; the exit code."""
    python = virtual_environment(CLIENT, "cryptography") / "python"
    with tempfile.TemporaryDirectory(prefix="simple-salesforce-") as directory:
        folder = Path(directory)
        with emulator(folder, ["--tls", "--speed", "1000", *sys.argv[1:]]) as running:
            script = Path(__file__).parent / "simple_salesforce_calls.py"
            return subprocess.run(
                [str(python), str(script)],
                check=False,
                env={
                    **os.environ,
                    "EMULATOR_URL": running["url"],
                    "EMULATOR_CA": running["ca"],
                    "CONSUMER_KEY": running["consumer_key"],
                    "HUB_USERNAME": running["hub_username"],
                    "PRIVATE_KEY_FILE": running["private_key"],
                },
            ).returncode


if __name__ == "__main__":
    sys.exit(main())
