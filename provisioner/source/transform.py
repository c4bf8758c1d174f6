"""Makes the files of a package from components: one function for each transformer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from provisioner.source.component import Component
from provisioner.source.labels import label
from provisioner.source.outputs import Output, Outputs, meta_path, package_path
from provisioner.source.permission_set import permission_set
from provisioner.source.problems import Refusal, WarningKind
from provisioner.source.recompose import recomposed
from provisioner.source.static_resource import static_resource


def transform(outputs: Outputs, component: Component) -> None:
    """Add the files of a component to the package. Raises Refusal."""
    kind = component.parent.type if component.parent else component.type
    transformer = TRANSFORMERS.get(kind.transformer)
    if transformer is None:
        raise Refusal(
            "RegistryError",
            component.location,
            f"{kind.name} has no known transformer {kind.transformer}",
        )
    transformer(outputs, component)


def copied(outputs: Outputs, component: Component) -> None:
    """Content and meta file, unchanged."""
    kind, xml = component.type, component.xml
    if kind.meta_file_suffix and not component.site.tree.exists(xml):
        raise Refusal("ConversionError", component.content, f"{kind.name} without its file {xml}")
    count = 0
    for path in component.content_files():
        outputs.add(package_path(component, path), Output(path))
        count += 1
    if component.xml:
        outputs.add(meta_path(component), Output(component.xml))
    elif component.content:
        warning = WarningKind.BUNDLE_WITHOUT_META if count else WarningKind.EMPTY_BUNDLE
        outputs.findings.warn(
            warning, component.content, f"{component.type.name} {component.name} has no -meta.xml"
        )


def ui_bundle(outputs: Outputs, component: Component) -> None:
    """Unchanged, after its descriptor was checked."""
    from provisioner.source.ui_bundle import check  # few projects have one

    check(component)
    copied(outputs, component)


def label_or_labels(outputs: Outputs, component: Component) -> None:
    """One label in a file of its own, or a whole labels file unchanged."""
    labels = component.site.registry.by_name("CustomLabels")
    if component.type is labels:
        copied(outputs, component)
    else:
        label(outputs, component, labels)


def external_service(outputs: Outputs, component: Component) -> None:
    """The meta file with the schema inserted."""
    from provisioner.source.external_service import external_service  # few projects have one

    external_service(outputs, component)


TRANSFORMERS: Mapping[str, Callable[[Outputs, Component], None]] = {
    "": copied,
    "standard": copied,
    "decomposed": recomposed,
    "nonDecomposed": recomposed,
    "staticResource": static_resource,
    "uiBundle": ui_bundle,
    "decomposedLabels": label_or_labels,
    "decomposedPermissionSet": permission_set,
    "decomposeExternalServiceRegistration": external_service,
}
