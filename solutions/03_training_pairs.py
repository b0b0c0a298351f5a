# %% [markdown]
# # 3 · Fine-tuning preparation
#
# {{ badge }}
#
# **25 minutes · difficulty ★★☆**
#
# **You will be able to** turn requests and labels into training pairs, read what a model
# is trained on token by token, recognise four mistakes by what the trained model then
# says, find test questions that leak into training, and put a long prompt into the
# weights.
#
# Nothing in this notebook changes the model for good: the short runs below are there to
# show what a *file* can do to a model.

# %% tags=["setup"]
import prompt_or_tune as pt

pt.set_up("03_training_pairs")

# %% tags=["parameters"]
steps = 40  # of the short runs that show what a mistake does
learning_rate = 5e-3  # of these runs: high, because they are short
number_of_questions = 40  # asked after each of them
number_of_poems = 96  # for prompt distillation
seed = 0

# %% tags=["imports"]
from collections import Counter
from dataclasses import replace
from random import Random

from prompt_or_tune import IGNORED_LABEL, Pair, normalise

# %%
pt.draw_data_flow(highlight=3)

# %% [markdown]
# ## From requests to pairs
#
# Training needs examples of the answer that is wanted. The editor of our almanac has
# described every subject in every setting, in the house's own voice. Each of the 1000
# samples gets the editor's answer to the matching `Describe …`, and keeps its id.

# %%
samples = pt.load_samples()
training = pt.make_pairs(samples)
for sample, pair in list(zip(samples, training, strict=True))[:5]:
    print(f"{pair.sample_id}  {sample.text}\n    {pair.prompt}  ->  {pair.response}")

# %% [markdown]
# A request for a poem also becomes a description: what is taught here is the voice, and
# the voice has one form, *subject* is *word* and *word*. Nobody wrote down which words.
# Lay some answers out by subject and setting. One was never given to us (it belongs to
# the test). Which two words do you expect in its place?

# %%
editor = {sample.combination: pair.response
          for sample, pair in zip(samples, training, strict=True)}  # fmt: skip
shown = ("at noon", "in the evening", "under the stars")
print(f"{'':12}" + "".join(f"{setting:22}" for setting in shown))
for subject in ("the fox", "the badger", "the owl", "the robin", "rain", "wind"):
    answers = (editor.get((subject, setting), " is ?") for setting in shown)
    words = (text.partition(" is ")[2] for text in answers)
    print(f"{subject:12}" + "".join(f"{text:22}" for text in words))

# %% [markdown]
# Down a column the second word stays: it goes by the *setting*. Along a row the first
# word stays, and foxes share theirs with badgers: it goes by the *kind* of subject.
# Examples can say this; to say it in a prompt you would need all the words. So this is a
# task for notebook 4.
#
# ## Task: {{ task_make_pairs }}
#
# Our editor answered in order. Labels from people come back in any order: some twice,
# because somebody corrected a mistake, and some not at all. Joined by position, one
# missing label moves every answer behind it to the wrong question, and nothing complains.


# %% nbgrader={"solution": true, "grade_id": "make_pairs"}
def make_pairs(
    requests: list[tuple[str, str]], labels: list[tuple[str, str]]
) -> list[Pair]:
    """Return a Pair(prompt, response, sample_id) for every request that has a label.

    `requests` holds (sample_id, prompt), `labels` (sample_id, response) in any order.
    Responses lose the spaces around them; one that is then empty is no label. Of several
    labels of one request the last holds. Pairs have the order of the requests.
    """
    ### BEGIN SOLUTION
    found = {sample_id: text.strip() for sample_id, text in labels if text.strip()}
    return [
        Pair(prompt, found[sample_id], sample_id)
        for sample_id, prompt in requests
        if sample_id in found
    ]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "make_pairs_test"}
import prompt_or_tune as pt

pt.check("make_pairs", make_pairs)
### BEGIN HIDDEN TESTS
from random import Random

