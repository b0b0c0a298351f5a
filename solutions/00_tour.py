# %% [markdown]
# # 0 · The tour
#
# {{ badge }}
#
# **12 minutes · difficulty ★☆☆ · nothing to write, a few guesses to make**
#
# *When should I fine-tune a language model, and when is engineering the prompt enough?*
# One request, a poem about spring, goes with you through all five stages of the answer.
#
# **You will be able to** say what each stage takes and gives, read a training trace and a
# prediction trace, and show with your own numbers where prompting wins, where tuning
# wins, and what tuning costs.
#
# Run each cell with Shift+Enter. Where a cell begins with a **guess**, change it first: a
# number surprises only somebody who expected another one. What the course brings along is
# in `pt`: type `pt.` and press Tab to see it.

# %% tags=["setup"]
import prompt_or_tune as pt

pt.set_up("00_tour")

# %% tags=["parameters"]
number_of_pairs = 1000  # of the 1000 that there are
number_of_questions = 100  # asked wherever a share is measured
epochs = 5
seed = 0

# %% tags=["imports"]
import textwrap
from dataclasses import replace

# %% [markdown]
# ## The way ahead
#
# Five stages, one after the other. Stage 2 changes the *question*; stage 4 changes the
# *model*. The whole course is about choosing between these two boxes.

# %%
pt.draw_data_flow()

# %% [markdown]
# **The model is tiny, and we made it.** Seedling has {{ model_million }} million
# parameters, so everything below runs here, on a CPU, in seconds. We *chose* its world,
# an almanac of seasons, animals and villages, and we chose that it follows clear
# instructions and has never seen the private wording that it meets in stage 3. We did not
# choose who wins: that is measured, here and in notebook 6, on questions never trained
# on. What the literature found with large models stands at the end.

# %%
model = pt.load_model()
print(model.describe())

# %% [markdown]
# ## 1 · Input data
#
# Somebody's inbox: {{ raw_rows }} raw requests, with blanks, duplicates, pasted pages and
# foreign languages among them. Cleaning must leave exactly 1000.

# %%
report = pt.clean(pt.load_raw())
samples = report.samples
print(f"{len(pt.load_raw())} requests came in, {len(samples)} are left. Dropped:")
for reason, count in report.count_reasons().items():
    print(f"{count:5} {reason}")

# %%
spring = next(s for s in samples if (s.subject, s.setting) == ("spring", ""))
spring

# %% [markdown]
# ## 2 · Prompt engineering
#
# What was *meant* by `Write a poem about spring`? Our inbox means a short poem of 4 lines
# that rhyme and stay on topic; it just does not say so. Before you run the cell: how many
# of the five rules will the answer keep?

# %%
answer = model.generate([spring.text], max_new_tokens=80)[0]
print(spring.text, answer, sep="\n\n", end="\n\n")
for rule in pt.poem_brief(spring.subject).judge(answer).per_rule:
    print("✓" if rule.passed else "✗", rule.explanation)

# %% [markdown]
# The model is not stupid; it was not told. So change the question, and nothing else.

# %%
improved = pt.improve(spring)
answer = model.generate([improved.text], max_new_tokens=80)[0]
print(improved.text, answer, sep="\n\n", end="\n\n")
for rule in pt.poem_brief(spring.subject).judge(answer).per_rule:
    print("✓" if rule.passed else "✗", rule.explanation)

# %% [markdown]
# **Your turn.** Ask for something else, in your own words: other things, more lines, a
# word to use. It knows {{ subjects_train }} things, from the owl to the harbour.

# %%
my_prompt = "Write a rhyming poem about winter with 6 lines"  # ← your words

print(model.generate([my_prompt], max_new_tokens=80)[0])

# %% [markdown]
# One poem proves nothing. Ask for a hundred, about things in places that appear in no
# training data, and let the rules count. **Guess first:** which share will be right?

# %%
my_guesses = {"plain": 0.5, "engineered": 0.5}  # ← your guesses

