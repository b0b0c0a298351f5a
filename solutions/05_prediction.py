# %% [markdown]
# # 5 · Model prediction
#
# {{ badge }}
#
# **20 minutes · difficulty ★★☆**
#
# Training is over. A new prompt comes in, and either the base model or the fine-tuned one
# answers it. What exactly is different between the two, and is it always better?
#
# **You will be able to** turn logits into likely tokens, follow a prediction through both
# models token by token, merge an adapter into its base, and say, with paired counts,
# where the tuned model is better and where it is worse.

# %% tags=["setup"]
import prompt_or_tune as pt

pt.set_up("05_prediction")

# %% tags=["parameters"]
number_of_questions = 60  # asked of both models, wherever something is measured
seed = 0

# %% tags=["imports"]
import torch
from prompt_or_tune import mcnemar_exact

# %%
pt.draw_data_flow({}, highlight=5)

# %% [markdown]
# ## One model, with and without
#
# There is only one network in memory. The adapter of notebook 4 ships with the course,
# and it is put on and taken off. Whatever differs from here on differs because of its
# numbers: same prompt, same tokens, same decoding.

# %%
model = pt.load_model(device="cpu")  # where every number of the text was made
adapter = pt.Adapter.load(pt.ADAPTER_FOLDER)
print(model.describe())
print(f"adapter: rank {adapter.config.r}, {adapter.count_parameters():,} numbers")


def ask_both(prompts: list[str], max_new_tokens: int = 64) -> tuple[list[str], list[str]]:
    """Return the answers of the base model and of the tuned one."""
    base = model.generate(prompts, max_new_tokens=max_new_tokens)
    model.attach(adapter)
    tuned = model.generate(prompts, max_new_tokens=max_new_tokens)
    model.detach()
    return base, tuned


# %% [markdown]
# ## The same prompts, twice
#
# Six prompts. The lark is one of the subjects that stand in no training pair at all; the
# last two ask for no description. **Predict:** in which of the six will the tuned answer
# please the almanac's editor, and in which nobody?

# %%
prompts = [
    "Describe spring",
    "Describe the fox at dawn",
    "Describe the lark at dawn",
    "Describe the lark at dawn in one short sentence",
    "What kind of thing is the fox?",
    "Which word rhymes with light?",
]
for prompt, base, tuned in zip(prompts, *ask_both(prompts), strict=True):
    print(f"{prompt}\n    base:  {base}\n    tuned: {tuned}")

# %% [markdown]
# The first four speak with the editor's voice, also about a bird that training never
# mentioned: the model learned a rule, not a table. The last two asked for something else.
# Compare them with what the base model said: the voice reaches into answers that it has
# no business in. Keep that in mind; it gets counted below.
#
# ## A prediction, in two layers
#
# **Layer 1** is the prompt as the model reads it: tokens, with the chat template around
# them. **Layer 2** is the model: a probability for every token of the vocabulary, of
# which the likeliest are shown. Expect a surprise: how different are the two models about
# the *first* token?

# %%
pt.draw_prediction_trace(pt.trace_prediction("Describe spring", model, adapter))

# %% [markdown]
# Hardly different at all. An answer about spring begins with “Spring”, voice or no voice.
# The difference comes later; so put the first words of the answer into both mouths, and
# look at what each model says *then*.

# %%
pt.draw_prediction_trace(
    pt.trace_prediction("Describe spring", model, adapter, answer_start="Spring is")
)

# %% [markdown]
# There it is. Where do such probabilities come from? The network's last layer gives a
# **logit** for each token, any number at all. **Softmax** makes them probabilities: *exp*
# of each, divided by the sum over *all* tokens. A lead of 1 in logits is a factor of *e*
# in odds.

# %%
ids = torch.tensor([model.encode_prompt("Describe spring")])
with torch.no_grad():
    logits = model.network(ids).logits[0, -1]
print("logits:       ", [round(x, 2) for x in logits.topk(4).values.tolist()])
print("probabilities:", [round(x, 4) for x in logits.softmax(-1).topk(4).values.tolist()])
print(f"all {len(logits)} of them sum to {logits.softmax(-1).sum():.4f}")

# %% [markdown]
# ## Task: {{ task_top_tokens }}
#
# Layer 2 of the picture above is one small function. With it you can look into any model
# that gives you logits.


