"""The files of `cluster/`, and the commands in them."""

from __future__ import annotations

import re
import shlex
from typing import Any

import yaml

from tests.support.paths import ROOT

FOLDER = ROOT / "cluster"
# Path of the checkout in the image: see the Dockerfile.
IN_IMAGE = "/home/ray/raysal"


def text(name: str) -> str:
    """The text of a file in `cluster/`."""
    return (FOLDER / name).read_text()


def document(name: str) -> dict[str, Any]:
    """The one YAML document of a file."""
    (value,) = yaml.safe_load_all(text(name))
    assert isinstance(value, dict)
    return value


def opening(name: str) -> str:
    """The comment at the beginning of a file, without comment marks."""
    lines = [line for line in text(name).splitlines() if not line.startswith(("#!", "#SBATCH"))]
    end = next(i for i, line in enumerate(lines) if not line.startswith("#"))
    return "\n".join(line.removeprefix("#") for line in lines[:end])


def raysal_words(content: str) -> list[list[str]]:
    """The `raysal` commands in a text, each as a list of words."""
    joined = content.replace("\\\n", " ")
    found = re.findall(r"\braysal (?:run|score|report|pool|bench) [^`\n]+", joined)
    return [shlex.split(command) for command in found]