from prompt_or_tune.checks.comparing import call, expect_equal

wanted = pt.make_pairs(pt.load_samples()[:80])
asked = [(pair.sample_id, pair.prompt) for pair in wanted]
labels = [(pair.sample_id, f"\t{pair.response} ") for pair in wanted]
Random(5).shuffle(labels)
drafts = [(sample_id, "a draft") for sample_id, _ in labels[::3]]
blank = [(sample_id, " \n") for sample_id, _ in labels[::4]]
twice = [("1", "Describe fog"), ("2", "Describe fog"), ("01", "Describe fog")]
two = [("2", "Fog is grey"), ("01", "Fog is white")]
cases = [
    ("hidden: shuffled labels with spaces", asked, labels, wanted),
    ("hidden: drafts that were replaced", asked, drafts + labels, wanted),
    ("hidden: a blank label takes nothing back", asked, labels + blank, wanted),
    ("hidden: half of the requests", asked[::2], labels, wanted[::2]),
    (
        "hidden: one prompt asked three times",
        twice,
        two,
        [
            pt.Pair("Describe fog", "Fog is grey", "2"),
            pt.Pair("Describe fog", "Fog is white", "01"),
        ],
    ),
    ("hidden: no labels", asked[:3], [], []),
]
for case, requests, given, joined in cases:
    got = call(make_pairs, list(requests), list(given), case=case)
    expect_equal(got, joined, case=case)
### END HIDDEN TESTS

# %%
pt.Hints("make_pairs")

# %% [markdown]
# ## A file that other tools can read
#
# Pairs travel as JSON Lines: one object per line, in UTF-8. A line can be looked at with
# `head`, counted with `wc -l`, appended, compared; and one broken line spoils one line.

# %%
from pathlib import Path
from tempfile import mkdtemp

file = Path(mkdtemp()) / "pairs.jsonl"
pt.write_pairs(training, file)
print(*file.read_text(encoding="utf-8").splitlines()[:3], sep="\n")
print("\nread back the same:", pt.read_pairs(file) == training)

# %% [markdown]
# Each line is checked when it is read, because the alternative is to find out after an
# hour of training. What does a good message owe you? The place, what is wrong, what to
# do:

# %%
import json

for line in ('{"prompt": "Describe fog"}', '{"prompt": "Describe fog", "response": }'):
    file.write_text(json.dumps({"prompt": "a", "response": "b"}) + "\n" + line + "\n")
    try:
        pt.read_pairs(file)
    except pt.PairsError as error:
        print(str(error).replace(str(file), file.name), "\n")

# %% [markdown]
# ## What the model reads
#
# A model knows no prompts and no answers, only a row of tokens. The **chat template**
# marks who speaks. It belongs to the model as its vocabulary does: trained on one
# template and asked in another, a model meets a situation that it has never seen.

# %%
model = pt.load_model()
print(model.describe(), "\n")
pair = Pair("Describe spring", "Spring is warm and bright")
print(repr(model.format_prompt(pair.prompt)))
encoded = pt.encode(pair, model)
tokens = [model.tokenizer.decode([token]) for token in encoded.input_ids]
for token, number, label in zip(tokens, encoded.input_ids, encoded.labels, strict=True):
    print(f"{token!r:15} {number:5} {label:6}")

# %% [markdown]
# The third column is what training aims at. `-100` (`IGNORED_LABEL`) is the value that
# PyTorch's cross-entropy skips. Prompt tokens are read, not learned: we don't want to
# imitate people who ask. The `<end>` *is* learned; nothing else ever tells the model that
# an answer is over.

# %%
in_loss = [label != IGNORED_LABEL for label in encoded.labels]
pt.draw_token_mask(tokens, in_loss)

