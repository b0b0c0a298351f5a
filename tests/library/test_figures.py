"""What every figure owes its reader, and what each figure says.

The figures are drawn from made-up but plausible records, through the same dataclasses
that the library fills.
"""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Callable, Iterator

import matplotlib
import matplotlib.style
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.text import Annotation
from prompt_or_tune import figures
from prompt_or_tune.decision.arms import family_of
from prompt_or_tune.decision.claims import Crossover, ResultTable, find_crossover
from prompt_or_tune.decision.costs import Prices, break_even_between
from prompt_or_tune.decision.curve_jobs import SEEDS, SIZES
from prompt_or_tune.decision.curves import summarise_curve
from prompt_or_tune.decision.results import ArmResult, CurvePoint, Schedule
from prompt_or_tune.decision.tasks import list_tasks
from prompt_or_tune.decision.tasks.fact import TODAY
from prompt_or_tune.decision.tasks.task import NEW_COMBINATIONS
from prompt_or_tune.decision.tasks.voice import NEW_SUBJECTS
from prompt_or_tune.decision.verdict import judge_task
from prompt_or_tune.decision.winner_map import DecisionMap, MapArm, decision_map
from prompt_or_tune.figures import Drawing
from prompt_or_tune.figures import drawing as type_setting
from prompt_or_tune.prediction import PredictionTrace
from prompt_or_tune.records import EpochRecord, Prediction, StepRecord, TokenProbability
from prompt_or_tune.show import palette
from prompt_or_tune.show.palette import COLOURS
from prompt_or_tune.stages import STAGES
from prompt_or_tune.trace import REFERENCE_TRACE

from tests.library.arm_names import (
    BARE,
    ENGINEERED,
    FEW_SHOT,
    GLOSSARY,
    LOOK_UP,
    LORA,
    LORA_ENGINEERED,
    MAJORITY,
    NEAREST,
    READ_NOTES,
    RETRIEVED,
    TUNED,
)
from tests.library.figure_rules import (
    Draw,
    Drawings,
    find_boxes,
    find_texts,
    keeps_the_rules,
)

# ── Records to draw ────────────────────────────────────────────────────────────────────

TRACE = tuple(
    EpochRecord(number, loss, tokens, exact, 3.1, "loss falls, accuracy rises")
    for number, (loss, tokens, exact) in enumerate(
        [(1.99, 0.55, 0.01), (0.83, 0.77, 0.43), (0.33, 0.93, 0.82), (0.08, 0.98, 0.97),
         (0.02, 1.0, 0.99)],
        1,
    )
)  # fmt: skip

_noise = random.Random(0)
STEPS = tuple(
    StepRecord(
        step, 315, (step - 1) // 63 + 1,
        2.6 * math.exp(-step / 60) * math.exp(_noise.gauss(0, 0.25)) + 0.01,
        5e-3 * (1 - step / 315), 480, 0.05,
    )
    for step in range(1, 316)
)  # fmt: skip

TOKENS = ("<user>", "Desc", "ribe", " spring", " at", " dawn", "<assistant>")
RESPONSE = ("Spring", " is", " warm", " and", " bright", "<end>")


def predict(text: str, *candidates: tuple[str, float]) -> Prediction:
    tops = tuple(TokenProbability(t, i, p) for i, (t, p) in enumerate(candidates))
    return Prediction("Describe spring at dawn", text, TOKENS, tops)


def trace_prediction(
    prompt: str = "Describe spring at dawn", **changes: object
) -> PredictionTrace:
    base = predict(
        "A soft wind wanders over the green and quiet hill, and the morning opens.",
        ("A", 0.31), ("Spring", 0.22), (" The", 0.11), ("In", 0.06), ("Soft", 0.03),
    )  # fmt: skip
    tuned = predict(
        "Spring is warm and bright",
        ("Spring", 0.9971), ("A", 0.001), ("The", 0.0006), ("In", 0.0002), ("\n", 0.0001),
    )  # fmt: skip
    fields = {
        "prompt": prompt, "formatted": "".join(TOKENS), "tokens": TOKENS,
        "token_ids": tuple(range(len(TOKENS))), "base": base, "tuned": tuned,
    }  # fmt: skip
    return PredictionTrace(**{**fields, **changes})  # type: ignore[arg-type]


