# %% [markdown]
# # 6 · The decision
#
# {{ badge }}
#
# **25 minutes · difficulty ★★☆**
#
# Five stages are behind you: you can write a prompt, and you can tune a model. Now the
# question in the course's name. It has no answer for everybody, but there is a way to
# find yours: say what you expect, measure every way with the same data, count what each
# one costs, and take the cheapest of those that are good enough.
#
# **You will be able to**
#
# - read a comparison: which arm wins, and which only seems to;
# - say what a query costs, and after how many queries tuning has paid for itself;
# - say what would change the answer: data, time, resources, prices;
# - write the rule down as code, and let it decide on data of your own.

# %% tags=["setup"]
import prompt_or_tune as pt

pt.set_up("06_decision")

# %% tags=["parameters"]
seed = 11  # of your own point on the learning curve; the recorded ones have 0 to 4
live_pairs = 50  # how many pairs your own point is trained on
own_pairs = 200  # rows of the file that section 9 decides about
own_steps = 150  # optimiser steps of LoRA there

# %% tags=["imports"]
import math
from dataclasses import replace

from prompt_or_tune import Candidate, Prices, compare_with_best

# %%
pt.draw_data_flow()

# %% [markdown]
# Look at the two coloured boxes: the blue one changes the question, the orange one
# changes the model. This notebook asks which of the two you can leave out.
#
# ## 1 · Say first what you expect
#
# Three tasks, chosen so that no single answer fits them all. Each has a hypothesis that
# was written down *before* anything was measured. That is the cheapest protection
# against being clever afterwards: what follows goes by the data, also where a hypothesis
# turns out wrong.
#
# The candidates, or *arms*: `bare` (the plain request), `engineered` (a better prompt;
# for the changing fact, with the day's notes in it), `few-shot`, `retrieved few-shot`
# (the most similar pairs as examples), `glossary` (all words of the voice in the
# prompt), `LoRA`, and `LoRA + engineered`.
#
# Two arms came later, and what was expected of them was again written before they were
# measured: `many-shot` (as many pairs as the model can read at once) and `engineered +
# few-shot`. *The brief*: examples add tokens to a good prompt, and nothing else. *The
# house voice*: with more pairs in sight more words can be copied, so many-shot is above
# few-shot, but far below retrieval and LoRA; a better request brings no word. *The
# changing fact*: yesterday's examples help nobody, and before the notes they distract.

# %%
pt.tabulate_hypotheses()

# %% [markdown]
# ## 2 · What was measured
#
# Every arm saw the same pairs, chose its knobs (wording, number of examples, learning
# rate) on development data, and answered the test queries once. One command makes all of
# it again: `prompt-or-tune measure`.
#
# Expect four panels, because the house voice has two tests: **new combinations** (a known
# subject in a setting in which it was never seen) and **new subjects** (never seen at
# all). The shaded row is the winner: the *cheapest* arm among those not significantly
# below the best (exact McNemar test on the same queries, adjusted by Holm). "Not
# significantly below" keeps noise from choosing; "cheapest" breaks the tie.
#
# **Predict.** Which arm wins each task? Change the three names, then run the cell.

# %%
my_guess = {"brief": "engineered", "voice": "LoRA", "fact": "engineered"}
results = pt.load_results()
verdicts = {verdict.task: verdict for verdict in pt.judge_all(results)}
pt.draw_results(results.arms, list(verdicts.values()))

# %% [markdown]
# What to see: is the shaded row the same in every panel? And look at the hollow
# triangles: they are programs of a few lines, without any model.
#
# A hypothesis is more than a winner, so it is taken apart into claims that can fail, each
# with its evidence. Count those marked "no": they were believed, and are not so.

# %%
for task, verdict in verdicts.items():
    guess = pt.find_task(task).title_of(my_guess[task])
    print(f"{verdict.title}: {verdict.winner} wins, and you said {guess}.")
pt.tabulate_claims(verdicts.values())

# %% [markdown]
# ### Honest rivals
#
# A comparison is worth as much as the strongest simple thing in it. *Look-up table*: take
# the words for each known subject and setting from the pairs. *Nearest pair*: repeat the
# answer to the most similar request. *Majority*: always the commonest answer. They see
# the same pairs as every arm.
#
# **Predict.** The first word of the voice goes by the *kind* of thing. On subjects that
# nobody has seen, who has a chance: LoRA, the look-up table, the glossary?

