"""Checks a UI bundle's `ui-bundle.json`, and the files that it names.

Source: docs/reference/source-format.md#paths-in-the-package.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from provisioner.input_json import JsonProblem, parse_json
from provisioner.source.component import Component, Site
from provisioner.source.problems import Refusal
from provisioner.source.tree import join

FILE = "ui-bundle.json"
_MOST_BYTES = 102_400
_DEEPEST = 20  # maximum depth of folders below outputDir that are searched for a file
_DEFAULT_OUTPUT = "dist"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
_LONGEST_PATH = 512
_UNSAFE: Sequence[tuple[str, str]] = (
    (r"(?:^|[/\\])\.\.(?:[/\\]|$)", "leads upwards"),
    (r"^\./?$", "names the folder itself"),
    (r"^[/\\]", "is absolute"),
    (r"[\x00-\x1f]", "has a control character"),
    (r"[*?]", "has a wildcard"),
    (r"\\", "has a backslash"),
    (r"%", "has a percent escape"),
)
_UNSAFE_RESOURCE: Sequence[tuple[str, str]] = (
    *_UNSAFE,
    (r"//", "has an empty part"),
    (r"#", "has a fragment"),
    (r":", "has a colon"),
    (r"\.\.", "has two dots in a row"),
    (r"(?:^|/)\.(?:/|$)", "has a part that is a dot"),
)


class _Fault(Exception):  # noqa: N818 - becomes a Refusal with the file's name
    """A problem of the descriptor, or of a file that it names."""

    def __init__(self, message: str, name: str = "InvalidUiBundleConfigError") -> None:
        super().__init__(message)
        self.name = name


def check(component: Component) -> None:
    """Check the descriptor, if there is one and it is not excluded. Raises Refusal."""
    path = join(component.content, FILE)
    site = component.site
    if not component.content or not site.tree.exists(path) or site.denies(path):
        return
    try:
        settings = _parsed(site.tree.read(path))
        _Descriptor(settings).check()
        _Files(site, component.content).check(settings)
    except _Fault as fault:
        raise Refusal(fault.name, path, str(fault)) from None


def _parsed(raw: bytes) -> Mapping[str, Any]:
    if len(raw) > _MOST_BYTES:
        raise _Fault(f"it has {len(raw)} bytes; at most {_MOST_BYTES} are allowed")
    try:
        text = raw.decode("utf-8", "replace").strip()
        settings = parse_json(text) if text else None
    except JsonProblem as problem:
        raise _Fault(f"malformed JSON in line {problem.line}: {problem.message}") from None
    if not isinstance(settings, dict) or not settings:
        raise _Fault("it must be a JSON object with at least one key")
    return settings


class _Descriptor:
    """Checks the values of all keys."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def check(self) -> None:
        checks: Mapping[str, Callable[[Any], None]] = {
            "outputDir": lambda value: _path(value, "outputDir"),
            "routing": self._routing,
            "headers": self._headers,
            "mcpResources": self._resources,
        }
        _known_keys(self._settings, tuple(checks), "it")
        for key, value in self._settings.items():
            checks[key](value)

    def _routing(self, value: Any) -> None:
        checks: Mapping[str, Callable[[Any], None]] = {
            "rewrites": lambda v: _each(v, "routing.rewrites", _rewrite),
            "redirects": lambda v: _each(v, "routing.redirects", _redirect),
            "fallback": lambda v: _path(v, "routing.fallback"),
            "trailingSlash": lambda v: _one_of(
                v, ("always", "never", "auto"), "routing.trailingSlash"
            ),
            "fileBasedRouting": lambda v: _one_of(v, (True, False), "routing.fileBasedRouting"),
        }
        for key, item in _object(value, tuple(checks), "routing").items():
            checks[key](item)

    def _headers(self, value: Any) -> None:
        _each(value, "headers", _header)

    def _resources(self, value: Any) -> None:
        _each(value, "mcpResources", _resource)
        names = [item["name"].strip() for item in value]
        for name in names:
            if names.count(name) > 1:
                raise _Fault(f"mcpResources has more than one entry named {name}")


def _known_keys(value: Mapping[str, Any], known: Sequence[str], location: str) -> None:
    unknown = [key for key in value if key not in known]
    if unknown:
        raise _Fault(
            f"{location} has unknown keys: {', '.join(unknown)}; known keys: {', '.join(known)}"
        )