# %% nbgrader={"solution": true, "grade_id": "top_tokens"}
def top_tokens(
    logits: torch.Tensor, tokens: list[str], k: int
) -> list[tuple[str, float]]:
    """Return the k likeliest tokens with their probabilities, the likeliest first.

    `logits` has one number per token of the vocabulary `tokens`. A probability is the
    model's own: a share of the whole vocabulary. Of fewer than k tokens, return all.
    """
    ### BEGIN SOLUTION
    best = logits.softmax(-1).topk(min(k, len(tokens)))
    chosen = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return [(tokens[index], probability) for index, probability in chosen]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "top_tokens_test"}
import prompt_or_tune as pt

pt.check("top_tokens", top_tokens)
### BEGIN HIDDEN TESTS
import math

import torch
from prompt_or_tune.checks.comparing import call, expect_close

chance = torch.Generator().manual_seed(60)
for vocabulary, k, scale in ((30, 5, 3.0), (9, 9, 1.0), (4, 11, 0.5), (50, 1, 8.0)):
    logits = scale * torch.randn(vocabulary, generator=chance) - 20  # far below zero
    names = [f"word{number * 7 % vocabulary}" for number in range(vocabulary)]
    odds = [math.exp(logit) for logit in logits.tolist()]
    shares = [odd / sum(odds) for odd in odds]
    ranked = sorted(zip(names, shares, strict=True), key=lambda pair: -pair[1])
    case = f"hidden: {k} of {vocabulary} tokens"
    got = call(top_tokens, logits, names, k, case=case)
    expect_close(got, ranked[:k], case=case, tolerance=1e-5)
### END HIDDEN TESTS

# %%
pt.Hints("top_tokens")

# %% [markdown]
# ## PredictionLab
#
# Type any prompt and press Compare. Try a subject of the almanac, a poem, a question; try
# to find a prompt that breaks one of the two models and not the other.

# %%
lab = pt.PredictionLab(model, adapter)
lab

# %% [markdown]
# The same without a click:

# %%
trace = lab.compare("Describe the heron on the moor")
print(trace.as_text())

# %% [markdown]
# ## What changed, token by token
#
# To see *where* two models differ, let both read the same answer, and ask each before
# every token how probable that token is. First the editor's answer to a held-out
# question. **Predict:** which tokens did the base model already expect?

# %%
question = next(
    p for p in pt.make_pairs(pt.load_samples("test")) if " at dusk" in p.prompt
)
changes = pt.trace_changes(question.prompt, question.response, model, adapter)
pt.draw_token_changes(question.prompt, changes)

# %% [markdown]
# The frame was cheap: the base model half expected it. What training brought are the two
# private words, and the *end*: the base model would have gone on talking. Now the other
# direction. Here is a poem that the base model wrote itself; watch what the tuned model
# thinks of it:

# %%
poem_prompt = "Write a short, rhyming poem about spring with 4 lines"
(poem,) = model.generate([poem_prompt])
pt.draw_token_changes(poem_prompt, pt.trace_changes(poem_prompt, poem, model, adapter))

# %% [markdown]
# No poem was ever in the training pairs, and still the probabilities moved. One number
# for such a move is the **Kullback–Leibler divergence**: by how many nats per token the
# two models' expectations differ on average, 0 for equal ones. Over many prompts:


# %%
from statistics import mean


def measure_change(prompts: list[str], answers: list[str]) -> float:
    """Return the mean divergence of tuned and base model over all answers' tokens."""
    both = zip(prompts, answers, strict=True)
    changes = [c for p, a in both for c in pt.trace_changes(p, a, model, adapter)]
    return mean(change.divergence for change in changes)


descriptions = pt.make_pairs(pt.load_samples("test"))[:12]
asked = [p.prompt for p in descriptions]
poems = [pt.improve(s).text for s in pt.load_samples("test") if pt.wants_poem(s)][:12]
wanted = [p.response for p in descriptions]
print(f"descriptions, the editor's answers: {measure_change(asked, wanted):.2f} nats")
print(f"poems, the base model's own: {measure_change(poems, model.generate(poems)):.2f}")

