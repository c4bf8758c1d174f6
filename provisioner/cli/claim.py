"""`provisioner claim`: gives one org to one owner, by its username or any org of a pool."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioner.cli.invocation import Invocation

if TYPE_CHECKING:
    from datetime import datetime

    from provisioner.cli.after_claim import AfterClaim
    from provisioner.ledger.base import Ledger, Org


def command(
    call: Invocation,
    username: Annotated[
        str | None,
        typer.Argument(
            metavar="[USERNAME]", help="The org to claim; by default any available one."
        ),
    ] = None,
    pool: Annotated[
        str | None, typer.Option(metavar="POOL", help="Claim any available org of this pool.")
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The owner; by default git's user.email or the OS user."),
    ] = None,
    purpose: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What the org is claimed for.")
    ] = None,
    lease: Annotated[
        str | None,
        typer.Option(metavar="8h", help="Length of the lease; by default until the org expires."),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="A repeated claim with this key gives the same org."),
    ] = None,
    min_life: Annotated[
        str | None,
        typer.Option(
            metavar="12h",
            help="Minimum time until the org expires; default 12h, or 0s with USERNAME.",
        ),
    ] = None,
    wait: Annotated[
        str | None,
        typer.Option(metavar="10m", help="If no org is available, wait this long for one."),
    ] = None,
    team: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Claim from the share of this team of the pool."),
    ] = None,
    login: Annotated[
        bool,
        typer.Option("--login", help="Also log in; --json then has the session with its token."),
    ] = False,
    sf: Annotated[bool, typer.Option("--sf", help="Also log the Salesforce CLI in.")] = False,
    alias: Annotated[
        str, typer.Option(metavar="NAME", help="With --sf: the alias of the org.")
    ] = "",
    owner_user: Annotated[
        str | None,
        typer.Option(
            metavar="USERNAME",
            help="Give the org to this user of the Dev Hub, who can then delete it there.",
        ),
    ] = None,
) -> None:
    """Claim one org for one owner: USERNAME, or the matching org that expires soonest.

    No other owner gets the org until it is released. Log in to it with `provisioner login`.
    Exit codes: 3 no org is available, 7 the named org is claimed by another owner. If the result
    cannot be printed, the org is released; with --idempotency-key it stays claimed, and the next
    claim with that key gives it.

    With --login, the result has the session as `login` prints it: --json is one document with the
    keys of both. With --sf, the Salesforce CLI knows the org by --alias afterwards. If the login
    fails, the org is released, unless --idempotency-key held it before (exit code 5).

    With --owner-user, a user of the Dev Hub becomes the owner of the org there. It needs the login
    of the user who has signed the org up, as dev_hub.username.
    """
    from provisioner.claim.rules import claim
    from provisioner.claim.undo import undone_on_error
    from provisioner.claim.verification import verified
    from provisioner.cli.pools import duration, given, owner_of, pools_and_ledger
    from provisioner.ledger.document import org_document
    from provisioner.ledger.rows import utc_now

    second = timedelta(seconds=1)
    key = given(idempotency_key, "--idempotency-key")
    call.output.refuse_without_reader()
    with pools_and_ledger(call) as (part, ledger), ExitStack() as opened:
        user = given(owner_user, "--owner-user")
        after = opened.enter_context(
            _after(call, ledger, key, login=login, sf=sf, alias=alias, owner_user=user)
        )
        org = claim(
            ledger,
            username=given(username, "USERNAME"),
            pool=given(pool, "--pool"),
            owner=owner_of(call, owner),
            purpose=given(purpose, "--purpose"),
            lease=duration(lease, "--lease", least=second),
            idempotency_key=key,
            min_life=duration(min_life, "--min-life"),
            wait=duration(wait, "--wait") or timedelta(),
            team=given(team, "--team"),
            pools=part.pools,
            verify=lambda org: verified(
                org, part, ledger, lambda: call.load("hub_and_ledger"), call.output.warn
            ),
            on_wait=lambda why: call.output.say(f"{why}; waiting up to {wait} (Ctrl-C to stop)"),
            on_undone=call.output.warn,
        )
        more: dict[str, Any] = {}
        kept = ""
        if after is not None:
            org, more, kept = after.carry_out(org)
        with undone_on_error(ledger, org, key, call.output.warn, kept_because=kept):
            document = org_document(org) | more
            call.output.result(_text(call, org, utc_now()), document, with_credential=login)
    if org.lender:
        call.output.warn(
            f"{org.username} is borrowed from the team {org.lender}: the next build deletes it if "
            "that team needs its share"
        )
    if login and not call.output.as_json:
        call.output.say("Logged in. Use --json to print the access token.")
    if lease is not None and org.lease_until is not None and org.lease_until == org.expires_at:
        call.output.say("The lease was shortened: it ends when the org expires.")


def _after(
    call: Invocation,
    ledger: Ledger,
    key: str,
    *,
    login: bool,
    sf: bool,
    alias: str,
    owner_user: str,
) -> AbstractContextManager[AfterClaim | None]:
    """What follows the claim; None for a claim alone, which imports nothing for a login."""
    if not (login or sf or alias or owner_user):
        return nullcontext()
    from provisioner.cli.after_claim import AfterClaim

    return closing(
        AfterClaim(call, ledger, key, login=login, sf=sf, alias=alias, owner_user=owner_user)
    )


def _text(call: Invocation, org: Org, now: datetime) -> list[str]:
    from provisioner.cli.pools import command_line
    from provisioner.cli.times import lease_end, moment

    facts = [
        ("instance", org.instance_url),
        ("expires", moment(org.expires_at, now) if org.expires_at else ""),
        ("lease ends", lease_end(org, now) if org.lease_until else ""),
        ("log in", command_line(call, f"login {org.username}")),
    ]
    lines = [f"  {name:<12}{value}" for name, value in facts if value]
    return [org.username, *lines]
