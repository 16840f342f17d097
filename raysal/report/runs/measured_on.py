"""Whether rounds were measured on the same images, without which their mIoU cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence

from raysal.errors import RunError
from raysal.report.runs.read import RoundData, RunData

Measured = tuple[RunData, RoundData]


def check_same_images(runs: Sequence[RunData]) -> None:
    """Check that all rounds of all runs were measured on the same images.

    Raises:
        RunError: two were not; the message names them and the numbers of images.
    """
    for run in runs:
        for data in run.rounds:
            if not _same((run, known := _known(run)), (run, data)):
                raise RunError(
                    f"round {data.index} of {run.name} was measured on {_counts(data, known)} of "
                    f"round {known.index}, so their mIoU cannot be compared; begin the run again "
                    "under another name"
                )
    if others := measured_on_others(runs):
        first, other = others[0]
        more = f" ({len(others) - 1} more likewise)" if len(others) > 1 else ""
        raise RunError(
            f"{other.name} was measured on {_counts(_known(other), _known(first))} of "
            f"{first.name}{more}, so their mIoU cannot be compared; report them separately"
        )


def measured_on_others(runs: Sequence[RunData]) -> tuple[tuple[RunData, RunData], ...]:
    """Each run that was measured on other images than an earlier one, the earlier one first."""
    if not runs:
        return ()
    # Two references, because runs of earlier versions do not say what the images are.
    described = next((run for run in runs if _known(run).metrics.split_contents is not None), None)
    references = [runs[0]] if described is None or described is runs[0] else [runs[0], described]
    found = []
    for run in runs:
        for reference in references:
            if not _same((reference, _known(reference)), (run, _known(run))):
                found.append((reference, run))
                break
    return tuple(found)


def _known(run: RunData) -> RoundData:
    """A round that says what images it was measured on, if there is one."""
    known = (data for data in run.rounds if data.metrics.split_contents is not None)
    return next(known, run.rounds[0])


def _same(one: Measured, other: Measured) -> bool:
    """Whether two rounds were measured on the same images and masks, as far as can be told.

    Rounds of earlier versions are compared by the number of images and, if the working size is the
    same, by the ground-truth pixels of each class.
    """
    (run_a, a), (run_b, b) = one, other
    if a.metrics.split_contents is not None and b.metrics.split_contents is not None:
        return a.metrics.split_contents == b.metrics.split_contents
    if _images(a) != _images(b):
        return False
    pixels_count = _size(run_a) == _size(run_b) is not None
    if not pixels_count or a.metrics.bad_images != b.metrics.bad_images:
        return True
    return a.truth_pixels == b.truth_pixels


def _counts(this: RoundData, reference: RoundData) -> str:
    """`2 test images, not on the 10`, or `10 test images that are not those`."""
    images, split = _images(this), this.metrics.split
    what = f"{images} {split} image{'' if images == 1 else 's'}"
    if images == _images(reference):
        return f"{what} that are not those"
    return f"{what}, not on the {_images(reference)}"


def _images(data: RoundData) -> int:
    """Images of the split, those that could not be read among them."""
    return data.metrics.images + len(data.metrics.bad_images)


def _size(run: RunData) -> object:
    """The working size, in pixels; None if the settings do not name it."""
    return (run.section("data") or {}).get("size")
