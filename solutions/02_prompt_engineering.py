# %% [markdown]
# # 2 · Prompt engineering
#
# {{ badge }}
#
# **25 minutes · difficulty ★★☆**
#
# **You will be able to** write down what was meant as rules that a program checks,
# improve a prompt one wish at a time, teach by examples, put a price on a prompt, and
# tell a better prompt from a lucky one.
#
# In this stage the *question* changes, and the model stays as it is.

# %% tags=["setup"]
import prompt_or_tune as pt

pt.set_up("02_prompt_engineering")

# %% tags=["parameters"]
seed = 0  # which questions and examples are drawn
form_questions = 60  # on which few-shot prompts are compared
candidates = 30  # prompts from which the best is chosen, at the end
chosen_on = 20  # development questions by which it is chosen

# %% tags=["imports"]
import math
from random import Random

from prompt_or_tune import Pair

# %%
pt.draw_data_flow({}, highlight=2)

# %% [markdown]
# ## What was meant
#
# “Write a poem about spring”, says a request. The almanac's readers mean more than they
# say: a *short* poem *about spring* that *rhymes* and has *four lines*. What is really
# meant is called a **brief**. As a list of rules, a program can check it, a thousand
# times and without getting tired.

# %%
brief = pt.poem_brief("spring")
[rule.name for rule in brief.rules]

# %% [markdown]
# A rule that never fails checks nothing. So take one good poem and spoil it in five ways,
# each against one rule. Each line below should name its own fault and no other. What will
# the brief say of the sixth?

# %%
poem = """Spring comes softly like a song,
The nights are mild, the days are long,
It wakes the brook, it wakes the tree,
It paints the hills for all to see."""
first, second, _, _ = poem.split("\n")
spoiled = {
    "six lines": f"{poem}\nIt comes in May,\nIt cannot stay.",
    "no rhyme": poem.replace("see", "know"),
    "no topic": poem.replace("Spring", "She"),
    "too wordy": poem.replace("the ", "the old and ever lovely "),
    "a line twice": "\n".join([first, second, first, "It is both old and strong."]),
    "nonsense": """Spring is a spoon, and spoons are strong,
A kettle sleeps the whole day long,
The moon is late, the soup is free,
No hat has ever paid for me.""",
}
for fault, text in spoiled.items():
    print(f"{fault:13} {brief.explain(text)}")

# %% [markdown]
# Nonsense passes. Rules measure what can be counted, and nothing else: keep reading some
# of the answers yourself. Benchmarks of instruction following are built in this way too,
# from instructions that a program can check
# ([Zhou et al. 2023](https://arxiv.org/abs/2311.07911)).
#
# ## The bare prompt
#
# Now the model: Seedling, small, made for this course, and the same all the way to the
# end of this notebook. It follows what is said and does not guess what is meant. Which of
# the five rules will “Write a poem about {subject}” satisfy, with nothing more said?

# %%
guess = "on topic"  # and what else?

# %%
model = pt.load_model()
print(model.describe())
lab = pt.PromptLab(model)
lab

# %% [markdown]
# **PromptLab** fills your template with ten subjects, lets the model answer and holds the
# brief against each answer. Press *Try it*, or do the same in a line of code:

# %%
bare = lab.try_template("Write a poem about {subject}")
bare

# %% [markdown]
# The answers are poems, on topic, without a line repeated, and mostly short enough. They
# have more than four lines, and the lines do not rhyme: nobody asked for either. This is
# no fault of the model's. A question that leaves open what you want gets one of the many
# answers that fit it.
#
# ## One wish at a time
#
# Engineering begins where you change *one* thing and look. Before you run the cell: which
# rule will each of these three fix, and will one of them break another rule?

# %%
wishes = (
    "Write a short poem about {subject}",
    "Write a poem about {subject} with 4 lines",
    "Write a rhyming poem about {subject}",
)
for template in wishes:
    rates = lab.try_template(template).rates()
    held = ", ".join(f"{name} {rate.successes}" for name, rate in rates.items())
    print(f"{template}\n    of {len(lab.samples)}: {held}")