# %%
for verdict in verdicts.values():
    equal = ", ".join(verdict.rivals_as_good) or "no rival"
    print(f"{verdict.title}: as good as {verdict.winner}, without a model: {equal}.")
subject_arms = results.of_task("voice", pt.NEW_SUBJECTS)
pt.draw_arms(subject_arms, winner=verdicts["voice"].recommendation.arm)

# %% [markdown]
# Compare three rows: LoRA, the look-up table (hollow) and the glossary, which has every
# word in its prompt and pays for it in the right-hand column. The model knows kinds of
# things from its pre-training; a table knows only what stands in it. Then read the lines
# above the figure: where a rival is as good as the winner on *every* deciding test, ask
# yourself what you need a language model for.
#
# ### The two arms that came later
#
# Section 1 said what was expected of many-shot and of engineered + few-shot. Go back to
# the figure of all tasks and find their two rows: which of the three expectations failed?
#
# Two did. Many-shot is right in {{ voice_many_shot }} of the voice's new combinations,
# where it was expected above few-shot, and fails everywhere else. Its prompts there have
# {{ voice_many_shot_tokens }} tokens. Seedling accepts {{ model_context }}, but no
# document that it was trained on had more than {{ model_window }}: at such a length it
# writes no sentences any more. How long a prompt may be is one thing, how long a prompt a
# model can use another; measure it on yours. And an example before the engineered prompt
# did not do nothing for the brief, it cost a little: {{ brief_engineered_few_shot }}
# against {{ brief_engineered }}, and {{ brief_engineered_few_shot_tokens }} tokens
# against {{ brief_engineered_tokens }}. The third held: before the notes an example
# distracts ({{ fact_engineered_few_shot }} against {{ fact_engineered }}).
#
# ## 3 · Data: how many pairs does tuning need?
#
# Data is the first of three resources. The next curve was recorded with {{ curve_seeds }}
# seeds per number of pairs; a seed decides *which* pairs are drawn and how training
# starts. Every point had as many optimiser steps as the largest one, so that the axis is
# about data and not about training time.
#
# **Predict.** With how many pairs does LoRA overtake the best prompt on new subjects?

# %%
my_n_star = 100
voice_curves = pt.select_points(
    results.curves, task="voice", test=pt.NEW_SUBJECTS, schedule="equal steps"
)
lora_curve = pt.select_points(voice_curves, arm="LoRA")
prompts = [a for a in subject_arms if pt.family_of(a.arm) in ("base", "prompted")]
n_star = pt.find_crossover(
    pt.ResultTable("voice", results.arms, results.curves), pt.NEW_SUBJECTS
)
print(f"You said {my_n_star} pairs; {n_star.describe()}.")
pt.draw_learning_curve(lora_curve, prompts, n_star)

# %% [markdown]
# *n\** is where the curve leaves the shaded band, the interval of the best prompt, for
# good; retrieval stands there at its best, with all pairs to choose from. Look also at
# the small points: how far do seeds lie apart where the curve is steep, and at its
# right-hand end? A single run tells you little about a number of pairs.
#
# ### Your own point
#
# The curve is recorded; now you add to it. The next cell draws `live_pairs` pairs, tunes
# Seedling on them with a seed that no recorded point has, and answers both tests, in ten
# to twenty seconds. Choose a number of your own in the cell of parameters.
#
# **Predict.** Where will your star fall?

# %%
model = pt.load_model()
voice = pt.build_task("voice")
live = pt.learning_curve(model, voice, sizes=(live_pairs,), seeds=(seed,))
mine = pt.select_points(live, test=pt.NEW_SUBJECTS)
pt.draw_learning_curve(lora_curve, prompts, n_star, live=mine)

# %% [markdown]
# See whether the star lies among the small points of its neighbours. If you take another
# seed and it moves, you have measured what a single training run hides.
#
# ### How many data points is a prompt worth?
#
# Le Scao & Rush (2021) put a price on prompts in units of data: tune once with the prompt
# and once without, draw both learning curves, and measure how far apart they lie
# *sideways*. With RoBERTa-large a prompt was worth 3506 ± 536 data points on MNLI and
# −424 ± 74 on WiC (Le Scao & Rush, 2021): it can also cost data. Their method, on ours:

