"""What a class.toml says: modes, limits, dates, and where the grades are kept."""

from __future__ import annotations

import tomllib
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from autograde.classroom.late_policy import LatePolicy
from autograde.errors import AutogradeError
from autograde.submission_records import Limits, Mode


@dataclass(frozen=True)
class Settings:
    """What class.toml says. `gradebook` is a database's URL, empty for the file."""

    course_id: str = ""
    gradebook: str = ""
    seed: int = 0
    mode: Mode = "apart"
    timezone: str = "UTC"
    modes: Mapping[str, Mode] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    limits_of: Mapping[str, Limits] = field(default_factory=dict)
    late: LatePolicy = field(default_factory=LatePolicy)


def read_settings(path: Path) -> Settings:
    """Return what a class.toml says.

    Raises `AutogradeError` with the place of what can't be read or means nothing.
    """
    try:
        return _read(tomllib.loads(path.read_text(encoding="utf-8")))
    except (
        OSError,
        ValueError,  # also of tomllib, and of an unknown time zone
        TypeError,
        AttributeError,
        zoneinfo.ZoneInfoNotFoundError,
    ) as error:
        raise AutogradeError(f"{path} can't be used: {error}.") from None


def _read(said: dict[str, Any]) -> Settings:
    zone = zoneinfo.ZoneInfo(said.get("timezone", "UTC"))
    limits = said.pop("limits", {})
    of_one = {k: v for k, v in limits.items() if isinstance(v, dict)}
    of_all = _build(
        Limits, {k: v for k, v in limits.items() if k not in of_one}, "limits"
    )
    late = said.pop("late", {})
    dates = {
        "due": _read_dates(late.pop("due", {}), zone),
        "extensions": {
            student: _read_dates(dates, zone)
            for student, dates in said.pop("extensions", {}).items()
        },
    }
    parts = {
        "limits": of_all,
        "limits_of": {
            name: _build(Limits, each, f'limits."{name}"', of_all)
            for name, each in of_one.items()
        },
        "late": _build(LatePolicy, {**late, **dates}, "late"),
    }
    return _build(Settings, {**said, **parts}, "")


def _build(kind: type, said: Mapping[str, Any], table: str, base: Any = None) -> Any:
    """Return a dataclass with what is said; raise `ValueError` for an unknown word."""
    base = base or kind()
    for name, value in said.items():
        known = [f.name for f in fields(kind)]
        where = f"[{table}] {name}" if table else name
        if name not in known:
            raise ValueError(f"{where} is no setting; there are {', '.join(known)}")
        wanted = type(getattr(base, name))
        number = wanted in (int, float) and type(value) in (int, float)
        if not number and not isinstance(value, wanted):
            raise ValueError(f"{where} must be of the kind {wanted.__name__}")
        if number and value < 0:
            raise ValueError(f"{where} must not be negative")
        modes = value.values() if name == "modes" else [value] if name == "mode" else ()
        if any(mode not in ("apart", "together") for mode in modes):
            raise ValueError(f'{where} must be "apart" or "together"')
    return replace(base, **said)


def _read_dates(said: Mapping[str, Any], zone: zoneinfo.ZoneInfo) -> dict[str, datetime]:
    for name, value in said.items():
        if not isinstance(value, datetime):
            raise ValueError(
                f"the date of {name} must be a date with a time, without quotes, such as "
                "2030-01-31T23:59:00"
            )
    return {k: v if v.tzinfo else v.replace(tzinfo=zone) for k, v in said.items()}
