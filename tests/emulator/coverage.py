"""Writes the tables of what is emulated into docs/emulator.md: `python -m tests.emulator.coverage`.

A resource says itself what it does and where that comes from: the first line of its module's
docstring, and its paragraph `Source: …`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

from provisioner.emulator import resources
from provisioner.emulator.objects import catalogue, rules
from provisioner.emulator.objects.schema import ObjectType
from provisioner.emulator.routing import ROUTES, route_names
from provisioner.emulator.soql import hooks

PAGE = Path(__file__).parents[2] / "docs" / "emulator.md"
START, END = "<!-- coverage -->\n", "<!-- end of coverage -->\n"
_OBJECTS = Path(catalogue.__file__).parent


def main() -> None:
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def with_tables(page: str) -> str:
    """The page with tables that are up to date."""
    before, _, rest = page.partition(START)
    return f"{before}{START}{_tables()}{END}{rest.partition(END)[2]}"


def source_of(module: ModuleType) -> str:
    """The paragraph `Source:` of a module's docstring, in one line; "" if it has none."""
    found = re.search(r"^Source:\s+(.+?)(?:\n\n|\Z)", module.__doc__ or "", re.S | re.M)
    return " ".join(found[1].split()) if found else ""


def modules() -> Iterator[ModuleType]:
    """The modules of emulated resources and objects."""
    for name in resources.load():
        module = sys.modules[name]
        if "emulator.control" not in name and (_paths(module) or _ruled(module)):
            yield module
    yield import_module("provisioner.emulator.objects.standard_rules")


def _routes() -> str:
    """The names of the routes, as the request log and faults have them."""
    resources.load()
    return ", ".join(f"`{name}`" for name in sorted(route_names()))


def _tables() -> str:
    served = [one for one in modules() if _paths(one)]
    ruled = [one for one in modules() if _ruled(one)]
    return "\n".join([
        "",
        "| paths | what is emulated | source |",
        "|---|---|---|",
        *(f"| {_paths(one)} | {_what(one)} | {_linked(source_of(one))} |" for one in served),
        "",
        "| objects | what is emulated | source |",
        "|---|---|---|",
        *_kinds_of_objects(),
        *(f"| {_ruled(one)} | {_what(one)} | {_linked(source_of(one))} |" for one in ruled),
        "",
        "The names of the routes, for [faults](#faults), the request log and its counts:",
        f"{_routes()}.",
        "",
    ])  # fmt: skip


def _paths(module: ModuleType) -> str:
    """`GET POST /path`, a path once with all its methods."""
    methods: dict[str, list[str]] = {}
    for one in ROUTES:
        if one.handler.__module__ == module.__name__:
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", one.rule)
            path = path.replace("/services/data/v{version}", "…")
            methods.setdefault(path, []).extend(one.methods)
    return "<br>".join(
        f"`{' '.join(dict.fromkeys(found))} {path}`" for path, found in methods.items()
    )


def _what(module: ModuleType) -> str:
    """The first sentence of the module, without the path that the first column shows."""
    first = " ".join((module.__doc__ or "").partition("\n\n")[0].split())
    paths, _, rest = first.partition(": ")
    text = rest if rest and "`/" in paths else first
    if text.split()[0].islower():  # not `executeAnonymous`
        text = text[0].upper() + text[1:]
    return text.replace("|", "\\|")


def _ruled(module: ModuleType) -> str:
    """The objects for which a module has rules."""
    named = [
        (name, function.__module__)
        for (name, _), functions in rules.RULES.items()
        for function in functions
    ]
    named += [(name, one.__module__) for name, found in rules.READ_RULES.items() for one in found]
    named += [(name, one.__module__) for name, found in hooks.QUERY_RULES.items() for one in found]
    names = sorted({name for name, where in named if where == module.__name__})
    return ", ".join("all" if name == "*" else name for name in names)


def _kinds_of_objects() -> Iterator[str]:
    types = list(catalogue.org_types().values())
    data = [one for one in types if not one.is_tooling]
    hub = set(catalogue.hub_types()) - set(catalogue.org_types())
    published = "the references that Salesforce publishes: " + ", ".join(_published())
    what = "rows, describe, SOQL; types, lengths, required and read-only fields"
    yield f"| {len(data)} standard and Setup objects | {what} | {published} |"
    yield f"| {len(types) - len(data)} objects of Tooling | {what} | as above |"
    corrected = _corrected()
    yield (
        f"| {len(corrected)} of these objects | fields whose published facts differ from recorded "
        "answers, or are missing | each in `corrections_objects.txt` |"
    )
    link = _linked("docs/reference/sign-up.md")
    yield f"| {', '.join(sorted(hub))} | rows of a Dev Hub | {link} |"


def _published() -> Iterator[str]:
    with (_OBJECTS / "published_objects.txt").open(encoding="utf-8") as file:
        for line in file:
            found = re.match(r"# (\S+/\S+) \w+ of (\S+)", line)
            if found:
                yield f"{found[1]} of {found[2]}"
            elif not line.startswith("#"):
                return


def _corrected() -> list[ObjectType]:
    text = (_OBJECTS / "corrections_objects.txt").read_text(encoding="utf-8")
    names = set(re.findall(r"^\[(\w+)", text, re.M))
    return [one for one in catalogue.org_types().values() if one.name in names]


def _linked(source: str) -> str:
    """Citations of docs/reference as links from docs/emulator.md."""
    source = source.replace("|", "\\|").rstrip(".")
    return re.sub(r"docs/(reference/([\w-]+)\.md(?:#[\w-]+)?)", r"[\2](\1)", source)


if __name__ == "__main__":
    main()
