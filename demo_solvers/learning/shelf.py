"""Shelf: skills that were learned for stages, kept in a folder with their measured success, offered to stages alike.

A skill is two files: ``NAME.json`` says what it is for and how it did, ``NAME-WEIGHTS.npz`` holds its policy. The JSON
is written last, so a skill is there whole or not at all. Nothing in either is run.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from demo_solvers.learning.learned_skill import LearnedSkill, SkillKey, key_of, renamed, roles_of
from demo_solvers.learning.observing import SIGHT
from demo_solvers.learning.policy import LocalPolicy
from demo_solvers.learning.stage import LearnedStage
from pipeline.core.errors import InvalidInputError, OutputError
from pipeline.core.files import write_atomically
from pipeline.core.program import Stage
from pipeline.core.scene import SceneSpec


@dataclass(frozen=True, eq=False)
class Offer:
    """A skill for a stage: ``stage`` has the names of the scene's things; ``exact`` where the assets are the same."""

    skill: LearnedSkill
    stage: LearnedStage
    policy: LocalPolicy
    exact: bool


@dataclass(frozen=True)
class Shelf:
    """Skills in the folder ``root``, which need not be there yet."""

    root: Path

    def find(self, stage: Stage, learned: LearnedStage, scene: SceneSpec) -> tuple[Offer, ...]:
        """Skills for a stage of a program, those learned with the same assets first, then the surest.

        ``learned`` says what is to be reached and with what; an offer's own stage says what its policy moves and sees.
        Policies that see something else than policies do now are left out. Raises :class:`InvalidInputError` for files
        that cannot be read.
        """
        key, names = key_of(stage, learned, scene), roles_of(learned, scene)
        alike = [skill for skill in self.skills() if skill.key.is_like(key) and skill.sight == SIGHT]
        alike.sort(key=lambda skill: (skill.key != key, -skill.worth, skill.training))
        back = {role: name for name, role in names.items()}
        return tuple(
            Offer(s, renamed(s.stage, back, learned.name), self._policy(s), s.key == key) for s in alike if s.reached
        )

    def put(self, skill: LearnedSkill, policy: LocalPolicy) -> bool:
        """Keep a skill, unless one with the same key is measured as well and can still be used.

        Raises :class:`OutputError`.
        """
        content = policy.content
        named = skill.model_copy(update={"policy": hashlib.sha256(content).hexdigest()})
        try:
            with self._locked():
                held = self._held(skill.key)
                if held is not None and held.worth >= skill.worth and held.sight >= skill.sight:
                    return False
                write_atomically(self._weights(named), content)
                write_atomically(self._card(named.key), named.model_dump_json(indent=1))
                if held is not None and held.policy != named.policy:
                    self._weights(held).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"Cannot keep a skill in {str(self.root)!r}: {error.strerror or error}.") from error
        return True

    def take(self, other: Shelf, *, engine: str = "") -> int:
        """Keep what another shelf has, marked with ``engine`` where it does not say; how many were better or new."""
        taken = 0
        for skill in other.skills():
            marked = skill.model_copy(update={"engine": skill.engine or engine})
            taken += self.put(marked, other._policy(skill))
        return taken

    def skills(self) -> tuple[LearnedSkill, ...]:
        """All skills, by name; raises :class:`InvalidInputError` for a file that cannot be read."""
        return tuple(_read(path) for path in sorted(self.root.glob("*.json")))

    def check(self) -> None:
        """Read everything; raises :class:`InvalidInputError` for a file that cannot be read."""
        for skill in self.skills():
            self._policy(skill)

    @property
    def digest(self) -> str:
        """Short content address; empty for an empty shelf."""
        text = "\n".join(skill.model_dump_json() for skill in self.skills())
        return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""

    def _held(self, key: SkillKey) -> LearnedSkill | None:
        card = self._card(key)
        return _read(card) if card.exists() else None

    def _policy(self, skill: LearnedSkill) -> LocalPolicy:
        path = self._weights(skill)
        try:
            changed = hashlib.sha256(path.read_bytes()).hexdigest() != skill.policy
            policy = LocalPolicy.load(path)
        except (OSError, InvalidInputError) as error:
            raise InvalidInputError(self._broken(path, skill, _why(error))) from error
        if changed:
            raise InvalidInputError(self._broken(path, skill, "they have changed"))
        return policy

    def _broken(self, path: Path, skill: LearnedSkill, why: str) -> str:
        card = str(self._card(skill.key))
        return (
            f"Weights of a learned skill {str(path)!r} cannot be used: {why}. Remove {card!r}, or give another folder."
        )

    def _card(self, key: SkillKey) -> Path:
        return self.root / f"{_name(key)}.json"

    def _weights(self, skill: LearnedSkill) -> Path:
        return self.root / f"{_name(skill.key)}-{skill.policy[:12]}.npz"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _name(key: SkillKey) -> str:
    words = "-".join(re.sub(r"[^a-z0-9_]+", "_", word.lower())[:30] for word in (key.skill, *key.assets[:1]))
    return f"{words}-{hashlib.sha256(key.model_dump_json().encode()).hexdigest()[:12]}"


def _read(path: Path) -> LearnedSkill:
    try:
        skill = LearnedSkill.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise InvalidInputError(
            f"Learned skill {str(path)!r} cannot be read: {_why(error)}. Remove it, or give another folder."
        ) from error
    if path.stem != _name(skill.key):
        raise InvalidInputError(f"Learned skill {str(path)!r} is of another stage than its name says; remove it.")
    return skill


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
    return str(error).rstrip(".") or type(error).__name__
