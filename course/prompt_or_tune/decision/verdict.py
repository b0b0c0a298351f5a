"""Hold each task's hypothesis against its results: winner, foils, claim by claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prompt_or_tune.decision.arms import find_arm
from prompt_or_tune.decision.arms.arm import Arm
from prompt_or_tune.decision.claims import Claim, ResultTable, find_crossover
from prompt_or_tune.decision.recommendation import (
    Candidate,
    Flip,
    Recommendation,
    recommend,
)
from prompt_or_tune.decision.results import ArmResult, CurvePoint, Results
from prompt_or_tune.decision.tasks import list_tasks
from prompt_or_tune.decision.tasks.task import Task
from prompt_or_tune.statistics import Rate


@dataclass(frozen=True)
class FoilCheck:
    """A foil on one test, and whether its interval lies below the winner's."""

    test: str
    foil: str
    rate: Rate
    separated: bool


@dataclass(frozen=True)
class Verdict:
    """What the results say of a task; it `held` only if every claim did.

    `flips` says what would change the winner: the recommendation's flips and, where a
    tuned arm wins and its learning curve is known, having too few pairs.
    """

    task: str
    title: str
    hypothesis: str
    winner: str
    expected_winner: str
    recommendation: Recommendation
    foils: tuple[FoilCheck, ...]
    rivals_as_good: tuple[str, ...]
    flips: tuple[Flip, ...]
    claims: tuple[Claim, ...]

    @property
    def held(self) -> bool:
        """Return whether the expected arm won and every claim held."""
        return all(claim.held for claim in self.claims)

    @property
    def foils_separated(self) -> bool:
        """Return whether every foil's interval lies below the winner's."""
        return all(check.separated for check in self.foils)

    @property
    def sentence(self) -> str:
        """Return the verdict in a sentence."""
        failed = [claim for claim in self.claims if not claim.held]
        if not failed:
            return f"{self.title}: {self.winner} wins; the hypothesis held."
        listed = "; ".join(f"{claim.text} ({claim.evidence})" for claim in failed)
        return f"{self.title}: {self.winner} wins; the hypothesis did not hold: {listed}."


def judge_task(
    task: Task,
    results: Sequence[ArmResult],
    curves: Sequence[CurvePoint] = (),
) -> Verdict:
    """Return a task's verdict from its results on all tests and its learning curves.

    The winner is the cheapest arm among those that are on no decisive test significantly
    below the best. Rivals without a model are no candidates: what equals the
    winner is listed. Raises ValueError where an arm or a test is missing.
    """
    table = ResultTable(task.name, results, curves)
    found = recommend(_list_candidates(task, table), title_of=task.title_of)
    winner = find_arm(found.arm)
    expected = task.expected_winner.name if task.expected_winner else ""
    return Verdict(
        task=task.name,
        title=task.title,
        hypothesis=task.hypothesis,
        winner=task.title_of(winner.name),
        expected_winner=task.title_of(expected) if expected else "",
        recommendation=found,
        foils=_check_foils(task, table, winner),
        rivals_as_good=_find_equal_rivals(task, table, winner),
        flips=(*found.flips, *_flip_by_pairs(task, table, winner)),
        claims=(_claim_winner(task, found), *task.list_claims(table)),
    )


def judge_all(results: Results) -> tuple[Verdict, ...]:
    """Return the verdict of every task of the course, from the recorded results."""
    return tuple(judge_task(task, results.arms, results.curves) for task in list_tasks())


def _list_candidates(task: Task, table: ResultTable) -> list[Candidate]:
    """Return the arms with a model, as candidates over the decisive tests."""
    found = []
    for arm in _list_measured(task, table, task.arms):
        tests = [table.of(test, arm) for test in task.decisive]
        found.append(Candidate(tests[0].costs, tuple(r.correct for r in tests)))
    if not found:
        raise ValueError(f'There are no results for the task "{task.name}".')
    return found


def _list_measured(task: Task, table: ResultTable, arms: Sequence[Arm]) -> list[Arm]:
    """Return those of the arms that were measured on all decisive tests."""
    return [a for a in arms if all(table.has(test, a) for test in task.decisive)]


def _check_foils(task: Task, table: ResultTable, winner: Arm) -> tuple[FoilCheck, ...]:
    return tuple(
        FoilCheck(
            test,
            foil.name,
            table.of(test, foil).rate,
            table.is_separated(test, foil, winner),
        )
        for test in task.decisive
        for foil in task.foils.get(test, ())
        if foil.name != winner.name and table.has(test, foil)
    )


def _find_equal_rivals(task: Task, table: ResultTable, winner: Arm) -> tuple[str, ...]:
    """Return the rivals that are on no decisive test significantly below the winner."""
    return tuple(
        rival.title
        for rival in _list_measured(task, table, task.rivals)
        if all(table.is_as_good(test, rival, winner) for test in task.decisive)
    )


def _flip_by_pairs(task: Task, table: ResultTable, winner: Arm) -> list[Flip]:
    """Return below how many pairs a prompt does as well as the tuned winner, per test."""
    if not winner.trains:
        return []
    flips = []
    for test in task.decisive:
        found = find_crossover(table, test)
        if found is not None and found.pairs is not None:
            words = f"with fewer than about {found.pairs:.0f} pairs ({test})"
            flips.append(Flip(words, found.best_prompt))
    return flips


def _claim_winner(task: Task, found: Recommendation) -> Claim:
    expected = task.expected_winner.name if task.expected_winner else found.arm
    row = found.comparison_of(found.arm)
    return Claim(
        f"{task.title_of(expected)} wins",
        found.arm == expected,
        f"winner: {task.title_of(found.arm)}, {row.rate}",
    )
