"""`create_users`: further users of an org, from user definition files of the Salesforce CLI."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from provisioner.declare.options import Finding, option
from provisioner.errors import ErrorKind, LoginError, SalesforceError, UsageError
from provisioner.plain_text import quantity
from provisioner.salesforce import pre_authorization, users
from provisioner.salesforce.ids import to_18
from provisioner.salesforce.login_errors import NOT_YET
from provisioner.salesforce.permission_sets import SETS
from provisioner.steps import grants, login_app
from provisioner.steps.base import Done, Outcome, StartAgain, StepContext, StepFailed
from provisioner.steps.cached_input import CachedInput, cached_input
from provisioner.steps.components import NO_COMPONENTS, PERMISSION_SET, Components, Need
from provisioner.steps.data_needs import in_text
from provisioner.steps.persona_names import persona_of, user_rows
from provisioner.steps.session_user import session_user_id
from provisioner.steps.user_definition import (
    ReadDefinition,
    UserDefinition,
    read_user_definition,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 20  # users of one step: their names are in the ownership tag of the org
_LOGGED_IN = "personas that have logged in"
_GROUP_HINT = (
    "leave it out of permsets, and write after this step: assign_permission_sets: "
    "{{ groups: [{names}], users: [...] }}"
)
_NOT_APPROVED = frozenset({"login_not_approved", "login_not_admin_approved", "login_scope_refresh"})


@dataclass(frozen=True, kw_only=True)
class CreateUsers:
    """Creates users, assigns their permission sets, and logs each in by JWT with the app's key.

    The app of the Dev Hub that a sign-up has copied is approved for a user with the user's
    creation, as the Salesforce CLI does it; an app of the org's own, by its permission set.

    Safe to run twice: the username of a persona is always the same in one org, and is queried
    before the user is created. All that follows may be repeated.
    """

    kind: ClassVar[str] = "create_users"
    shorthand: ClassVar[str] = "definitions"

    definitions: tuple[Path, ...] = option(
        "user definition files of the Salesforce CLI; agent-user.json is the persona agent",
        minimum=1,
        maximum=MOST,
        path="file",
        example=["config/agent-user.json"],
    )

    _files: CachedInput = cached_input()

    @property
    def personas(self) -> tuple[str, ...]:
        """The names of the users, in the order of the files."""
        return tuple(persona_of(file) for file in self.definitions)

    def check(self, directory: Path) -> Iterable[Finding]:
        """Read the files; each must describe a persona of its own."""
        try:
            files = self._files.checked("", lambda: self._read(directory))
        except UsageError as error:
            yield Finding("definitions", error.message)
            return
        names = [name.lower() for name in self.personas]
        for index, (file, read) in enumerate(zip(self.definitions, files, strict=True)):
            where = f"definitions.{index}"
            for message, is_warning in read.problems:
                yield Finding(where, f"{file}: {message}", is_warning=is_warning)
            if names[index] in names[:index]:
                first = self.definitions[names.index(names[index])]
                message = f"{file} and {first} both give the persona {self.personas[index]}"
                yield Finding(where, f"{message}; rename one of them")

    def components(self, directory: Path) -> Components:  # noqa: ARG002 - the contract
        """It brings nothing."""
        return NO_COMPONENTS

    def needs(self, directory: Path) -> Iterable[Need]:
        """The permission sets that the files name."""
        found = zip(self.definitions, self._definitions(directory), strict=True)
        for index, (file, definition) in enumerate(found):
            for name in definition.permission_sets:
                where = partial(in_text, directory / file, file, name)
                yield Need(PERMISSION_SET, name, f"definitions.{index}", where)

    def start(self, context: StepContext) -> Outcome:
        """Create the users that the org does not have, then set all of them up and log them in."""
        definitions = self._definitions(context.directory)
        ids = _created(context, definitions)
        for definition in definitions:
            if definition.permission_sets:
                found = grants.find(context.org, {SETS: definition.permission_sets})
                grants.assign(context.org, {definition.persona: ids[definition.persona]}, found)
        if context.has_own_app:
            pre_authorization.pre_authorize(context.org, login_app.NAME, list(ids.values()))
        rows = user_rows(context.username, ids)
        for row in rows:
            _log_in(context, row["persona"], row["username"], ids[row["persona"]])
        others = tuple(user for user in context.users if user["persona"] not in ids)
        return Done(f"created {quantity(len(ids), 'user')}", {"users": (*others, *rows)})

    def poll(self, context: StepContext, state: StartAgain) -> Outcome:  # noqa: ARG002 - contract
        """Nothing is ever pending: read and create again."""
        return self.start(context)

    def read_state(self, text: str) -> StartAgain:  # noqa: ARG002 - the contract
        """The step keeps no state; to start it again is safe."""
        return StartAgain()

    def inputs(self, directory: Path) -> Iterable[bytes]:
        """The names and the files. Raises UsageError for one that cannot be read."""
        files = self._files.fresh("", lambda: self._read(directory))
        for persona, read in zip(self.personas, files, strict=True):
            yield persona.encode()
            yield read.content

    def named_inputs(self, directory: Path) -> Iterable[tuple[str, bytes]]:
        """The files."""
        files = self._files.get("", lambda: self._read(directory))
        for file, read in zip(self.definitions, files, strict=True):
            yield file.as_posix(), read.content

    def _definitions(self, directory: Path) -> list[UserDefinition]:
        files = self._files.get("", lambda: self._read(directory))
        return [read.definition for read in files]

    def _read(self, directory: Path) -> Sequence[ReadDefinition]:
        found = []
        for file in self.definitions:
            try:
                found.append(read_user_definition(directory / file))
            except OSError as error:
                text = f"{file} cannot be read: {error.strerror}"
                raise UsageError(text, code="user_definition") from None
        return found


def _created(context: StepContext, definitions: list[UserDefinition]) -> dict[str, str]:
    """The ids of all users by persona; those that the org does not have are created.

    Names of profiles and permission sets are looked up first, so that a wrong one costs no licence.
    """
    org = context.org
    profiles = _profiles(context, definitions)
    wanted = dict.fromkeys(name for one in definitions for name in one.permission_sets)
    grants.find(org, {SETS: tuple(wanted)}, _GROUP_HINT)
    template = users.template(org, session_user_id(context))
    names = {
        row["persona"]: row["username"]
        for row in user_rows(context.username, [one.persona for one in definitions])
    }
    known = users.ids(org, list(names.values()))
    ids = {}
    for one in definitions:
        profile = profiles[one.profile]
        fields = {**one.record(names[one.persona], template), "ProfileId": profile}
        ids[one.persona] = _create(context, one, fields, known.get(names[one.persona], ""))
    return ids


def _create(
    context: StepContext, one: UserDefinition, fields: Mapping[str, object], user_id: str
) -> str:
    """Create one user, or complete one that an interrupted step has created."""
    org = context.org
    try:
        if not user_id and context.has_own_app:
            return users.create(org, fields)
        user_id = user_id or users.create_approved(org, fields)
        users.update(org, user_id, fields)
    except SalesforceError as error:
        if error.error_code == users.LICENSE_LIMIT:
            raise _no_license(context, one, str(fields["ProfileId"])) from None
        if error.error_code == users.DUPLICATE_USERNAME:
            raise StepFailed(
                f"{one.persona}: another Salesforce org has the username {fields['Username']}",
                kind=ErrorKind.REPLACE,
            ) from None
        if error.kind is not ErrorKind.CONTENT:
            raise
        raise StepFailed(f"{one.persona}: Salesforce refuses the user: {error.message}") from None
    return user_id


def _profiles(context: StepContext, definitions: list[UserDefinition]) -> dict[str, str]:
    names = list(dict.fromkeys(one.profile for one in definitions))
    found = users.profiles(context.org, names)
    unknown = [name for name in names if name not in found]
    if unknown:
        known = users.profile_names(context.org)
        raise StepFailed(
            f"profiles not found in the org: {', '.join(unknown)}",
            details=[grants.advice(name, known) for name in unknown],
            hint="correct profileName; it is the name in English, as Setup, Profiles shows it, or "
            "that of a profile which an earlier step deploys",
        )
    return found


def _no_license(context: StepContext, one: UserDefinition, profile_id: str) -> StepFailed:
    found = users.license_of(context.org, profile_id)
    name = f"{found.name} licence" if found else "licence"
    used = f": {found.used} of {found.total} are in use" if found else ""
    return StepFailed(
        f"{one.persona}: the org has no free {name} for the profile {one.profile}{used}",
        hint="a Developer scratch org has 2 Salesforce licences with its own user, other editions "
        "5: use another edition, fewer users, or a profile of another licence",
    )


def _log_in(context: StepContext, persona: str, username: str, user_id: str) -> None:
    """Log the user in as a consumer does. Raises StepFailed, LoginError."""
    logged_in: set[str] = context.memory.setdefault(_LOGGED_IN, set())
    if persona in logged_in:
        return
    try:
        grant = context.sign_in_as(username)
    except LoginError as error:
        if not context.has_own_app and error.code in _NOT_APPROVED:
            raise _not_approved(persona, error) from None
        if context.has_own_app and error.code in NOT_YET:  # it may need minutes
            first_line, *details = error.message.split("\n")
            raise StepFailed(
                first_line, details=details, hint=error.hint, kind=ErrorKind.TRANSIENT
            ) from None
        raise
    if grant.user_id and to_18(grant.user_id) != user_id:
        raise StepFailed(f"{persona}: the login opens another user", kind=ErrorKind.REPLACE)
    logged_in.add(persona)


def _not_approved(persona: str, error: LoginError) -> StepFailed:
    first_line, *details = error.message.split("\n")
    return StepFailed(
        f"{persona}: the Dev Hub's app in the org is not approved for the user: {first_line}",
        details=details,
        hint="write dev_hub.login_app: deployed; then each org gets an app of its own, which is "
        "approved for its users",
        kind=ErrorKind.CONFIGURATION,
    )
