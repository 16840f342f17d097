"""A cluster whose nodes do not share the storage is refused before the work begins."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import yaml

from raysal.engine.on_ray import storage_check
from raysal.engine.on_ray.nodes import Node
from raysal.errors import ClusterError
from tests.support.separate_ray import OwnRay, own_ray

NODES = [Node("aa", "alpha", "10.0.0.1", 8, 0), Node("bb", "beta", "10.0.0.2", 16, 4)]


# Nobody waits long for a file that never comes.
check_storage = partial(storage_check.check_storage, patience_s=0.2)
look_here = partial(storage_check.look_here, patience_s=0.2)


def everybody(nodes: list[Node], folder: Path, token: str, paths: list[str]) -> list[str]:
    """Answers as if all nodes were this machine."""
    return [look_here(node.node_id, folder, token, paths) for node in nodes]


def test_shared_storage_passes_and_is_left_as_it_was(tmp_path: Path) -> None:
    check_storage(NODES, tmp_path, {"model.weights": __file__}, everybody)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_another_one_there(tmp_path: Path) -> None:
    """Both folders exist, and only the token tells them apart."""
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()

    def look(nodes: list[Node], folder: Path, token: str, paths: list[str]) -> list[str]:
        return [
            look_here("aa", folder, token, paths),
            str(folder) if look_here("bb", tmp_path / "there", token, paths) else "",
        ]

    with pytest.raises(
        ClusterError, match=r"node beta \(10\.0\.0\.2\) does not share .*/here "
    ) as e:
        check_storage(NODES, tmp_path / "here", {}, look)
    assert "\n" not in str(e.value)
    assert list((tmp_path / "here").iterdir()) == []


def test_what_a_node_writes_must_arrive(tmp_path: Path) -> None:
    """The node says that it sees everything, but its answer is not on this machine."""
    with pytest.raises(ClusterError, match=r"node alpha .* does not share"):
        check_storage(NODES, tmp_path, {}, lambda nodes, *_: [""] * len(nodes))


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / ".token").touch()
    (tmp_path / ".token.aa").mkdir()  # In the way of the answer, even of root's.
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    assert look_here("aa", blocked, "token", []) == str(blocked)


def test_what_is_read_is_named_by_its_setting(tmp_path: Path) -> None:
    def look(nodes: list[Node], folder: Path, token: str, paths: list[str]) -> list[str]:
        return [
            look_here("aa", folder, token, [str(tmp_path)]),
            look_here("bb", folder, token, paths),
        ]

    with pytest.raises(ClusterError, match=r"node beta .*/absent \(data\.root\)"):
        check_storage(NODES, tmp_path, {"data.root": str(tmp_path / "absent")}, look)


def can_hide() -> bool:
    """Whether this user may give a process its own mounts."""
    return subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0


def add_node(ray: OwnRay, address: str, hidden: Path) -> None:
    """A node that has an empty folder where the others have `hidden`."""
    command = 'mount -t tmpfs none "$1"; shift; exec ray start "$@"'
    node = ray.run(
        ["unshare", "--mount", "bash", "-ec", command, "-", str(hidden), *ray.node_options(address)]
    )
    assert node.returncode == 0, node.stdout


LOOK = """
import sys
from functools import partial
from pathlib import Path
from raysal.engine.config import EngineConfig
from raysal.engine.build import build_engine
from raysal.errors import ClusterError

root = Path(sys.argv[1])
engine = build_engine(EngineConfig())
engine.check_storage(root / "shared", {"data.root": str(root)})
print(engine.plan.nodes, "nodes share it")
(root / "private" / "data").mkdir()
try:
    engine.check_storage(root / "shared", {"data.root": str(root / "private" / "data")})
except ClusterError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux" or not can_hide(), reason="needs the right to mount (Linux, root)"
)
def test_a_node_that_mounts_something_else(tmp_path: Path) -> None:
    for name in ("shared", "private"):
        (tmp_path / name).mkdir()
    config = tmp_path / "experiment.yaml"
    values = {
        "name": "run",
        "data": {"name": "streets", "size": [48, 64], "train": 8, "val": 1, "test": 1},
        "model": {"weights": "none"},
        "train": {"epochs": 1, "batch_size": 4},
        "al": {"initial": 4, "budget": 4, "rounds": 1},
        "acquisition": {"name": "ds"},
    }
    config.write_text(yaml.safe_dump(values))
    with own_ray(RAY_AUTH_MODE="disabled") as ray:
        ray.start("--head", *ray.head_options)
        add_node(ray, "127.0.0.2", tmp_path / "private")
        command = ["raysal", "run", str(config), f"--set=output={tmp_path / 'private'}"]
        env = {"RAY_ADDRESS": ray.address}
        refused = ray.run(command, **env)
        assert refused.returncode == 2, refused.stdout
        line = refused.stdout.splitlines()[-1]
        assert line.startswith("raysal: node ")
        assert f"(127.0.0.2) does not share {tmp_path / 'private' / 'run'} with" in line
        assert "Traceback" not in refused.stdout
        assert not list((tmp_path / "private" / "run" / "rounds").glob("*/*")), "work had begun"

        looked = ray.run([sys.executable, "-c", LOOK, str(tmp_path)], **env)
        assert looked.returncode == 0, looked.stdout
        shared, private = looked.stdout.splitlines()[-2:]
        assert shared == "2 nodes share it"
        assert f"(127.0.0.2) does not share {tmp_path / 'private' / 'data'} (data.root)" in private
