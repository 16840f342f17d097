"""Whether rounds were measured on the same images, without which their mIoU cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence

from raysal.errors import RunError
from raysal.report.runs.read import RoundData, RunData

Measured = tuple[RunData, RoundData]


def measured_on(runs: Sequence[RunData]) -> str | None:
    """What runs were measured on, such as `the test split`; None if none of their rounds was.

    They must pass `check_same_images`.
    """
    measured = [(run, data) for run in runs if (data := run.first_measured) is not None]
    if not measured:
        return None
    (run, data), *_ = measured
    split = data.metrics.split
    if (run.section("al") or {}).get(str(split)):
        return f"{_images_of(data)} drawn by lot"
    return f"the {split} split"


def check_same_images(runs: Sequence[RunData]) -> None:
    """Check that all rounds of all runs that were measured were so on the same images.

    Raises:
        RunError: two were not; the message names them and the numbers of images.
    """
    measured = [(run, known) for run in runs if (known := _known(run)) is not None]
    for run, known in measured:
        for data in run.rounds:
            if data.measured and not _same((run, known), (run, data)):
                raise RunError(
                    f"round {data.index} of {run.name} was measured on {_counts(data, known)} of "
                    f"round {known.index}, so their mIoU cannot be compared; begin the run again "
                    "under another name"
                )
    if others := _measured_on_others(runs):
        (first, a), (other, b) = others[0]
        more = f" ({len(others) - 1} more likewise)" if len(others) > 1 else ""
        raise RunError(
            f"{other.name} was measured on {_counts(b, a)} of {first.name}{more}, so their mIoU "
            "cannot be compared; report them separately"
        )


def measured_on_others(runs: Sequence[RunData]) -> tuple[tuple[RunData, RunData], ...]:
    """Each run that was measured on other images than an earlier one, the earlier one first."""
    return tuple((first, other) for (first, _), (other, _) in _measured_on_others(runs))


def _measured_on_others(runs: Sequence[RunData]) -> list[tuple[Measured, Measured]]:
    measured = [(run, known) for run in runs if (known := _known(run)) is not None]
    # Two references, because runs of earlier versions do not say what the images are.
    described = [one for one in measured if one[1].metrics.split_contents is not None]
    references = [*measured[:1], *(one for one in described[:1] if one is not measured[0])]
    found = []
    for one in measured:
        other = next((reference for reference in references if not _same(reference, one)), None)
        if other is not None:
            found.append((other, one))
    return found


def _known(run: RunData) -> RoundData | None:
    """A measured round that says on which images, if there is one; None if none was measured."""
    known = (data for data in run.rounds if data.metrics.split_contents is not None)
    return next(known, run.first_measured)


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
    if _images(this) == _images(reference):
        return f"{_images_of(this)} that are not those"
    return f"{_images_of(this)}, not on the {_images(reference)}"


def _images_of(data: RoundData) -> str:
    """Such as `2 test images`."""
    images = _images(data)
    return f"{images} {data.metrics.split} image{'' if images == 1 else 's'}"


def _images(data: RoundData) -> int:
    """Images of the split, those that could not be read among them."""
    return data.metrics.images + len(data.metrics.bad_images)


def _size(run: RunData) -> object:
    """The working size, in pixels; None if the settings do not name it."""
    return (run.section("data") or {}).get("size")
