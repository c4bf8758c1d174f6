"""`plan --against FILE`: what a pool.yaml changes, compared with the one in use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.cli.invocation import Invocation
from provisioner.config.load import load
from provisioner.config.placeholders import Placeholders
from provisioner.config.rehearsed import not_yet
from provisioner.config.unknown_pool import unknown_pool
from provisioner.errors import ConfigError

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile

_CHECK_OUT = (
    "what FILE names is read beside it; check out the other branch into a folder of its own: "
    "git worktree add ../base origin/main"
)
_WRONG_FILE = "pass the path of the pool.yaml that is in use: --against FILE"


def compare_with(call: Invocation, file: Path, names: Sequence[str], *, is_markdown: bool) -> bool:
    """Print what the pool.yaml of this invocation changes; whether any org is concerned.

    Nothing is sent, and the ledger is not read. Variables that are not set have a placeholder in
    both files.
    """
    from provisioner.builder.comparison import compare
    from provisioner.report import comparison as report
    from provisioner.report.estimate import estimate
    from provisioner.report.plan import MARKS

    environ = Placeholders(call.environ)
    new = load(call.config, environ=environ, rehearsed=not_yet())
    old = _earlier(file, environ)
    known = dict.fromkeys([*new.pools, *old.pools])
    for name in names:
        if name not in known:
            raise unknown_pool(name, known)
    secret = old.secret_variables | new.secret_variables
    found = compare(old, new, list(dict.fromkeys(names or known)), environ.used - secret)
    plans = [pool.preview.plan for pool in found.pools]
    cost = estimate(found.config, plans, ())
    document = report.comparison_document(found, str(file), cost)
    if is_markdown:
        call.output.result(report.comparison_markdown(found, str(file), cost), document)
    else:
        text = report.comparison_text(found, str(file), cost, width=call.output.width)
        call.output.result(text, document, marks=MARKS)
    return found.changes_anything


def _earlier(file: Path, environ: Placeholders) -> PoolFile:
    try:
        return load(file, environ=environ, rehearsed=not_yet())
    except ConfigError as error:
        is_read = any(problem.key_path for problem in error.problems)
        raise ConfigError(error.problems, hint=_CHECK_OUT if is_read else _WRONG_FILE) from None
