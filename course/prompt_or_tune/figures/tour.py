"""The figures of a tour, by the name of their file."""

from __future__ import annotations

from collections.abc import Sequence

from prompt_or_tune.decision.claims import ResultTable, find_crossover
from prompt_or_tune.decision.costs import Prices
from prompt_or_tune.decision.curves import select_points
from prompt_or_tune.decision.results import Results
from prompt_or_tune.decision.tasks import list_tasks
from prompt_or_tune.decision.tasks.voice import NEW_SUBJECTS, VOICE
from prompt_or_tune.decision.verdict import Verdict
from prompt_or_tune.decision.winner_map import decision_map, map_arms
from prompt_or_tune.figures.arms import draw_arms, draw_results
from prompt_or_tune.figures.curves import draw_learning_curve
from prompt_or_tune.figures.drawing import Drawing
from prompt_or_tune.figures.maps import draw_decision_map
from prompt_or_tune.figures.pipeline import draw_data_flow, draw_prediction_trace
from prompt_or_tune.figures.training import draw_step_losses, draw_training_trace
from prompt_or_tune.show.tour_page import name_live_figure
from prompt_or_tune.show.tour_tables import count_outputs, list_live_tests
from prompt_or_tune.tour.pipeline import Tour
from prompt_or_tune.trace import REFERENCE_TRACE


def draw_tour(tour: Tour) -> dict[str, Drawing]:
    """Return the figures by the name of their file, without its ending."""
    figures = {
        "data-flow": draw_data_flow(count_outputs(tour.input)),
        "training-trace": draw_training_trace(tour.tuning.run.trace, REFERENCE_TRACE),
        "step-losses": draw_step_losses(tour.tuning.steps),
    }
    for number, trace in enumerate(tour.prediction.traces, 1):
        figures[f"prediction-{number}"] = draw_prediction_trace(trace)
    for task in list_tasks():
        for test in list_live_tests(tour.decision, task):
            live = [
                r for r in tour.decision.live if (r.task, r.test) == (task.name, test)
            ]
            figures[name_live_figure(task, test)] = draw_arms(live, task=task)
    recorded = tour.decision.recorded
    if recorded is not None:
        figures |= draw_recorded(recorded, tour.decision.verdicts)
    return figures


def draw_recorded(results: Results, verdicts: Sequence[Verdict]) -> dict[str, Drawing]:
    """Return the figures of the recorded results: all arms, the curve, the map."""
    figures = {"recorded-results": draw_results(results.arms, verdicts)}
    points = select_points(
        results.curves, task=VOICE.name, test=NEW_SUBJECTS, schedule="equal steps"
    )
    table = ResultTable(VOICE.name, results.arms, results.curves)
    crossing = find_crossover(table, NEW_SUBJECTS)
    if crossing is not None:
        figures["recorded-curve"] = draw_learning_curve(points, (), crossing)
        arms = map_arms(results, VOICE.name, NEW_SUBJECTS)
        figures["recorded-map"] = draw_decision_map(
            decision_map(arms, Prices()), name=VOICE.title_of
        )
    return figures
