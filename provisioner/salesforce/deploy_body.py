"""The body of a deploy request: the options and the zip.

Source: docs/reference/deploys.md#requests.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from provisioner.salesforce.file_body import FileBody
from provisioner.salesforce.streamed import Body

LARGEST_ZIP = 39_000_000  # bytes
LARGEST_UNZIPPED = 600 << 20  # bytes
MOST_FILES = 10_000
"""Source: docs/reference/deploys.md#limits."""

OPTIONS: Mapping[str, Any] = {
    "rollbackOnError": True,
    "ignoreWarnings": False,
    "checkOnly": False,
    "singlePackage": True,
    "purgeOnDelete": False,
}
"""The options of the CLI: roll back on error, package.xml at the root of the zip."""


@dataclass(frozen=True)
class DeployBody:
    """The body of a deploy request. The same body is sent to any number of orgs."""

    content: Body = field(repr=False)
    content_type: str

    @property
    def first_wait(self) -> float:
        """Seconds until the first poll, by size, as in the official library."""
        megabytes = len(self.content) / 1_000_000
        return next(
            (wait for size, wait in ((15, 10.0), (5, 5.0), (1, 2.0)) if megabytes > size), 1.0
        )


def deploy_body(package: bytes | IO[bytes], options: Mapping[str, Any] | None = None) -> DeployBody:
    """The multipart body with the options and the zip `package`.

    An open file stays on the disk and belongs to the body from now on.
    """
    given = {"deployOptions": {**OPTIONS, **(options or {})}}
    boundary = secrets.token_hex(16)
    lines = [
        f"--{boundary}",
        'Content-Disposition: form-data; name="json"',
        "Content-Type: application/json",
        "",
        json.dumps(given),
        f"--{boundary}",
        'Content-Disposition: form-data; name="file"; filename="package.zip"',
        "Content-Type: application/zip",
        "\r\n",
    ]
    before = "\r\n".join(lines).encode()
    after = f"\r\n--{boundary}--\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    if isinstance(package, bytes):
        return DeployBody(before + package + after, kind)
    return DeployBody(FileBody(before, package, after), kind)