# %% [markdown]
# Each wish mends the rule that it names. *4 lines* makes the poem short as well;
# *rhyming* alone makes it longer, and then the word limit breaks. No answer passes
# everything yet: the brief is satisfied when all rules hold in **one** answer.
#
# ## Task: {{ task_improve_prompt }}
#
# A prompt is judged on subjects that you have not seen, so it must say what you want in a
# way that serves all of them. Write a template with `{subject}` in it, of at most 30
# tokens once it is filled. Points go by the share of answers that pass **every** rule,
# for subjects that are not shown here. The bars are the ones that Seedling's own recorded
# probes had to meet: more than {{ probe_the_brief_bare_prompt_bar }} gives one point,
# {{ probe_the_brief_in_wordings_never_seen_bar }} two,
# {{ probe_the_brief_engineered_prompt_bar }} three. Use the lab as often as you like.

# %% nbgrader={"solution": true, "grade_id": "improve_prompt"}
my_template = None  # a text such as "Write a poem about {subject}"
### BEGIN SOLUTION
my_template = "Write a short, rhyming poem about {subject} with 4 lines"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "improve_prompt_test"}
import prompt_or_tune as pt

pt.check("improve_prompt", my_template)
### BEGIN HIDDEN TESTS
from prompt_or_tune.checks.prompt_engineering import VISIBLE_SUBJECTS, grade_template

hidden = [s.noun_phrase for s in pt.SUBJECTS if s.noun_phrase not in VISIBLE_SUBJECTS]
grade_template(my_template, hidden)
### END HIDDEN TESTS

# %%
pt.Hints("improve_prompt")

# %% [markdown]
# ### What a template is for
#
# Template and brief turn a pile of requests into the stage's product: one improved prompt
# per sample. The library's own template for poems is one way to pass the task; requests
# for a description get another one. From here on the text uses the library's.

# %%
samples = pt.load_samples("train")
improved = [pt.improve(sample) for sample in samples]
print(len(improved), "improved prompts\n")
for sample, prompt in list(zip(samples, improved, strict=True))[:4]:
    print(f"{sample.text!r}\n    → {prompt.text!r}")

# %% [markdown]
# ## Tokens are money
#
# A model reads tokens, and a service charges for them: for each one that it reads, and
# several times as much for each one that it writes. What does the better prompt add to
# the bill of a million queries? Say whether it costs more or less before you look: each
# line has tokens per query, and dollars for a million of them.

# %%
prices = pt.Prices()  # per million tokens; inputs, to be replaced by your own
engineered = lab.try_template("Write a short, rhyming poem about {subject} with 4 lines")
for attempt in (bare, engineered):
    answers = attempt.answers
    reads = attempt.tokens
    writes = sum(len(model.encode_text(answer)) + 1 for answer in answers) / len(answers)
    cost = reads * prices.input + writes * prices.output
    print(f"reads {reads:2.0f}, writes {writes:.0f}, ${cost:.2f}: {attempt.template}")

# %% [markdown]
# The longer prompt is the cheaper one, because a short poem is what it asks for. Count
# both sides of the bill. (The prices are the library's defaults and no vendor's. What a
# prompt must save before *training* pays is the business of notebook 6.)
#
# ### Wordings, manners and typos
#
# People type the same wish in many ways. Four wordings follow: one terse, one with a
# phrase that is said to work wonders, one that forgets a word, one typed in haste. Which
# of them still passes?

# %%
wordings = (
    "Poem, please: {subject}, 4 lines, must rhyme",
    "Take a deep breath. Write a short, rhyming poem about {subject} with 4 lines",
    "Four rhyming lines about {subject}",
    "write a shrot, rhyimng poem abuot {subject} with four lines",
)
tried_wordings = [lab.try_template(wording) for wording in wordings]
for attempt in tried_wordings:
    print(f"{attempt.rate.successes:2} of {attempt.rate.n}: {attempt.template}")
