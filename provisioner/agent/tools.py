"""What an agent can do: claim orgs within its limits, run commands in them, release them.

No result contains a key or a token.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from provisioner.access import claims
from provisioner.agent import commands
from provisioner.claim import rules
from provisioner.claim.refusal import unknown_username
from provisioner.declare.duration import format_duration, parse_duration
from provisioner.errors import AccessError, ClaimError, UsageError
from provisioner.ledger.base import Org, State
from provisioner.ledger.document import org_document
from provisioner.report.status import summarise

if TYPE_CHECKING:
    from provisioner.access.context import AccessContext
    from provisioner.access.person import Person
    from provisioner.config.agents import Agents


@dataclass
class AgentTools:
    """The tools of one agent. Safe to use from several threads."""

    context: AccessContext
    person: Person
    limits: Agents
    environ: Mapping[str, str] = field(repr=False)
    secrets: Sequence[str] = field(repr=False, default=())
    session: str = "mcp"  # differs for each process: its claims have it in their keys
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def list_pools(self) -> dict[str, Any]:
        """The pools that the agent may use, with the numbers of their orgs."""
        sizes = {name: self.context.config.pools[name].size for name in self.limits.pools}
        found = summarise(sizes, self.context.ledger.orgs(), self.limits.pools)
        return {
            "pools": [{k: v for k, v in pool.document().items() if k != "orgs"} for pool in found],
            "longest_lease": format_duration(self.limits.lease),
            "claims_at_a_time": self.limits.claims,
            "allowed_commands": [" ".join(words) for words in self.limits.commands],
        }

    def claim_org(self, pool: str, purpose: str, lease: str) -> dict[str, Any]:
        """Claim an org of `pool`. Raises AccessError at a limit of `mcp` in pool.yaml."""
        length = self._lease(lease)
        if not purpose.strip():
            raise UsageError("purpose is empty", hint="say in a few words what the org is for")
        with self._lock:  # two claims at once must not both be the last one
            held = self._held()
            if len(held) >= self.limits.claims:
                raise AccessError(
                    f"you hold {len(held)} of at most {self.limits.claims} orgs: "
                    f"{', '.join(org.username for org in held)}",
                    code="too_many_claims",
                    hint="use one of them, or release one with release_org",
                )
            key = f"{self.session}:{token_hex(6)}"
            org = claims.claim(
                self.context,
                self.person,
                pool=pool,
                purpose=purpose,
                lease=length,
                idempotency_key=key,
            )
            self._give_back_if_too_many(org)
        return org_document(org)

    def run_in_org(self, username: str, command: Sequence[str]) -> dict[str, Any]:
        """Run an allowed command, with the session of the org in its environment."""
        commands.require_allowed(command, self.limits.commands)
        org = self._adopted(self._own(username))
        session = claims.session(self.context, self.person, org.username)
        ended = commands.run(
            command,
            session,
            self.limits,
            self.context.config.directory,
            self.environ,
            self.secrets,
        )
        minutes = format_duration(self.limits.timeout)
        note = "" if ended.exit_code is not None else f"terminated: it took longer than {minutes}"
        return {"exit_code": ended.exit_code, "output": ended.output, "note": note}

    def org_status(self, username: str = "") -> dict[str, Any]:
        """One org of the agent, or with "" all that it holds."""
        orgs = [self._own(username)] if username else self._held()
        return {"orgs": [org_document(org) for org in orgs]}

    def release_org(self, username: str) -> dict[str, Any]:
        """Release an org: it is deleted, with all that is in it."""
        org = claims.release(self.context, self.person, self._own(username).username)
        return org_document(org)

    def release_all(self, warn: Callable[[str], None]) -> None:
        """Release the claims of this session. Those that a later session has taken over stay."""
        for org in self._held():
            if org.idempotency_key.startswith(self._prefix):
                try:
                    claims.release(self.context, self.person, org.username)
                except Exception as error:  # noqa: BLE001 - the other claims are released as well
                    warn(f"{org.username} was not released: {error}")

    def _give_back_if_too_many(self, org: Org) -> None:
        """Another process of the same owner may have claimed at the same time."""
        if len(self._held()) <= self.limits.claims:
            return
        rules.release(
            self.context.ledger,
            org.username,
            owner=self.person.name,
            reuse=True,
            reusable=[org.pool],
        )
        raise AccessError(
            "another process of yours has claimed an org at the same time",
            code="too_many_claims",
            hint="org_status lists the orgs that you hold",
        )

    @property
    def _prefix(self) -> str:
        return f"{self.person.name} {self.session}:"

    def _adopted(self, org: Org) -> Org:
        """The claim, as one of this session: it no longer ends with an earlier one."""
        if org.idempotency_key.startswith(self._prefix):
            return org
        key = f"{self._prefix}{token_hex(6)}"
        changed = self.context.ledger.change(org, idempotency_key=key)
        if changed is None:
            raise ClaimError(f"the claim of {org.username} has changed", hint="try again")
        return changed

    def _held(self) -> list[Org]:
        rows = self.context.ledger.orgs(states=[State.CLAIMED])
        return [org for org in rows if self.person.owns(org.owner)]

    def _own(self, username: str) -> Org:
        """The row of an org that this agent has claimed."""
        org = self.context.ledger.get(username)
        if org is None:
            raise unknown_username(self.context.ledger, username)
        if org.state is not State.CLAIMED or not self.person.owns(org.owner):
            raise AccessError(
                f"{org.username} is not claimed by you",
                hint="claim_org gives you an org; org_status lists those that you hold",
            )
        return org

    def _lease(self, text: str) -> timedelta:
        try:
            length = parse_duration(text.strip())
        except ValueError as error:
            raise UsageError(f"lease: {error}", hint="send 30m or 2h") from None
        if not timedelta(minutes=1) <= length <= self.limits.lease:
            longest = format_duration(self.limits.lease)
            raise AccessError(
                f"a lease of {text} is not allowed", hint=f"send 1m to {longest} (mcp.lease)"
            )
        return length
