"""`provisioner check`: checks pool.yaml and the files that it names, and the Dev Hub if wanted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer

from provisioner.cli.annotations import annotation
from provisioner.cli.check_probe import probe_hub, require_consent
from provisioner.cli.checked import checked, summary
from provisioner.cli.invocation import Invocation
from provisioner.cli.known_facts import known_facts
from provisioner.cli.problems import print_problems
from provisioner.config.load import read
from provisioner.config.model import PoolFile
from provisioner.config.placeholders import Placeholders
from provisioner.config.rehearsed import not_yet
from provisioner.errors import ConfigError, Problem, ProvisionerError, UsageError
from provisioner.ledger.facts import HubFacts
from provisioner.output import Output
from provisioner.plain_text import quantity
from provisioner.report.facts import facts_document, facts_text


def command(
    call: Invocation,
    online: Annotated[
        bool,
        typer.Option(
            "--online",
            help="Also examine the Dev Hub: login, clock, rights, limits, packages, ledger.",
        ),
    ] = False,
    probe: Annotated[
        bool,
        typer.Option(
            "--probe",
            help="Sign up one org for one day to measure how the Dev Hub behaves; asks first.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --probe: do not ask.")] = False,
    format_: Annotated[
        Literal["text", "json", "github"],
        typer.Option(
            "--format",
            help="text: lines for people and editors; json: as --json; "
            "github: annotations of a workflow of GitHub Actions.",
        ),
    ] = "text",
    without_secrets: Annotated[
        bool,
        typer.Option(
            "--without-secrets",
            help="Let variables be unset, and do not read the Dev Hub's user and key: for a "
            "machine that does not have them.",
        ),
    ] = False,
    time_scale: Annotated[
        float,
        typer.Option(help="Factor on all waiting times, for tests.", min=0.0001, hidden=True),
    ] = 1.0,
) -> None:
    """Check pool.yaml and the files that it names.

    Each problem is printed on its own line: file, line, column, key, what is wrong, what to
    write instead. Below it is the line of pool.yaml, unless that line may hold a secret; --quiet
    leaves these lines out. With --format github, the problems are workflow commands on stdout,
    which annotate the lines in a pull request. Without --online nothing is sent.

    With --online, each line starts with ✓, ✗ or ! (not good, or not checked), and its fix is in
    the next line. All checks run, also after a failure.

    The exit code is 2 when there is a problem; warnings do not count. With --online it is also 5
    when the login is refused, 4 when the Dev Hub has no sign-up left for the pools, and 9 when
    Salesforce could not be reached.

    --probe costs one sign-up, or two if the Dev Hub does not copy its app into orgs. It measures
    which kind of login app works, how long sign-ups and first logins take, and what this user may
    do. The facts are kept in the ledger: build, plan and rehearse follow them, and --online shows
    them. The org is deleted at the end. Further exit codes: 2 without a terminal and --yes, 8
    when a build is running, 130 when it is interrupted.
    """
    if yes and not probe:
        raise UsageError("--yes is for --probe")
    _refuse_online(needs_secrets=online or probe, without_secrets=without_secrets)
    _use_format(call.output, format_)
    if probe:
        require_consent(call, is_agreed=yes)
    pool_file, problems, hint = _read(call, without_secrets=without_secrets)
    _print(call, problems, hint, format_)
    counts = checked(pool_file, without_secrets=without_secrets).as_json() if pool_file else None
    document: dict[str, Any] = {"problems": list(map(as_document, problems)), "checked": counts}
    has_wrong_keys = pool_file is None and online
    if has_wrong_keys:
        pool_file = _without_keys(call)  # the checks online examine the keys themselves
    if pool_file is None:
        if call.output.as_json:
            call.output.json(document)
        _conclude(call, problems)
        raise typer.Exit(ConfigError.exit_code)
    if not (call.output.as_json or has_wrong_keys):
        call.output.say(summary(pool_file, problems, without_secrets=without_secrets))
    if online:
        wrong = ConfigError(problems) if has_wrong_keys else None
        is_github = format_ == "github"
        document |= _online(call, pool_file, document, wrong, for_github=is_github, probe=probe)
    if probe:
        facts = probe_hub(call, pool_file, is_agreed=yes, time_scale=time_scale)
        found = {"facts": facts_document(facts)}
        document = document | found if online else found
        call.output.result(facts_text(facts), document)
    elif call.output.as_json:
        call.output.json(document)


def _online(
    call: Invocation,
    pool_file: PoolFile,
    document: dict[str, Any],
    wrong: ConfigError | None,
    *,
    for_github: bool,
    probe: bool,
) -> dict[str, Any]:
    """What `check --online` adds to the document; ends the command when there is a problem.

    `wrong` is the error of keys and certificates that the offline check has found.
    """
    from provisioner.cli.check_online import check_hub

    found, error = check_hub(call, pool_file, for_github=for_github, with_facts=not probe)
    error = error or wrong
    if error is None:
        return found
    if call.output.as_json:
        call.output.json({**document, **found, "error": error.as_json()})
    raise typer.Exit(error.exit_code)


def _refuse_online(*, needs_secrets: bool, without_secrets: bool) -> None:
    if needs_secrets and without_secrets:
        raise UsageError("--without-secrets excludes --online and --probe, which need them")


def _use_format(output: Output, format_: str) -> None:
    if format_ == "github" and output.as_json:
        raise UsageError("--json and --format github exclude each other")
    output.as_json = output.as_json or format_ == "json"


def _print(call: Invocation, problems: Sequence[Problem], hint: str, format_: str) -> None:
    if format_ == "github":
        for problem in problems:
            call.output.workflow_command(annotation(problem, call.environ))
    else:
        print_problems(call.output, problems)
    if hint:
        call.output.hint(hint)


def _read(
    call: Invocation, *, without_secrets: bool
) -> tuple[PoolFile | None, tuple[Problem, ...], str]:
    """The file if it has no errors, its problems, and a hint."""
    try:
        now = datetime.now(UTC)
        if without_secrets:
            environ, rehearsed = Placeholders(call.environ), not_yet()
            reading = read(call.config, environ=environ, keys_at=now, rehearsed=rehearsed)
        else:
            reading = read(call.config, environ=call.environ, keys_at=now, facts_of=_known_offline)
    except ConfigError as error:
        return None, error.problems, error.hint
    call.name_rehearsal()
    return reading.pool_file, reading.problems, ""


def _known_offline(pool_file: PoolFile) -> HubFacts:
    """What a ledger on this machine knows of the Dev Hub; any other needs a network."""
    if not pool_file.ledger.startswith("sqlite:"):
        return HubFacts()
    try:
        return known_facts(pool_file)
    except ProvisionerError:
        return HubFacts()


def _without_keys(call: Invocation) -> PoolFile | None:
    """pool.yaml whose keys and certificates are not read; None when it has other problems."""
    try:
        return read(call.config, environ=call.environ).pool_file
    except ConfigError:
        return None


def _conclude(call: Invocation, problems: Sequence[Problem]) -> None:
    errors = sum(not problem.is_warning for problem in problems)
    if errors > 1:
        call.output.say(quantity(errors, "problem"))


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
