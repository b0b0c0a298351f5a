"""What the doctor found: on a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from prompt_or_tune.doctor import Finding
from prompt_or_tune.show.document import Block, Listing, Section, Table


def list_sections(findings: Sequence[Finding]) -> tuple[Section, ...]:
    """Return the findings by group, and at the end what to do about the problems."""
    groups = groupby(findings, key=lambda finding: finding.group)
    return (
        *(Section(group, (_tabulate(list(members)),)) for group, members in groups),
        _list_problems([finding for finding in findings if not finding.well]),
    )


def _tabulate(findings: Sequence[Finding]) -> Table:
    rows = tuple((finding.name, finding.value) for finding in findings)
    amiss = tuple(index for index, each in enumerate(findings) if not each.well)
    return Table("", ("", ""), rows, amiss)


def _list_problems(problems: Sequence[Finding]) -> Section:
    blocks: list[Block] = []
    for finding in problems:
        blocks += [f"{finding.name}: {finding.value}", Listing(f"→ {finding.advice}")]
    return Section(_count_problems(len(problems)), tuple(blocks))


def _count_problems(number: int) -> str:
    if not number:
        return "Nothing is missing."
    return "1 thing needs mending:" if number == 1 else f"{number} things need mending:"


def summarise_findings(findings: Sequence[Finding]) -> dict[str, object]:
    """Return the findings as `{group: {name: value}}`; what is amiss is in "problems"."""
    groups = groupby(findings, key=lambda finding: finding.group)
    values: dict[str, object] = {
        group: {finding.name: finding.value for finding in members}
        for group, members in groups
    }
    problems = [f"{f.name}: {f.value}; {f.advice}" for f in findings if f.advice]
    return values | {"problems": problems}