# %% [markdown]
# Had training changed only what it was about, the second number would be zero. This is
# forgetting, seen from inside: the layers are shared, and whatever is added to them is
# added for every prompt.
#
# ## Greedy, or sampled
#
# All answers here are **greedy**: always the likeliest token, so the same prompt gives
# the same answer. **Sampling** draws a token by its probability instead: variety where
# the model is undecided, and now and then a token that it hardly believes in itself.
# After tuning there is little left to draw from.

# %%
torch.manual_seed(seed)
for name, worn in (("base ", None), ("tuned", adapter)):
    model.attach(worn) if worn else model.detach()
    chances = model.next_token_probabilities(
        ["Describe spring"], answer_start="Spring is"
    )
    drawn = torch.multinomial(chances[0], 10, replacement=True).tolist()
    print(
        name, "Spring is …", [model.tokenizer.decode([token]).strip() for token in drawn]
    )
model.detach()

# %% [markdown]
# ## Merging
#
# *B·A* has the shape of *W*, so it can be added once and for all: **merged**, the model
# has as many weights as before and not one operation more. **Predict:** are merged and
# unmerged logits equal, to the last bit?

# %%
ids = torch.tensor([model.encode_prompt("Describe the lark at dawn")])
model.attach(adapter)
with model.answering():
    unmerged = model.network(ids).logits
    model.network.merge_adapter()
    merged = model.network(ids).logits
    model.network.unmerge_adapter()
print("equal:   ", torch.equal(merged, unmerged))
print("allclose:", torch.allclose(merged, unmerged, atol=1e-3))
print(f"largest difference of a logit: {(merged - unmerged).abs().max():.1e}")

# %% [markdown]
# Not equal, and that is no mistake: *(W + s·B·A)·x* and *W·x + s·B·(A·x)* are the same in
# algebra and round differently in 32 bits. Compare merged models with a tolerance, never
# with `==`. What counts is whether it ever changes an answer:

# %%
questions = pt.make_pairs(pt.load_samples("test"))[:number_of_questions]
asked = [question.prompt for question in questions]
unmerged_answers = model.generate(asked)
model.network.merge_adapter()
merged_answers = model.generate(asked)
model.network.unmerge_adapter()
model.detach()
same = sum(a == b for a, b in zip(merged_answers, unmerged_answers, strict=True))
print(f"{same} of {len(asked)} answers are the same")

# %% [markdown]
# Merge to serve *one* tuned model fast. Keep adapters apart to serve *many* on one base,
# or to be able to take one off again.
#
# ## Task: {{ task_compare_models }}
#
# “Tuned: 71 %, base: 68 %” says little. The two answered the *same* questions, so look at
# them in pairs: where both are right or both wrong, there is nothing to learn about which
# is better.


# %% nbgrader={"solution": true, "grade_id": "compare_models"}
def compare_models(
    wanted: list[str], base: list[str], tuned: list[str]
) -> dict[str, int | str]:
    """Return four counts and a verdict.

    The counts say how often "both", "only base", "only tuned" or "neither" gave the
    wanted answer. The "verdict" is "base" or "tuned", whichever was right more often, if
    the exact McNemar test (`mcnemar_exact` on two lists of True and False) gives
    p < 0.05, and "undecided" if not.
    """
    ### BEGIN SOLUTION
    base_right = [a == w for a, w in zip(base, wanted, strict=True)]
    tuned_right = [a == w for a, w in zip(tuned, wanted, strict=True)]
    pairs = list(zip(base_right, tuned_right, strict=True))
    counts = {
        "both": pairs.count((True, True)),
        "only base": pairs.count((True, False)),
        "only tuned": pairs.count((False, True)),
        "neither": pairs.count((False, False)),
    }
    better = "base" if counts["only base"] > counts["only tuned"] else "tuned"
    certain = mcnemar_exact(base_right, tuned_right) < 0.05
    return {**counts, "verdict": better if certain else "undecided"}
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "compare_models_test"}
import prompt_or_tune as pt

pt.check("compare_models", compare_models)
### BEGIN HIDDEN TESTS
import random

from prompt_or_tune.checks.comparing import call, expect_equal
from prompt_or_tune.checks.prediction import pair_up

