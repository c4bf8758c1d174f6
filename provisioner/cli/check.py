"""`check`: everything in pool.yaml and in the files that it names, offline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioner.cli.invocation import Invocation
from provisioner.config.load import read
from provisioner.config.model import PoolFile
from provisioner.errors import ConfigError, HubLimitError, Problem, SalesforceError, UsageError
from provisioner.output import harmless

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient


def command(
    call: Invocation,
    online: Annotated[
        bool,
        typer.Option("--online", help="Log in to the Dev Hub, too, and look at its limits."),
    ] = False,
) -> None:
    """Find what is wrong in pool.yaml and the files that it names.

    Each problem stands on a line of its own: file, line, column, key, what is wrong, what to
    write instead. Without --online nothing is sent anywhere. Exits with 2 when there is a
    problem; warnings do not count. Online also with 5 when the login is refused, and 4 when the
    Dev Hub has no sign-up left for the pools.
    """
    pool_file, problems = _examine(call)
    for problem in problems:
        call.output.line(harmless(str(problem)))
    document: dict[str, Any] = {"problems": [as_document(problem) for problem in problems]}
    if pool_file is None:
        if call.output.as_json:
            call.output.json(document)
        _conclude(call, problems)
        raise typer.Exit(ConfigError.exit_code)
    if not call.output.as_json:
        call.output.say(summary(pool_file, problems))
    hub = _look_at_hub(call, pool_file) if online else {}
    if call.output.as_json:
        call.output.json(document | hub)


def _look_at_hub(call: Invocation, pool_file: PoolFile) -> dict[str, Any]:
    """Log in, and say what the Dev Hub has left. Raises HubLimitError when that is nothing."""
    from provisioner.build.connections import Connections
    from provisioner.build.run import left_for_us
    from provisioner.build.survey import survey

    with Connections(pool_file) as connections:
        try:
            survey(connections)
            limits = connections.hub.limits()
        except SalesforceError as error:
            raise UsageError(error.message, code=error.code, hint=error.hint) from None
        client = connections.hub.client
        name, version = client.name, client.api_version
        _look_at_packages(call, pool_file, client)
    call.output.say(f"{name}: logged in, a Dev Hub, API version {version}")
    left = left_for_us(pool_file, limits)
    for kind, remaining, most, ours in (
        ("active", limits.active_remaining, limits.active_max, left.active),
        ("daily", limits.daily_remaining, limits.daily_max, left.daily),
    ):
        call.output.say(f"{kind} scratch orgs: {remaining} of {most} left, {ours} for the pools")
    if left.left == 0 and any(pool.size for pool in pool_file.pools.values()):
        raise HubLimitError(
            f"the Dev Hub has no {left.limit.partition('_')[0]} scratch org left for the pools",
            code=left.limit,
            hint="wait, delete scratch orgs that nobody needs, or lower limits.keep_*",
        )
    return {"hub": {"username": name, "api_version": version, "limits": asdict(limits)}}


def _examine(call: Invocation) -> tuple[PoolFile | None, tuple[Problem, ...]]:
    try:
        reading = read(call.config, environ=call.environ, keys_at=datetime.now(UTC))
    except ConfigError as error:
        if error.hint:
            call.output.hint(error.hint)
        return None, error.problems
    return reading.pool_file, reading.problems


def _conclude(call: Invocation, problems: Sequence[Problem]) -> None:
    errors = sum(not problem.is_warning for problem in problems)
    if errors > 1:
        call.output.say(f"{errors} problems")


def summary(pool_file: PoolFile, problems: Sequence[Problem]) -> str:
    """The last line of a check that found nothing, or only warnings."""
    pools = list(pool_file.pools.values())
    wanted = sum(pool.size for pool in pools)
    held = f"{len(pools)} pool{'' if len(pools) == 1 else 's'}, {wanted} orgs wanted"
    found = (
        f"{len(problems)} warning{'' if len(problems) == 1 else 's'}" if problems else "all good"
    )
    return f"{pool_file.path}: {found} ({held})"


def as_document(problem: Problem) -> dict[str, Any]:
    """A problem as `--json` prints it."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "key": problem.key_path,
        "message": problem.message,
        "warning": problem.is_warning,
    }


def _look_at_packages(call: Invocation, pool_file: PoolFile, hub: OrgClient) -> None:
    """Warn of package versions that cannot be installed (yet), as far as the Dev Hub knows."""
    from provisioner.salesforce.packages import availability
    from provisioner.steps.install_package import InstallPackage

    seen: set[str] = set()
    for entry in (entry for pool in pool_file.pools.values() for entry in pool.steps):
        step = entry.step
        if not isinstance(step, InstallPackage) or step.version in seen:
            continue
        seen.add(step.version)
        key = step.installation_key.reveal() if step.installation_key else ""
        try:
            found = availability(hub, step.version, key) or "not known here, or not yet"
        except SalesforceError as error:
            found = error.message
        if found != "NO_ERRORS_DETECTED":
            where = f"{entry.file}:{entry.line}"
            call.output.warn(f"{where}: package version {step.version}: {found}")