# %%
both_curve = pt.select_points(voice_curves, arm="LoRA + engineered")
pt.draw_prompt_worth(both_curve, lora_curve)

# %% [markdown]
# Look at the width of the band, then at the range in the title. A range that holds zero
# says that this prompt is worth few pairs or none. "Describe … in one short sentence"
# tells the model nothing of the voice's words, so it had little to give.
#
# ## 4 · Time: minutes to the first good result
#
# Time is the second resource, and most of it is yours, not the machine's. The two numbers
# in the first line are *assumptions*: put in what you know of your own work. The seconds
# are recorded, on {{ made_with_cores }} CPU cores.
#
# **Predict.** What takes longer: the labels for n\* pairs, or training on them?

# %%
minutes_per_wording, minutes_per_label = 3, 0.5
labels = math.ceil(n_star.pairs or len(voice.training))
trained = max(p.seconds for p in lora_curve if p.n >= min(labels, lora_curve[-1].n))
default_run = max(run.training_seconds for run in results.default_runs)
print(f"The brief, 3 wordings tried: {3 * minutes_per_wording:.0f} minutes of yours.")
print(
    f"The house voice, {labels} labels: {labels * minutes_per_label:.0f} minutes "
    f"of yours, and at most {trained / 60:.1f} of the machine's."
)
print(
    f"1000 pairs, 5 epochs: at most {default_run:.0f} s; "
    f"your own point: {live[0].seconds:.0f} s."
)

# %% [markdown]
# Who has the labels already can tune in the time of a coffee. Who has not pays for them
# in hours, and a prompt gives an answer at once: you see what a change did.
#
# ## 5 · Resources: what a query costs
#
# The third resource is paid again and again. A query has four prices: tokens, FLOPs (two
# per parameter and token in a forward pass; Kaplan et al., 2020), seconds and money.
#
# **Predict.** A few-shot prompt has many times the tokens of LoRA's. Does it also take as
# many times the FLOPs? The seconds?

# %%
prices = Prices()  # per million tokens, and made up: put in your provider's
pt.tabulate_query_costs(subject_arms, prices)

# %% [markdown]
# Compare the rows of few-shot and LoRA, column by column. A prompt is read in one go, an
# answer is written token by token, so seconds need not grow as tokens do: count tokens
# and FLOPs to compare, but time what you promise to a user. Money follows a rule of its
# own: answers cost more than prompts, and a *cached* prefix (the part that all prompts
# begin with) costs much less.
#
# ## Task: {{ task_cost_per_query }}
#
# The bill is the first thing you will be asked for. Return the price of one query.
# `prices.input`, `prices.output` and `prices.cached_input` are per *million* tokens, and
# the cached price holds only if `prices.prefix_caching` is `True`.


# %% nbgrader={"solution": true, "grade_id": "cost_per_query"}
def cost_per_query(
    prompt_tokens: int, answer_tokens: int, cached_tokens: int, prices: Prices
) -> float:
    """Return what one query costs; `cached_tokens` of the prompt's can be cached."""
    ### BEGIN SOLUTION
    cached = cached_tokens if prices.prefix_caching else 0
    charged = (
        (prompt_tokens - cached) * prices.input
        + cached * prices.cached_input
        + answer_tokens * prices.output
    )
    return charged / 1_000_000
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "cost_per_query_test"}
import prompt_or_tune as pt

pt.check("cost_per_query", cost_per_query)
### BEGIN HIDDEN TESTS
import random

from prompt_or_tune.checks.comparing import call, expect_close

draw = random.Random(606)
for number in range(12):
    fresh, shared, answer = (draw.randrange(1, 900) for _ in range(3))
    charged = pt.Prices(
        input=draw.uniform(0.05, 5.0),
        output=draw.uniform(0.2, 20.0),
        cached_input=draw.uniform(0.0, 0.5),
        prefix_caching=number % 2 == 0,
    )
    wanted = pt.cost_per_query(
        pt.ArmCosts("any", fresh + shared, answer, shared), charged
    )
    case = f"hidden: {fresh + shared} prompt tokens, {shared} shared, {answer} answered"
    got = call(cost_per_query, fresh + shared, answer, shared, charged, case=case)
    expect_close(got, wanted, case=case, tolerance=1e-12)