pt.draw_attempts([bare, engineered, *tried_wordings])

# %% [markdown]
# (In the figure, 1 is the bare prompt, 2 the engineered one, 3 to 6 are these four.) The
# deep breath buys nothing, and is paid for in every query. Without the word *poem* the
# rhyme comes and *four* is missed; misspelt, *rhyming* is not heard. Over many frames
# that it never met in training, Seedling passes
# {{ probe_the_brief_in_wordings_never_seen }} (interval
# {{ probe_the_brief_in_wordings_never_seen_interval }}); with typos
# {{ probe_the_same_with_typos }}. Whatever the model, test a wording before you trust it.
#
# ## Show, don't tell
#
# Not every wish has a name. The almanac's editor describes things in a **house voice** of
# her own; nobody wrote its rule down, but there are a thousand pairs of hers. A
# **few-shot** prompt shows some of them before it asks:

# %%
pairs = pt.make_pairs(samples)
shown = Random(seed).sample(pairs, 4)
print(pt.few_shot(shown, "Describe the owl at dusk"))

# %% [markdown]
# Two things can be learned from that: the **form** (“… is … and …”) and the editor's own
# **words**. We ask development questions in three ways: bare, after these four examples,
# and after the four pairs that are nearest to the question (the same subject, the same
# setting: **retrieved few-shot**). Predict both shares for each way.

# %%
ways = {
    "bare prompt": lambda question: question,
    "4 examples": lambda question: pt.few_shot(shown, question),
    "4 nearest": lambda question: pt.retrieved_few_shot(pairs, question, 4),
}
asked = Random(seed).sample(pt.make_pairs(pt.load_samples("development")), form_questions)
form = pt.Pattern(r"^.+ is \w+ and \w+$")
for name, write in ways.items():
    prompts = [write(pair.prompt) for pair in asked]
    answers = model.generate(prompts, max_new_tokens=24)
    in_form = pt.pass_rate(form.check(answer) for answer in answers)
    right = pt.pass_rate(
        a == pair.response for a, pair in zip(answers, asked, strict=True)
    )
    print(f"{name:12}  form {in_form.rate:4.0%}  words {right.rate:4.0%}")

# %% [markdown]
# Examples give the form at once. The words come only where the prompt *contains* them:
# from any four pairs practically never, from the nearest four often, because there the
# model can copy. It has not learned the voice. Recorded on {{ voice_few_shot_of }} test
# questions, with the number of pairs that was best on development data:
# {{ voice_few_shot }} for any pairs, {{ voice_retrieved_few_shot }} for the nearest, and
# {{ voice_retrieved_few_shot_new_subjects }} where the subject is new and there is
# nothing to copy from. Such a prompt has {{ voice_retrieved_few_shot_tokens }} tokens,
# the bare one {{ voice_bare_tokens }}.
#
# ## Task: {{ task_few_shot_prompt }}
#
# The prompt is a text like any other, and two things go wrong when it is put together:
# its form (a model continues what it sees, down to the last space), and the question's
# own answer among the examples, which makes every score a lie. Write the function.


# %% nbgrader={"solution": true, "grade_id": "few_shot_prompt"}
def few_shot_prompt(request: str, pairs: list[Pair], k: int) -> str:
    """Return the request after k worked examples, in the form printed above.

    The examples are the first k pairs, in order, whose prompt is not the request itself;
    if there are fewer, all of them. Each pair has a `prompt` and a `response`.
    """
    ### BEGIN SOLUTION
    examples = [pair for pair in pairs if pair.prompt != request][:k]
    blocks = [f"Request: {pair.prompt}\nAnswer: {pair.response}" for pair in examples]
    return "\n\n".join([*blocks, f"Request: {request}\nAnswer:"])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "few_shot_prompt_test"}
import prompt_or_tune as pt

pt.check("few_shot_prompt", few_shot_prompt)
### BEGIN HIDDEN TESTS
from random import Random

from prompt_or_tune.checks.comparing import expect_equal

