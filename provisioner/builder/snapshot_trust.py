"""Which org snapshots orgs are signed up from: the first org from each one is the proof."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.salesforce.org_contents import OrgContents, differences, read_contents

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.builder.snapshot_content import Content
    from provisioner.ledger.base import Org
    from provisioner.salesforce.org import OrgClient

UNUSABLE = frozenset({"C-1033", "SN-0001", "SN-0002", "T-0002", "T-0003", "T-0004"})
"""Codes of sign-ups whose snapshot cannot be used
(docs/reference/sign-up.md#errors-of-a-sign-up)."""


class SnapshotTrust:
    """The snapshots that are verified or rejected. Safe to use from several threads."""

    def __init__(self, context: BuildContext, verified: Iterable[str]) -> None:
        """`verified` are the names from which an org has been available."""
        self._context = context
        self._verified = set(verified)
        self._rejected: set[str] = set()

    def is_verified(self, name: str) -> bool:
        """Whether an org from this snapshot has been available."""
        return name in self._verified

    def is_rejected(self, name: str) -> bool:
        """Whether no org is signed up from it any more."""
        return name in self._rejected

    def verify(self, org: Org) -> None:
        """An org is available: so is its snapshot."""
        if org.snapshot:
            with self._context.lock:
                self._verified.add(org.snapshot)

    def comparison(self, org: Org, content: Content | None) -> Comparison | None:
        """How the first org from a snapshot is compared with its source; None for the others."""
        usable = content.usable if content else None
        if content is None or usable is None or usable.name != org.snapshot:
            return None
        if not org.snapshot or self.is_verified(org.snapshot):
            return None
        return Comparison(content.contents, usable.description.rpartition(" ")[2])

    def reject(self, org: Org, content: Content | None, why: str, code: str = "") -> bool:
        """An org from a snapshot has failed: whether that ends the use of the snapshot.

        It does for the first org from it, and for the code of a sign-up that cannot use it.
        """
        if not org.snapshot or (self.is_verified(org.snapshot) and code not in UNUSABLE):
            return False
        with self._context.lock:
            is_new = org.snapshot not in self._rejected
            self._rejected.add(org.snapshot)
            if content is not None:
                content.reject(org.snapshot)
        if is_new:
            first_line = why.partition("\n")[0].rstrip(".")
            self._context.reporter.warn(
                f"no org is signed up from the org snapshot {org.snapshot} any more, because one "
                f"from it has failed: {first_line}. Orgs of this content are built in full"
            )
        return True


@dataclass(frozen=True)
class Comparison:
    """Compares an org with the source of its snapshot.

    Of a source of an earlier build only the digest of its contents is left.
    """

    expected: OrgContents | None
    digest: str

    def __call__(self, org: OrgClient) -> list[str]:
        """A line for each difference."""
        found = read_contents(org)
        if self.expected is not None:
            return differences(self.expected, found)
        if not self.digest or found.digest() == self.digest:
            return []
        return ["packages, components, permission sets or records differ from the source"]