free = pt.Prices(input=0.0, output=0.0, cached_input=0.0)
case = "hidden: everything is free"
expect_close(call(cost_per_query, 9, 9, 0, free, case=case), 0.0, case=case)
### END HIDDEN TESTS

# %%
pt.Hints("cost_per_query")

# %% [markdown]
# ## Task: {{ task_break_even_queries }}
#
# This is the number to bring along when somebody says "let's just tune it". A prompt is
# paid with every query, training once. On the same model the number of its parameters N
# cancels: LoRA training costs about 4N FLOPs per token that it reads, a query saves 2N
# per prompt token that need not be computed any more. With n pairs of l tokens, read in E
# epochs, and ΔP tokens saved per query, tuning has paid for itself after
#
# > **Q\* = 4 · n · l · E / (2 · ΔP)** queries.
#
# A provider that caches the shared start of your prompts has computed it already, so
# leaving those tokens out saves nothing. Return the first whole number of queries at
# which the savings reach what training cost, or the text `"never"` if there are none.


# %% nbgrader={"solution": true, "grade_id": "break_even_queries"}
def break_even_queries(
    pairs: int,
    pair_tokens: int,
    epochs: int,
    long_prompt: int,
    short_prompt: int,
    cached_tokens: int,
) -> int | str:
    """Return Q* in FLOPs, or "never".

    A query has `long_prompt` tokens before tuning, `cached_tokens` of them served from a
    cache, and `short_prompt` tokens, all computed, after it.
    """
    ### BEGIN SOLUTION
    saved = long_prompt - cached_tokens - short_prompt
    if saved <= 0:
        return "never"
    return math.ceil(4 * pairs * pair_tokens * epochs / (2 * saved))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "break_even_queries_test"}
import prompt_or_tune as pt

pt.check("break_even_queries", break_even_queries)
### BEGIN HIDDEN TESTS
import math
import random

from prompt_or_tune.checks.comparing import call, expect_equal

draw = random.Random(607)
cases = [
    (
        draw.randrange(1, 2000),
        draw.randrange(5, 80),
        draw.randrange(1, 9),
        draw.randrange(2, 400),
        draw.randrange(1, 200),
        draw.choice([0, 0, 37, 150]),
    )
    for _ in range(20)
]
cases += [
    (1, 1, 1, 3, 1, 0),
    (64, 14, 5, 30, 30, 0),
    (64, 14, 5, 8, 20, 0),
    (500, 20, 3, 241, 1, 0),
    (500, 20, 3, 300, 20, 290),
]
for pairs, length, epochs, before, after, cached in cases:
    exact = pt.break_even_queries(pairs, length, epochs, before - cached - after)
    wanted = "never" if math.isinf(exact) else math.ceil(exact)
    case = (
        f"hidden: {pairs} pairs of {length} tokens, {epochs} epochs, a prompt of "
        f"{before} ({cached} cached) or of {after}"
    )
    asked = (pairs, length, epochs, before, after, cached)
    expect_equal(call(break_even_queries, *asked, case=case), wanted, case=case)
### END HIDDEN TESTS

# %%
pt.Hints("break_even_queries")

# %% [markdown]
# FLOPs leave out what people pay most for: labels. In the next figure everything is in
# money, for the arms of the house voice that use pairs. Expect lines that are flat as
# long as what was paid up front outweighs the queries, and rise together afterwards.

# %%
using_pairs = [arm.costs for arm in subject_arms if arm.labels and arm.prompt_tokens]
pt.draw_break_even(using_pairs, prices)

# %% [markdown]
# Each ring is a break-even: to its right LoRA has cost less in all. Look where the lines
# *start*: retrieval and a glossary need the same labelled pairs as tuning, so their
# labels are no saving; a handful of fixed examples is. And mind that cost is not
# quality: an answer that is wrong is dear at any price.
#
# ### Try it: prices, caching, lengths
#
# Change the numbers. Find a setting with a break-even below a thousand queries, then
# switch prefix caching on.

# %%
lab = pt.BreakEvenLab()
lab

# %% [markdown]
# The same without clicking is the lab's plain call, here as it stands and with a cache.
# **Predict.** Does caching move the border by a little, or by a factor?

# %%
print(lab.compute().sentence())
lab.compute(prefix_caching=True)