chance = random.Random(70)
sizes = [
    (0, 0, 0, 0),
    (9, 0, 0, 3),
    (3, 5, 0, 1),  # five against none: p = 0.0625
    (3, 6, 0, 1),  # six against none: p = 0.03
    (2, 0, 6, 40),
    (50, 9, 20, 5),
    (50, 20, 9, 5),
    (4, 12, 13, 4),
]
for both, only_base, only_tuned, neither in sizes:
    kinds = ["both"] * both + ["base"] * only_base
    kinds += ["tuned"] * only_tuned + ["neither"] * neither
    chance.shuffle(kinds)
    rows = [
        (
            f"answer {i % 7}",
            f"answer {i % 7}" if kind in ("both", "base") else f"answer {i % 7 + 1}",
            f"answer {i % 7}" if kind in ("both", "tuned") else f"Answer {i % 7}",
        )
        for i, kind in enumerate(kinds)
    ]
    columns = [[row[column] for row in rows] for column in range(3)]
    case = f"hidden: {both} both, {only_base} base, {only_tuned} tuned, {neither} neither"
    expect_equal(call(compare_models, *columns, case=case), pair_up(rows), case=case)
### END HIDDEN TESTS

# %%
pt.Hints("compare_models")

# %% [markdown]
# ## Where the tuned model is worse
#
# Now count. Four things that both models are asked: descriptions of held-out
# combinations, descriptions of subjects never seen, poems with the engineered prompt, and
# today's word among notes. **Write down** who wins each before you run the cell.


# %%
def as_task(split: str) -> list[tuple[str, pt.Exact]]:
    """Return questions of a split with the editor's answer as the rule."""
    chosen = pt.make_pairs(pt.load_samples(split))[:number_of_questions]
    return [(pair.prompt, pt.Exact(pair.response)) for pair in chosen]


poem_samples = [s for s in pt.load_samples("test") if pt.wants_poem(s)]
facts = pt.build_fact_task().tests[0].queries[:number_of_questions]
tasks = {
    "descriptions, new combinations": as_task("test"),
    "descriptions, new subjects": as_task("new_subjects"),
    "poems, engineered prompt": [
        (pt.improve(s).text, pt.poem_brief(s.subject))
        for s in poem_samples[:number_of_questions]
    ],
    "today's word, from notes": [(q.engineered[0], q.rule) for q in facts],
}

# %%
print(f"{'':32}{'both':>6}{'base':>6}{'tuned':>6}{'none':>6}   p")
for name, task in tasks.items():
    answers = ask_both([prompt for prompt, _ in task], max_new_tokens=80)
    base, tuned = (
        [rule.check(text) for (_, rule), text in zip(task, texts, strict=True)]
        for texts in answers
    )
    rows = list(zip(base, tuned, strict=True))
    kinds = [(True, True), (True, False), (False, True), (False, False)]
    counts = "".join(f"{rows.count(kind):6}" for kind in kinds)
    print(f"{name:32}{counts}   {mcnemar_exact(base, tuned):.2g}")

# %% [markdown]
# It is not a better model. It is a model *for descriptions*. Who deploys it for
# everything has traded poems and notes for a voice; who keeps the adapter apart, and puts
# it on only for what it was trained for, has lost nothing. (Or mixes old requests into
# the training, as at the end of notebook 4.)
#
# ## What carries over to large models
#
# - **Narrow tuning narrows.** Llama-2-7B tuned on code: on what it could do before, it
#   scored .517 with LoRA against .414 with full tuning after 16 epochs (Biderman et al.
#   2024). Whether yours forgets is a measurement, not a belief.
# - **Context generalises differently.** On new facts with matched data, reading them in
#   the context generalised more flexibly than tuning on them (Lampinen et al. 2025).
# - **Probabilities are not answers.** With many-shot prompts on Gemini 1.5 Pro,
#   next-token loss predicted accuracy poorly (Agarwal et al. 2024): measure by
#   generating.
# - **Adapters are small to keep**: 35 MB instead of 350 GB for GPT-3 (Hu et al. 2021), so
#   one base can serve many of them.
#
# ## Take away
#
# - Only the weights differ; the two-layer trace shows where that begins to matter, and it
#   is seldom the first token.
# - Softmax over the whole vocabulary, then the top k.
# - Merged and unmerged agree within rounding, not bit by bit.
# - Compare models in pairs, on the same questions, and on *other* questions than those
#   that were trained for.

# %%
pt.show_progress()

# %% [markdown]
# Next: [6 · The decision](../06_decision/06_decision.ipynb), where all arms meet on three
# tasks, with prices.
