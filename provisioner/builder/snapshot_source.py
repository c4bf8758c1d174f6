"""Makes org snapshots: what the marker `snapshot` does in the source org."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.builder.snapshot_content import Content
from provisioner.errors import SalesforceError
from provisioner.salesforce.org_contents import OrgContents, read_contents

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.salesforce.org import OrgClient
    from provisioner.salesforce.org_snapshots import OrgSnapshot, OrgSnapshots

_IN_USE = "DUPLICATE_VALUE"  # a name is unique (docs/reference/sign-up.md#snapshots)
DESCRIPTION = "provisioner"  # with the digest of the contents of the source, which follows it


@dataclass(frozen=True)
class SourceOfSnapshot:
    """The marker's view of the snapshot of one content, in one org."""

    context: BuildContext
    content: Content
    username: str
    ended: Callable[[Content], None]  # the orgs that wait need not wait any more

    @property
    def name(self) -> str:
        """The name of the snapshot."""
        return self.content.name

    def is_chosen(self) -> bool:
        """Whether this org makes it: the first one that comes to the marker does."""
        with self.context.lock:
            return self.content.choose(self.username)

    def request(self, org: OrgClient, org_id: str) -> str:
        """The id of the snapshot: of one with this name, or a new one. Raises SalesforceError.

        Its description has a digest of the contents of the org, for later builds.
        """
        contents = read_contents(org)
        found = self._found()
        if found is not None and found.has_failed:
            self._hub.delete([found.id])
            found = None
        if found is None:
            try:
                return self._create(org_id, contents)
            except SalesforceError as error:
                found = self._found() if error.error_code == _IN_USE else None
                if found is None:
                    raise
        # Of a snapshot that another build makes in its own org, only the digest is compared.
        self.content.keep(contents if found.source_org[:15] == org_id[:15] else None)
        return found.id

    def _create(self, org_id: str, contents: OrgContents) -> str:
        self.content.keep(contents)
        return self._hub.create(self.name, org_id, f"{DESCRIPTION} {contents.digest()}")

    def status(self, snapshot_id: str) -> tuple[str, str]:
        """Its status and error; "" when it does not exist."""
        found = self._hub.read(snapshot_id)
        return (found.status, found.error) if found else ("", "")

    def made(self) -> None:
        """It is Active: the orgs that wait are signed up from it."""
        found = self._found()
        with self.context.lock:
            self.content.use(found)
        self.context.reporter.inform(f"the org snapshot {self.name} is Active")
        self.ended(self.content)

    def failed(self, why: str) -> None:
        """There will be none in this build: the orgs that wait are built in full."""
        with self.context.lock:
            self.content.give_up()
        self.context.reporter.warn(
            f"the org snapshot {self.name} was not made: {why.rstrip('.')}. "
            "Orgs of this content are built in full"
        )
        self.ended(self.content)

    def _found(self) -> OrgSnapshot | None:
        ours = self._hub.named(self.content.state.base)
        return next((one for one in ours if one.name == self.name), None)

    @property
    def _hub(self) -> OrgSnapshots:
        return self.context.connections.snapshots