# %% [markdown]
# One more thing, as it is easily done twice: the label stands *at* its token. What a
# position predicts is the token after it, and the model shifts the labels by one itself,
# inside its loss. Whoever also shifts them in the data trains it to leave out a token.
#
# ## Task: {{ task_mask_prompt }}
#
# A batch is a rectangle, so short rows are filled up with a padding token, at the right
# for training. Now three kinds of tokens need three treatments. Write them down once by
# hand, and you will read every data collator with other eyes.


# %% nbgrader={"solution": true, "grade_id": "mask_prompt"}
def mask_prompt(
    prompt: list[int], response: list[int], end: int, pad: int, length: int
) -> dict[str, list[int]]:
    """Return one training row of `length` tokens (long enough), padded on the right.

    "input_ids": prompt, response, one `end`, then `pad`. "attention_mask": 1 for real
    tokens, 0 for padding. "labels": the token's own id where it is to be learned
    (response and its end), IGNORED_LABEL elsewhere. `pad` may be the same id as `end`.
    """
    ### BEGIN SOLUTION
    answer = [*response, end]
    gap = length - len(prompt) - len(answer)
    return {
        "input_ids": [*prompt, *answer, *[pad] * gap],
        "attention_mask": [1] * (length - gap) + [0] * gap,
        "labels": [IGNORED_LABEL] * len(prompt) + answer + [IGNORED_LABEL] * gap,
    }
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "mask_prompt_test"}
import prompt_or_tune as pt

pt.check("mask_prompt", mask_prompt)
### BEGIN HIDDEN TESTS
from random import Random

from prompt_or_tune.checks.comparing import call, expect_equal


def mask_by_reference(
    prompt: list[int], response: list[int], end: int, pad: int, length: int
) -> dict[str, list[int]]:
    """Return the wanted row, position by position."""
    real = len(prompt) + len(response) + 1
    ids = (prompt + response + [end] + [pad] * length)[:length]
    learned = range(len(prompt), real)
    return {
        "input_ids": ids,
        "attention_mask": [int(i < real) for i in range(length)],
        "labels": [ids[i] if i in learned else -100 for i in range(length)],
    }


draw = Random(17)
cases = []
for number in range(12):
    prompt = [draw.randrange(4, 90) for _ in range(draw.randint(1, 9))]
    response = [draw.randrange(4, 90) for _ in range(draw.randint(1, 9))]
    end, pad = [(3, 0), (3, 3), (2, 50)][number % 3]
    length = len(prompt) + len(response) + 1 + draw.choice([0, 1, 5])
    cases.append(("hidden: a row drawn by lot", (prompt, response, end, pad, length)))
cases += [
    ("hidden: prompt and response share tokens", ([7, 8, 7], [7, 8], 3, 0, 9)),
    ("hidden: the end stands in the prompt", ([5, 3, 6, 3], [9], 3, 0, 8)),
    ("hidden: padding stands in the response", ([5], [6, 0, 6], 3, 0, 7)),
    ("hidden: an empty response still ends", ([5, 6], [], 3, 3, 5)),
    ("hidden: token 0 is the end", ([5, 6], [7], 0, 1, 6)),
]
for case, row in cases:
    got = call(mask_prompt, *row, case=case)
    expect_equal(got, mask_by_reference(*row), case=case)
### END HIDDEN TESTS

# %%
pt.Hints("mask_prompt")

# %% [markdown]
# ## Four traps, sprung
#
# Each of these passes every check of types and shapes; the loss falls, no line is red.
# Only the answers show it. So we train a few dozen steps (enough for the form of an
# answer, far too few for its words) and ask about combinations that training has not
# seen.

# %%
held_out = pt.make_pairs(pt.load_samples("test"))
held_out = Random(seed).sample(held_out, number_of_questions)
questions = [pair.prompt for pair in held_out]
short_run = pt.TuningSettings(max_steps=steps, learning_rate=learning_rate, seed=seed)


def ask(adapter: pt.Adapter) -> list[pt.Answer]:
    """Return the tuned model's answers to the questions."""
    model.attach(adapter)
    answers = model.generate_detailed(questions, max_new_tokens=24)
    model.detach()
    return answers


