"""An episode as a Rerun recording: robot, objects, cameras with their pictures, actions, states, stages over time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import InvalidInputError
from pipeline.core.kinematics import link_poses
from pipeline.dataset.frames import camera_spec
from pipeline.dataset.reader import StoredEpisode

APPLICATION = "taskloom"
JPEG = 92
TOOL_AXES = 0.08  # m
BONE = 0.012  # m, radius of the lines between links
LINKS, OBJECTS = (90, 110, 160), (214, 150, 60)


def write_recording(episode: StoredEpisode, out: Path) -> None:
    """Write ``out`` (.rrd), which the Rerun viewer opens; raises :class:`InvalidInputError` without rerun-sdk."""
    try:
        import rerun as rr
    except ImportError as error:
        raise InvalidInputError(
            "rerun-sdk is not installed: pip install 'taskloom[view]', or ask for an MP4."
        ) from error
    out.parent.mkdir(parents=True, exist_ok=True)
    tmp = out.with_name(f".{out.name}.tmp")
    recording = rr.RecordingStream(APPLICATION, recording_id=episode.id)
    try:
        recording.save(tmp)
        _Recorder(rr, recording, episode).everything()
        recording.flush()
        recording.disconnect()
        tmp.replace(out)
    finally:
        tmp.unlink(missing_ok=True)


class _Recorder:
    def __init__(self, rr: Any, recording: Any, episode: StoredEpisode) -> None:
        self.rr, self.recording, self.episode = rr, recording, episode
        self.times = [
            rr.TimeColumn("time", duration=episode.arrays["timestamp"]),
            rr.TimeColumn("step", sequence=np.arange(episode.length)),
        ]

    def everything(self) -> None:
        """All that there is to see."""
        rr, episode = self.rr, self.episode
        self.recording.log("world", rr.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
        told = (
            f"# {episode.task.name}\n\n{episode.instruction}\n\ngoal: `{episode.task.goal}`\n\nsolver: {episode.solver}"
        )
        self.recording.log("task", rr.TextDocument(told, media_type="text/markdown"), static=True)
        self._robot()
        self._objects()
        for camera in episode.reader.attrs["cameras"]:
            self._camera(camera)
        self._curves()

    def _robot(self) -> None:
        rr, state = self.rr, self.episode.arrays["state"]
        robot = self.episode.scene.robot
        poses = link_poses(robot, state)
        bones = [[robot.base_link, *(j.link for j in arm.arm), arm.tool_link] for arm in robot.arms]
        chains = [np.stack([poses[link][:, :3] for link in links], axis=1) for links in bones]  # (time, links, 3) each
        strips = rr.LineStrips3D.columns(strips=[[chain[t] for chain in chains] for t in range(self.episode.length)])
        self._send("world/robot/chain", strips)
        self.recording.log("world/robot/chain", rr.LineStrips3D.from_fields(colors=[LINKS], radii=[BONE]), static=True)
        self._pose("world/robot/tool", self.episode.arrays["ee_pose"])
        self.recording.log("world/robot/tool", rr.TransformAxes3D(TOOL_AXES), static=True)
        path = self.episode.arrays["ee_pose"][:, :3]
        self.recording.log("world/robot/path", rr.LineStrips3D([path], radii=[0.002]), static=True)

    def _objects(self) -> None:
        rr, poses = self.rr, self.episode.arrays["object_pose"]
        cards = {p.name: p.asset for p in self.episode.scene.placements}
        for k, body in enumerate(self.episode.record.bodies):
            where = f"world/objects/{body}"
            self._pose(where, poses[:, k])
            name, _, link = body.partition("/")
            shape = cards[name].links.get(link) if name in cards else None
            if shape is not None:
                x, y, z, qw, qx, qy, qz = shape.bounds.pose
                turn = rr.Quaternion(xyzw=[qx, qy, qz, qw])
                half = [shape.bounds.half]
                box = rr.Boxes3D(
                    centers=[(x, y, z)], half_sizes=half, quaternions=[turn], colors=[OBJECTS], labels=[body]
                )
                self.recording.log(f"{where}/box", box, static=True)

    def _camera(self, camera: str) -> None:
        rr, arrays, names = self.rr, self.episode.arrays, self.episode.reader.names
        spec, where = camera_spec(self.episode.scene, camera), f"world/cameras/{camera}"
        pinhole = rr.Pinhole(image_from_camera=spec.intrinsics, resolution=[spec.width, spec.height])
        self.recording.log(where, pinhole, static=True)
        matrices = arrays[f"cam_T_{camera}"]
        self._send(where, rr.Transform3D.columns(translation=matrices[:, :3, 3], mat3x3=matrices[:, :3, :3]))
        for channel in ("rgb", "depth", "seg"):
            if f"{channel}_{camera}" in names:
                self._pictures(f"{where}/{channel}", channel, arrays[f"{channel}_{camera}"])

    def _pictures(self, where: str, channel: str, film: NDArray[Any]) -> None:
        rr, times = self.rr, self.episode.arrays["timestamp"]
        for step, image in enumerate(film):
            self.recording.set_time("time", duration=float(times[step]))
            self.recording.set_time("step", sequence=step)
            if channel == "rgb":
                self.recording.log(where, rr.Image(image).compress(jpeg_quality=JPEG))
            elif channel == "depth":
                self.recording.log(where, rr.DepthImage(image, meter=1000.0))
            else:
                self.recording.log(where, rr.SegmentationImage(image))
        self.recording.reset_time()

    def _curves(self) -> None:
        arrays, names = self.episode.arrays, self.episode.scene.robot.action_names
        for kind in ("action", "state"):
            for column, name in enumerate(names):
                self._scalar(f"{kind}/{name}", arrays[kind][:, column])
        for name in ("progress", "reward", "stage"):
            self._scalar(name, arrays[name])
        stage = arrays["stage"]
        for step in np.flatnonzero(np.diff(stage, prepend=-1)):
            self.recording.set_time("time", duration=float(arrays["timestamp"][step]))
            self.recording.set_time("step", sequence=int(step))
            stages = self.episode.stage_names
            text = stages[stage[step]] if stage[step] < len(stages) else str(stage[step])
            self.recording.log("stages", self.rr.TextLog(text))
        self.recording.reset_time()

    def _scalar(self, where: str, values: NDArray[Any]) -> None:
        self._send(where, self.rr.Scalars.columns(scalars=np.asarray(values, np.float64)))

    def _pose(self, where: str, poses: NDArray[Any]) -> None:
        quaternions = poses[:, [4, 5, 6, 3]]  # x y z w
        self._send(where, self.rr.Transform3D.columns(translation=poses[:, :3], quaternion=quaternions))

    def _send(self, where: str, columns: Any) -> None:
        self.recording.send_columns(where, indexes=self.times, columns=columns)
