"""What was measured, as it is stored: records of arms, curves and runs, and their file.

Storage knows no conclusions: verdicts, maps and curves are read off these records
elsewhere. The file is JSON made from the data classes.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from prompt_or_tune.decision.costs import ArmCosts
from prompt_or_tune.decision.provenance import MadeWith
from prompt_or_tune.files import write_atomically
from prompt_or_tune.records import EpochRecord
from prompt_or_tune.serialisation import decode, encode
from prompt_or_tune.statistics import Rate, pass_rate, rate_of

RESULTS_FILE = Path(__file__).parent.parent / "results.json"


class RecordError(Exception):
    """Say in one sentence what is wrong with recorded results, and what to do."""


@dataclass(frozen=True)
class Answered:
    """One query of a test with an arm's answer, for people to look at."""

    prompt: str
    answer: str
    correct: bool


@dataclass(frozen=True)
class RuleCount:
    """How many answers satisfied one rule of a brief."""

    name: str
    successes: int
    of: int

    @property
    def rate(self) -> Rate:
        """Return the share with its Wilson interval."""
        return rate_of(self.successes, self.of)


@dataclass(frozen=True)
class ArmResult:
    """What one arm got right on one test, and what it cost.

    `correct` and `form` hold one entry per query of the test, in its order (`form` is
    empty where the task judges no form). Tokens are means per query; `cached_tokens` is
    the part of the prompt that all queries begin with. `seconds_per_query` is timed in
    batches of 32 or more where there are as many queries. `training_flops`,
    `training_tokens` (each token once per epoch) and `training_seconds` are 0 for arms
    that do not train. `labels` is the number of labelled pairs that the arm needs.
    `knobs` says what was chosen on development data, `learning_rate` the rate that was
    chosen by an arm that trains and `loss` the mean loss of its last pass in nats;
    `rules` counts each rule alone where the task's judge is a brief.
    """

    task: str
    test: str
    arm: str
    correct: tuple[bool, ...]
    prompt_tokens: float
    response_tokens: float
    flops_per_query: float
    seconds_per_query: float
    cached_tokens: float = 0.0
    training_flops: float = 0.0
    training_tokens: int = 0
    training_seconds: float = 0.0
    labels: int = 0
    knobs: str = ""
    learning_rate: float | None = None
    loss: float | None = None
    form: tuple[bool, ...] = ()
    rules: tuple[RuleCount, ...] = ()
    examples: tuple[Answered, ...] = ()

    @property
    def rate(self) -> Rate:
        """Return the share of right answers with its Wilson interval."""
        return pass_rate(self.correct)

    @property
    def form_rate(self) -> Rate | None:
        """Return the share of answers of the right form, None where it is not judged."""
        return pass_rate(self.form) if self.form else None

    @property
    def costs(self) -> ArmCosts:
        """Return the arm's use of tokens and labels, to be priced."""
        return ArmCosts(
            self.arm,
            self.prompt_tokens,
            self.response_tokens,
            self.cached_tokens,
            self.training_tokens,
            self.labels,
            tuned=self.training_tokens > 0,
        )


Schedule = Literal["equal steps", "5 epochs", "none"]
"""How long a run trains: as many steps for every n, or five times through the pairs;
"none" for arms that do not train."""


@dataclass(frozen=True)
class CurvePoint:
    """What an arm with n pairs got right on one test, for one seed.

    `training_tokens` counts each token once per time it was read; `seconds` is training
    alone; `loss` the mean of the last pass in nats, `None` for arms that do not train.
    """

    task: str
    test: str
    arm: str
    schedule: Schedule
    n: int
    seed: int
    successes: int
    of: int
    loss: float | None = None
    training_tokens: int = 0
    seconds: float = 0.0

    @property
    def accuracy(self) -> float:
        """Return the share of right answers."""
        return self.successes / self.of


@dataclass(frozen=True)
class DefaultRun:
    """A tuning run of the house voice with default settings: 1000 pairs, 5 epochs.

    `answers` says for each test which answers were right; `seconds` is the wall clock
    with the evaluations after each epoch, the trace's seconds are training alone.
    """

    seed: int
    trace: tuple[EpochRecord, ...]
    answers: tuple[TestAnswers, ...]
    seconds: float

    @property
    def training_seconds(self) -> float:
        """Return the seconds of training, without evaluations."""
        return sum(record.seconds for record in self.trace)


@dataclass(frozen=True)
class TestAnswers:
    """Which answers of one test were right, in the test's order."""

    __test__ = False  # not a test of pytest's

    test: str
    correct: tuple[bool, ...]


@dataclass(frozen=True)
class Results:
    """Everything that `measure` recorded."""

    made_with: MadeWith
    arms: tuple[ArmResult, ...] = ()
    curves: tuple[CurvePoint, ...] = ()
    default_runs: tuple[DefaultRun, ...] = ()

    def arm(self, task: str, test: str, arm: str) -> ArmResult:
        """Return one result; raise RecordError where it was not measured."""
        for result in self.arms:
            if (result.task, result.test, result.arm) == (task, test, arm):
                return result
        raise RecordError(f'"{arm}" was not measured on "{test}" of the task "{task}".')

    def of_task(self, task: str, test: str | None = None) -> tuple[ArmResult, ...]:
        """Return the results of a task, of one test or of all."""
        return tuple(r for r in self.arms if r.task == task and test in (None, r.test))


# ── The file ───────────────────────────────────────────────────────────────────────────


def load_results(path: str | os.PathLike[str] = RESULTS_FILE) -> Results:
    """Load recorded results.

    Raises RecordError: no such file, not JSON, not what `measure` writes.
    """
    path = Path(path)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return decode(Results, data)
    except FileNotFoundError as error:
        raise RecordError(
            f"{path} is not there: `prompt-or-tune measure` makes it."
        ) from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RecordError(
            f"{path} can't be read as recorded results ({error}): "
            "`prompt-or-tune measure` makes it anew."
        ) from error


def save_results(results: Results, path: str | os.PathLike[str] = RESULTS_FILE) -> None:
    """Save results, whole or not at all; raise OSError where that can't be done."""
    write_atomically(Path(path), _format_json(encode(results)))


def _format_json(data: dict[str, Any]) -> str:
    """Return JSON with one line per record, so that a diff shows what has changed."""
    parts = []
    for name, value in data.items():
        text = json.dumps(value)
        if isinstance(value, list) and value:
            text = "[\n  " + ",\n  ".join(map(json.dumps, value)) + "\n ]"
        parts.append(f" {json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"