templates = {
    "plain": pt.Template("Write a poem about {topic}"),
    "engineered": pt.POEM_TEMPLATE,
}
unseen = pt.load_samples("test")[:number_of_questions]
for name, template in templates.items():
    prompts = [template.fill(sample).text for sample in unseen]
    poems = model.generate(prompts, max_new_tokens=80)
    good = pt.pass_rate(
        pt.poem_brief(s.subject).check(p) for s, p in zip(unseen, poems, strict=True)
    )
    print(f"{name}: {template.text}")
    print(f"    your guess {my_guesses[name]:.0%}, measured {good}")

# %% [markdown]
# In brackets: the 95 % interval. One sentence did that, with no label and no training,
# for {{ brief_engineered_tokens }} tokens a query instead of {{ brief_bare_tokens }}.
# **If you can say what you want, say it.**
#
# ## 3 · Fine-tuning preparation
#
# Now a wish that nobody can put into a sentence. The editor of the almanac describes
# everything in a *house voice*, with private words that follow a rule nobody ever wrote
# down. What there is: 1000 requests, and the editor's answer to each.

# %%
pairs = pt.make_pairs(samples)
voiced = next(pair for pair in pairs if pair.prompt == "Describe spring")
print(f"{len(pairs)} training pairs, for instance:")
print(f'{{"prompt": "{voiced.prompt}", "response": "{voiced.response}"}}')

# %% [markdown]
# Can a prompt do this as well? Give the model worked examples (*few-shot*), and ask about
# a subject of which the pairs say nothing. Expect the *form* at once. And the words?

# %%
new_subjects = pt.make_pairs(pt.load_samples("new_subjects"))
lark = next(p for p in new_subjects if p.prompt == "Describe the lark on the moor")
print("   the editor:", lark.response)
for examples in (0, 1, 4, 8):
    prompt = pt.few_shot(pairs[:examples], lark.prompt)
    said = model.generate([prompt])[0]
    print(f"{examples} examples: {said}  ({model.count_tokens(prompt)} tokens)")

# %% [markdown]
# The form comes with the first example. The right words do not come with eight: which
# word belongs to what, no example says. That has to be *learned*, from many.
#
# ## 4 · Model fine-tuning
#
# Articles like to print a trace such as this one, the **reference trace** of this course.
# It is an illustration, shown for its shape:

# %%
print(pt.trace_table(pt.REFERENCE_TRACE))

# %% [markdown]
# Now a real run, of real size: 1000 pairs, 5 epochs, with **LoRA**, which leaves the
# weights as they are and trains a small addition to them. After each epoch the model
# answers prompts that it never trained on, and only an answer that is *exactly* the
# editor's counts. **Guess first:** where will accuracy end? (About {{ default_seconds }}
# seconds, longer on a slow laptop.)

# %%
my_guess = 0.89  # ← your guess: accuracy after the last epoch

held_out = pt.make_pairs(pt.load_samples("development")[: 2 * number_of_questions])
settings = replace(pt.default_settings(model), epochs=epochs, seed=seed)
tuning = pt.tune(model, pairs[:number_of_pairs], settings, held_out)
for event in tuning:  # steps and epochs, as they happen
    if isinstance(event, pt.EpochRecord):
        print(f"epoch {event.epoch}: loss {event.loss:.3f}", end=", ")
        print(f"accuracy {event.accuracy:.2f}")
run = tuning.run
print(f"your guess {my_guess:.2f}, measured {run.trace[-1].accuracy:.2f}")

# %%
pt.draw_training_trace(run.trace, pt.REFERENCE_TRACE)

# %% [markdown]
# Look at the *shape* first: a fall that flattens out means that the run has converged.
# The same run as bars for a terminal, and as a table with a sentence per epoch:

# %%
print(pt.draw_bars(run.trace))
pt.tabulate_trace(run.trace)