def answer(task: str, test: str, arm: str, rate: float, of: int) -> ArmResult:
    """Return a result whose right answers lie where chance puts them."""
    right = [i < round(rate * of) for i in range(of)]
    random.Random(f"{task} {test}").shuffle(right)
    prompt_tokens = PROMPT_TOKENS.get(arm, 0)
    return ArmResult(
        task=task, test=test, arm=arm, correct=tuple(right),
        prompt_tokens=prompt_tokens, response_tokens=8.2 if prompt_tokens else 0.0,
        flops_per_query=3e6 * prompt_tokens, seconds_per_query=0.002,
        training_tokens=98_000 if arm in TUNED else 0,
        labels=LABELS.get(arm, 0), knobs="k = 8" if arm == FEW_SHOT else "",
        form=(True,) * of if task == "voice" else (),
    )  # fmt: skip


PROMPT_TOKENS = {
    BARE: 9, ENGINEERED: 19, FEW_SHOT: 142, RETRIEVED: 150, GLOSSARY: 310, LORA: 9,
    LORA_ENGINEERED: 19,
}  # fmt: skip
LABELS = {FEW_SHOT: 8, RETRIEVED: 1000, GLOSSARY: 1000, LORA: 1000, LORA_ENGINEERED: 1000}
RATES = {
    ("brief", NEW_COMBINATIONS, 400): {
        BARE: 0.08, ENGINEERED: 0.96, FEW_SHOT: 0.41, RETRIEVED: 0.44, LORA: 0.93,
        LORA_ENGINEERED: 0.97, LOOK_UP: 1.0, NEAREST: 0.02, MAJORITY: 0.01,
    },
    ("voice", NEW_COMBINATIONS, 400): {
        BARE: 0, ENGINEERED: 0, FEW_SHOT: 0, RETRIEVED: 0.11, GLOSSARY: 0.21, LORA: 0.99,
        LORA_ENGINEERED: 0.985, LOOK_UP: 1.0, NEAREST: 0.09, MAJORITY: 0.01,
    },
    ("voice", NEW_SUBJECTS, 216): {
        BARE: 0, ENGINEERED: 0, FEW_SHOT: 0, RETRIEVED: 0.05, GLOSSARY: 0.16, LORA: 0.94,
        LORA_ENGINEERED: 0.95, LOOK_UP: 0.12, NEAREST: 0.06, MAJORITY: 0.01,
    },
    ("fact", TODAY, 240): {
        BARE: 0, ENGINEERED: 0.98, FEW_SHOT: 0.02, RETRIEVED: 0.03, LORA: 0,
        LORA_ENGINEERED: 0.97, LOOK_UP: 0, MAJORITY: 0.02, READ_NOTES: 1.0,
    },
}  # fmt: skip
RESULTS = tuple(
    answer(task, test, arm, rate, of)
    for (task, test, of), rates in RATES.items()
    for arm, rate in rates.items()
)


def results_of(task: str, test: str) -> list[ArmResult]:
    return [r for r in RESULTS if (r.task, r.test) == (task, test)]


VOICE_RESULTS = results_of("voice", NEW_COMBINATIONS)


def curve(
    arm: str, schedule: Schedule, learned: Callable[[int], float]
) -> tuple[CurvePoint, ...]:
    noise = random.Random(f"{arm} {schedule}")
    return tuple(
        CurvePoint(
            "voice", NEW_COMBINATIONS, arm, schedule, n, seed,
            successes=min(400, max(0, round(400 * (learned(n) + noise.gauss(0, 0.02))))),
            of=400,
        )
        for n in SIZES
        for seed in SEEDS
    )  # fmt: skip


