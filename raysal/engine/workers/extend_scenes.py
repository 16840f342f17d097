"""Label extension in scenes by a single worker, tile by tile.

What lies in the core of a tile takes over labels from annotated cells anywhere in that tile, its
overlap included, but from none beyond: to compare each cell of a scene with all annotated ones
would take far too long. With an overlap of at least twice `cle.radius`, every label reaches as far
as the radius.
"""

from __future__ import annotations

import numpy as np

from raysal.data.decode import IGNORE
from raysal.data.labels import ANNOTATOR, EXTENDED, NONE, LabelledImage, read_merged
from raysal.data.scene import Scene
from raysal.engine.jobs import CalibrateJob, ExtendJob
from raysal.engine.workers.calibrate import CalibrateWorker
from raysal.engine.workers.extend import Extended, ExtendWorker
from raysal.engine.workers.scenes import SceneWorker
from raysal.regions.calibrate import Tally, counts_shape


class SceneExtendWorker(SceneWorker[ExtendJob, Extended], ExtendWorker):
    """As `ExtendWorker`, for scenes."""

    def scene(self, image_id: str, scene: Scene) -> Extended:
        """Extend in those tiles in which something is annotated and something is not."""
        known = read_merged(self.job.label_folders, [image_id])[image_id]
        label_HW = np.full(known.label.shape, IGNORE, np.uint8)
        refused_C = np.zeros(self.job.classes, np.int64)
        for tile in self.tiling:
            of_tile = LabelledImage(image_id, known.label[tile.whole], known.source[tile.whole])
            annotated = of_tile.source == ANNOTATOR
            if not annotated.any() or annotated[tile.in_tile].all():
                continue
            image = scene.window((tile.row, tile.col, tile.height, tile.width))
            found = self.extend(of_tile, image, tile.in_tile)
            label_HW[tile.in_scene] = found.labelled.label[tile.in_tile]
            refused_C += found.refused_C
        source_HW = np.where(label_HW != IGNORE, EXTENDED, NONE).astype(np.uint8)
        return Extended(LabelledImage(image_id, label_HW, source_HW), refused_C)


class SceneCalibrateWorker(SceneWorker[CalibrateJob, Tally | None], CalibrateWorker):
    """As `CalibrateWorker`, for scenes: the regions are those of the whole scene's map."""

    def scene(self, image_id: str, scene: Scene) -> Tally:
        """Count in the tiles in which a region lies; each hidden pixel counts once."""
        job = self.job
        known = read_merged(job.label_folders, [image_id])[image_id]
        if job.truth_folders:
            truths = read_merged(job.truth_folders, [image_id])[image_id].label
        else:
            truths = known.label
        shown_HW = self.shown(image_id, scene)
        counts = np.zeros(counts_shape(job.extend), np.int64)
        hidden = int((~shown_HW & (truths != IGNORE)).sum())
        for tile in self.tiling:
            shown = shown_HW[tile.whole]
            if not shown.any():
                continue
            truth = truths[tile.whole].copy()
            beside = ~shown
            beside[tile.in_tile] = False
            truth[beside] = IGNORE  # Counted in the tile to whose core it belongs.
            image = scene.window((tile.row, tile.col, tile.height, tile.width))
            counts += self.count(known.label[tile.whole], truth, shown, image).counts
        return Tally(counts, hidden)
