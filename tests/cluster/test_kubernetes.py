"""KubeRay accepts the files, and they do what their comments say."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
import yaml

from tests.support.cluster_files import IN_IMAGE, document, text
from tests.support.kuberay_schema import RAY_CLUSTER, RAY_JOB

Spec = dict[str, Any]
FILES = {"raycluster.yaml": RAY_CLUSTER, "rayjob.yaml": RAY_JOB}


def spec_of(name: str) -> Spec:
    """The specification of the cluster in a file."""
    spec: Spec = document(name)["spec"]
    return spec.get("rayClusterSpec", spec)


def pods(spec: Spec) -> list[Spec]:
    """Pod templates of the head and of the workers."""
    groups = [spec["headGroupSpec"], *spec["workerGroupSpecs"]]
    return [group["template"]["spec"] for group in groups]


@pytest.mark.parametrize("name", FILES)
def test_fields(name: str) -> None:
    jsonschema.validate(document(name), FILES[name])


def _unknown(d: Spec) -> None:
    d["spec"]["entryPoint"] = d["spec"].pop("entrypoint")


def _mode(d: Spec) -> None:
    d["spec"]["submissionMode"] = "JobMode"


def _number(d: Spec) -> None:
    d["spec"]["rayClusterSpec"]["headGroupSpec"]["rayStartParams"]["num-cpus"] = 0


def _version(d: Spec) -> None:
    d["apiVersion"] = "ray.io/v1alpha1"


def _replicas(d: Spec) -> None:
    d["spec"]["rayClusterSpec"]["workerGroupSpecs"][0]["replicas"] = "2"


@pytest.mark.parametrize("spoil", [_unknown, _mode, _number, _version, _replicas])
def test_the_schema_refuses(spoil: Callable[[Spec], None]) -> None:
    spoilt = copy.deepcopy(document("rayjob.yaml"))
    spoil(spoilt)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(spoilt, RAY_JOB)


def test_both_files_describe_the_same_cluster() -> None:
    assert spec_of("raycluster.yaml") == spec_of("rayjob.yaml")


def test_the_head_runs_no_tasks_and_workers_have_gpus() -> None:
    spec = spec_of("raycluster.yaml")
    assert spec["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    (gpu,) = spec["workerGroupSpecs"]
    assert 0 < gpu["minReplicas"] <= gpu["replicas"] <= gpu["maxReplicas"]
    (worker,) = gpu["template"]["spec"]["containers"]
    assert worker["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert worker["resources"]["requests"] == worker["resources"]["limits"]
    (toleration,) = gpu["template"]["spec"]["tolerations"]
    assert toleration["key"] == "nvidia.com/gpu"
    assert spec["authOptions"] == {"mode": "token"}
    assert spec["enableInTreeAutoscaling"]


def test_all_pods_mount_the_storage() -> None:
    claim = document("storage.yaml")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    for pod in pods(spec_of("raycluster.yaml")):
        (volume,) = pod["volumes"]
        assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
        (container,) = pod["containers"]
        assert container["volumeMounts"] == [{"name": volume["name"], "mountPath": "/mnt/shared"}]


def test_images_are_the_dockerfile_s() -> None:
    built = next(line for line in text("Dockerfile").splitlines() if "docker build" in line)
    images = {c["image"] for pod in pods(spec_of("raycluster.yaml")) for c in pod["containers"]}
    assert images == {built.split(" -t ")[1].split()[0]}
    assert f"WORKDIR {IN_IMAGE}" in text("Dockerfile")


def test_the_job_asks_for_what_is_there() -> None:
    job = document("rayjob.yaml")["spec"]
    (gpu,) = job["rayClusterSpec"]["workerGroupSpecs"]
    assert f"--set engine.gpus={gpu['minReplicas']}" in job["entrypoint"]
    assert job["shutdownAfterJobFinishes"]
    environment = yaml.safe_load(job["runtimeEnvYAML"])
    assert environment == {"env_vars": {"TORCH_HOME": "/mnt/shared/torch"}}
