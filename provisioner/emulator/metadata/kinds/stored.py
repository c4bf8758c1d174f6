"""Components that are only stored: every type without rules."""

from __future__ import annotations

from provisioner.emulator.metadata.component_types import find_type
from provisioner.emulator.metadata.components import META, Component
from provisioner.emulator.metadata.kinds.registry import DeployContext, check_root, kind


def apply_stored(context: DeployContext, component: Component) -> None:
    """Store a component; a content file needs its `-meta.xml` and vice versa.

    Root elements are not checked: projects in use have files with the root of another type.
    """
    declared = find_type(component.type)
    if component.parent is None and declared is not None and declared.has_content:
        is_folder = declared.is_in_folder and "/" not in component.full_name
        if not is_folder:
            check_pair(component)
    if not component.problems:
        context.keep(component)


def check_pair(component: Component) -> bool:
    """Whether the content file and its `-meta.xml` exist; notes what is missing.

    Salesforce's text for a content file without its `-meta.xml` is not known.
    """
    metas = [path for path in component.paths if path.endswith(META)]
    bodies = [path for path in component.paths if not path.endswith(META)]
    if not bodies:
        name = component.path.removesuffix(META)
        component.problem(f"File {name} not found in zip; a body is required for {component.path}")
    elif not metas:
        component.problem(f"A required file is missing from the zip: {bodies[0]}{META}")
    return bool(metas and bodies)


@kind("CustomLabels", "CustomObjectTranslation", "GlobalValueSet", "StandardValueSet", "Flow")
def apply_checked(context: DeployContext, component: Component) -> None:
    """Store a component after a check of its root element."""
    if check_root(component, component.type) and not component.problems:
        context.keep(component)


@kind("LightningComponentBundle")
def apply_lightning_bundle(context: DeployContext, component: Component) -> None:
    """A bundle needs a script or markup with its name, and its configuration.

    The configuration may have another name: apex-rollup deploys `rolupUtils.js-meta.xml` in
    `lwc/rollupUtils` in its CI.
    """
    name, folder = component.full_name, f"lwc/{component.full_name}"
    component.path = folder
    files = {path.removeprefix(f"{folder}/") for path in component.paths}
    has_body = {f"{name}.js", f"{name}.ts", f"{name}.html", f"{name}.css"} & files
    if not has_body:
        component.problem(f"No base file for markup://c:{name}")
    elif not any(path.endswith(f".js{META}") for path in files):
        component.problem(f"Cannot find Lightning Component Bundle {name}.")
    else:
        check_root(component, "LightningComponentBundle")
    if not component.problems:
        context.keep(component)


@kind("AuraDefinitionBundle")
def apply_aura_bundle(context: DeployContext, component: Component) -> None:
    """A bundle needs its definition: a component, application, event, interface or tokens."""
    name = component.full_name
    suffixes = (".cmp", ".app", ".evt", ".intf", ".tokens", ".design")
    component.path = f"aura/{name}"
    if not any(f"aura/{name}/{name}{suffix}" in component.paths for suffix in suffixes):
        component.problem(f"No base file for markup://c:{name}")
    if not component.problems:
        context.keep(component)
