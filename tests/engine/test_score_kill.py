"""kill -9 of the driver while it scores: no image that has a score is scored again."""

from __future__ import annotations

import random
import time
from functools import partial
from pathlib import Path

import pytest

from raysal.acquisition.selection.score_parts import read_parts
from raysal.data.pool.parts import finished_parts
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import ScoreJob
from tests.support.drivers import Driver, call
from tests.support.material import Material
from tests.support.tallied_score import Tally, best, score_job

SLOWLY_S = 0.02


def stamps(out: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of every part; both change when a part is written again."""
    parts = (out / name for name in finished_parts(str(out)))
    return {p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in parts}


def run(job: ScoreJob, engine: str) -> None:
    """What the process does."""
    build_engine(EngineConfig(name=engine)).over_pool(job, lambda report: None)


def kill_at(driver: Driver, out: Path, parts: int, delay_s: float) -> None:
    """Kill the process `delay_s` seconds after it has written `parts` parts."""
    while len(finished_parts(str(out))) < parts:
        assert driver.status(0.005) is None, driver.output.read_text()[-3000:]
    time.sleep(delay_s)
    driver.kill()


@pytest.mark.parametrize(
    ("engine", "moments"),
    [pytest.param("local", (3,), id="local"), pytest.param("ray", (2,), id="ray")],
)
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_killed_and_run_again(
    material: Material, calm_picks: list[str], tmp_path: Path, engine: str, moments: tuple[int, ...]
) -> None:
    job = score_job(material, tmp_path / "out", SLOWLY_S)
    out, tally = tmp_path / "out" / "parts", tmp_path / "out" / "tally"
    scoring, log = partial(run, job, engine), tmp_path / "log"
    chance = random.Random(engine)
    unit_s = SLOWLY_S * 4
    seen: dict[str, tuple[int, int]] = {}
    done_ids: set[str] = set()
    for parts in moments:
        kill_at(call(scoring, log), out, parts, chance.uniform(0, unit_s))
        after = stamps(out)
        assert seen.items() <= after.items(), "a part that was there was made again"
        seen = after
        done_ids = {row.image_id for row in read_parts(str(out))}
        scored = Tally(tally).times()
    assert parts <= len(seen) < len(job.pool.units)
    assert call(scoring, log).ended(120)
    assert seen.items() <= stamps(out).items()
    again = Tally(tally).times()
    assert {image_id: again[image_id] for image_id in done_ids} == {
        image_id: scored[image_id] for image_id in done_ids
    }
    # Each kill may cost what was in flight: a unit for each of two workers.
    assert sum(again.values()) - job.pool.images <= len(moments) * 2 * 4
    assert best(job) == calm_picks
