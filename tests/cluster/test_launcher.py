"""Ray's validator accepts the files of the cluster launcher."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest

from tests.support.cluster_files import document, opening, text

pytest.importorskip("ray")
from ray.autoscaler._private.util import prepare_config, validate_config

FILES = ["launcher-aws.yaml", "launcher-gcp.yaml"]


@pytest.mark.parametrize("name", FILES)
def test_ray_accepts_it(name: str) -> None:
    prepared = prepare_config(document(name))
    validate_config(prepared)
    assert prepared["provider"]["type"] == name.removeprefix("launcher-").removesuffix(".yaml")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "change", [{"head_node_type": "tail"}, {"min_workers": "two"}, {"docker": {"picture": "x"}}]
)
def test_ray_refuses(name: str, change: dict[str, Any]) -> None:
    with pytest.raises((ValueError, jsonschema.ValidationError, KeyError)):
        validate_config(prepare_config(document(name) | {"available_types": {}} | change))


@pytest.mark.parametrize("name", FILES)
def test_nodes(name: str) -> None:
    config = document(name)
    head = config["available_node_types"][config["head_node_type"]]
    assert head["resources"] == {"CPU": 0}
    gpu = config["available_node_types"]["gpu"]
    assert gpu["resources"]["GPU"] == 1
    assert 0 < gpu["min_workers"] <= gpu["max_workers"] <= config["max_workers"]
    assert f"--set engine.gpus={gpu['min_workers']}" in opening(name)
    assert any("/mnt/shared:/mnt/shared" in option for option in config["docker"]["run_options"])
    assert any("mount " in command for command in config["initialization_commands"])


@pytest.mark.parametrize("name", FILES)
def test_placeholders_are_replaced_by_the_commands(name: str) -> None:
    """The commands at the top of a file replace all placeholders, which are in capitals."""
    body = text(name).split("\ncluster_name:")[1]
    for word in re.findall(r"\b(FILESYSTEM|AMI_ID|PROJECT)\b", body):
        assert f"s|{word}|" in opening(name)
    assert not re.search(r"TODO|FIXME|XXX|<[a-z-]+>", text(name))