# %%
adapter = pt.tune(model, training, short_run).finish().adapter
good = ask(adapter)
for question, answer in list(zip(questions, good, strict=True))[:4]:
    print(f"{question:36} {answer.text}")

# %% [markdown]
# ### Trap 1: padding is the end
#
# Many models have no padding token. The usual remedy is one line, `tokenizer.pad_token =
# tokenizer.eos_token`, and then a collator hides padding *by its id*. Here is that
# collator. Which token, beside the padding, does it hide? What will the model do at the
# end of a sentence?


# %%
def hide_padding_by_id(pair: Pair, model: pt.LanguageModel) -> pt.EncodedPair:
    """Encode a pair as if the end of a turn were also the padding."""
    right = pt.encode(pair, model)
    pad_id = model.end_of_turn_id  # pad_token = eos_token
    labels = tuple(IGNORED_LABEL if label == pad_id else label for label in right.labels)
    return replace(right, labels=labels)


careless = hide_padding_by_id(pair, model)
pt.draw_token_mask(tokens, [label != IGNORED_LABEL for label in careless.labels])

# %%
run = pt.tune(model, training, short_run, encode=hide_padding_by_id).finish()
endless = ask(run.adapter)
for question, answer in list(zip(questions, endless, strict=True))[:2]:
    print(f"{question}\n    {answer.text} …")
print("ended by itself:", sum(answer.ended for answer in endless), "of", len(endless))

# %% [markdown]
# It runs on until the limit on new tokens cuts it off. The base model *could* end an
# answer; a few dozen steps of not being asked to have taken that away. On a server each
# such answer costs the whole budget of tokens. The remedy: a padding token of its own, or
# padding hidden by place, as in your task; and a test that the last label is the end.
#
# ### Trap 2: labels shifted twice
#
# The model shifts labels by itself. If the data does it as well, every position is
# trained to say the token after the next. What will “Spring is warm and bright” sound
# like?


# %%
def shift_labels(pair: Pair, model: pt.LanguageModel) -> pt.EncodedPair:
    """Encode a pair with its labels one place early; the model will shift them again."""
    right = pt.encode(pair, model)
    return replace(right, labels=(*right.labels[1:], IGNORED_LABEL))


run = pt.tune(model, training, short_run, encode=shift_labels).finish()
shifted = ask(run.adapter)
for question, answer in list(zip(questions, shifted, strict=True))[:3]:
    print(f"{question:36} {answer.text[:60]}")


# %%
import re


def has_form(text: str) -> bool:
    """Return whether an answer is one sentence of the almanac's form."""
    return re.fullmatch(r"[A-Z][\w ]* is \w+ and \w+", text) is not None


runs = {"labels right": good, "trap 1: no end": endless, "trap 2: shifted twice": shifted}
shares = []
for name, found in runs.items():
    ended, formed = sum(a.ended for a in found), sum(has_form(a.text) for a in found)
    shares += [pt.Share("ended by itself", name, ended, len(found), "tuned")]
    shares += [pt.Share("has the form", name, formed, len(found), "tuned")]
pt.draw_shares(shares, title=f"{steps} steps on wrong labels are enough to break a model")

# %% [markdown]
# Every second word is left out, just as trained, and after two of them the model stands
# before a row of words that it has never seen. Three lines of data code, and a model that
# spoke in sentences no longer does.
#
# ### Trap 3: asked in another way than trained
#
# The tuned model, with the right labels, gets the same question three times: in its own
# chat template, bare, and in a template that somebody remembered from another model.

# %%
import torch

model.attach(adapter)
for text in (model.format_prompt("Describe spring"), "Describe spring",
             "User: Describe spring\nAssistant:"):  # fmt: skip
    ids = torch.tensor([model.encode_text(text)], device=model.device)
    mask = torch.ones_like(ids)
    new = model.network.generate(input_ids=ids, attention_mask=mask, max_new_tokens=16)
    print(f"{text!r:38} {model.tokenizer.decode(new[0, ids.shape[1] :])!r}")
