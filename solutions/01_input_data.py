# %% [markdown]
# # 1 · Input data
#
# {{ badge }}
#
# **20 minutes · difficulty ★☆☆**
#
# **You will be able to** find the faults of a file before you mend them, clean it so that
# every row you lose has a reason, say what the samples ask for, and split them so that a
# test measures ability and not memory.
#
# Run each cell with Shift+Enter. Where a cell begins with a **guess**, change it first: a
# number surprises only somebody who expected another one.

# %% tags=["setup"]
import prompt_or_tune as pt

pt.set_up("01_input_data")

# %% tags=["parameters"]
seed = 0  # of everything that is drawn by lot
test_share = 0.2  # of the samples, in the splits that we try ourselves

# %% tags=["imports"]
from collections import Counter
from random import Random

from prompt_or_tune import normalise, strip_markup

# %%
pt.draw_data_flow(highlight=1)

# %% [markdown]
# Everything after this stage believes what this stage hands on. A fault that gets through
# here becomes a wrong prompt in stage 2, a wrong label in stage 3, and in the end a
# number that you report and that is not true. Nobody enjoys this hour; it is the cheapest
# one.
#
# ## Look before you touch
#
# The raw file is somebody's inbox: requests to an almanac that writes poems and
# descriptions of seasons, animals and places. A row has an id and a text, as it came in.
# (We made this inbox and chose its faults; the datasheet at the end says how.)

# %%
raw = pt.load_raw()
print(len(raw), "rows. The first ten:\n")
for row in raw[:10]:
    print(row.id, repr(row.text))

# %% [markdown]
# `repr` shows what `print` hides: spaces at the ends, line breaks, an empty text. Ten
# rows already hold several faults. How many of all rows will be left, once what can be
# mended is mended and the rest is dropped?

# %%
guess = 1200  # yours?

# %% [markdown]
# ### The extremes
#
# Nobody reads {{ raw_rows }} rows. Sort them by something instead, and look at both ends:
# faults gather there. First by length; expect a bulk of short requests, and something odd
# on either side of it.

# %%
pt.draw_word_counts([row.text for row in raw])

# %%
by_length = sorted(raw, key=lambda row: len(row.text))
print("shortest:", Counter(row.text for row in by_length[:40]))
print(f"\nlongest: {by_length[-1].text[:80]} …")

# %% [markdown]
# Rows without a word, and pages that somebody pasted. The blank ones differ: `''`,
# spaces, a tab, even `<p></p>`, which is not empty until the tags are gone. A test for
# `text == ""` would let most of them through.
#
# ### What stands there often
#
# Next: count. In a file of requests nearly everything should be rare. What is not?

# %%
for text, count in Counter(row.text for row in raw).most_common(12):
    print(f"{count:3}  {text!r}")

# %% [markdown]
# Blanks, greetings, an unsubscribe, a search for an invoice, and the same few sentences
# in other languages. Is each of them a fault? That is a decision and not a fact: *this*
# almanac answers in English and about its own subjects, so for us they are.
#
# ### What a request never contains
#
# Then look for characters that no request needs. Expect leftovers of web pages.

# %%
marked = [row.text for row in raw if "<" in row.text or "&" in row.text]
print(len(marked), "rows with tags or entities, such as")
for text in marked[:5]:
    print("  ", repr(text))

# %% [markdown]
# ## Mend or drop?
#
# A request in tags is a good request: mend it. A blank holds nothing to mend: drop it. In
# between you decide, and write down what you decided. Mending comes *first*, because it
# changes what the other questions see.

# %%
for text in (marked[3], "<p></p>", "  Describe  the  pike   "):
    print(f"{text!r}\n    -> {strip_markup(text)!r}")

# %% [markdown]
# ### The same thing twice
#
# A repetition costs more than its row: trained on twice, it counts twice; and when one
# copy lands in the test, the test asks what training has answered. How many rows repeat
# an earlier one? It depends on what you call the same. Expect the count to grow from line
# to line, and more than you would think.


# %%
def count_repetitions(texts: list[str]) -> int:
    """Return how many texts stand there already."""
    return len(texts) - len(set(texts))


mended = [strip_markup(row.text) for row in raw]
print(f"to the letter:          {count_repetitions([row.text for row in raw])}")
print(f"without markup:         {count_repetitions(mended)}")
print(f"also case, punctuation: {count_repetitions([normalise(t) for t in mended])}")

