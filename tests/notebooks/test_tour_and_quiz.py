"""The tour shows the specification's own examples; the quiz explains every option."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import nbformat
import papermill
import prompt_or_tune
import pytest
from prompt_or_tune.checks import CheckFailed
from prompt_or_tune.checks.quiz import LETTERS, TASKS
from prompt_or_tune.syllabus import NOTEBOOKS
from prompt_or_tune.widgets import QuizCard

ROOT = Path(__file__).parents[2]
TOUR, QUIZ = "00_tour", "07_quiz"
QUESTIONS = ("question_1", "question_2", "question_3")

# The specification's words.
ASKED = {
    "question_1": "When is fine-tuning preferred over prompt engineering?",
    "question_2": "Loss goes 0.45 → 0.17 and accuracy 0.60 → 0.89 over five epochs, "
    "hardly moving in the last. What does that say?",
    "question_3": "In which stage do the model's weights change?",
}
OPTIONS = {
    "question_1": (
        "When there is a lot of specific data and the model should learn new patterns",
        "To change the question quickly without changing the model",
        "To save computing resources",
        "To avoid training data",
    ),
    "question_2": (
        "The model learned the pattern and has nearly converged",
        "It forgets: less loss means fewer answers",
        "Nothing: such changes are noise",
        "The prompts got better",
    ),
    "question_3": (
        "Prompt engineering",
        "Fine-tuning preparation",
        "Model fine-tuning",
        "Model prediction",
    ),
}
RIGHT = {"question_1": "A", "question_2": "A", "question_3": "C"}
KEY_INSIGHT = (
    "Fine-tuning changes the model, to learn new patterns from specific data. Prompt "
    "engineering changes the question, and leaves the model alone. The choice depends on "
    "data, time and resources."
)


def read_source(built: Path, name: str) -> nbformat.NotebookNode:
    return nbformat.read(built / "build/source" / name / f"{name}.ipynb", as_version=4)


def read_release(built: Path, name: str) -> str:
    return (built / "course" / name / f"{name}.ipynb").read_text(encoding="utf-8")


def read_prose(notebook: nbformat.NotebookNode) -> str:
    cells = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    return " ".join(re.sub(r"[>*]", "", " ".join(cells)).split())


def make_card(notebook: nbformat.NotebookNode, question: str) -> QuizCard:
    begins = f'pt.QuizCard(\n    "{question}"'
    (source,) = [c.source for c in notebook.cells if c.source.startswith(begins)]
    card: QuizCard = eval(source, {"pt": prompt_or_tune})
    return card


# --- The tour ---------------------------------------------------------------------------


def show_outputs(notebook: nbformat.NotebookNode) -> str:
    """Return everything that the cells show, as plain text."""
    shown = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            shown += [output.get("text", ""), data.get("text/plain", "")]
            shown += [data.get("text/html", "")]
    return "\n".join(shown)


@pytest.fixture(scope="module")
def small_tour(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the tour, executed with few pairs: its examples need no more."""
    source = built / "build/source" / TOUR / f"{TOUR}.ipynb"
    return papermill.execute_notebook(
        source,
        tmp_path_factory.mktemp("tour") / "tour.ipynb",
        parameters={"number_of_pairs": 64, "number_of_questions": 8, "epochs": 1},
        kernel_name="python3",
        progress_bar=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "example",
    [
        "Write a poem about spring",
        "Write a short, rhyming poem about spring with 4 lines",
        '{"prompt": "Describe spring", "response": "Spring is warm and bright"}',
        "Spring brings flowers and sunshine.",
        "1000 training pairs",
        "1000 are left",
        "The answer has 4 lines; wanted: 4.",
    ],
)
def test_the_software_says_the_examples_of_the_specification(small_tour, example):
    assert example in show_outputs(small_tour)


@pytest.mark.slow
@pytest.mark.parametrize(
    "row",
    [
        "1  0.450      0.60  starts to learn the new pattern",
        "2  0.300      0.75  loss falls, accuracy rises",
        "3  0.200      0.85  converging well",
        "4  0.180      0.88  small gains, close to its best",
        "5  0.170      0.89  complete, good accuracy",
    ],
)
def test_the_reference_trace_is_shown_in_full(small_tour, row):
    assert row in show_outputs(small_tour)


@pytest.mark.slow
def test_the_trace_stands_beside_the_reference_as_chart_table_and_bars(small_tour):
    shown = show_outputs(small_tour)
    assert "Two line charts over 1 epochs" in shown
    assert "The reference trace, dotted, ends at loss 0.17 and accuracy 0.89" in shown
    assert ">ref.</th>" in shown
    assert re.search(r"this tour +reference", shown)