# %% [markdown]
# Look at the ring again, and read the sentence above the figure against the printed one.
#
# ### When the answer is "never"
#
# Two things eat the gain. A **prefix cache** takes ΔP towards zero and Q\* towards
# infinity (caching cut the cost of in-context examples about 41-fold, and no more: Liu et
# al., 2022). And a provider may charge **more per token for a tuned model**.
#
# **Predict.** In which rows of the next table will "never" stand?

# %%
few_shot, lora = (
    results.arm("voice", pt.NEW_SUBJECTS, a).costs for a in ("few-shot", "LoRA")
)
prompt, tuned = (
    results.arm("brief", pt.NEW_COMBINATIONS, a).costs for a in ("engineered", "LoRA")
)
duels = {"LoRA against few-shot (voice)": (few_shot, lora),
         "LoRA against engineered (brief)": (prompt, tuned)}  # fmt: skip
situations = {
    "as it is": prices,
    "the prefix is cached": replace(prices, prefix_caching=True),
    "tuned tokens cost 3 times as much": replace(prices, tuned_multiplier=3.0),
    "the labels are there": replace(prices, label=0.0),
}
pt.tabulate_break_evens(duels, situations)

# %% [markdown]
# Compare the rows of a column: nothing but prices has changed, no answer became better or
# worse, and the border moves far, or away. So no article can answer the question for you,
# and every price here is an input.
#
# ## 6 · Both
#
# Prompting and tuning exclude each other only in titles of courses. A tuned model can be
# prompted: what stays goes into the weights, what changes into the prompt.
#
# **Predict.** In which task is "both" better than the better of the two?

# %%
decisive = [(task.name, test) for task in pt.list_tasks() for test in task.decisive]
arms = ("engineered", "LoRA", "LoRA + engineered")
pt.tabulate_rates(results, decisive, arms)

# %% [markdown]
# Hold the last column against the better of the two before it, intervals in mind: where
# they overlap, "both" bought nothing but a longer prompt. Then look at the changing fact
# alone: what does the tuned model know without the notes, and does it still read them?
#
# ## 7 · The decision map
#
# Now put data and volume on two axes, and colour each cell by the arm that wins there:
# the cheapest in all among those about as good as the best at that number of pairs
# (`margin`: how much less accuracy still counts as good; seeds differ by about that).
#
# **Predict.** Which corner belongs to tuning?

# %%
voice_arms = pt.map_arms(results, "voice", pt.NEW_SUBJECTS)
voice_map = pt.decision_map(voice_arms, prices, margin=0.05)
pt.draw_decision_map(voice_map, subtitle="The house voice, new subjects")

# %% [markdown]
# Follow the left edge upwards, then the bottom edge to the right. Borders that stand
# upright are made of *accuracy*: enough pairs to learn the voice. Borders that lean or
# lie are made of *cost*. Where nothing is good the map still names the least bad arm.
#
# Where several arms are equally good, only cost decides, and then borders move with the
# prices. That is the brief's map, first as it is, then with a tuned model whose tokens
# cost three times as much.
#
# **Predict.** Where does the border go?

# %%
from IPython.display import display

brief_arms = pt.map_arms(results, "brief", pt.NEW_COMBINATIONS)
for factor in (1.0, 3.0):
    charged = replace(prices, tuned_multiplier=factor)
    brief_map = pt.decision_map(brief_arms, charged)
    title = f"The brief; price of a tuned model's tokens: {factor:g} × the base's"
    display(pt.draw_decision_map(brief_map, subtitle=title))

# %% [markdown]
# Compare the two maps: the same answers and the same data, another price list, another
# decision. Put your own prices into `replace(prices, …)` and run the cell again.
#
# ## 8 · Your rule
#
# All of it fits into a tree of three questions, asked in this order:
#
# ```
# 1  Can I use it with the pairs that I have?           no  ─►  leave it out
#    │ yes
# 2  Is it as good as the best of those left            no  ─►  leave it out
#    (not significantly below it)?
#    │ yes
# 3  Which of those left costs least in all,
#    for as many queries as I expect?                        ─►  use that one
# ```
#
# For question 2 there is `compare_with_best`. It gives a row per candidate with `arm`,
# `rate`, `as_good` and `total_cost` (for so many queries, labels and training included).
#
# **Predict.** Three candidates, 200 test queries each: which would you use for 100,000
# queries, and which with only 100 labelled pairs at hand?