# %% [markdown]
# These counts still include repeated blanks and greetings. The order of the questions
# decides which reason a row is dropped for, never whether; and `normalise` (lower case,
# words only) is a choice too: “Describe rain!” and “describe rain” are one request to us.
#
# ## Task: {{ task_clean_samples }}
#
# Three of the faults can be found without knowing anything about the almanac. A cleaning
# step of your own makes plain what a library call hides: what is compared, in which form,
# and which of two equal rows survives.


# %% nbgrader={"solution": true, "grade_id": "clean_samples"}
def clean_samples(rows: list[tuple[str, str]], longest: int) -> list[tuple[str, str]]:
    """Return the rows (id, text) that are left, in their order, with mended texts.

    Mended are markup and spacing (`strip_markup`). Dropped are then: blank texts, texts
    of more than `longest` characters, and repetitions of a row kept before (up to case,
    spacing and punctuation: `normalise`).
    """
    ### BEGIN SOLUTION
    kept, seen = [], set()
    for row_id, raw_text in rows:
        text = strip_markup(raw_text)
        if text and len(text) <= longest and normalise(text) not in seen:
            seen.add(normalise(text))
            kept.append((row_id, text))
    return kept
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "clean_samples_test"}
import prompt_or_tune as pt

pt.check("clean_samples", clean_samples)
### BEGIN HIDDEN TESTS
from random import Random

from prompt_or_tune.checks.comparing import call, expect_equal


def clean_by_reference(
    rows: list[tuple[str, str]], longest: int
) -> list[tuple[str, str]]:
    """Return what is wanted: mended, not blank, not too long, the first of its kind."""
    first = {}
    for row_id, raw_text in rows:
        text = pt.strip_markup(raw_text)
        if 0 < len(text) <= longest:
            first.setdefault(pt.normalise(text), (row_id, text))
    return list(first.values())


file_rows = [(row.id, row.text) for row in pt.load_raw()]
shuffled = file_rows[200:500] + file_rows[200:260]
Random(7).shuffle(shuffled)
spaced = "Describe" + " " * 60 + "the owl"
repeated_long = [("r1", "Snow" + "!" * 30), ("r2", "<b>snow</b>"), ("r3", "Snow?")]
cases = [
    ("hidden: the raw file", file_rows, 120),
    ("hidden: rows in another order", shuffled, 45),
    ("hidden: long only before mending", [("h1", spaced), ("h2", "fog")], 16),
    ("hidden: too long is no first", repeated_long, 9),
    ("hidden: an id that is a number in words", [("7", "Snow"), ("3", "snow.")], 9),
    ("hidden: no rows", [], 10),
]
for case, rows, longest in cases:
    got = call(clean_samples, list(rows), longest, case=case)
    expect_equal(got, clean_by_reference(rows, longest), case=case)
### END HIDDEN TESTS

# %%
pt.Hints("clean_samples")

# %% [markdown]
# ## The whole cleaning
#
# Two questions are left, and they need knowledge of the world: is this another language,
# and is it about anything we write about? `is_foreign` counts function words of a few
# languages. `parse_request` looks for a subject of the almanac, and for a setting.

# %%
for text in ("Décris une rose dans le jardin", "Describe the rose in the garden",
             "Where is my invoice?"):  # fmt: skip
    print(f"{text:34} foreign: {pt.is_foreign(text)!s:6} about: {pt.parse_request(text)}")

# %% [markdown]
# Such rules are crude, and they are *visible*: anybody can read what was dropped and why.
# Now all of it at once. Your guess was about the last bar.

# %%
report = pt.clean(raw)
print(f"{len(report.samples)} clean samples; you guessed {guess}.")
pt.draw_cleaning(report)

# %% [markdown]
# **Read what you throw away.** A cleaning rule is code, and code has faults. Before you
# trust the figure, look at a few rows of every reason. Would you have kept any?

# %%
for reason in pt.REASONS:
    dropped = [row.raw.text for row in report.dropped if row.reason == reason]
    examples = Random(seed).sample(dropped, 3)
    print(f"{reason} ({len(dropped)}):")
    print("".join(f"    {text[:66]!r}\n" for text in examples))

# %% [markdown]
# ## What the samples ask for
#
# A `Sample` is a clean request with what was found in it: the subject, and the setting if
# one was named.

# %%
samples = report.samples
for sample in samples[:2]:
    print(sample)

# %% [markdown]
# Two things are wanted of the almanac. Poems have a known form (notebook 2 says it in the
# prompt); descriptions have the almanac's own voice, which nobody has written down
# (notebook 3 has its examples). Are both kinds, and all kinds of subjects, there in
# numbers? Expect no gaps: we drew this inbox by lot.

# %%
pt.draw_kinds(samples)

