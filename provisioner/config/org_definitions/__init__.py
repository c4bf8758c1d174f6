"""The offline rules of scratch org definition files.

Source: docs/reference/sign-up.md#definition-files.
"""

from provisioner.config.org_definitions.reading import DefinitionProblem, read_definition

__all__ = ["DefinitionProblem", "read_definition"]
