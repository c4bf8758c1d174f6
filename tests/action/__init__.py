"""The GitHub action in `action/`, run with node as a runner would."""