def _object(value: Any, known: Sequence[str], location: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not value:
        raise _Fault(f"{location} must be an object with at least one key")
    _known_keys(value, known, location)
    return value


def _each(value: Any, location: str, check: Callable[[Any, str], None]) -> None:
    if not isinstance(value, list) or not value:
        raise _Fault(f"{location} must be a list with at least one entry")
    for index, item in enumerate(value):
        check(item, f"{location}[{index}]")


def _one_of(value: Any, allowed: Sequence[object], location: str) -> None:
    if not any(value is one or (value == one and type(value) is type(one)) for one in allowed):
        raise _Fault(f"{location} must be one of {', '.join(json.dumps(one) for one in allowed)}")


def _text(value: Any, location: str) -> str:
    if not isinstance(value, str) or not value:
        raise _Fault(f"{location} must be a non-empty text")
    return value


def _path(value: Any, location: str) -> None:
    path = _text(value, location).lstrip("/")
    if not path:
        raise _Fault(f"{location} must not be only slashes")
    _safe(path, location, _UNSAFE)


def _safe(path: str, location: str, unsafe: Sequence[tuple[str, str]]) -> None:
    for pattern, fault in unsafe:
        if re.search(pattern, path):
            raise _Fault(f"{location}, {path!r}, {fault}")


def _rewrite(item: Any, location: str) -> None:
    found = _object(item, ("route", "rewrite"), location)
    if "route" in found:
        _text(found["route"], f"{location}.route")
    if "rewrite" in found:
        _path(found["rewrite"], f"{location}.rewrite")


def _redirect(item: Any, location: str) -> None:
    found = _object(item, ("route", "redirect", "statusCode"), location)
    for key in found.keys() - {"statusCode"}:
        _text(found[key], f"{location}.{key}")
    if "statusCode" in found:
        _one_of(found["statusCode"], (301, 302, 307, 308), f"{location}.statusCode")


def _header(item: Any, location: str) -> None:
    found = _object(item, ("source", "headers"), location)
    if "source" in found:
        _text(found["source"], f"{location}.source")
    if "headers" in found:
        _each(found["headers"], f"{location}.headers", _header_pair)


def _header_pair(item: Any, location: str) -> None:
    for key, value in _object(item, ("key", "value"), location).items():
        _text(value, f"{location}.{key}")


def _resource(item: Any, location: str) -> None:
    found = _object(item, ("name", "path"), location)
    name, path = (
        str(_text(found.get(key), f"{location}.{key}")).strip() for key in ("name", "path")
    )
    if not _NAME.fullmatch(name):
        raise _Fault(
            f"{location}.name, {name!r}, must be letters, digits, dots, hyphens, underscores"
        )
    if not path or len(path) > _LONGEST_PATH:
        raise _Fault(f"{location}.path must have 1 to {_LONGEST_PATH} characters")
    _safe(path, f"{location}.path", _UNSAFE_RESOURCE)
    if not path.lower().endswith(".html"):
        raise _Fault(f"{location}.path, {path!r}, must be an .html file")


class _Files:
    """Checks that the files in the descriptor exist."""

    def __init__(self, site: Site, content: str) -> None:
        self._tree = site.tree
        self._content = content

    def check(self, settings: Mapping[str, Any]) -> None:
        base = self._content
        if "outputDir" in settings:
            base = self._output(settings["outputDir"].lstrip("/"))
        routing = settings.get("routing", {})
        targets = [rewrite.get("rewrite") for rewrite in routing.get("rewrites", ())]
        for target in filter(None, [routing.get("fallback"), *targets]):
            self._exists(base, target.lstrip("/"))
        if "outputDir" not in settings:
            base = join(self._content, _DEFAULT_OUTPUT)
        for resource in settings.get("mcpResources", ()):
            self._exists(base, resource["path"].strip(), is_file=True)

    def _output(self, directory: str) -> str:
        path = posixpath.normpath(join(self._content, directory))
        if path == self._content:
            raise _Fault("outputDir must be a folder within the bundle")
        if not self._tree.is_folder(path):
            raise _Fault(f"outputDir {directory} is not a folder", "ExpectedSourceFilesError")
        if not self._has_file(path, 0):
            raise _Fault(f"outputDir {directory} has no files", "ExpectedSourceFilesError")
        return path

    def _has_file(self, path: str, depth: int) -> bool:
        folder = self._tree.folder(path)
        if depth >= _DEEPEST:
            return False
        if len(folder.folders) < len(folder.names):
            return True
        return any(self._has_file(join(path, name), depth + 1) for name in folder.folders)

    def _exists(self, base: str, target: str, *, is_file: bool = False) -> None:
        path = posixpath.normpath(join(base, target))
        if not self._tree.exists(path) or (is_file and self._tree.is_folder(path)):
            raise _Fault(f"file {target} does not exist in {base}", "ExpectedSourceFilesError")
