"""The fields of KubeRay's RayCluster and RayJob (ray.io/v1, KubeRay 1.7) that matter here.

Copied from the generated field reference of the custom resource definitions
(https://docs.ray.io/en/master/kuberay/references/api.html), as JSON schemas that refuse unknown
keys where the definition is closed. Pod templates are Kubernetes' own; only used fields are here.
"""

from __future__ import annotations

from typing import Any


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    """Schema of an object that may have only these keys."""
    return {
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": False,
    }


TEXT = {"type": "string"}
WORDS = {"type": "object", "additionalProperties": TEXT}
COUNT = {"type": "integer", "minimum": 0}
FLAG = {"type": "boolean"}
QUANTITY = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(m|[KMGT]i?)?$"}
RESOURCES = {"type": "object", "additionalProperties": QUANTITY}

CONTAINER = closed(
    ["name", "image"],
    name=TEXT,
    image=TEXT,
    env={"type": "array"},
    ports={
        "type": "array",
        # Names of ports have 15 characters at most.
        "items": closed(
            ["containerPort"],
            containerPort={"type": "integer", "minimum": 1, "maximum": 65535},
            name={"type": "string", "pattern": "^[a-z0-9-]{1,15}$"},
        ),
    },
    resources=closed([], requests=RESOURCES, limits=RESOURCES),
    volumeMounts={
        "type": "array",
        "items": closed(["name", "mountPath"], name=TEXT, mountPath=TEXT, readOnly=FLAG),
    },
)
POD = closed(
    ["spec"],
    metadata={"type": "object"},
    spec=closed(
        ["containers"],
        containers={"type": "array", "minItems": 1, "items": CONTAINER},
        volumes={
            "type": "array",
            "items": closed(
                ["name"],
                name=TEXT,
                persistentVolumeClaim=closed(["claimName"], claimName=TEXT, readOnly=FLAG),
                emptyDir={"type": "object"},
            ),
        },
        tolerations={
            "type": "array",
            "items": closed(
                [],
                key=TEXT,
                operator={"enum": ["Exists", "Equal"]},
                value=TEXT,
                effect={"enum": ["NoSchedule", "PreferNoSchedule", "NoExecute"]},
            ),
        },
        nodeSelector=WORDS,
        securityContext={"type": "object"},
        serviceAccountName=TEXT,
    ),
)
HEAD = closed(
    ["template"],
    rayStartParams=WORDS,  # Only strings: the API server refuses num-cpus: 0.
    serviceType={"enum": ["ClusterIP", "NodePort", "LoadBalancer"]},
    headService={"type": "object"},
    enableIngress=FLAG,
    labels=WORDS,
    resources=WORDS,
    template=POD,
)
WORKERS = closed(
    ["groupName", "template"],
    groupName=TEXT,
    replicas=COUNT,
    minReplicas=COUNT,
    maxReplicas=COUNT,
    idleTimeoutSeconds=COUNT,
    numOfHosts=COUNT,
    suspend=FLAG,
    labels=WORDS,
    resources=WORDS,
    rayStartParams=WORDS,
    scaleStrategy={"type": "object"},
    template=POD,
)
CLUSTER_SPEC = closed(
    ["headGroupSpec"],
    rayVersion=TEXT,
    authOptions=closed(
        ["mode"], mode={"enum": ["disabled", "token"]}, secretName=TEXT, enableK8sTokenAuth=FLAG
    ),
    enableInTreeAutoscaling=FLAG,
    autoscalerOptions=closed(
        [],
        version={"enum": ["v1", "v2"]},
        idleTimeoutSeconds=COUNT,
        upscalingMode={"enum": ["Default", "Aggressive", "Conservative"]},
        resources={"type": "object"},
        image=TEXT,
        imagePullPolicy=TEXT,
        env={"type": "array"},
        envFrom={"type": "array"},
        securityContext={"type": "object"},
        volumeMounts={"type": "array"},
    ),
    headServiceAnnotations=WORDS,
    suspend=FLAG,
    managedBy={"enum": ["ray.io/kuberay-operator", "kueue.x-k8s.io/multikueue"]},
    headGroupSpec=HEAD,
    workerGroupSpecs={"type": "array", "items": WORKERS},
)
JOB_SPEC = closed(
    ["entrypoint", "rayClusterSpec"],
    entrypoint=TEXT,
    submissionMode={"enum": ["K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"]},
    runtimeEnvYAML=TEXT,
    backoffLimit=COUNT,
    activeDeadlineSeconds={"type": "integer", "minimum": 1},
    shutdownAfterJobFinishes=FLAG,
    ttlSecondsAfterFinished=COUNT,
    entrypointNumCpus={"type": "number"},
    entrypointNumGpus={"type": "number"},
    entrypointResources=TEXT,
    jobId=TEXT,
    metadata=WORDS,
    suspend=FLAG,
    deletionStrategy={"type": "object"},
    submitterConfig=closed([], backoffLimit=COUNT),
    submitterPodTemplate=POD,
    rayClusterSpec=CLUSTER_SPEC,
)
NAME = {"type": "string", "pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?$", "maxLength": 47}
PREFIX = {"type": "string", "pattern": "^[a-z][-a-z0-9]*-$", "maxLength": 42}


def resource(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """A whole document."""
    return closed(
        ["apiVersion", "kind", "metadata", "spec"],
        apiVersion={"const": "ray.io/v1"},
        kind={"const": kind},
        metadata={
            **closed([], name=NAME, generateName=PREFIX, namespace=NAME, labels=WORDS),
            "minProperties": 1,
        },
        spec=spec,
    )


RAY_CLUSTER = resource("RayCluster", CLUSTER_SPEC)
RAY_JOB = resource("RayJob", JOB_SPEC)