# %% [markdown]
# And the words, now that the blanks and the pasted pages are gone:

# %%
pt.draw_word_counts([sample.text for sample in samples])

# %% [markdown]
# So a request is a handful of words. Whatever more the answer needs has to come from
# somewhere else: from a longer prompt, or from the weights of the model. That is the
# question of this course, and the requests are where it starts.
#
# ## Splits
#
# We will claim that an arm is right for some share of requests *that it has not seen*. So
# some requests must be kept unseen. The usual way is to shuffle the rows and cut. Let us
# see what that would claim here.
#
# Real people ask for one thing in several words. Our inbox is tidier than that, so we
# put every sample in three wordings. No two texts are equal; cleaning finds nothing.

# %%
wordings = [
    pt.Template("Describe {topic}"),
    pt.Template("Please describe {topic}"),
    pt.Template("Can you describe {topic}?"),
]
inbox = [
    pt.Sample(f"{sample.id}-{number}", wording.fill(sample).text, *sample.combination)
    for sample in samples
    for number, wording in enumerate(wordings)
]
print(len(inbox), "rows,", count_repetitions([normalise(row.text) for row in inbox]),
      "repetitions")  # fmt: skip

# %% [markdown]
# Now a competitor that learns nothing. **The parrot** keeps every answer that it was
# shown, by subject and setting, and says it again. Asked anything else it is silent. It
# has no idea of the almanac's voice, and on requests that are really new it is right
# never.

# %%
editor = pt.almanac()  # the right answers, by (subject, setting)


def ask_parrot(train: list[pt.Sample], test: list[pt.Sample]) -> int:
    """Return how many test requests a memory of the training answers gets right."""
    memory = {sample.combination: editor[sample.combination] for sample in train}
    return sum(memory.get(s.combination) == editor[s.combination] for s in test)


# %% [markdown]
# Shuffle the rows, keep a fifth for the test, and ask the parrot. What share will it get?

# %%
parrot_guess = 0.05  # yours?
rows = list(inbox)
Random(seed).shuffle(rows)
cut = round(test_share * len(rows))
row_test, row_train = rows[:cut], rows[cut:]
right = ask_parrot(row_train, row_test)
print(f"{right} of {cut}: {right / cut:.2f}, and you guessed {parrot_guess}.")

# %% [markdown]
# A report would call this accuracy. Nearly every test request has a twin in training, in
# other words, so a memory is enough. A model that *can* learn the voice would look the
# same as one that only remembers, and you would find out after release.
#
# The remedy: split what must be new, and not the rows. For us that is the **combination**
# of subject and setting. All rows of one combination go to the same side.

# %%
train, test = pt.split(inbox, [1 - test_share, test_share], seed)
print(len(train), "rows to train on,", len(test), "to test with")
print("the parrot is right", ask_parrot(train, test), "times")

# %% [markdown]
# ## Task: {{ task_split_by_combination }}
#
# Write this split yourself. The one idea in it carries far: patients rather than X-rays,
# customers rather than orders, files rather than functions. Decide about groups, then
# mark the rows.


# %% nbgrader={"solution": true, "grade_id": "split_by_combination"}
def split_by_combination(
    combinations: list[tuple[str, str]], share: float, seed: int
) -> list[bool]:
    """Return one mark per row: whether it belongs to the test part.

    `combinations` has the (subject, setting) of each row. Sort the different ones,
    shuffle them with `Random(seed).shuffle`, and go through them in that order: each goes
    to the test part, with all its rows, as long as that part has fewer than
    `share * len(combinations)` rows.
    """
    ### BEGIN SOLUTION
    order = sorted(set(combinations))
    Random(seed).shuffle(order)
    sizes = Counter(combinations)
    chosen, taken = set(), 0
    for combination in order:
        if taken < share * len(combinations):
            chosen.add(combination)
            taken += sizes[combination]
    return [combination in chosen for combination in combinations]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "split_by_combination_test"}
import prompt_or_tune as pt

pt.check("split_by_combination", split_by_combination)
### BEGIN HIDDEN TESTS
from random import Random

from prompt_or_tune.checks.comparing import call, expect_equal


def split_by_reference(
    combinations: list[tuple[str, str]], share: float, seed: int
) -> list[bool]:
    """Return the wanted marks: whole combinations, until there are enough rows."""
    order = sorted(set(combinations))
    Random(seed).shuffle(order)
    marks = [False] * len(combinations)
    for combination in order:
        if sum(marks) >= share * len(combinations):
            break
        same = [each == combination for each in combinations]
        marks = [any(pair) for pair in zip(marks, same, strict=True)]
    return marks