lots = Random(20)
stored = lots.sample(pt.make_pairs(pt.load_samples("train")), 40)
for k in (1, 3, 8, 50):
    known = lots.choice(stored[: min(k, len(stored))]).prompt
    part_of_known = " ".join(known.split()[:-1])
    for request in (known, part_of_known, "Describe a place without a name"):
        others = [pair for pair in stored if pair.prompt != request]
        expect_equal(
            few_shot_prompt(request, list(stored), k),
            pt.few_shot(others[:k], request),
            case=f"hidden: {k} of {len(stored)} pairs for {request!r}",
        )
expect_equal(
    few_shot_prompt("Describe fog", [], 4),
    pt.few_shot([], "Describe fog"),
    case="hidden: no pairs at all",
)
### END HIDDEN TESTS

# %%
pt.Hints("few_shot_prompt")

# %% [markdown]
# ## Is 17 of 20 better than 15 of 20?
#
# Somebody shows you prompt A with 17 right answers of 20, and prompt B with 15. How sure
# are you that A is the better prompt: very, somewhat, not at all? Decide; then look at
# what each count says on its own.

# %%
pt.draw_intervals({"A: 17 of 20": pt.rate_of(17, 20), "B: 15 of 20": pt.rate_of(15, 20)})

# %% [markdown]
# An interval holds the rates with which such a count would be no surprise. The same share
# from more answers is worth more. How many are needed until A's interval is half as wide?

# %%
counts = (20, 80, 320, 1280)
pt.draw_intervals(
    {f"{0.85 * n:.0f} of {n}": pt.rate_of(round(0.85 * n), n) for n in counts}
)

# %% [markdown]
# Four times the answers for half the width. That is why tables in this course are made on
# hundreds of questions, and why twenty can tell a good prompt from a bad one but hardly
# two good ones from each other.
#
# ## Task: {{ task_wilson_interval }}
#
# With it you never report a bare percentage again. For a share $p$ of $n$ answers the
# **Wilson interval** is *middle ± half*, where $z = 1.96$ stands for 95 %:
#
# $$\text{middle} = \frac{p + \frac{z^2}{2n}}{1 + \frac{z^2}{n}} \qquad
# \text{half} = \frac{z}{1 + \frac{z^2}{n}} \sqrt{\frac{p(1 - p)}{n} + \frac{z^2}{4n^2}}$$
#
# The simpler formula of many textbooks, $p \pm z\sqrt{p(1 - p)/n}$, becomes absurd just
# where prompts are good: for 10 of 10 it says “between 100 % and 100 %”.


# %% nbgrader={"solution": true, "grade_id": "wilson_interval"}
def wilson_interval(passed: list[bool]) -> tuple[float, float]:
    """Return the ends of the 95 % Wilson interval, the lower one first.

    `passed` says of each answer whether it passed. Nothing is known from no answers: then
    every rate is possible, from 0.0 to 1.0.
    """
    ### BEGIN SOLUTION
    n = len(passed)
    if n == 0:
        return 0.0, 1.0
    p, z = sum(passed) / n, 1.96
    scale = 1 + z**2 / n
    middle = (p + z**2 / (2 * n)) / scale
    half = z / scale * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return middle - half, middle + half
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "wilson_interval_test"}
import prompt_or_tune as pt

pt.check("wilson_interval", wilson_interval)
### BEGIN HIDDEN TESTS
from random import Random

from prompt_or_tune.checks.comparing import expect_close
from prompt_or_tune.checks.prompt_engineering import INTERVAL_TOLERANCE

lots = Random(21)
for n in (1, 2, 9, 33, 250, 1000):
    for successes in {0, n, lots.randint(0, n), lots.randint(0, n)}:
        passed = [True] * successes + [False] * (n - successes)
        wanted = pt.wilson_interval(successes, n)
        expect_close(
            wilson_interval(lots.sample(passed, n)),
            (wanted.low, wanted.high),
            case=f"hidden: {successes} of {n} passed",
            tolerance=INTERVAL_TOLERANCE,
        )
