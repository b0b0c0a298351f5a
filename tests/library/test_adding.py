"""A new arm is one file, and so is a new task: what CONTRIBUTING.md says, done here."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_or_tune import figures
from prompt_or_tune.decision import arms, tasks
from prompt_or_tune.decision.asking import ArmSettings
from prompt_or_tune.decision.costs import Prices
from prompt_or_tune.decision.recording import MeasurePlan, measure
from prompt_or_tune.decision.results import load_results
from prompt_or_tune.decision.tasks.voice import VOICE
from prompt_or_tune.decision.verdict import judge_task
from prompt_or_tune.show.results import tabulate_query_costs

from tests.tiny_models import build_llama

SHOUTING = '''
from prompt_or_tune.decision.arms.arm import PromptingArm
from prompt_or_tune.decision.asking import Way


class Shouting(PromptingArm):
    """Ask in capitals."""

    name = "shouting"
    title = "shouted prompt"
    place = 15

    def list_ways(self, model, data, settings):
        return [Way(lambda query: query.bare.upper())]


SHOUTING = Shouting()
'''

ECHO = '''
from prompt_or_tune.decision.arms.arm import Rival
from prompt_or_tune.decision.arms.bare import BARE
from prompt_or_tune.decision.claims import Claim
from prompt_or_tune.decision.queries import Query, TaskData, Test
from prompt_or_tune.decision.tasks.task import Task
from prompt_or_tune.scoring import Exact


class Parrot(Rival):
    """Say what was said."""

    name = "parrot"
    title = "parrot"
    place = 200

    def answer(self, training, queries):
        return [query.bare for query in queries]


class Echo(Task):
    """Say the word again."""

    place = 99
    name = "echo"
    title = "The echo"
    wanted = "The word, once more."
    hypothesis = "A parrot is right every time."
    expected_winner = BARE
    rivals = (Parrot(),)
    decisive = ("words",)

    def build(self, model, seed):
        def ask(*words):
            return tuple(Query(w, w, "", w, (w, f"{w}!"), Exact(w), w) for w in words)

        return TaskData(
            name="echo",
            training=ask("one", "two", "three", "four"),
            development=ask("five", "six"),
            tests=(Test("words", ask("seven", "eight", "nine")),),
            max_new_tokens=4,
        )

    def list_claims(self, table):
        right = table.of("words", self.rivals[0]).rate
        return [Claim("a parrot is right every time", right.rate == 1, str(right))]


ECHO = Echo()
'''


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """Put a file beside those of a package, as if it stood there."""
    added = []

    def add(package, name: str, text: str) -> None:
        folder = tmp_path / package.__name__
        folder.mkdir()
        (folder / f"{name}.py").write_text(text)
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
        added.append(f"{package.__name__}.{name}")
        forget()

    def forget() -> None:
        arms.list_arms.cache_clear()
        tasks.list_tasks.cache_clear()

    yield add
    monkeypatch.undo()
    for module in added:
        sys.modules.pop(module, None)
    forget()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    from prompt_or_tune.models import load_model

    folder = build_llama(tmp_path_factory.mktemp("llama"), max_position_embeddings=1024)
    return load_model(folder)


def run(model, folder: Path, task: str):
    quick = ArmSettings(few_shot_counts=(1,), steps=1)
    plan = MeasurePlan((task,), quick, {}, (), development=2, test=3)
    return measure(
        model, folder / "results.json", adapter_folder=folder / "adapter", plan=plan
    )


@pytest.mark.slow
def test_a_new_arm_is_measured_drawn_priced_and_judged(add, tiny, tmp_path):
    add(arms, "shouting", SHOUTING)
    results = run(tiny, tmp_path, "voice")
    assert load_results(tmp_path / "results.json") == results
    found = results.of_task("voice", VOICE.decisive[0])
    assert [result.arm for result in found][:3] == ["bare", "shouting", "engineered"]
    shouted = next(result for result in found if result.arm == "shouting")
    assert shouted.examples[0].prompt.startswith("DESCRIBE")
    assert "shouted prompt" in figures.draw_arms(found).alt
    assert "shouting" in [row[0] for row in tabulate_query_costs(found, Prices()).rows]
    recommended = judge_task(VOICE, results.arms).recommendation
    assert "shouting" in {row.arm for row in recommended.comparisons}


@pytest.mark.slow
def test_a_new_task_is_measured_drawn_and_judged(add, tiny, tmp_path):
    add(tasks, "echo", ECHO)
    results = run(tiny, tmp_path, "echo")
    echo = tasks.find_task("echo")
    assert {result.arm for result in results.arms} == {a.name for a in echo.contestants}
    verdict = judge_task(echo, results.arms)
    assert [claim.held for claim in verdict.claims if "parrot" in claim.text] == [True]
    assert "The echo" in figures.draw_results(results.arms, [verdict]).alt
