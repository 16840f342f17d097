"""`raysal bench`: speeds as ratios to a plain baseline that is measured in the same run."""

from __future__ import annotations

import typer

from raysal.cli.bench.all import all_benches
from raysal.cli.bench.annotate import annotate
from raysal.cli.bench.clicks import clicks
from raysal.cli.bench.coreset import coreset
from raysal.cli.bench.decode import decode
from raysal.cli.bench.pam import pam
from raysal.cli.bench.regions import regions
from raysal.cli.bench.report import report
from raysal.cli.bench.scale import scale
from raysal.cli.bench.score import score
from raysal.cli.bench.select import select
from raysal.cli.bench.startup import startup
from raysal.cli.bench.train import train
from raysal.cli.bench.votes import votes

app = typer.Typer(
    help="Measure raysal on this machine: each speed beside a plain baseline of the same run. "
    "--json FILE keeps the figures.",
    no_args_is_help=True,
)
app.command("score")(score)
app.command("pam")(pam)
app.command("votes")(votes)
app.command("regions")(regions)
app.command("coreset")(coreset)
app.command("select")(select)
app.command("scale")(scale)
app.command("report")(report)
app.command("startup")(startup)
app.command("annotate")(annotate)
app.command("clicks")(clicks)
app.command("decode")(decode)
app.command("train")(train)
app.command("all")(all_benches)