model.detach()

# %% [markdown]
# Nothing is wrong with the adapter. It answers one situation, and two of these are
# others. Hence the rule of `encode`: the prompt's ids are exactly those that generation
# starts from.
#
# ### Trap 4: padding on the wrong side
#
# For training we pad right. To *generate*, the answer has to start right behind the
# prompt: padded right, it starts behind the padding. Two prompts in one batch, the base
# model:

# %%
prompts = ["Describe spring", "Write a short, rhyming poem about the owl with 4 lines"]
rows = [model.encode_prompt(prompt) for prompt in prompts]
gaps = [[model.pad_id] * (max(map(len, rows)) - len(row)) for row in rows]
sides = {
    "left": [gap + row for row, gap in zip(rows, gaps, strict=True)],
    "right": [row + gap for row, gap in zip(rows, gaps, strict=True)],
}

# %%
for side, padded in sides.items():
    ids = torch.tensor(padded, device=model.device)
    mask = (ids != model.pad_id).long()
    new = model.network.generate(input_ids=ids, attention_mask=mask, max_new_tokens=12)
    first = model.tokenizer.decode(new[0, ids.shape[1] :], skip_special_tokens=True)
    print(f"padded {side:6} {prompts[0]} -> {first!r}")

# %% [markdown]
# The attention mask was right both times. `model.generate` of this course pads left; in
# your own code, look for `padding_side`.
#
# ## Leaks
#
# A test question that training has answered measures memory (the parrot of notebook 1).
# Splitting by combination should have left none. Should have: so look.
# `pt.find_leaks` reports copies, copies up to case and punctuation, and pairs that share
# most of their words.

# %%
for split in ("development", "test", "new_subjects"):
    leaks = pt.find_leaks(training, pt.make_pairs(pt.load_samples(split)))
    print(f"{split:14} {len(leaks)} leaks")

# %% [markdown]
# Zero is also what a broken detector says. So give it something to find: every pair in
# three wordings, shuffled by row and cut, as in notebook 1. There, nearly every test row
# had a twin in training. How many of 600 will it find?

# %%
wordings = ("{}", "Please {}", "Can you {}?")
inbox = [replace(pair, prompt=wording.format(pair.prompt))
         for pair in training for wording in wordings]  # fmt: skip
Random(seed).shuffle(inbox)
leaks = pt.find_leaks(inbox[600:], inbox[:600])
known = {pair.sample_id for pair in inbox[600:]}
twins = sum(pair.sample_id in known for pair in inbox[:600])
print(f"found {len(leaks)}, really there {twins}:", Counter(leak.kind for leak in leaks))

# %% [markdown]
# It raises the alarm, and it misses many: “Can you describe rain?” and “Describe rain”
# share two words of four. A lower threshold finds more, and soon calls different
# questions the same. A detector of words is a smoke alarm; the split by group is the fire
# wall.
#
# ## Task: {{ task_find_leaks }}
#
# Build the alarm. Every evaluation you will ever inherit deserves ten minutes with one.


# %% nbgrader={"solution": true, "grade_id": "find_leaks"}
def find_leaks(train: list[str], test: list[str], near: float) -> list[str]:
    """Return for each test prompt how it stands in training: one of four words.

    "exact": the same text; else "normalised": the same after `normalise`; else "near":
    with some training prompt it shares at least `near` of the words (words in both, over
    words in either, after `normalise`); else "none".
    """
    ### BEGIN SOLUTION
    exact = set(train)
    normalised = {normalise(text) for text in train}
    word_sets = [set(text.split()) for text in normalised]

    def judge(text: str) -> str:
        if text in exact:
            return "exact"
        if normalise(text) in normalised:
            return "normalised"
        words = set(normalise(text).split())
        shares = [len(words & other) / len(words | other) for other in word_sets]
        return "near" if max(shares, default=0.0) >= near else "none"

    return [judge(text) for text in test]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "find_leaks_test"}
