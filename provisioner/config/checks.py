"""Converts the text of one scalar to a value, and checks it against the declaration of its key."""

from __future__ import annotations

import os
import stat
from datetime import timedelta
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from provisioner.config.scalars import CONVERTERS, Text, to_key
from provisioner.declare.duration import format_duration
from provisioner.declare.options import Option

_NEIGHBOURS = 1000  # the most names of a folder that a misspelled name is compared with


def convert(hint: Any, option: Option, text: Text) -> Any:
    """The value of `text` in the type `hint`. Raises ValueError; its text says what to write."""
    if get_origin(hint) is Literal:
        return _choice(get_args(hint), text)
    value = CONVERTERS[hint](text) if hint in CONVERTERS else to_key(text)
    _check_range(value, option, text)
    if option.pattern and not option.pattern.fullmatch(str(value)):
        raise ValueError(f"{text.shown} is not valid; write {option.expects or 'another value'}")
    wrong = option.rule(value) if option.rule else ""
    if wrong:
        raise ValueError(wrong)
    return value


def file_problem(path: Path, kind: str, directory: Path, text: Text) -> str:
    """The problem of a file (or "folder", or "any") that pool.yaml names; "" if there is none."""
    full = directory / path
    try:
        mode = full.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return _missing(path, kind, directory, text)
    except OSError as error:
        return f"{_named(text)} cannot be read: {error.strerror}"
    if kind == "file" and not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        return f"{_named(text)} is {what}; write the path of a file"
    if kind == "folder" and not stat.S_ISDIR(mode):
        return f"{_named(text)} is not a folder; write the path of a folder"
    if not os.access(full, os.R_OK):
        return f"{_named(text)} cannot be read by this user; change its permissions or owner"
    return ""


def nearest(word: str, known: Any) -> str:
    """The known name that is most similar to `word`, or ""."""
    plain = {name.replace("_", "").lower(): name for name in known}
    found = get_close_matches(word.replace("_", "").replace("-", "").lower(), plain, 1, 0.7)
    return plain[found[0]] if found else ""


def _choice(choices: tuple[Any, ...], text: Text) -> Any:
    if text.value in choices:
        return text.value
    names = [str(choice) for choice in choices]
    near = nearest(text.value, names)
    advice = f"did you mean {near}?" if near else f"write one of: {', '.join(names)}"
    raise ValueError(f"{text.shown} is not known; {advice}")


def _check_range(value: Any, option: Option, text: Text) -> None:
    if isinstance(value, timedelta):
        amount = value.total_seconds()
    elif isinstance(value, int | float) and not isinstance(value, bool):
        amount = value
    else:
        if isinstance(value, str):
            _check_length(value, option, text)
        return
    low, high = option.minimum, option.maximum
    if (low is None or amount >= low) and (high is None or amount <= high):
        return
    show = _show_duration if isinstance(value, timedelta) else _show_number
    if low is not None and high is not None:
        wanted = f"{show(low)} to {show(high)}"
    else:
        wanted = f"at least {show(low)}" if low is not None else f"at most {show(high or 0)}"
    shown = text.shown if text.variables else text.value
    raise ValueError(f"{shown} is out of range; write {wanted}")


def _check_length(value: str, option: Option, text: Text) -> None:
    """The bounds of a text are its shortest and longest length."""
    low, high = option.minimum or 0, option.maximum
    if len(value) < low or (high is not None and len(value) > high):
        wanted = f"at most {_show_number(high)}" if high is not None else f"at least {low:g}"
        wanted = f"{low:g} to {high:g}" if low and high is not None else wanted
        subject = text.shown if text.variables else "the text"
        raise ValueError(f"{subject} has {len(value)} characters; write {wanted}")


def _show_duration(seconds: float) -> str:
    return format_duration(timedelta(seconds=seconds))


def _show_number(number: float) -> str:
    return f"{number:g}"


def _named(text: Text) -> str:
    """The path for a message, or the variable that holds it: its value may be a key by mistake."""
    return (
        f"the file of {text.shown.removeprefix('the value of ')}"
        if text.variables
        else (text.written.strip())
    )


def _missing(path: Path, kind: str, directory: Path, text: Text) -> str:
    what = "folder" if kind == "folder" else "file"
    if text.variables:
        return f"{text.shown} is not the path of an existing {what}; correct the variable"
    if (directory / path).is_symlink():
        target = os.readlink(directory / path)
        return f"{text.written.strip()} is a link to {target}, which does not exist; fix the link"
    try:
        neighbours = [e.name for e in islice((directory / path).parent.iterdir(), _NEIGHBOURS)]
    except OSError:
        neighbours = []
    near = nearest(path.name, neighbours)
    advice = (
        f"did you mean {path.with_name(near)}?"
        if near
        else f"relative paths start at {_folder(directory)}"
    )
    return f"the {what} {text.written.strip()} does not exist; {advice}"


def _folder(directory: Path) -> str:
    return str(directory.absolute())


def is_exposed(path: Path) -> bool:
    """Whether users other than the owner may read or write the file; False if it does not exist.

    A file of another owner, as in a volume of Kubernetes, may be readable by its group: this user
    reads it as a member of the group.
    """
    try:
        status = path.stat()
        allowed = 0 if status.st_uid == os.geteuid() else stat.S_IRGRP
        return bool(status.st_mode & (stat.S_IRWXG | stat.S_IRWXO) & ~allowed)
    except OSError:
        return False