EQUAL_STEPS = curve(LORA, "equal steps", lambda n: 1 / (1 + (70 / n) ** 2.2))
FIVE_EPOCHS = curve(LORA, "5 epochs", lambda n: 1 / (1 + (210 / n) ** 3))
LOOKED_UP = curve(LOOK_UP, "none", lambda n: min(1, n / 260))
LEVELS = [r for r in VOICE_RESULTS if r.arm in (BARE, FEW_SHOT, GLOSSARY)]
CROSSING = find_crossover(
    ResultTable("voice", VOICE_RESULTS, EQUAL_STEPS), NEW_COMBINATIONS
)
VERDICTS = [judge_task(task, RESULTS, EQUAL_STEPS) for task in list_tasks()]
COSTS = [
    r.costs for r in VOICE_RESULTS if r.arm in (ENGINEERED, FEW_SHOT, GLOSSARY, LORA)
]
FLOPS = Prices(
    input=3e12,
    output=3e12,
    cached_input=0.0,
    training=(4 * 1.5e6 + 6 * 1e5) * 1e6,
    label=0.0,
    currency="FLOP ",
)
DEAR = Prices(tuned_multiplier=40)


def map_decision(label: float = 0.1) -> DecisionMap:
    """Return a map on which three arms win somewhere, one of them in a narrow strip."""
    learned = [(row.n, row.mean) for row in summarise_curve(EQUAL_STEPS)]
    training = ((8, 98_000.0), (1000, 98_000.0))
    arms = [
        MapArm(BARE, ((1, 0.0),), 9, 8),
        MapArm(FEW_SHOT, ((1, 0.05),), 142, 8, needs_pairs=8, labels=8),
        MapArm(GLOSSARY, ((8, 0.05), (100, 0.2)), 310, 8, labels="all"),
        MapArm(LORA, tuple(learned), 9, 8, 0, training, 8, "all", True),
    ]
    return decision_map(arms, Prices(label=label))


def draw_everything() -> Iterator[tuple[str, Draw]]:
    """Yield every figure in its usual form, and in forms that strain its layout."""
    yield "data flow", lambda: figures.draw_data_flow()
    yield (
        "data flow, one stage",
        lambda: figures.draw_data_flow({1: 1000, 2: 997, 3: 12345}, highlight=3),
    )
    yield "trace", lambda: figures.draw_training_trace(TRACE, REFERENCE_TRACE)
    yield "trace without reference", lambda: figures.draw_training_trace(TRACE)
    yield "trace of one epoch", lambda: figures.draw_training_trace(TRACE[:1])
    yield "steps", lambda: figures.draw_step_losses(STEPS)
    yield "few steps", lambda: figures.draw_step_losses(STEPS[:3])
    mask = [False] * len(TOKENS) + [True] * len(RESPONSE)
    yield "token mask", lambda: figures.draw_token_mask(TOKENS + RESPONSE, mask)
    yield "prediction", lambda: figures.draw_prediction_trace(trace_prediction())
    yield (
        "long prediction",
        lambda: figures.draw_prediction_trace(
            trace_prediction(
                "word " * 80, tokens=("<user>", *[" word"] * 300, "<assistant>")
            )
        ),
    )
    yield "arms", lambda: figures.draw_arms(VOICE_RESULTS, winner=LORA)
    yield (
        "arms without winner",
        lambda: figures.draw_arms(results_of("brief", NEW_COMBINATIONS)),
    )
    yield "arms, other names", lambda: figures.draw_arms(results_of("fact", TODAY))
    yield "one arm", lambda: figures.draw_arms(VOICE_RESULTS[:1])
    yield "results", lambda: figures.draw_results(RESULTS, VERDICTS)
    yield "result of one task", lambda: figures.draw_results(RESULTS, VERDICTS[2:])
    yield (
        "curve",
        lambda: figures.draw_learning_curve(EQUAL_STEPS + LOOKED_UP, LEVELS, CROSSING),
    )
    yield "curve alone", lambda: figures.draw_learning_curve(EQUAL_STEPS)
    yield (
        "curve of one point",
        lambda: figures.draw_learning_curve(EQUAL_STEPS[:1], LEVELS),
    )
    yield (
        "curve with all arms",
        lambda: figures.draw_learning_curve(
            EQUAL_STEPS + LOOKED_UP, VOICE_RESULTS, CROSSING
        ),
    )
    yield (
        "map",
        lambda: figures.draw_decision_map(map_decision(), subtitle="The house voice"),
    )
    yield (
        "map of one arm",
        lambda: figures.draw_decision_map(
            decision_map([MapArm(BARE, ((1, 0.5),), 9, 8)], Prices())
        ),
    )
    yield "break-even", lambda: figures.draw_break_even(COSTS, Prices())
    yield "break-even in FLOPs", lambda: figures.draw_break_even(COSTS, FLOPS)
    yield "no break-even", lambda: figures.draw_break_even(COSTS, DEAR)
    yield "costs of one arm", lambda: figures.draw_break_even(COSTS[:1], Prices())


