"""A comparison of two `pool.yaml` as text, as Markdown for a pull request, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from provisioner.builder.preview import Preview
from provisioner.plain_text import quantity, wrapped
from provisioner.report.changes import change_document, changes_text
from provisioner.report.plan import totals_text
from provisioner.report.plan_document import Totals, totals

if TYPE_CHECKING:
    from provisioner.builder.comparison import Comparison, PoolComparison, Setting
    from provisioner.report.estimate import Estimate

Line = tuple[str, str]
"""A mark of `provisioner.report.plan`, or "", and what follows it."""


def comparison_text(
    found: Comparison, old: str, cost: Estimate, *, width: int | None = None
) -> list[str]:
    """The comparison as text; `old` is the earlier file. `width` is that of a terminal."""
    lines = [f"Compared with {old}, for full pools:", ""]
    for name, block in _blocks(found):
        lines += [
            name,
            *(f"  {mark} {text}" if mark else f"    {text}" for mark, text in block),
            "",
        ]
    lines += _ending(found, cost)
    return [part for line in lines for part in (wrapped(line, width) if width else [line])]


def comparison_markdown(found: Comparison, old: str, cost: Estimate) -> list[str]:
    """The comparison as GitHub-flavoured Markdown: a heading, a table, what is not known."""
    lines = [
        f"### {_verdict(_totals(found))}",
        "",
        f"Scratch org pools compared with `{old}`, for full pools.",
        "",
    ]
    rows = [(name, mark, text) for name, block in _blocks(found) for mark, text in block]
    if rows:
        lines += ["| pool | | change |", "|---|---|---|"]
        lines += [f"| {_cell(name)} | {_code(mark)} | {_cell(text)} |" for name, mark, text in rows]
        lines.append("")
    return [*lines, *(f"- {_cell(line)}" for line in _ending(found, cost))]


def comparison_document(found: Comparison, old: str, cost: Estimate) -> dict[str, Any]:
    """The comparison as JSON."""
    return {
        "against": old,
        "pools": [_pool_document(pool) for pool in found.pools],
        "removed_pools": [{"name": name, "size": size} for name, size in found.removed.items()],
        "settings": [asdict(setting) for setting in found.settings],
        "sections": list(found.sections),
        "unknown": list(found.unknown),
        "sign_ups": sum(len(pool.preview.plan.create) for pool in found.pools),
        "estimate": cost.document(),
        "totals": asdict(_totals(found)),
        "changes": found.changes_anything,
    }


def _pool_document(pool: PoolComparison) -> dict[str, Any]:
    preview = pool.preview
    return {
        "name": preview.plan.pool,
        "new": pool.is_new,
        "size": preview.plan.size,
        "settings": [asdict(setting) for setting in pool.settings],
        "changes": {
            definition: [change_document(change) for change in changes]
            for definition, changes in pool.changes.items()
        },
        "create": dict(Counter(each.definition for each in preview.created)),
        "replace": dict(Counter(r.org.definition for r, _ in preview.replaced)),
        "delete": dict(Counter(r.org.definition for r in preview.deleted)),
        "keep": preview.kept,
    }


def _blocks(found: Comparison) -> Iterator[tuple[str, list[Line]]]:
    for pool in found.pools:
        if lines := [*_of_pool(pool)]:
            new = " (new)" if pool.is_new else ""
            yield f"{pool.preview.plan.pool}{new}: {pool.preview.plan.size} wanted", lines
    for name, size in found.removed.items():
        yield f"{name}: removed", [("=", f"keep {size}: a build does not touch them")]
    others: list[Line] = [("", _setting(setting)) for setting in found.settings]
    others += [("!", f"{section} is different") for section in found.sections]
    if others:
        yield "all pools", others


def _of_pool(pool: PoolComparison) -> Iterator[Line]:
    preview = pool.preview
    yield from (("", _setting(setting)) for setting in pool.settings)
    for definition, count in Counter(each.definition for each in preview.created).items():
        yield "+", f"create {count} from {definition}"
    replaced = Counter(removal.org.definition for removal, _ in preview.replaced)
    for definition, count in replaced.items():
        yield "~", f"replace {count} of {definition} ({_reason(pool, definition)})"
    for definition, count in Counter(r.org.definition for r in preview.deleted).items():
        yield "-", f"delete {count} of {definition}: {_reason(pool, definition)}"
    surplus = len(preview.plan.available) - preview.plan.size
    if surplus > 0:
        yield "=", f"keep {preview.kept}, {surplus} more than wanted: a build does not delete them"
    elif preview.kept and (preview.changes_anything or pool.settings):
        yield "=", f"keep {preview.kept}"


def _reason(pool: PoolComparison, definition: str) -> str:
    return changes_text(pool.changes.get(definition, ())) or "content changed"


def _setting(setting: Setting) -> str:
    return f"{setting.key}: {setting.old or 'none'} → {setting.new or 'none'}"


def _ending(found: Comparison, cost: Estimate) -> Iterator[str]:
    missing = ["how many orgs there are", *found.unknown]
    yield f"Not known without the Dev Hub and the ledger: {'; '.join(missing)}."
    sign_ups = sum(len(pool.preview.plan.create) for pool in found.pools)
    if sign_ups:
        yield f"Cost: {quantity(sign_ups, 'sign-up')}, {cost.text()}"
    yield totals_text(_totals(found))


def _totals(found: Comparison) -> Totals:
    return totals(Preview(found.config, tuple(pool.preview for pool in found.pools)))


def _verdict(found: Totals) -> str:
    parts = [(found.replace, "replaced"), (found.create, "created"), (found.delete, "deleted")]
    phrases = [f"{quantity(count, 'scratch org')} {verb}" for count, verb in parts if count]
    return ", ".join(phrases) or "No scratch org is replaced"


def _cell(text: str) -> str:
    """A text in a table of Markdown, without a line end and without markup."""
    return "".join(f"\\{c}" if c in "\\|`*_<>[]#~" else c for c in " ".join(text.split()))


def _code(mark: str) -> str:
    return f"`{mark}`" if mark else ""
