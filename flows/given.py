"""What a run is given beside its configuration: memory, skills, experience and pictures, known by their content."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from demo_solvers.learning.shelf import Shelf
from demo_solvers.memory import Memory
from demo_solvers.path3d.experience import Experiences
from flows.config import RunConfig
from flows.experience import experience_for
from flows.folder import RunFolder
from flows.reference_pictures import digest_of_pictures, keep_pictures, pictures_for
from flows.refining import memory_for
from flows.skills import digest_of, keep_given, skills_for
from flows.staffing import check_belongings


@dataclass(frozen=True, eq=False)
class Given:
    """What a run begins with; a run that goes on has what it began with."""

    memory: Memory
    skills: Shelf | None
    experience: Experiences
    pictures: Path | None

    @staticmethod
    def to(
        out: Path,
        *,
        memory: Path | None,
        skills: Path | None,
        experience: Path | None,
        pictures: Path | None,
        remember_skills: bool = False,
        remember_experience: bool = False,
    ) -> Given:
        """What the run in ``out`` is given; raises :class:`InvalidInputError` for what is not sound."""
        return Given(
            memory_for(out, memory),
            skills_for(out, skills, remember=remember_skills),
            experience_for(out, experience, remember=remember_experience),
            pictures_for(out, pictures),
        )

    def told(self, config: RunConfig) -> RunConfig:
        """The configuration with the digests of all of it.

        Raises :class:`InvalidInputError` for what its solver can do nothing with.
        """
        known = {
            "memory": self.memory.digest,
            "skills": digest_of(self.skills),
            "experience": self.experience.digest,
            "pictures": digest_of_pictures(self.pictures),
        }
        config = config.model_copy(update=known)
        check_belongings(config)
        return config

    def keep(self, folder: RunFolder, config: RunConfig) -> None:
        """Write all of it into the run's folder; raises :class:`OutputError`."""
        if self.memory.lines:
            self.memory.write(folder.memory)
        keep_given(self.skills, folder, digest=config.skills)
        if self.experience.lines:
            self.experience.write(folder.given_experience)
        keep_pictures(self.pictures, folder, digest=config.pictures)