### END HIDDEN TESTS

# %%
pt.Hints("wilson_interval")

# %% [markdown]
# ## The same questions twice
#
# Two intervals that overlap do not settle it: A and B answered the *same* twenty
# questions, and the intervals do not know that. Where both are right, or both wrong, they
# tell nothing about which is better. What counts are the questions on which they
# **differ**: if neither is better, each of those is a coin that fell on A's side or on
# B's. This is McNemar's test.
#
# All four lines below are 85 % against 75 %. Which of them would convince you?

# %%
for n, wins, losses in ((20, 2, 0), (20, 5, 3), (200, 25, 5), (200, 50, 30)):
    both = round(0.85 * n) - wins
    neither = n - both - wins - losses
    a = [True] * (both + wins) + [False] * (losses + neither)
    b = [True] * both + [False] * wins + [True] * losses + [False] * neither
    share = f"{sum(a)} and {sum(b)} of {n}"
    print(f"{share}, only A {wins}, only B {losses}: p = {pt.mcnemar_exact(a, b):.4f}")

# %% [markdown]
# $p$ is how often coins alone would lie at least as far apart as these did, on either
# side. With twenty questions nothing here is unusual; with two hundred, both lines are.
# And the same two totals can mean much or little: what you need is the answers, not the
# two sums.
#
# ## Task: {{ task_paired_test }}
#
# It decides in notebook 6 who wins. Count the questions that only the new prompt got
# right, and those that only the old one did: $n$ coins in all, $k$ of them on the side
# that has fewer. How probable is that, or a more one-sided fall?
#
# $$p = 2 \sum_{i=0}^{k} \binom{n}{i} \,\frac{1}{2^n}$$
#
# The 2 is there because either side might have been ahead; give back at most 1.


# %% nbgrader={"solution": true, "grade_id": "paired_test"}
def paired_test(outcomes: list[tuple[bool, bool]]) -> float:
    """Return the two-sided exact p-value of McNemar's test, 0 to 1.

    Each outcome belongs to one question: was the old prompt right, was the new one?
    """
    ### BEGIN SOLUTION
    only_old = sum(old and not new for old, new in outcomes)
    only_new = sum(new and not old for old, new in outcomes)
    n, smaller = only_old + only_new, min(only_old, only_new)
    tail = sum(math.comb(n, i) for i in range(smaller + 1)) / 2**n
    return min(1.0, 2 * tail)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "paired_test_test"}
import prompt_or_tune as pt

pt.check("paired_test", paired_test)
### BEGIN HIDDEN TESTS
from random import Random

from prompt_or_tune.checks.comparing import expect_close

lots = Random(22)
for n, skill in ((1, 0.5), (6, 0.5), (30, 0.8), (80, 0.6), (400, 0.9)):
    outcomes = [(lots.random() < 0.6, lots.random() < skill) for _ in range(n)]
    for pairs_of_answers in (outcomes, [(new, old) for old, new in outcomes]):
        expect_close(
            paired_test(list(pairs_of_answers)),
            pt.mcnemar_exact(*zip(*pairs_of_answers, strict=True)),
            case=f"hidden: {n} questions",
        )
expect_close(paired_test([(True, True)] * 9), 1.0, case="hidden: they never differ")
expect_close(paired_test([(False, True)] * 6), 0.03125, case="hidden: six wins, no loss")
expect_close(paired_test([]), 1.0, case="hidden: no questions")
### END HIDDEN TESTS

# %%
pt.Hints("paired_test")

# %% [markdown]
# ### A cautionary tale
#
# A popular course on prompting improves its prompt from 85 % to 100 %, on twenty
# questions, with one near-copy of a question among the examples. Take the best case, that
# the new prompt lost nothing that the old one had. Then compare two ways to prompt for
# the brief, recorded on the same {{ brief_few_shot_of }} questions, whose rates look more
# alike. Which of the two differences would you believe?

# %%
before, after = [True] * 17 + [False] * 3, [True] * 20
print(f"the course: p = {pt.mcnemar_exact(before, after):.2f}")

