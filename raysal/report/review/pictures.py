"""Pictures of a review: image, label and prediction, with the suspects outlined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from raysal.data.decode import decode_image, resize_mask
from raysal.data.labels import read_labels
from raysal.data.pool.outside import IN_A_RUN
from raysal.data.pool.pool import Pool
from raysal.data.pool.rows import PoolRow
from raysal.data.scene import Scene, reduced_size
from raysal.data.visible import visible
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.inference.device import default_device
from raysal.inference.own_size import predict_picture
from raysal.inference.precision import Precision
from raysal.inference.predict import predict_classes, to_tensor
from raysal.models.checkpoint import LoadedModel, load_model
from raysal.progress import Watch
from raysal.report.draw.names import safe_name
from raysal.report.draw.panels import add_legend
from raysal.report.draw.pictures import RGB, UNLABELLED, colour, errors, legend_name, rgb, short_id
from raysal.report.draw.style import RIGHT, UNKNOWN, WRONG, figure_style, png
from raysal.report.strips.figure import LEGEND_COLUMNS, PANEL_INCHES, show
from raysal.report.strips.read import SCENE_SIDE, reduced_box
from raysal.review.found import Found
from raysal.review.judges import Judged
from raysal.review.run import known_in
from raysal.storage.atomic import write_bytes

FOLDER = "pictures"
OUTLINE = "#ffffff"
NUMBER_ROOM = 0.12
"""Share of the height of a picture that a number needs."""


def write_pictures(
    config: ExperimentConfig,
    layout: RunLayout,
    found: Sequence[Found],
    parts: Sequence[Judged],
    out: Path,
    watch: Watch,
) -> list[Path]:
    """One PNG for each image with suspects, named by the rank of the first, in this order.

    Args:
        found: the suspects to draw, best first.
        parts: what was judged, and by which models.
        out: folder of the review.

    Raises:
        DataError, PoolError, CheckpointError: damaged files of the run.
        OSError: no space, no permission.
    """
    ranked: dict[tuple[str, str], list[tuple[int, Found]]] = {}
    for rank, one in enumerate(found, start=1):
        ranked.setdefault((one.query, one.image_id), []).append((rank, one))
    written = []
    watch.start("pictures", len(ranked))
    for part in parts:
        ours = {i: of for (query, i), of in ranked.items() if query == part.query and i in part.ids}
        for image_id, data in _drawn(config, layout, part, ours) if ours else ():
            (out / FOLDER).mkdir(exist_ok=True)
            path = out / FOLDER / f"{ours[image_id][0][0]:04d}-{safe_name(image_id)}.png"
            write_bytes(path, data)
            written.append(path)
            watch.advance(1)
    watch.finish()
    return sorted(written)


def _drawn(
    config: ExperimentConfig,
    layout: RunLayout,
    part: Judged,
    ranked: dict[str, list[tuple[int, Found]]],
) -> Iterator[tuple[str, bytes]]:
    loaded = load_model(part.model, default_device())
    labels = {
        one.image_id: np.where(known_in(one), one.label, np.uint8(255))
        for one in read_labels(part.labels, ranked)
    }
    for row in Pool.open(str(layout.pool), IN_A_RUN).fetch(ranked):
        image, prediction = _seen(loaded, row, config.train.precision)
        size = (prediction.shape[0], prediction.shape[1])
        suspects = [
            (rank, _reduced(one, config.data.size, size)) for rank, one in ranked[row.image_id]
        ]
        shown = visible(image, loaded.pixels.show)
        label = resize_mask(labels[row.image_id], size)
        yield row.image_id, _figure(loaded, suspects, shown, label, prediction)


def _seen(loaded: LoadedModel, row: PoolRow, precision: Precision) -> tuple[np.ndarray, np.ndarray]:
    """The picture and the classes at the working size; scenes are reduced."""
    if loaded.scene is None:
        image = decode_image(row.data, loaded.size, row.max_megapixels, loaded.pixels)
        images_BDHW = to_tensor([image]).to(loaded.model.device)
        classes_BHW = predict_classes(loaded.model, images_BDHW, precision)
        return image, classes_BHW[0].byte().cpu().numpy()
    scene = Scene(row.source, loaded.working_size, loaded.pixels, row.max_megapixels)
    size = reduced_size(scene.size, SCENE_SIDE)
    classes_HW = resize_mask(predict_picture(loaded, scene, precision).ids, size)
    return scene.resized(size).whole(), classes_HW


def _reduced(one: Found, whole: tuple[int, int], size: tuple[int, int]) -> Found:
    """With its box in a picture of `size`."""
    s = one.suspect
    row, col, height, width = reduced_box((s.row, s.col, s.height, s.width), whole, size)
    return replace(one, suspect=replace(s, row=row, col=col, height=height, width=width))


def _figure(
    loaded: LoadedModel,
    suspects: Sequence[tuple[int, Found]],
    image: np.ndarray,
    label: np.ndarray,
    prediction: np.ndarray,
) -> bytes:
    names, palette = loaded.class_names, loaded.palette
    legend: list[tuple[str, RGB]] = [
        *zip([legend_name(name) for name in names], palette, strict=True),
        ("unlabelled", UNLABELLED), ("not as labelled", rgb(WRONG)), ("as labelled", rgb(RIGHT)),
        ("no label", rgb(UNKNOWN)),
    ]  # fmt: skip
    height, width = image.shape[:2]
    said = [
        f"{rank}: labelled {names[one.suspect.given]}, looks like {names[one.suspect.predicted]}"
        f" ({one.suspect.pixels} pixels"
        + ("" if one.suspect.wrong is None else f", {100 * one.suspect.wrong:.0f} % wrong")
        + ")"
        for rank, one in suspects
    ]
    title = short_id(suspects[0][1].image_id)
    if suspects[0][1].seen:
        title += "   (the model was trained on this label)"
    rows = -(-len(legend) // LEGEND_COLUMNS) + len(said)
    size = (4 * PANEL_INCHES, PANEL_INCHES * height / width + 0.8 + 0.24 * rows)
    with figure_style():
        figure = Figure(figsize=size, layout="constrained")
        figure.suptitle("\n".join([title, *said]), fontsize=10, x=0.005, ha="left")
        axes = figure.subplots(1, 4)
        show(axes[0], "Image", image)
        show(axes[1], "Label", colour(label, palette))
        show(axes[2], "Prediction", colour(prediction, palette))
        show(axes[3], "Differences", errors(prediction, label))
        for panel in axes:
            for rank, one in suspects:
                _outline(panel, rank, one)
        add_legend(figure, legend, LEGEND_COLUMNS)
        return png(figure)


def _outline(axes: Axes, rank: int, one: Found) -> None:
    """A box around a suspect, black and white so that it is seen on every colour."""
    s = one.suspect
    for width, tone, style in ((2.2, "#000000", "-"), (1.0, OUTLINE, "-")):
        axes.add_patch(
            Rectangle(
                (s.col - 0.5, s.row - 0.5), s.width, s.height, fill=False, edgecolor=tone,
                linewidth=width, linestyle=style,
            )
        )  # fmt: skip
    # The number is above the box, or below it at the top of the image.
    above = s.row > NUMBER_ROOM * axes.get_ylim()[0]
    axes.annotate(
        str(rank), (s.col, s.row if above else s.row + s.height), (0, 3 if above else -3),
        textcoords="offset points", fontsize=7, va="bottom" if above else "top",
        color="#000000", bbox={"facecolor": OUTLINE, "edgecolor": "none", "pad": 0.8},
    )  # fmt: skip
