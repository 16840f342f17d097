"""The table of strategies, in the terminal and in the README."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from raysal.acquisition.registry import STRATEGIES
from raysal.cli.main import app
from raysal.cli.strategies import as_markdown, rows
from tests.support.paths import ROOT


def test_the_readme_has_the_table() -> None:
    assert as_markdown() in (ROOT / "raysal" / "acquisition" / "README.md").read_text(), (
        "raysal strategies --markdown prints the new one"
    )


@pytest.mark.parametrize("options", [[], ["--markdown"]])
def test_the_command_names_every_strategy(options: list[str]) -> None:
    ended = CliRunner().invoke(app, ["strategies", *options])
    assert ended.exit_code == 0, ended.output
    for kind in STRATEGIES:
        assert kind.model_fields["name"].default in ended.output


def test_rows_give_what_a_strategy_reads_and_costs() -> None:
    by_name = {row[0]: row for row in rows()}
    assert by_name["random"][2:4] == ("-", "0")
    assert by_name["ds"][2:5] == (
        "difficulty, probabilities",
        "1",
        "uncertainty: entropy, least_confidence, margin, none",
    )
    assert by_name["bald"][2:5] == (
        "votes",
        "20 after the encoder",
        "count = 20; dropout: channels, network",
    )
    assert by_name["coreset"][2:5] == ("features", "1", "feature = aspp; metric: l2, cosine")
    assert all(row[5] for row in rows())
