"""`provisioner schema`: prints the JSON schema of pool.yaml, for editors."""

from __future__ import annotations

from provisioner.cli.invocation import Invocation
from provisioner.config.schema import schema


def command(call: Invocation) -> None:
    """Print the JSON schema of pool.yaml.

    Editors use it for completion and checks: write it to a file (provisioner schema >
    pool.schema.json) and start pool.yaml with the line

    # yaml-language-server: $schema=pool.schema.json
    """
    call.output.json(schema())
