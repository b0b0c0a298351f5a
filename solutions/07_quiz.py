# %% [markdown]
# # 7 · The quiz
#
# {{ badge }}
#
# **8 minutes · difficulty ★☆☆ · three questions, one point each**
#
# **You will be able to** say in a sentence when to tune and when to prompt, read a
# training trace that somebody shows you, and name the one stage in which a model changes.
#
# Each question is a card. Choose an option: at home the card explains it at once, right
# or wrong, and reading the three other explanations is half of the fun. In a class the
# explanations come with the feedback. The answer that counts is the one in the cell below
# the card.
#
# One piece of advice: answer in your own words **before** you look at the options. A
# guess that was written down teaches more than four sentences to choose from.

# %% tags=["setup"]
import prompt_or_tune as pt

pt.set_up("07_quiz")

# %% [markdown]
# ## What you have done
#
# The five stages, once more. You know what each of them gives: can you say, without
# looking it up, what each of them *changes*?

# %%
pt.draw_data_flow()

# %% [markdown]
# And what was measured, the whole course in one figure: three tasks, every arm on the
# same pairs, all queries new. Cover the dots, predict each winner, and look.

# %%
results = pt.load_results()
pt.draw_results(results.arms, pt.judge_all(results))

# %% [markdown]
# ## Task: {{ task_question_1 }}
#
# The question of the course. Think of the brief, of the house voice, and of what each of
# them took. What do you expect the right option to say?

# %%
pt.QuizCard(
    "question_1",
    "When is fine-tuning preferred over prompt engineering?",
    {
        "A": "When there is a lot of specific data and the model should learn new "
        "patterns",
        "B": "To change the question quickly without changing the model",
        "C": "To save computing resources",
        "D": "To avoid training data",
    },
)

# %% nbgrader={"solution": true, "grade_id": "question_1"}
question_1 = None  # "A", "B", "C" or "D"
### BEGIN SOLUTION
question_1 = "A"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "question_1_test"}
import prompt_or_tune as pt

pt.check("question_1", question_1)
### BEGIN HIDDEN TESTS
from prompt_or_tune.checks.comparing import expect_equal

expect_equal(
    question_1,
    "A",
    case="question 1",
    cause="fine-tuning pays where much specific data shows a pattern that no sentence "
    "states; it needs that data, and it costs before it saves",
)
### END HIDDEN TESTS

# %%
pt.Hints("question_1")

# %% [markdown]
# ## Task: {{ task_question_2 }}
#
# Somebody shows you these bars, epoch by epoch, and adds the accuracies 0.60, 0.75, 0.85,
# 0.88 and 0.89. It is the reference trace of the course.

# %%
print(pt.trace_bars(pt.REFERENCE_TRACE))

# %%
pt.QuizCard(
    "question_2",
    "Loss goes 0.45 → 0.17 and accuracy 0.60 → 0.89 over five epochs, hardly moving in "
    "the last. What does that say?",
    {
        "A": "The model learned the pattern and has nearly converged",
        "B": "It forgets: less loss means fewer answers",
        "C": "Nothing: such changes are noise",
        "D": "The prompts got better",
    },
)

# %% nbgrader={"solution": true, "grade_id": "question_2"}
question_2 = None  # "A", "B", "C" or "D"
### BEGIN SOLUTION
question_2 = "A"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "question_2_test"}
import prompt_or_tune as pt

pt.check("question_2", question_2)
### BEGIN HIDDEN TESTS
from prompt_or_tune.checks.comparing import expect_equal

expect_equal(
    question_2,
    "A",
    case="question 2",
    cause="loss and accuracy are read together and as a shape: both improve in every "
    "epoch, by less and less",
)
### END HIDDEN TESTS

# %%
pt.Hints("question_2")

# %% [markdown]
# ## Task: {{ task_question_3 }}
#
# Five stages lead from a request to a prediction. In one of them the model is another one
# afterwards. Guess how many of the other four need a model at all.

# %%
pt.QuizCard(
    "question_3",
    "In which stage do the model's weights change?",
    {
        "A": "Prompt engineering",
        "B": "Fine-tuning preparation",
        "C": "Model fine-tuning",
        "D": "Model prediction",
    },
)

# %% nbgrader={"solution": true, "grade_id": "question_3"}
question_3 = None  # "A", "B", "C" or "D"
### BEGIN SOLUTION
question_3 = "C"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "question_3_test"}
import prompt_or_tune as pt

pt.check("question_3", question_3)
### BEGIN HIDDEN TESTS
from prompt_or_tune.checks.comparing import expect_equal

expect_equal(
    question_3,
    "C",
    case="question 3",
    cause="a weight changes only where a loss flows back and an optimiser takes a step",
)
### END HIDDEN TESTS

# %%
pt.Hints("question_3")

# %% [markdown]
# ## The key insight, once more
#
# > **Fine-tuning changes the model**, to learn new patterns from specific data. **Prompt
# > engineering changes the question**, and leaves the model alone. The choice depends on
# > **data, time and resources**.
#
# It is no longer a slogan. You have seen the brief won by a sentence, with
# {{ brief_engineered }} right and no labels; the house voice by training, with
# {{ voice_lora }} right, and {{ voice_lora_new_subjects }} on subjects never seen; and
# the changing fact by a note in the prompt, with {{ fact_engineered }} right where the
# tuned model had {{ fact_lora }}.
#
# ## What carries over to large models
#
# The questions do, the numbers don't. Where both sides are fine-tuned, with a prompt and
# without one, the prompt was worth 3506 ± 536 labelled pairs on MNLI and less than none,
# −424 ± 74, on WiC ([Le Scao & Rush 2021](https://arxiv.org/abs/2103.08493)): what a
# prompt is worth depends on the task, and is found out by measuring.
#
# ## Take away
#
# - No data, or a wish that fits a sentence: prompt.
# - A pattern that only data shows, and many queries to come: tune.
# - Something that changes tomorrow: put it into the prompt, not into the weights.
# - In doubt: measure both, on data that neither has seen.

# %%
pt.show_progress()

# %% [markdown]
# ## Where to go from here
#
# - Put the question to your own data: `prompt-or-tune decide pairs.jsonl --model NAME`,
#   and the last part of [6 · The decision](../06_decision/06_decision.ipynb).
# - Tasks left open? The table above says where.
# - Show somebody else what it is about: [0 · The tour](../00_tour/00_tour.ipynb) takes
#   twelve minutes.