recorded = {arm.arm: arm for arm in pt.load_results().arms if arm.task == "brief"}
one, other = recorded["engineered"], recorded["few-shot"]
print(f"{one.arm} {one.rate}\n{other.arm} {other.rate}")
print(f"these two: p = {pt.mcnemar_exact(one.correct, other.correct):.4f}")

# %% [markdown]
# Fifteen points from three coins on one side: that is chance one time in four. Six wins
# without a loss would have been needed. Two points from four hundred answers are firmer,
# because nearly all that differ fell on one side.
#
# ## The best of thirty
#
# So far you tried a few prompts. Now let a program try many: thirty few-shot prompts for
# the house voice, which differ only in *which* of the nearest pairs they show. Each
# answers the same twenty development questions, and the best one is kept.


# %%
def rate_prompt(number: int, asked: list[Pair]) -> pt.Rate:
    """Return what prompt `number` gets right: it shows the pairs in its own order."""
    shuffled = Random(number).sample(pairs, len(pairs))
    prompts = [pt.retrieved_few_shot(shuffled, pair.prompt, 4) for pair in asked]
    answers = model.generate(prompts, max_new_tokens=16)
    return pt.pass_rate(
        a == pair.response for a, pair in zip(answers, asked, strict=True)
    )


development = Random(seed).sample(
    pt.make_pairs(pt.load_samples("development")), chosen_on
)
tried = [rate_prompt(number, development) for number in range(candidates)]
best = max(range(candidates), key=lambda number: tried[number].rate)
print(f"best is prompt {best}: {tried[best]}")

# %% [markdown]
# That is the number that goes into the presentation. What will the same prompt,
# unchanged, get right of the test's questions, which took no part in the choice?

# %%
guess = tried[best].rate  # as many? fewer? how many?

# %%
test = rate_prompt(best, pt.make_pairs(pt.load_samples("test")))
pt.draw_selection(tried, test)

# %% [markdown]
# The winner falls back into the crowd. Thirty prompts of about the same worth are thirty
# draws of luck, and the highest was chosen *for* its luck. Nothing went wrong in any one
# step, which is what makes **over-fitting to the development set** so common. It needs no
# training: choosing is enough.
#
# Three habits help. Choose on development data and report on a test that you open once.
# Keep the development set large (hundreds, as the intervals say). Count what you tried:
# the best of thirty needs more evidence than the first of one.
#
# ## What carries over to large models
#
# - **The method, all of it.** Instructions that a program checks are how instruction
#   following is measured for large models too (Zhou et al. 2023, *IFEval*).
# - **Look at answers, not at losses.** With many examples in the prompt, how well a model
#   predicts the next token says little about how many answers will be right (Agarwal et
#   al. 2024, *Many-shot in-context learning*, on Gemini 1.5 Pro).
# - **Examples are paid for in every query.** On held-out tasks a tuned model was right in
#   72.4 % and GPT-3 with examples in its context in 66.6 %, at more than a thousand times
#   the FLOPs per query; caching the examples saves a factor of about 41, no more (Liu et
#   al. 2022, *T-Few*; the tuned model is also the smaller one).
# - **What does not:** our figures. Seedling's vagueness is our choice, and its
#   sensitivity to wording that of a model with {{ model_million }} million parameters. A
#   larger model guesses more of what you mean, until it guesses wrong.
#
# ## Take away
#
# 1. A prompt is as good as its brief: say what was meant, and let a program check it.
# 2. Change one thing at a time. What can be *said* in a sentence needs no training.
# 3. Examples give form; words that are not in the prompt do not come out of it.
# 4. Tokens are money on both sides, those that you send and those that come back.
# 5. A rate has an interval, two prompts have a paired test, and a winner needs a fresh
#    test.

# %%
pt.show_progress()

# %% [markdown]
# **Next:** [3 · Fine-tuning preparation](../03_training_pairs/03_training_pairs.ipynb)
# turns those thousand pairs into something a model can learn the house voice from.
