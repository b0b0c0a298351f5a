"""Late submissions: when each was due, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

DAY = 86_400.0  # seconds


@dataclass(frozen=True)
class LatePolicy:
    """A class's rules; `extensions` maps student, then assignment, to a later date.

    Dates have a time zone. The penalty for each day begun is `percent_per_day` of a
    notebook's maximum plus `points_per_day`, in all at most `cap_percent` of the maximum.
    """

    due: Mapping[str, datetime] = field(default_factory=dict)
    extensions: Mapping[str, Mapping[str, datetime]] = field(default_factory=dict)
    grace_minutes: float = 0.0
    percent_per_day: float = 0.0
    points_per_day: float = 0.0
    cap_percent: float = 100.0

    def find_due(self, student: str, assignment: str) -> datetime | None:
        """Return when an assignment is due for a student; None where no date is set."""
        extended = self.extensions.get(student, {}).get(assignment)
        return extended or self.due.get(assignment)

    def find_penalty(
        self, seconds_late: float, *, points: float, max_points: float
    ) -> float:
        """Return the points that a notebook loses: never more than it has."""
        if seconds_late <= self.grace_minutes * 60:
            return 0.0
        days = ceil(seconds_late / DAY)
        asked = days * (self.percent_per_day / 100 * max_points + self.points_per_day)
        most = self.cap_percent / 100 * max_points
        return max(0.0, min(asked, most, points))
