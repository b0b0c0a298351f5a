"""Records so far, kept on disk after every step, so that a killed run goes on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prompt_or_tune.decision.provenance import MadeWith
from prompt_or_tune.decision.results import (
    ArmResult,
    CurvePoint,
    DefaultRun,
    RecordError,
    Results,
)
from prompt_or_tune.files import write_atomically
from prompt_or_tune.serialisation import decode, encode


@dataclass(frozen=True)
class Records:
    """What has been measured so far."""

    arms: tuple[ArmResult, ...] = ()
    curves: tuple[CurvePoint, ...] = ()
    default_runs: tuple[DefaultRun, ...] = ()


class Store:
    """Keeps records beside an output file, or without one in memory.

    `plan` is whatever decides on the records (settings, data, model): records of another
    plan are not gone on with.
    """

    def __init__(self, output: Path | None = None, plan: object = None) -> None:
        self._path = output and output.with_name(output.name + ".partial")
        self._key = hashlib.sha256(repr(plan).encode()).hexdigest()
        self.records = self._read() or Records()

    def add(self, **new: tuple[Any, ...]) -> None:
        """Add finished records by kind, and save; raise OSError where that fails."""
        grown = {kind: getattr(self.records, kind) + more for kind, more in new.items()}
        self.records = replace(self.records, **grown)
        if self._path is not None:
            content = {"key": self._key, "records": encode(self.records)}
            write_atomically(self._path, json.dumps(content))

    def keep(self, results: Results, made_with: MadeWith) -> None:
        """Begin with what was recorded before, unless this run has begun already.

        Raises RecordError for the results of other weights.
        """
        if results.made_with.weights != made_with.weights:
            raise RecordError(
                f"There are the results of another model ({results.made_with.model}): "
                "measure all of them again, or name another file."
            )
        if self.records == Records():
            self.add(
                arms=results.arms,
                curves=results.curves,
                default_runs=results.default_runs,
            )

    def find_arm(self, task: str, arm: str) -> tuple[ArmResult, ...]:
        """Return the results of an arm on a task's tests, none if not measured yet."""
        wanted = (task, arm)
        return tuple(r for r in self.records.arms if (r.task, r.arm) == wanted)

    def find_points(self, task: str) -> set[tuple[str, str, int, int]]:
        """Return arm, schedule, n and seed of the points of a task's curves so far."""
        return {
            (point.arm, point.schedule, point.n, point.seed)
            for point in self.records.curves
            if point.task == task
        }

    def remove(self) -> None:
        """Remove the file: the results are complete, and saved elsewhere."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _read(self) -> Records | None:
        """Return what an earlier run with the same plan left, else None."""
        if self._path is None:
            return None
        try:
            data = json.loads(self._path.read_text(encoding="utf-8"))
            if data["key"] != self._key:
                return None
            records: Records = decode(Records, data["records"])
            return records
        except (OSError, ValueError, TypeError, KeyError):
            return None  # nothing there, or nothing of use: begin anew
