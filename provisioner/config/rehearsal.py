"""What a rehearsal assumes of its orgs, as `pool.yaml` declares it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from provisioner.declare.options import Finding, option

KINDS = ("permission-set", "object", "field", "profile", "feature")
_ASSUMPTION = re.compile(rf"({'|'.join(KINDS)}|[A-Z]\w+):\S.*")
"""Other components have the name of their type in the Metadata API: `ApexClass:Acme`."""


def assumption_rule(text: str) -> str:
    """The problem of an assumption, or "". Its form is `KIND:NAME` or `field:OBJECT.NAME`."""
    if not _ASSUMPTION.fullmatch(text) or (text.startswith("field:") and "." not in text):
        kinds = ", ".join(KINDS)
        return f"write KIND:NAME with {kinds} or a metadata type as KIND (field:OBJECT.NAME)"
    return ""


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """Used only by `rehearse`: what the emulator cannot know about the real orgs."""

    packages: Path | None = option(
        "a JSON file with the packages that exist and what they contain", default=None, path="file"
    )
    assume: tuple[str, ...] = option(
        "components that every org of a rehearsal has, as KIND:NAME",
        default=(),
        example=("permission-set:Acme_Admin", "object:Acme__c"),
    )

    def check(self, directory: Path) -> Iterable[Finding]:  # noqa: ARG002 - the contract
        """Report each invalid assumption."""
        for index, text in enumerate(self.assume):
            if wrong := assumption_rule(text):
                yield Finding(f"assume.{index}", wrong)