# %%
shown = [
    pt.candidate("prompt", 0.90, 200, prompt_tokens=40, response_tokens=10),
    pt.candidate("examples", 0.97, 200, prompt_tokens=300, response_tokens=10,
                 labels=8),
    pt.candidate("tuned", 0.98, 200, prompt_tokens=10, response_tokens=10,
                 training_tokens=90_000, labels=400, tuned=True),
]  # fmt: skip
compared = compare_with_best(shown, queries=100_000, prices=prices)
pt.tabulate_comparisons(compared, [each.costs for each in shown], prices)

# %% [markdown]
# Read "as good" beside the costs: the cheapest of all is out, and of the two that remain
# the one with the highest rate is not the cheaper one.
#
# ## Task: {{ task_recommend }}
#
# This is the course in one function. It must agree with the measured winner in situations
# that you don't see: they differ in accuracies, test sizes, pairs at hand, volume and
# prices. Each kind of situation in which it always agrees gives a point: accuracy
# decides, volume decides, prices decide, the pairs at hand decide.


# %% nbgrader={"solution": true, "grade_id": "recommend"}
def recommend(
    measured: tuple[Candidate, ...], pairs: int, queries: int, prices: Prices
) -> str:
    """Return the name of the arm to use, with `pairs` labelled pairs at hand.

    `each.costs.labels` says how many pairs a candidate needs.
    """
    ### BEGIN SOLUTION
    usable = [each for each in measured if each.costs.labels <= pairs]
    rows = compare_with_best(usable, queries=queries, prices=prices)
    good = [row for row in rows if row.as_good]
    return min(good, key=lambda row: row.total_cost).arm
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "recommend_test"}
import prompt_or_tune as pt

pt.check("recommend", recommend)
### BEGIN HIDDEN TESTS
from prompt_or_tune.checks.decision import Situation, make_arms

cached = pt.Prices(prefix_caching=True)
free_labels = pt.Prices(label=0.0)
free_and_dear = pt.Prices(label=0.0, tuned_multiplier=3.0)
equal = make_arms(0.02, 0.20, 0.96, 0.97)
all_good = make_arms(0.30, 0.95, 0.96, 0.97)
kinds = {
    "accuracy decides": [
        Situation(make_arms(0.05, 0.31, 0.28, 0.93), 400, 3000, pt.Prices()),
        Situation(make_arms(0.02, 0.12, 0.91, 0.55), 400, 3000, pt.Prices()),
        Situation(make_arms(0.02, 0.88, 0.41, 0.55), 400, 3000, pt.Prices()),
        # The intervals overlap, and still the prompt is significantly below.
        Situation(make_arms(0.02, 0.935, 0.50, 0.97), 400, 3000, pt.Prices()),
        # As far apart, but on 40 queries: noise.
        Situation(make_arms(0.02, 0.925, 0.50, 0.975, of=40), 400, 3000, pt.Prices()),
    ],
    "volume decides": [
        Situation(equal, 400, volume, pt.Prices())
        for volume in (50, 4000, 200_000, 5_000_000)
    ] + [
        Situation(all_good, 400, volume, pt.Prices())
        for volume in (70, 30_000, 40_000_000)
    ],
    "prices decide": [
        Situation(equal, 400, 150_000, pt.Prices(label=0.0)),
        Situation(equal, 400, 9_000_000, pt.Prices(tuned_multiplier=8.0)),
        Situation(equal, 400, 2_500_000, pt.Prices()),
        Situation(equal, 400, 2_500_000, cached),
        Situation(all_good, 400, 60_000, free_labels),
        Situation(all_good, 400, 60_000, free_and_dear),
    ],
    "the pairs at hand decide": [
        Situation(make_arms(0.02, 0.93, 0.95, 0.995), 199, 4_000_000, pt.Prices()),
        Situation(make_arms(0.02, 0.61, 0.90, 0.99), 60, 4_000_000, pt.Prices()),
        Situation(make_arms(0.02, 0.61, 0.90, 0.99), 7, 4_000_000, pt.Prices()),
        Situation(make_arms(0.02, 0.61, 0.90, 0.99), 200, 4_000_000, pt.Prices()),
        Situation(make_arms(0.60, 0.61, 0.90, 0.99), 0, 400, pt.Prices()),
    ],
}  # fmt: skip
sum(all(each.agrees_with(recommend) for each in kind) for kind in kinds.values())
### END HIDDEN TESTS