DRAWINGS = Drawings(draw_everything())


# ── What every figure owes its reader ──────────────────────────────────────────────────


@keeps_the_rules(DRAWINGS)
def test_a_figure_keeps_the_rules_of_every_figure(
    drawing: Drawing, rule: Callable[[Drawing], None]
) -> None:
    rule(drawing)


def test_a_figure_drawn_again_gives_the_same_bytes() -> None:
    """However often: each time its layout is solved elsewhere in memory."""
    again = [figures.draw_results(RESULTS, VERDICTS) for _ in range(2)]
    assert {one.render() for one in again} == {DRAWINGS["results"].render()}
    assert {one.render("svg") for one in again} == {DRAWINGS["results"].render("svg")}


def test_a_picture_is_the_same_whichever_kind_was_rendered_first() -> None:
    png_first, svg_first = (figures.draw_training_trace(TRACE) for _ in range(2))
    png, svg = png_first.render("png"), svg_first.render("svg")
    assert (svg_first.render("png"), png_first.render("svg")) == (png, svg)


def test_drawing_leaves_no_trace_in_global_state() -> None:
    before = dict(matplotlib.rcParams)
    figures.draw_training_trace(TRACE).render()
    assert dict(matplotlib.rcParams) == before


def test_a_reader_s_own_style_changes_nothing() -> None:
    usual = figures.draw_training_trace(TRACE).render()
    with (
        matplotlib.style.context("dark_background"),
        matplotlib.rc_context({"font.size": 30}),
    ):
        assert figures.draw_training_trace(TRACE).render() == usual


