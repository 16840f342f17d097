"""Picking regions in scenes by a single worker: in the map of the whole scene, so that a region may
lie across the borders of tiles."""

from __future__ import annotations

from raysal.acquisition.selection.region_parts import RegionResult
from raysal.data.labels import read_merged
from raysal.data.scene import Scene
from raysal.engine.jobs import RegionJob
from raysal.engine.workers.regions import RegionWorker
from raysal.engine.workers.scenes import SceneWorker


class SceneRegionWorker(SceneWorker[RegionJob, RegionResult], RegionWorker):
    """As `RegionWorker`, for scenes."""

    def scene(self, image_id: str, scene: Scene) -> RegionResult:
        """Its regions."""
        label = read_merged(self.job.label_folders, [image_id]).get(image_id)
        return self.pick(image_id, scene, label)
