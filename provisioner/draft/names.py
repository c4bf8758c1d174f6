"""Names of pools, made from names of projects and of other tools."""

from __future__ import annotations

import re

LONGEST = 30


def pool_name(*names: str) -> str:
    """The first of these names that can be turned into the name of a pool, else `orgs`."""
    for name in names:
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-").lstrip("0123456789-")
        if slug:
            return slug[:LONGEST].rstrip("-")
    return "orgs"