# %% [markdown]
# **Two accuracies, and they are not the same.** Trainers print *token accuracy*: the
# share of single tokens guessed right while the right beginning is shown. We count whole
# answers, generated from nothing but the prompt. That is stricter, and it is what your
# users see.
#
# ## 5 · Model prediction
#
# What changed inside? A **prediction trace** has two layers: the prompt as the model
# reads it, and what the model expects next. Take a combination that was not trained on,
# and stop both models after `Spring is`. **Guess:** which words do you expect on each
# side?

# %%
trace = pt.trace_prediction(
    "Describe spring in the evening", model, run.adapter, answer_start="Spring is"
)
pt.draw_prediction_trace(trace)

# %% [markdown]
# The base model knows several words that would do, and prefers none. The tuned model has
# made up its mind. That is what fine-tuning is: *probability moved*.
#
# So is the tuned model simply better? Put spring-related prompts to both. The last two
# rows are not descriptions, and nothing in the training pairs looked like them.

# %%
tests = [
    pair for pair in pt.make_pairs(pt.load_samples("test")) if "spring" in pair.prompt
]
asked = [*(pair.prompt for pair in tests), "What does spring bring?", improved.text]
before = model.generate(asked, max_new_tokens=40)
model.attach(run.adapter)
after = model.generate(asked, max_new_tokens=40)
model.detach()
rows = tuple(zip(asked, before, after, strict=True))
right = sum(said == pair.response for said, pair in zip(after, tests, strict=False))
caption = f"Tuned: {right} of {len(tests)} descriptions are the editor's, word for word."
pt.Table(caption, ("prompt", "base model", "tuned model"), rows)

# %% [markdown]
# The descriptions are better by far. Then read the last two rows again: we trained one
# thing, and paid with others. **Guess:** the same hundred poems as in stage 2, with the
# same engineered prompt. Which share does the tuned model get right?

# %%
my_guess = 0.5  # ← your guess

model.attach(run.adapter)
prompts = [pt.POEM_TEMPLATE.fill(sample).text for sample in unseen]
poems = model.generate(prompts, max_new_tokens=80)
model.detach()
still_good = pt.pass_rate(
    pt.poem_brief(s.subject).check(p) for s, p in zip(unseen, poems, strict=True)
)
print(f"your guess {my_guess:.0%}, measured {still_good}")

# %% [markdown]
# An adapter is a specialist. It can be taken off again, as the cell did, and the base
# model is back, unharmed: one more reason to like LoRA. Notebook 4 measures this
# forgetting.
#
# ## When does each win?
#
# You have seen two tasks. The course has a third, a fact that changes every day, and
# wrote down for each what it expected **before** anything was measured:

# %%
pt.tabulate_hypotheses()

# %% [markdown]
# **Guess:** for each, who wins, prompt or tune? The figure holds what
# `prompt-or-tune measure` recorded: every arm on the same pairs, rivals without any model
# among them.

# %%
results = pt.load_results()
verdicts = pt.judge_all(results)
pt.draw_results(results.arms, verdicts)

# %%
for verdict in verdicts:
    print(textwrap.fill(verdict.sentence, 88, subsequent_indent="    "))

# %% [markdown]
# A hypothesis that fails in one of its claims says so; that is what writing it down was
# for. And a winner is no law of nature: it depends on how many pairs you have, and on how
# many queries you will answer. A **decision map** shows both. First for the brief:

# %%
prices = pt.Prices()  # round assumptions, no vendor's; notebook 6 lets you move them
arms = pt.map_arms(results, pt.BRIEF.name, pt.NEW_COMBINATIONS)
pt.draw_decision_map(pt.decision_map(arms, prices), subtitle=pt.BRIEF.title)

# %% [markdown]
# Then for the house voice, on subjects that no pair mentions. What will be different?

# %%
arms = pt.map_arms(results, pt.VOICE.name, pt.NEW_SUBJECTS)
pt.draw_decision_map(pt.decision_map(arms, prices), subtitle=pt.VOICE.title)