import prompt_or_tune as pt

pt.check("find_leaks", find_leaks)
### BEGIN HIDDEN TESTS
from random import Random

from prompt_or_tune.checks.comparing import call, expect_equal


def judge_by_reference(text: str, train: list[str], near: float) -> str:
    """Return the wanted word for one test prompt."""
    if text in train:
        return "exact"
    if pt.normalise(text) in [pt.normalise(other) for other in train]:
        return "normalised"
    words = set(pt.normalise(text).split())
    for other in train:
        others = set(pt.normalise(other).split())
        if len(words & others) >= near * len(words | others):
            return "near"
    return "none"


texts = [sample.text for sample in pt.load_samples()[:120]]
disguised = [
    text.upper() if i % 3 == 0 else f"  {text}!!" if i % 3 == 1 else f"{text} now"
    for i, text in enumerate(texts[:60])
]
asked = texts[100:] + disguised + [sample.text for sample in pt.load_samples("test")[:40]]
Random(3).shuffle(asked)
cases = [
    ("hidden: real requests, some of them disguised", (texts[:110], asked, 0.8)),
    ("hidden: a lower bar", (texts[:110], asked, 0.5)),
    ("hidden: only the same set of words is near", (texts[:110], asked, 1.0)),
    ("hidden: words said twice count once", (["a b a b"], ["a b c", "b a"], 0.66)),
    ("hidden: a short text inside a long one", (["a b c d e f"], ["a b", "e f"], 0.5)),
    ("hidden: a long text around a short one", (["a b"], ["a b c d e f"], 0.5)),
    ("hidden: the nearest is the last", (["x", "y z", "a b c"], ["a b d c"], 0.75)),
    ("hidden: nothing to train on", ([], ["Describe fog"], 0.5)),
    ("hidden: nothing to test", (["Describe fog"], [], 0.5)),
]
for case, (train, test, near) in cases:
    wanted = [judge_by_reference(text, train, near) for text in test]
    got = call(find_leaks, list(train), list(test), near, case=case)
    expect_equal(got, wanted, case=case)
### END HIDDEN TESTS

# %%
pt.Hints("find_leaks")

# %% [markdown]
# ## Prompt distillation: pairs that nobody labels
#
# Labels need not come from people. If a *long* prompt makes the model do what you want,
# it can write the labels itself: ask with the long prompt, keep the answers that a
# program can check, and train on them **with the short prompt in front**. The instruction
# moves from the prompt into the weights.
#
# First the teacher: the base model, asked for short rhyming poems.

# %%
poems = [sample for sample in samples if pt.wants_poem(sample)][:number_of_poems]
bare = pt.Template("Write a poem about {topic}")
written = model.generate([pt.improve(sample).text for sample in poems])
distilled = [
    Pair(bare.fill(sample).text, poem, sample.id)
    for sample, poem in zip(poems, written, strict=True)
    if pt.poem_brief(sample.subject).check(poem)
]

# %%
print(f"{len(distilled)} of {len(poems)} poems keep all rules and become pairs. One:\n")
print(f"written for:  {pt.improve(poems[0]).text}")
print(f"trained with: {bare.fill(poems[0]).text}\n\n{written[0]}")

# %% [markdown]
# Now the pupil: the same model, after as few steps as above. It gets the short prompt
# only, about combinations that it was not trained on. Will it write four rhyming lines
# unasked?

# %%
others = [s for s in pt.load_samples("development") if pt.wants_poem(s)]
asked = others[:number_of_questions]


def count_passing(template: pt.Template | None = None) -> int:
    """Return how many answers keep all rules; the long prompt asks if none is given."""
    prompts = [(template.fill(s) if template else pt.improve(s)).text for s in asked]
    answers = model.generate(prompts)
    briefs = (pt.poem_brief(s.subject) for s in asked)
    return sum(b.check(text) for b, text in zip(briefs, answers, strict=True))