some = [sample.combination for sample in pt.load_samples()[:60]]
uneven = [some[Random(i).randrange(20)] for i in range(150)]
cases = [
    ("hidden: sixty rows", some, 0.25, 3),
    ("hidden: combinations of very different sizes", uneven, 0.3, 11),
    ("hidden: another seed", uneven, 0.3, 12),
    ("hidden: rows in another order", uneven[::-1], 0.3, 11),
    ("hidden: everything is for the test", some, 1.0, 5),
    ("hidden: a tiny share still takes one combination", uneven, 0.001, 5),
    ("hidden: one combination", [("rain", "")] * 7, 0.5, 1),
    (
        "hidden: a share that is met exactly",
        [("a", str(i % 4)) for i in range(8)],
        0.5,
        4,
    ),
    ("hidden: no rows", [], 0.5, 1),
]
for case, combinations, share, lot in cases:
    got = call(split_by_combination, list(combinations), share, lot, case=case)
    expect_equal(got, split_by_reference(combinations, share, lot), case=case)
### END HIDDEN TESTS

# %%
pt.Hints("split_by_combination")

# %% [markdown]
# ## Two tests, because there are two claims
#
# “New” has degrees. *Describe the fox at dawn* can be new although the fox was seen at
# noon, and the owl at dawn. Whoever keeps a table of one word per subject and one per
# setting answers that without any idea of a rule. So the course tests twice:
#
# - **new combinations** of subjects that training has seen;
# - **new subjects**, {{ subjects_new_subjects }} of them, that stand in no other part:
#   not in training, not in development, not in a prompt.

# %%
parts = {name.replace("_", " "): pt.load_samples(name) for name in pt.SPLITS}
pt.draw_combinations(parts)

# %% [markdown]
# Each cell has one shade: no combination is in two parts. The light ones are the 1000
# samples that you have just cleaned. *Development* is for everything you choose, such as
# the wording of a prompt or a learning rate; the *test* parts are for the one number that
# you report. Look at a test part twice, change something in between, and it has become
# development data.
#
# The parrot once more, on all three ways to split:

# %%
new_subjects = pt.load_samples("new_subjects")
parrot = "the parrot: right answers"
shares = [
    pt.Share(parrot, "rows shuffled and cut", right, len(row_test)),
    pt.Share(parrot, "new combinations", ask_parrot(train, test), len(test)),
    pt.Share(
        parrot, "new subjects", ask_parrot(samples, new_subjects), len(new_subjects)
    ),
]
title = f"Split by row, a memory scores {right / cut:.2f}; split by what is new, nothing"
pt.draw_shares(shares, title=title)

# %% [markdown]
# And the table of one word per slot? It was measured for notebook 6: right for
# {{ voice_look_up }} of the new combinations, and for {{ voice_look_up_new_subjects }} of
# the new subjects. Good as that first number looks, only the second test can tell a table
# from somebody who has understood that the words go by the *kind* of a subject.
#
# ## A datasheet
#
# Data without its story can't be judged: where it comes from, what was chosen, what it
# must not be used for. The page that travels with these files is short. Its counts are
# written by the program that makes the files, so they can't fall behind.

# %%
from importlib.resources import files

from IPython.display import Markdown

page = (files("prompt_or_tune") / "data" / "README.md").read_text(encoding="utf-8")
Markdown(page.replace("# Datasheet", "### Datasheet"))

# %% [markdown]
# ## What carries over to large models
#
# All of it; this stage knows no model. Two things grow with size. A large model has read
# much of the public web, so a public test set may be in its training data: then *every*
# split leaks, and only requests written after its cut-off, or private ones, are new. And
# small tests mislead more often than bad models do: on 20 requests, going from 17 right
# to all 20 right is not even evidence (an exact McNemar test gives p = 0.25, see notebook
# 2).
#
# How much of the *score* is the choice of data? Mosbach et al. (2023), who compared
# tuning and in-context learning with the same model and the same examples, drew their
# training examples ten times and found that both approaches vary widely from draw to
# draw. One split is one draw.
#
# ## Take away
#
# - Look first: both ends of a sort, the most frequent, the characters that don't belong.
# - Mend before you compare. Count what you drop, by reason, and read some of it.
# - Split by what must be new, and not by row. A parrot beside your model tells you
#   whether you did.
# - Development data is for choosing, test data for reporting.

# %%
pt.show_progress()

# %% [markdown]
# Next: [2 · Prompt engineering](../02_prompt_engineering/02_prompt_engineering.ipynb)