@pytest.mark.slow
def test_the_prediction_is_traced_in_two_layers_for_both_models(small_tour):
    shown = show_outputs(small_tour)
    assert "two bar charts of the token after “Spring is”" in shown
    assert "The base model expects" in shown
    assert "The tuned model expects" in shown


def test_the_tour_asks_for_a_guess_before_every_measurement(built):
    sources = [c.source for c in read_source(built, TOUR).cells if c.cell_type == "code"]
    measuring = [s for s in sources if "measured {" in s]
    assert len(measuring) >= 3
    assert all(re.match(r"my_guess(es)? = .* # ← your guess", s) for s in measuring)


def test_the_tour_can_be_read_in_the_minutes_that_it_says(built):
    notebook = read_source(built, TOUR)
    code = "\n".join(
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and "imports" not in cell.metadata.get("tags", ())
    )
    words, lines = len(read_prose(notebook).split()), code.count("\n") + 1
    figures = code.count("draw_")
    computing = 1.0  # minutes; the bar for the tour
    minutes = words / 220 + lines * 1.5 / 60 + figures * 10 / 60 + computing
    assert minutes <= next(n.minutes for n in NOTEBOOKS if n.name == TOUR)


def test_the_tour_leads_to_every_other_notebook_and_to_the_terminal(built):
    prose = read_prose(read_source(built, TOUR))
    for notebook in NOTEBOOKS[1:]:
        assert f"(../{notebook.name}/{notebook.name}.ipynb)" in prose
    assert "make tour" in prose


@pytest.mark.parametrize("name", [TOUR, QUIZ])
def test_the_key_insight_is_said(built, name):
    assert KEY_INSIGHT in read_prose(read_source(built, name))


# --- The quiz ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def key() -> dict[str, Any]:
    return tomllib.loads((ROOT / "solutions" / "quiz.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("question", QUESTIONS)
def test_questions_and_options_are_those_of_the_specification(built, question):
    card = make_card(read_source(built, QUIZ), question)
    assert card.question == ASKED[question]
    assert tuple(card.options) == LETTERS
    assert tuple(card.options.values()) == OPTIONS[question]


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_option_is_explained_in_two_sentences_of_its_own(key, question):
    assert key[question]["right"] == RIGHT[question]
    explanations = key[question]["explanations"]
    assert tuple(explanations) == LETTERS
    assert len(set(explanations.values())) == len(LETTERS)
    for letter, text in explanations.items():
        assert len(re.findall(r"[.?!](?= |$)", text)) == 2, f"{letter}: {text}"
        assert text.startswith("Right:") == (letter == RIGHT[question])


@pytest.mark.parametrize("question", QUESTIONS)
def test_at_home_a_card_explains_each_option(built, key, question):
    card = make_card(read_source(built, QUIZ), question)
    for letter, text in key[question]["explanations"].items():
        assert card.choose(letter) == text


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_solution_is_the_right_letter_and_the_hidden_test_knows_it(built, question):
    cells = {
        c.metadata.nbgrader.grade_id: c.source
        for c in read_source(built, QUIZ).cells
        if "nbgrader" in c.metadata
    }
    assert f'\n{question} = "{RIGHT[question]}"\n' in cells[question]
    hidden = cells[f"{question}_test"].partition("BEGIN HIDDEN TESTS")[2]
    assert f'    "{RIGHT[question]}",\n' in hidden


def test_what_a_class_gets_holds_neither_answers_nor_explanations(built, key):
    released = read_release(built, QUIZ)
    checks = (ROOT / "course/prompt_or_tune/checks/quiz.py").read_text(encoding="utf-8")
    for question in QUESTIONS:
        assert not re.search(rf'{question} = \\"[A-D]\\"', released)
        for text in key[question]["explanations"].values():
            assert text[:40] not in released + checks
    assert "HIDDEN TESTS" not in released
    assert "right" not in checks.partition("TASKS")[2]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_the_visible_check_takes_any_of_the_four_letters(task):
    for letter in LETTERS:
        task.check(letter)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "No letter is chosen yet"),
        (..., "No letter is chosen yet"),
        ("a", "one capital letter"),
        ("E", "one capital letter"),
        ("A ", "one capital letter"),
        ("", "one capital letter"),
        (["A"], "is a list"),
        (0, "is a int"),
    ],
)
def test_the_visible_check_says_what_is_no_letter(task, answer, message):
    with pytest.raises(CheckFailed, match=message):
        task.check(answer)
