from .adapters import Adapter as Adapter, add_lora as add_lora
from .decision.arms import (
    family_of as family_of,
    find_arm as find_arm,
    list_arms as list_arms,
)
from .decision.arms.engineered import ENGINEERED as ENGINEERED
from .decision.arms.lora import LORA as LORA, LORA_ENGINEERED as LORA_ENGINEERED
from .decision.asking import ArmSettings as ArmSettings
from .decision.claims import ResultTable as ResultTable, find_crossover as find_crossover
from .decision.costs import (
    ArmCosts as ArmCosts,
    Prices as Prices,
    break_even_queries as break_even_queries,
    cost_per_query as cost_per_query,
    total_cost as total_cost,
)
from .decision.curves import (
    select_points as select_points,
    summarise_curve as summarise_curve,
)
from .decision.measurer import (
    learning_curve as learning_curve,
    measure_arm as measure_arm,
)
from .decision.queries import choose_some as choose_some
from .decision.recommendation import (
    Candidate as Candidate,
    Recommendation as Recommendation,
    candidate as candidate,
    compare_with_best as compare_with_best,
    recommend as recommend,
    winner as winner,
)
from .decision.recording import (
    ADAPTER_FOLDER as ADAPTER_FOLDER,
    MeasurePlan as MeasurePlan,
    measure as measure,
)
from .decision.results import (
    ArmResult as ArmResult,
    Results as Results,
    load_results as load_results,
)
from .decision.tasks import (
    build_task as build_task,
    find_task as find_task,
    list_tasks as list_tasks,
)
from .decision.tasks.brief import BRIEF as BRIEF
from .decision.tasks.fact import FACT as FACT, build_fact_task as build_fact_task
from .decision.tasks.task import NEW_COMBINATIONS as NEW_COMBINATIONS
from .decision.tasks.voice import NEW_SUBJECTS as NEW_SUBJECTS, VOICE as VOICE
from .decision.verdict import (
    Verdict as Verdict,
    judge_all as judge_all,
    judge_task as judge_task,
)
from .decision.winner_map import (
    DecisionMap as DecisionMap,
    decision_map as decision_map,
    map_arms as map_arms,
)
from .figures import (
    Drawing as Drawing,
    Share as Share,
    draw_arms as draw_arms,
    draw_attempts as draw_attempts,
    draw_break_even as draw_break_even,
    draw_cleaning as draw_cleaning,
    draw_combinations as draw_combinations,
    draw_data_flow as draw_data_flow,
    draw_decision_map as draw_decision_map,
    draw_intervals as draw_intervals,
    draw_kinds as draw_kinds,
    draw_learning_curve as draw_learning_curve,
    draw_low_rank as draw_low_rank,
    draw_prediction_trace as draw_prediction_trace,
    draw_prompt_worth as draw_prompt_worth,
    draw_results as draw_results,
    draw_runs as draw_runs,
    draw_selection as draw_selection,
    draw_shares as draw_shares,
    draw_step_losses as draw_step_losses,
    draw_token_changes as draw_token_changes,
    draw_token_mask as draw_token_mask,
    draw_traces as draw_traces,
    draw_training_trace as draw_training_trace,
    draw_word_counts as draw_word_counts,
)
from .lexicon import SUBJECTS as SUBJECTS, parse_request as parse_request
from .lora_trainer import make_lora_config as make_lora_config
from .models import (
    SEEDLING as SEEDLING,
    Answer as Answer,
    LanguageModel as LanguageModel,
    ModelError as ModelError,
    load_model as load_model,
)
from .notebook import choose_lab_model as choose_lab_model, set_up as set_up
from .own_data.deciding import decide as decide
from .own_data.preparing import DecideSettings as DecideSettings, prepare as prepare
from .show.own_data import tabulate_arms as tabulate_arms
from .pairs import (
    IGNORED_LABEL as IGNORED_LABEL,
    EncodedPair as EncodedPair,
    PairsError as PairsError,
    encode as encode,
    find_leaks as find_leaks,
    make_pairs as make_pairs,
    read_pairs as read_pairs,
    write_pairs as write_pairs,
)
from .prediction import (
    predict as predict,
    trace_changes as trace_changes,
    trace_prediction as trace_prediction,
)
from .prompts import (
    POEM_TEMPLATE as POEM_TEMPLATE,
    Template as Template,
    few_shot as few_shot,
    improve as improve,
    retrieved_few_shot as retrieved_few_shot,
    wants_poem as wants_poem,
)
from .records import (
    EpochRecord as EpochRecord,
    Pair as Pair,
    Prediction as Prediction,
    Prompt as Prompt,
    Sample as Sample,
    StepRecord as StepRecord,
    TuningSettings as TuningSettings,
)
from .show.document import Table as Table
from .samples import (
    REASONS as REASONS,
    SPLITS as SPLITS,
    almanac as almanac,
    clean as clean,
    is_foreign as is_foreign,
    load_raw as load_raw,
    load_samples as load_samples,
    split as split,
    strip_markup as strip_markup,
)
from .scoring import (
    Brief as Brief,
    Contains as Contains,
    Exact as Exact,
    JsonEqual as JsonEqual,
    Numeric as Numeric,
    Pattern as Pattern,
    normalise as normalise,
    poem_brief as poem_brief,
)
from .statistics import (
    Interval as Interval,
    Rate as Rate,
    holm as holm,
    mcnemar_exact as mcnemar_exact,
    pass_rate as pass_rate,
    rate_of as rate_of,
    wilson_interval as wilson_interval,
)
from .show.results import (
    tabulate_break_evens as tabulate_break_evens,
    tabulate_claims as tabulate_claims,
    tabulate_comparisons as tabulate_comparisons,
    tabulate_hypotheses as tabulate_hypotheses,
    tabulate_query_costs as tabulate_query_costs,
    tabulate_rates as tabulate_rates,
    tabulate_recommendations as tabulate_recommendations,
)
from .show.tour_tables import draw_bars as draw_bars, tabulate_trace as tabulate_trace
from .trace import (
    REFERENCE_TRACE as REFERENCE_TRACE,
    trace_bars as trace_bars,
    trace_table as trace_table,
)
from .tuning import (
    TuningRun as TuningRun,
    Tuning as Tuning,
    TuningError as TuningError,
    default_settings as default_settings,
    measure_accuracy as measure_accuracy,
    tune as tune,
)
from .widgets import (
    BreakEvenLab as BreakEvenLab,
    Hints as Hints,
    LoraLab as LoraLab,
    PredictionLab as PredictionLab,
    PromptLab as PromptLab,
    QuizCard as QuizCard,
    check as check,
    show_progress as show_progress,
)

__all__: list[str]
