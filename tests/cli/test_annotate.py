"""`raysal annotate`: its options, as far as no server is needed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from raysal.annotate.tool.people import People
from raysal.annotate.tool.serve import only_server
from raysal.annotate.tool.workplaces.demo import Demo
from tests.support.commands import Raysal


def test_invite_and_revoke(raysal: Raysal, tmp_path: Path) -> None:
    demo = ("annotate", "--demo", "--out", tmp_path)
    out = raysal(*demo, "--invite", "Ann", "--reviewer").done("for Ann, shown only now: http://")
    found = re.search(r"http://127.0.0.1:8765/\?token=(\S+)", out)
    assert found is not None
    people = People(tmp_path / "annotate")
    ann = people.who(found[1])
    assert ann is not None
    assert ann.reviewer
    raysal(*demo, "--invite", "Ann").refused("invited already")
    raysal(*demo, "--revoke", "Ann").done("not valid any more")
    assert people.who(found[1]) is None
    raysal(*demo, "--revoke", "Bob").refused("invited: nobody")
    raysal(*demo, "--reviewer").refused("--reviewer is for --invite")


def test_mistakes(raysal: Raysal, tmp_path: Path) -> None:
    raysal("annotate").refused("folder of a run, of a query or of a review, or --demo")
    raysal("annotate", tmp_path / "x").refused("is not a run")
    raysal("annotate", "--demo", "--classes", "a,b").refused("--classes is for a query")
    raysal("annotate", "--demo", "--out", tmp_path, "--export", tmp_path / "e").refused(
        "nothing is finished"
    )
    demo = ("annotate", "--demo", "--out", tmp_path)
    raysal(*demo, "--host", "no.such.host.invalid").refused("--host no.such.host.invalid")
    raysal(*demo, "--user", "x" * 99).refused("name has 1 to 60 characters")


def test_a_second_server(raysal: Raysal, tmp_path: Path) -> None:
    with only_server(Demo(tmp_path, train=False)):
        raysal("annotate", "--demo", "--out", tmp_path).refused("in use by process")


@pytest.mark.parametrize("option", ["--overlap=2", "--port=70000", "--lease=0"])
def test_numbers_out_of_range(raysal: Raysal, option: str) -> None:
    assert raysal("annotate", "--demo", option).status == 2
