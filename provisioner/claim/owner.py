"""The default owner of a claim, and the check of the texts that name owner, purpose and key."""

from __future__ import annotations

from provisioner.children import Environment
from provisioner.errors import UsageError

_LONGEST = 200


def clean_text(text: str, option: str) -> str:
    """`text` without surrounding blanks, checked to fit in one line of a table or a log.

    Raises UsageError, naming `option`, for line breaks, control characters, invalid UTF-8 and
    more than 200 characters.
    """
    text = text.strip(" ")
    if not text.isprintable():
        raise UsageError(
            f"{option} must not contain line breaks or control characters (got {text!a})",
            hint=f"write {option} as plain text on one line",
        )
    if len(text) > _LONGEST:
        raise UsageError(
            f"{option} must have at most {_LONGEST} characters (got {len(text)})",
            hint="shorten it",
        )
    return text


def default_owner(environ: Environment) -> str:
    """git's user.email, else the user of the operating system.

    `environ` is the environment of git, without secrets. Raises UsageError if neither is set.
    """
    for candidate in (_git_email(environ), _system_user()):
        if candidate and candidate.isprintable() and len(candidate) <= _LONGEST:
            return candidate
    raise UsageError(
        "Cannot determine the owner; pass --owner.", hint="for example: --owner you@example.com"
    )


def _git_email(environ: Environment) -> str:
    from provisioner import children

    try:
        code, output = children.run(["git", "config", "--get", "user.email"], environ, timeout=5)
    except OSError:
        return ""  # git is optional
    return output.strip() if code == 0 else ""


def _system_user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # in a container, the user may have no name
        return ""