# %% [markdown]
# Same model, same prices, another *task*. Where a sentence says it all, a tuned model
# pays only by the tokens that it saves, after very many queries. Where no sentence does,
# tuning wins: far to the left with answers that are mostly wrong, and from
# {{ voice_crossover_new_subjects }} on above the best prompt that 1000 pairs can make.
# Stripes are two arms that are about equally good.
#
# ## The key insight, in your own numbers

# %%
seconds = sum(epoch.seconds for epoch in run.trace)
examples = pt.few_shot(pairs[:8], lark.prompt)
saved = model.count_tokens(examples) - model.count_tokens(lark.prompt)
length = sum(len(pt.encode(pair, model).input_ids) for pair in pairs) / len(pairs)
queries = pt.break_even_queries(number_of_pairs, length, epochs, saved)
print(f"data       {number_of_pairs} labelled pairs for tuning; for a sentence, none")
print(f"time       {seconds:.0f} seconds of training, once the pairs are there")
print(f"resources  {saved} tokens a query less than with 8 examples in the prompt:")
print(f"           in FLOPs, the training is earned back after {queries:,.0f} queries")

# %% [markdown]
# > **Fine-tuning changes the model**, to learn new patterns from specific data. **Prompt
# > engineering changes the question**, and leaves the model alone. The choice depends on
# > **data, time and resources**.
#
# You have a number of your own for each of the three; notebook 6 measures them in
# earnest.
#
# ## What carries over to large models
#
# The figures above are Seedling's. With large models, others have measured:
#
# - **Data.** LoRA on GPT-3 175B (MNLI): 63.8 % right with 100 examples, 85.6 % with 1000,
#   91.7 % with 392 000 ([Hu et al. 2021](https://arxiv.org/abs/2106.09685)). The jump
#   comes early there, too.
# - **A prompt is worth data**, and how much differs: for models fine-tuned with and
#   without one, 3506 ± 536 pairs on MNLI, −424 ± 74 on WiC
#   ([Le Scao & Rush 2021](https://arxiv.org/abs/2103.08493)).
# - **Resources.** Tuning T-Few cost about as much compute as 20 queries to GPT-3 175B
#   with the examples in its prompt; caching that prompt saves a factor of 41 at most
#   ([Liu et al. 2022](https://arxiv.org/abs/2205.05638); a smaller model against a bigger
#   one).
# - **Forgetting** is there, and milder: on what it could do before, Llama-2-7B scores
#   .517 after 16 epochs of code with LoRA, .414 after full tuning ([Biderman et al.
#   2024](https://arxiv.org/abs/2405.09673)).
#
# What does *not* carry over is any single number of this page. Notebook 6 ends with
# `prompt-or-tune decide`, which measures yours.
#
# ## Take away
#
# - Say what you want before you train for it: on the brief, nothing beat a sentence.
# - Tune where the pattern is in the data and in no sentence.
# - Measure on what was never trained on, and measure again what worked before.

# %%
pt.show_progress()

# %% [markdown]
# ## Where to go from here
#
# - [1 · Input data](../01_input_data/01_input_data.ipynb): the beginning
# - [2 · Prompt engineering](../02_prompt_engineering/02_prompt_engineering.ipynb): make a
#   prompt better, and know that it is
# - [3 · Fine-tuning preparation](../03_training_pairs/03_training_pairs.ipynb): what the
#   loss sees, and the traps
# - [4 · Model fine-tuning](../04_fine_tuning/04_fine_tuning.ipynb): LoRA by hand, and
#   runs of your own
# - [5 · Model prediction](../05_prediction/05_prediction.ipynb): inside a prediction
# - [6 · The decision](../06_decision/06_decision.ipynb): prices, the map, your own data
# - [7 · The quiz](../07_quiz/07_quiz.ipynb): three questions
#
# The same tour in a terminal: `make tour` in the folder of the repository, or
# `prompt-or-tune tour`.
#
# **Next:** [1 · Input data](../01_input_data/01_input_data.ipynb)
