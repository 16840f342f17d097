"""The files of `cluster/`, and the commands that stand in them."""

from __future__ import annotations

import re
import shlex
from typing import Any

import yaml

from tests.support.paths import ROOT

FOLDER = ROOT / "cluster"
# Where the image has the checkout: see the Dockerfile.
IN_IMAGE = "/home/ray/raysal"


def text(name: str) -> str:
    """A file of `cluster/`."""
    return (FOLDER / name).read_text()


def document(name: str) -> dict[str, Any]:
    """The one YAML document of a file."""
    (value,) = yaml.safe_load_all(text(name))
    assert isinstance(value, dict)
    return value


def opening(name: str) -> str:
    """The comment that a file begins with, without the marks."""
    lines = [line for line in text(name).splitlines() if not line.startswith(("#!", "#SBATCH"))]
    end = next(i for i, line in enumerate(lines) if not line.startswith("#"))
    return "\n".join(line.removeprefix("#") for line in lines[:end])


def raysal_words(content: str) -> list[list[str]]:
    """The `raysal run ...` and the like in a text, each as its words."""
    joined = content.replace("\\\n", " ")
    found = re.findall(r"\braysal (?:run|score|report|pool|bench) [^`\n]+", joined)
    return [shlex.split(command) for command in found]
