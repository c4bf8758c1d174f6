"""The CronJobs of docs/examples are what Kubernetes accepts, and are as strict as the page says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.examples.files import document, pod
from tests.examples.kubernetes_models import problems

BUILD, STANDBY = JOBS = ["kubernetes/morning.yaml", "kubernetes/morning-standby.yaml"]


@pytest.mark.parametrize("name", JOBS)
def test_kubernetes_accepts_it(name: str) -> None:
    assert problems(document(name)) == []


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("concurrencyPolicies", "Forbid", "CronJob.spec: unknown key concurrencyPolicies"),
        ("startingDeadlineSeconds", "1h", "CronJob.spec.startingDeadlineSeconds: '1h' is not of"),
        ("schedule", None, "CronJob.spec.schedule: None is not of the type str"),
        ("jobTemplate", {"spec": {}}, "CronJob.spec.jobTemplate.spec: missing key template"),
    ],
)
def test_a_mistake_is_found(key: str, value: object, problem: str) -> None:
    job = document(BUILD)
    job["spec"][key] = value
    (found,) = problems(job)
    assert found.startswith(problem)


@pytest.mark.parametrize("name", JOBS)
def test_a_build_is_started_once_and_ends_in_time(name: str) -> None:
    spec = document(name)["spec"]
    job = spec["jobTemplate"]["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert job["activeDeadlineSeconds"] == 4 * 3600
    assert (pod(name)["restartPolicy"], pod(name)["terminationGracePeriodSeconds"]) == (
        "Never",
        300,
    )


@pytest.mark.parametrize("name", JOBS)
def test_only_errors_that_a_repetition_may_avoid_are_repeated(name: str) -> None:
    job = document(name)["spec"]["jobTemplate"]["spec"]
    disrupted, failed = job["podFailurePolicy"]["rules"]
    assert (disrupted["action"], failed["action"]) == ("Ignore", "FailJob")
    assert failed["onExitCodes"]["values"] == [1, 2, 4, 5, 6]  # not 8, 9 and 130
    assert failed["onExitCodes"]["containerName"] == pod(name)["containers"][0]["name"]


@pytest.mark.parametrize("name", JOBS)
def test_a_build_has_no_rights_and_writes_only_to_its_volumes(name: str) -> None:
    (container,) = pod(name)["containers"]
    assert pod(name)["securityContext"]["runAsNonRoot"] is True
    assert pod(name)["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    writable = {
        mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")
    }
    assert writable == {"/tmp", "/project/.provisioner"}


def test_the_standby_differs_only_in_its_name_time_and_node() -> None:
    build, standby = document(BUILD), document(STANDBY)
    affinity = pod_of(standby).pop("affinity")["podAntiAffinity"]
    (other_node,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]
    labels = build["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    assert other_node["labelSelector"]["matchLabels"] == labels
    for job in (build, standby):
        del job["metadata"]["name"], job["spec"]["schedule"]
    assert build == standby


def pod_of(job: Any) -> Any:
    return job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