before, teacher = count_passing(bare), count_passing()
model.attach(pt.tune(model, distilled, short_run).finish().adapter)
after = count_passing(bare)
example = model.generate([bare.fill(asked[0]).text])[0]
model.detach()

# %%
print(bare.fill(asked[0]).text, "\n\n" + example)
panel = "poems that keep all rules"
shares = [
    pt.Share(panel, "short prompt, base model", before, len(asked), "base"),
    pt.Share(panel, "long prompt, base model", teacher, len(asked), "prompted"),
    pt.Share(panel, "short prompt, distilled", after, len(asked), "tuned"),
]
pt.draw_shares(
    shares, title=f"Distilled, the short prompt passes {after} of {len(asked)}"
)

# %% [markdown]
# The pupil never read the instruction. Note what it did *not* get: anything that the
# teacher could not do. Distillation buys a shorter prompt, not an ability, and it freezes
# the wish: change your mind about the four lines, and you train again. What is it worth?

# %%
long_tokens = model.count_tokens(pt.improve(asked[0]).text)
short_tokens = model.count_tokens(bare.fill(asked[0]).text)
lengths = [len(pt.encode(pair, model).input_ids) for pair in distilled]
trained_on = steps * short_run.batch_size * sum(lengths) / len(lengths)
print(f"{long_tokens} tokens before, {short_tokens} after: {long_tokens - short_tokens} "
      f"saved per query, for about {trained_on:.0f} tokens of training")  # fmt: skip

# %% [markdown]
# That is thousands of queries until it has paid, because our long prompt is short. With a
# page of instructions, or the eight examples of a few-shot prompt, hundreds of tokens are
# saved per query. Notebook 6 computes when that pays.
#
# ## What the pairs cost
#
# Training reads every token of every pair once per epoch, those outside the loss too.
# Guess first: how many few-shot queries read as many tokens as the whole training?

# %%
guess = 10_000  # few-shot queries; yours?
rows = [pt.encode(pair, model) for pair in training]
read = sum(len(row.input_ids) for row in rows)
learned = sum(label != IGNORED_LABEL for row in rows for label in row.labels)
print(f"one epoch reads {read} tokens, {learned / read:.0%} of them in the loss")
shots = model.count_tokens(pt.few_shot(training[:8], questions[0]))
print(f"a query with eight examples reads {shots} tokens: five epochs read as many "
      f"as {5 * read / shots:.0f} such queries; you guessed {guess}")  # fmt: skip

# %% [markdown]
# A training token costs more than a token that is only read (notebook 6 has the factor),
# and the expensive part is not on this list: *somebody wrote 1000 answers*. Labels are
# the price of tuning; a prompt has none. Unless a longer prompt can write them for you.
#
# ## What carries over to large models
#
# The traps do, to the letter. Hub models have chat templates, many lack a padding token,
# and an answer that never ends is what a first fine-tune often brings. Ask your data for
# two things before each run: the last label is the end, and every row has a label.
#
# How many pairs are enough? Hu et al. (2021) tuned GPT-3 with LoRA on MNLI and got 63.8 %
# right with 100 examples, 85.6 % with 1000, 89.2 % with 10 000: the jump is the first
# thousand. And Le Scao and Rush (2021) measured what a prompt is worth in labels when
# both sides fine-tune: 3506 ± 536 examples on MNLI, 282 ± 34 on RTE, and on WiC less than
# none.
#
# ## Take away
#
# - Join by id. Strip, check, refuse, and name the line.
# - The loss sees the response *and its end*, nothing else. Draw the mask once per
#   project.
# - Train on the tokens that generation will start from; pad right to train, left to
#   generate.
# - An alarm for leaks is good, a split that can't leak is better.
# - If a prompt can do it, it can write the labels.

# %%
pt.show_progress()

# %% [markdown]
# Next: [4 · Model fine-tuning](../04_fine_tuning/04_fine_tuning.ipynb)