# %%
pt.Hints("recommend")

# %% [markdown]
# The library's own version of your function also gives reasons, and says where it would
# change its mind. Here it is on the three tasks, as measured.

# %%
pt.tabulate_recommendations(verdicts.values())

# %% [markdown]
# Keep the last column in sight: a recommendation without its borders is an opinion. Much
# the same, as people draw it on whiteboards:
#
# | ask | if so |
# |---|---|
# | Is a table or a regular expression as good? | use that |
# | Does the right answer change faster than you can train? | put it into the prompt |
# | Can you say what you want in a sentence or two? | prompt; think of cost at volume |
# | Can you only *show* it, and have more than n\* examples? | tune |
# | Are both equally good? | compute the break-even, with your prices |
#
# ## 9 · Bring your own data
#
# The same comparison runs on your pairs: one JSON object per line, with `prompt` and
# `response`. In a terminal:
#
# ```
# prompt-or-tune decide own_pairs.jsonl --model HuggingFaceTB/SmolLM2-360M-Instruct \
#     --template "Answer in one short sentence: {prompt}" --queries 50000
# ```
#
# Here it decides on a small file about a world that Seedling knows. Every arm is measured
# and LoRA trained on all pairs and on a part of them, so give it half a minute.

# %%
import json
import tempfile
from pathlib import Path

pairs = pt.choose_some(voice.training, own_pairs, seed)
rows = [json.dumps({"prompt": p.bare, "response": p.answer}) for p in pairs]
folder = tempfile.TemporaryDirectory()
file = Path(folder.name) / "own_pairs.jsonl"
file.write_text("\n".join(rows), encoding="utf-8")
print("\n".join(rows[:3]))

# %%
settings = pt.DecideSettings(
    templates=("{prompt} in one short sentence",), queries=50_000,
    shots=(1, 4), sizes=(own_pairs // 6,), steps=own_steps, learning_rates=(5e-3,),
)  # fmt: skip
own = pt.decide(model, pt.prepare(file, settings))
folder.cleanup()
print(f"Use {own.recommendation.arm}.")
print("\n".join([*own.recommendation.reasons, *own.cautions]))
pt.tabulate_arms(own)

# %% [markdown]
# Look at the intervals first: with so few test rows they are wide, and only large
# differences show. Then read what it warns of; a warning is worth more than a
# recommendation.
#
# ## What carries over to large models
#
# Seedling is tiny and its world is made up, so *numbers* don't carry over: no n\*, no
# break-even, no accuracy. The procedure does, and so do some shapes that others measured
# on large models:
#
# - **The first thousand pairs help most.** GPT-3 175B with LoRA on MNLI: 63.8, 85.6, 89.2
#   and 91.7 % with 100, 1k, 10k and 392k examples (Hu et al., 2021).
# - **Training is cheap beside long prompts.** Tuning T-Few cost about as much as 20
#   in-context queries to GPT-3 (Liu et al., 2022; a smaller model against a larger one).
# - **New facts belong into the context.** With matched data, context generalises more
#   flexibly than tuning (Lampinen et al., 2025).
# - **Same model, same examples: no free lunch.** Tuning and in-context learning
#   generalise alike, and both vary widely from seed to seed (Mosbach et al., 2023).
#
# | the three tasks on | state |
# |---|---|
# | Seedling, {{ model_million }}M parameters, CPU | measured, in this notebook |
# | SmolLM2-360M-Instruct, GPU | not measured yet |
# | a model of billions of parameters | not measured yet |
#
# ## Take away
#
# - Write the expectation down first, and keep it in sight when it was wrong.
# - Three resources decide: **data** (more than n\* pairs?), **time** (mostly yours,
#   mostly labels) and **resources** (what a query costs, how many there will be).
# - The winner is the cheapest arm among those not significantly below the best. Prices
#   and caching move its borders, sometimes to "never".
# - Tuning changes the model, prompting changes the question: what stays goes into the
#   weights, what changes into the prompt.
# - Put the simplest rival into the table. Sometimes it wins.

# %%
pt.show_progress()

# %% [markdown]
# Next: [7 · The quiz](../07_quiz/07_quiz.ipynb), three questions to see what has stayed.