def test_figures_need_no_pyplot() -> None:
    import subprocess
    import sys

    code = (
        "import sys, prompt_or_tune.figures as f; f.draw_data_flow().render();"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ── The palette ────────────────────────────────────────────────────────────────────────

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
COLOUR_VISION = {
    "usual": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


@pytest.mark.parametrize("vision", COLOUR_VISION)
def test_the_colours_stay_apart_for_every_eye(vision: str) -> None:
    """Distance in CIELAB; about 2 can just be told apart side by side."""
    seen = {
        name: _lab(np.array(COLOUR_VISION[vision]) @ _linear(c))
        for name, c in COLOURS.items()
    }
    for one, other in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 18, (one, other)


@pytest.mark.parametrize("colour", [*COLOURS.values(), palette.INK, palette.MUTED])
def test_every_colour_can_be_read_as_text_on_the_card(colour: str) -> None:
    """WCAG 2, level AA: a contrast of 4.5."""
    luminance = np.array([0.2126, 0.7152, 0.0722])
    card, text = luminance @ _linear(palette.CARD), luminance @ _linear(colour)
    assert (card + 0.05) / (text + 0.05) >= 4.5


def _linear(colour: str) -> np.ndarray:
    c = np.array(to_rgb(colour))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def _lab(linear: np.ndarray) -> np.ndarray:
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = to_xyz @ np.clip(linear, 0, 1) / np.array([0.9505, 1, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


# ── Drawings as files and as HTML ──────────────────────────────────────────────────────


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_drawing_saves_as_picture_with_its_description_inside(tmp_path, ending) -> None:
    drawing = DRAWINGS["trace"]
    path = drawing.save(tmp_path / "new folder" / f"trace.{ending}")
    content = path.read_bytes()
    assert b"accuracy ends at 0.99" in content
    assert [p.name for p in path.parent.iterdir()] == [path.name], (
        "something half-written"
    )


def test_another_ending_is_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match=r"\.png or \.svg"):
        DRAWINGS["trace"].save(tmp_path / "trace.jpg")


def test_html_holds_picture_alt_text_reading_and_numbers_escaped() -> None:
    drawing = figures.draw_prediction_trace(trace_prediction('<b onclick="x">&</b>'))
    page = drawing._repr_html_()
    assert 'src="data:image/png;base64,' in page
    assert "<b onclick" not in page
    assert "&lt;b onclick=&quot;x&quot;&gt;&amp;" in page
    assert page.count("<tr>") == 1 + len(drawing.rows)


def test_a_prediction_after_some_first_words_says_after_which() -> None:
    drawing = figures.draw_prediction_trace(trace_prediction(answer_start="Spring is"))
    assert "the base model continues with" in drawing.title
    assert any("the token after “Spring is”" in text for text, _ in find_boxes(drawing))
    assert "of the token after “Spring is”" in drawing.alt


def test_dollars_in_a_prompt_are_text_and_not_mathematics() -> None:
    drawing = figures.draw_prediction_trace(trace_prediction("What cost $5 and $x_{2$?"))
    assert any("$5 and $x_{2$" in text for text, _ in find_boxes(drawing))
    drawing.render()


# ── What each figure says ──────────────────────────────────────────────────────────────


def test_the_data_flow_is_the_one_list_of_stages() -> None:
    drawing = figures.draw_data_flow()
    assert [row[0] for row in drawing.rows] == [f"{s.number} {s.title}" for s in STAGES]
    assert [row[-1] for row in drawing.rows] == [s.example for s in STAGES]


def test_the_data_flow_states_real_counts() -> None:
    drawing = figures.draw_data_flow({3: 997}, highlight=3)
    assert "997 training pairs" in drawing.title
    assert "3 Fine-tuning preparation: 997 training pairs" in drawing.alt
    assert "1 Input data: 1000 text samples" in drawing.alt


def test_a_stage_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no stage 6: stages are 1 to 5"):
        figures.draw_data_flow(highlight=6)
    with pytest.raises(ValueError, match="no stage 0"):
        figures.draw_data_flow(highlight=0)


def test_the_trace_is_compared_with_the_reference() -> None:
    assert "above the reference’s 0.89" in DRAWINGS["trace"].title
    assert (
        "below the reference"
        in figures.draw_training_trace(TRACE[:2], REFERENCE_TRACE).title
    )


def test_a_loss_that_rises_is_not_said_to_fall() -> None:
    drawing = figures.draw_training_trace(TRACE[::-1])
    assert drawing.title.startswith("Loss does not fall")


def test_without_held_out_pairs_the_token_accuracy_is_named_as_such() -> None:
    trace = [EpochRecord(n, 1 / n, 1 - 0.3 / n, None, 1.0, "") for n in (1, 2, 3)]
    drawing = figures.draw_training_trace(trace, REFERENCE_TRACE)
    assert "token accuracy ends at 0.90" in drawing.title
    assert "reference’s" not in drawing.title, "two different accuracies were compared"
    assert drawing.rows[0][3] == "not measured"


def test_a_run_without_an_epoch_is_refused() -> None:
    with pytest.raises(ValueError, match="no epoch to draw"):
        figures.draw_training_trace([])
    with pytest.raises(ValueError, match="no step to draw"):
        figures.draw_step_losses([])


def test_the_step_figure_says_when_half_of_the_loss_is_gone() -> None:
    title = figures.draw_step_losses(STEPS).title
    step = int(re.search(r"within (\d+) of 315", title)[1])  # type: ignore[index]
    assert 20 < step < 80
    assert "not fallen" in figures.draw_step_losses(STEPS[:1]).title


def test_the_mask_counts_the_tokens_that_are_learned() -> None:
    drawing = DRAWINGS["token mask"]
    assert drawing.title.startswith("The loss sees 6 of 13 tokens")
    assert "Spring␣is␣warm␣and␣bright<end>" in drawing.alt
    assert [row[2] for row in drawing.rows] == ["no"] * 7 + ["yes"] * 6


def test_a_mask_that_learns_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to learn"):
        figures.draw_token_mask(TOKENS, [False] * len(TOKENS))
    with pytest.raises(ValueError, match="7 tokens but 1 marks"):
        figures.draw_token_mask(TOKENS, [True])


def test_the_prediction_shows_both_models_side_by_side() -> None:
    drawing = DRAWINGS["prediction"]
    assert "“A” (0.31)" in drawing.title
    assert "“Spring” (>0.99)" in drawing.title, "0.9971 is not 1"
    assert drawing.rows[2] == ("3", "␣The", "0.110", "The", "0.001")
    assert drawing.rows[4][3] == "↵"
    assert "answers “Spring is warm and bright”" in drawing.alt


def test_a_long_prompt_loses_its_middle_and_says_so() -> None:
    texts = [text for text, _ in find_boxes(DRAWINGS["long prediction"])]
    assert "… 230 tokens more …" in texts
    assert "Layer 1  the prompt, 302 tokens" in texts


def test_arms_are_named_as_their_task_names_them() -> None:
    texts = [text for text, _ in find_boxes(DRAWINGS["arms, other names"])]
    assert "notes in the prompt" in texts
    assert "yesterday's table" in texts
    assert "engineered prompt" not in texts


def test_the_arms_figure_names_the_winner_and_the_other_side_s_best() -> None:
    title = "The house voice: LoRA wins with 0.99; the best prompting arm has 0.21"
    assert DRAWINGS["arms"].title == title
    row = next(row for row in DRAWINGS["arms"].rows if row[0] == "glossary")
    assert row == (
        "glossary", "0.210", "0.173 to 0.253", "318.2", "1000", "1.000", "–",
    )  # fmt: skip


def test_a_rival_without_a_model_is_never_said_to_be_best() -> None:
    title = DRAWINGS["arms without winner"].title
    assert title.startswith("The brief: LoRA + engineered is right most often, with 0.97")


def test_results_of_several_tests_are_not_drawn_as_one() -> None:
    with pytest.raises(ValueError, match="here are 4"):
        figures.draw_arms(RESULTS)
    with pytest.raises(ValueError, match="here are 0"):
        figures.draw_arms([])
    with pytest.raises(ValueError, match="measure it first"):
        figures.draw_results(RESULTS, [])


def test_the_results_figure_says_who_wins_what() -> None:
    drawing = DRAWINGS["results"]
    assert drawing.title == (
        "Prompting wins the brief and the changing fact, fine-tuning the house voice"
    )
    panels = [" ".join(t for t, _ in _heads(axes)) for axes in drawing.figure.axes]
    assert panels == [
        "The brief",
        "The house voice new combinations",
        "new subjects",
        "The changing fact",
    ]
    assert "engineered prompt 0.96 (winner)" in drawing.alt
    assert (
        "In the changing fact, engineered prompt is notes in the prompt" in drawing.note
    )
    assert len(drawing.rows) == len(RESULTS)


def test_an_arm_has_one_colour_everywhere() -> None:
    for name in ("arms", "results", "curve", "break-even"):
        for text, _ in find_texts(DRAWINGS[name]):
            if text.get_text().startswith("LoRA") and text.axes is not None:
                family = family_of(text.get_text().rstrip(" 0123456789."))
                assert to_rgb(text.get_color()) == to_rgb(COLOURS[family]), name


def test_the_curve_states_the_crossing_that_was_computed() -> None:
    assert CROSSING is not None
    assert CROSSING.pairs is not None
    assert f"passes the best prompt (glossary) at about {CROSSING.pairs:.0f} pairs" in (
        DRAWINGS["curve"].title
    )
    texts = [text for text, _ in find_boxes(DRAWINGS["curve"])]
    assert f"n* ≈ {CROSSING.pairs:.0f}" in texts
    assert any(text.startswith("look-up table ") for text in texts)


def test_an_arm_with_a_curve_is_not_drawn_as_a_level_too() -> None:
    texts = [text for text, _ in find_boxes(DRAWINGS["curve with all arms"])]
    assert sum(text.startswith("look-up table") for text in texts) == 1


def test_a_crossing_is_drawn_against_its_bar_without_the_level_too() -> None:
    assert CROSSING is not None
    drawing = figures.draw_learning_curve(EQUAL_STEPS, (), CROSSING)
    assert f"glossary ≤ {CROSSING.bar:.2f}" in [text for text, _ in find_boxes(drawing)]


def test_a_curve_that_never_passes_the_prompt_says_so() -> None:
    never = Crossover(NEW_COMBINATIONS, GLOSSARY, 1.0, None)
    title = figures.draw_learning_curve(EQUAL_STEPS, LEVELS, never).title
    assert title.endswith("never above the best prompt (glossary)")
    at_once = Crossover(NEW_COMBINATIONS, BARE, 0.001, 8.0)
    title = figures.draw_learning_curve(EQUAL_STEPS, LEVELS, at_once).title
    assert title == "LoRA is above the best prompt (bare prompt) from 8 pairs on"


def test_regions_of_the_map_are_named_inside_themselves() -> None:
    found, drawing = map_decision(), DRAWINGS["map"]
    axes = drawing.figure.axes[0]
    named = {text.get_text(): text.get_position() for text in axes.texts}
    assert set(named) | set(_legend(drawing)) == {"few-shot", "glossary", "LoRA"}
    for arm, (x, y) in named.items():
        pairs = min(found.pairs, key=lambda n: abs(math.log(n / x)))
        queries = min(found.queries, key=lambda q: abs(math.log(q / y)))
        assert found.winner_at(pairs, queries) == arm


def test_the_map_says_from_where_on_tuning_wins() -> None:
    found = map_decision()
    first = min(
        n for n in found.pairs if LORA in [found.winner_at(n, q) for q in found.queries]
    )
    assert f"nowhere below {first} pairs" in DRAWINGS["map"].title
    assert f"{found.share(LORA):.0%} of the whole map" in DRAWINGS["map"].title
    assert DRAWINGS["map of one arm"].title == "Bare prompt wins everywhere on this map"


def test_the_break_even_is_where_the_costs_say() -> None:
    lora, glossary = COSTS[-1], COSTS[2]
    queries = break_even_between(glossary, lora, FLOPS)
    said = re.search(r"glossary from (\d+) ", DRAWINGS["break-even in FLOPs"].title)
    assert said is not None
    assert int(said[1]) == pytest.approx(queries, rel=0.05)  # two digits
    assert "never pays off" in DRAWINGS["no break-even"].title
    assert "never" in DRAWINGS["no break-even"].alt


def test_arms_that_cost_nothing_are_not_on_the_cost_figure() -> None:
    rival = answer("voice", NEW_COMBINATIONS, READ_NOTES, 1.0, 10).costs
    names = [row[0] for row in figures.draw_break_even([*COSTS, rival], Prices()).rows]
    assert READ_NOTES not in names
    with pytest.raises(ValueError, match="nothing to draw"):
        figures.draw_break_even([rival], Prices())


def _heads(axes: Axes) -> list[tuple[str, float]]:
    """Return the headings above a panel, from the top down."""
    found = [
        (text.get_text(), text.get_position()[1])
        for text in axes.texts
        if isinstance(text, Annotation) and text.xy == (0, 1)
    ]
    return sorted(found, key=lambda head: -head[1])


def _legend(drawing: Drawing) -> list[str]:
    return [t.get_text() for legend in drawing.figure.legends for t in legend.get_texts()]


# ── Setting type ───────────────────────────────────────────────────────────────────────


def test_lines_fit_their_width_and_lose_no_letter() -> None:
    text = "The quick brown fox jumps over an " + "unbreakable" * 12 + " dog"
    lines = type_setting.wrap(text, 2.0, size=11)
    assert all(type_setting.text_width(line, 11) <= 2.0 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_labels_move_apart_and_stay_within_limits() -> None:
    placed = type_setting.spread([0.9, 0.91, 0.92, 0.1], 0.1, 0.0, 1.0)
    assert placed[3] == pytest.approx(0.1)
    assert placed[:3] == pytest.approx([0.8, 0.9, 1.0])
    assert type_setting.spread([], 1, 0, 1) == []
    assert type_setting.spread([0.5] * 3, 9.0, 0.0, 1.0) == pytest.approx([0, 0.5, 1])


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.5, "0.5"), (8, "8"), (950, "950"), (1234, "1234"), (12_000, "12k"),
     (1_500_000, "1.5M"), (2e9, "2G"), (0, "0")],
)  # fmt: skip
def test_counts_are_short(number: float, text: str) -> None:
    assert type_setting.format_count(number) == text


def test_prices_in_a_notebook_are_not_set_as_formulas():
    """MathJax takes "$5 and $6" for mathematics, except inside these classes."""
    figure = figures.draw_break_even(COSTS, Prices())
    assert figure.note.count("$") >= 2
    assert re.match(r'<figure class="[^"]*\bmathjax_ignore\b', figure.html())
    assert re.match(r'<figure class="[^"]*\btex2jax_ignore\b', figure.html())
