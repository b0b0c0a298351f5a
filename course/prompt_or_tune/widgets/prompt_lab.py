"""PromptLab: change the question, and see at once what ten answers pass."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field

from prompt_or_tune.checks.prompt_template import LONGEST_POEM
from prompt_or_tune.figures.attempts import draw_attempts
from prompt_or_tune.models import LanguageModel, ModelError, load_model
from prompt_or_tune.prompts import Template, TemplateError, wants_poem
from prompt_or_tune.records import Prompt, Sample
from prompt_or_tune.samples import load_samples
from prompt_or_tune.scoring import BriefResult, poem_brief, rates_by_rule, split_lines
from prompt_or_tune.statistics import Rate, pass_rate
from prompt_or_tune.widgets.cards import text_widget
from prompt_or_tune.widgets.labs import (
    Lab,
    as_card,
    button,
    buttons,
    figure_html,
    sentence,
    text_area,
)

BARE_TEMPLATE = "Write a poem about {subject}"
SAMPLES = 10  # each about another subject


@dataclass(frozen=True)
class Attempt:
    """What came of one template: a prompt, an answer and a verdict for each sample.

    `rate` is the share of answers that satisfy every rule; `tokens` the mean number of
    tokens of a prompt, the chat template included.
    """

    template: str
    prompts: tuple[Prompt, ...]
    answers: tuple[str, ...]
    results: tuple[BriefResult, ...]
    rate: Rate
    tokens: float
    subjects: tuple[str, ...] = field(repr=False)

    def rates(self) -> dict[str, Rate]:
        """Return the pass rate of each rule, and last of all rules together."""
        return rates_by_rule(self.results)

    def summary(self) -> str:
        """Say in a sentence what passed, with its interval, and for how many tokens."""
        rate = self.rate
        return (
            f"{rate.successes} of {rate.n} answers pass every rule ({rate.rate:.0%}; "
            f"95 % interval {rate.low:.0%} to {rate.high:.0%}), for {self.tokens:.1f} "
            "tokens per prompt."
        )

    def _repr_html_(self) -> str:
        return as_card(sentence(self.summary(), "strong") + _table(self))


def try_template(
    model: LanguageModel, template: str, samples: Sequence[Sample]
) -> Attempt:
    """Fill the template for each sample, let the model answer, and judge the poems.

    Raises TemplateError: a template without a place, or with an unknown one; ModelError:
    a prompt too long for the model.
    """
    filled = Template(template)
    prompts = tuple(filled.fill(sample) for sample in samples)
    texts = [prompt.text for prompt in prompts]
    answers = model.generate(texts, max_new_tokens=LONGEST_POEM)
    results = tuple(
        poem_brief(sample.subject).judge(answer)
        for sample, answer in zip(samples, answers, strict=True)
    )
    return Attempt(
        template=template,
        prompts=prompts,
        answers=tuple(answers),
        results=results,
        rate=pass_rate(result.passed for result in results),
        tokens=sum(map(model.count_tokens, texts)) / len(texts),
        subjects=tuple(sample.subject for sample in samples),
    )


def choose_samples(count: int) -> tuple[Sample, ...]:
    """Return development samples that ask for poems, each about another subject."""
    by_subject: dict[str, Sample] = {}
    for sample in load_samples("development"):
        if wants_poem(sample):
            by_subject.setdefault(sample.subject, sample)
    found = list(by_subject.values())
    step = max(1, len(found) // count)  # subjects stand by kind: take some of each
    return tuple(found[::step][:count])


class PromptLab(Lab):
    """Try prompt templates on ten subjects, and watch the pass rate against the tokens.

        lab = PromptLab(model)
        lab                                  # as a cell's last expression: the widget

        attempt = lab.try_template("Write a rhyming poem about {subject}")
        attempt.rate, attempt.tokens         # the same, without a click

    The templates that were tried are kept in `attempts`. Without a model Seedling is
    loaded. The subjects are those of ten samples of the development split.
    """

    def __init__(self, model: LanguageModel | None = None) -> None:
        self.model = model or load_model()
        self.samples = choose_samples(SAMPLES)
        self.attempts: list[Attempt] = []
        self._template = text_area("Template", BARE_TEMPLATE)
        self._button = button(
            "Try it", "Let the model answer this template", button_style="primary"
        )
        self._message = text_widget(self._introduce())
        self._history, self._answers = text_widget(), text_widget()
        self._button.on_click(lambda _: self._try_shown())
        super().__init__(
            "PromptLab: change the question, not the model",
            [
                self._template,
                buttons(self._button),
                self._message,
                self._history,
                self._answers,
            ],
        )
        self.add_class("prompt-lab")

    def try_template(self, template: str) -> Attempt:
        """Let the model answer the filled template for each sample, and judge it.

        Raises TemplateError and ModelError, each with a sentence to act on.
        """
        self._template.value = template
        for attempt in self.attempts:
            if attempt.template == template:
                break  # decoding is greedy: the answers would be the same
        else:
            attempt = try_template(self.model, template, self.samples)
            self.attempts.append(attempt)
        self._show(attempt)
        return attempt

    def _try_shown(self) -> None:
        template = self._template.value.strip()
        known = any(attempt.template == template for attempt in self.attempts)
        self._message.value = sentence("The model is answering …", "muted")
        try:
            attempt = self.try_template(template)
        except (TemplateError, ModelError) as error:
            self._message.value = sentence(str(error), "bad")
            return
        if known:
            number = self.attempts.index(attempt) + 1
            self._message.value += sentence(
                f"This is attempt {number} again: greedy decoding gives one prompt "
                "one answer.",
                "muted",
            )

    def _show(self, attempt: Attempt) -> None:
        self._answers.value = _table(attempt)
        self._message.value = sentence(attempt.summary(), "strong")
        self._history.value = figure_html(draw_attempts(self.attempts))

    def _introduce(self) -> str:
        return sentence(
            f"{{subject}} is filled with {len(self.samples)} subjects; a program then "
            "looks whether each answer has four lines, rhymes, stays on topic, is short "
            "and repeats no line.",
            "muted",
        )


def _table(attempt: Attempt) -> str:
    """Return answers and verdicts as a table; below it how often each rule held."""
    rates = attempt.rates()
    heads = "".join(
        f'<th scope="col" class="lab-narrow"><div>{html.escape(name)}</div></th>'
        for name in rates
    )
    rows = "".join(map(_row, attempt.prompts, attempt.subjects, attempt.answers,
                       attempt.results))  # fmt: skip
    totals = "".join(f'<td class="lab-narrow">{r.successes}</td>' for r in rates.values())
    first = html.escape(f"The first of the prompts: {attempt.prompts[0].text}")
    return (
        f'<p class="lab-muted">{first}</p><table class="lab-answers"><thead><tr>'
        f'<th scope="col">subject</th><th scope="col">answer ( / ends a line)</th>{heads}'
        f"</tr></thead><tbody>{rows}</tbody>"
        f'<tfoot><tr><th scope="row">passed</th><td>of {len(attempt.answers)}</td>'
        f"{totals}</tr></tfoot></table>"
    )


def _row(prompt: Prompt, subject: str, answer: str, result: BriefResult) -> str:
    """Return one answer with the verdicts on it; its whole prompt is the tooltip."""
    shown = " / ".join(split_lines(answer)) or "(an empty answer)"
    marks = [_mark(rule.passed, rule.explanation) for rule in result.per_rule]
    return (
        f'<tr><th scope="row" title="{html.escape(prompt.text, quote=True)}">'
        f"{html.escape(subject)}</th><td>{html.escape(shown)}</td>"
        f"{''.join(marks)}{_mark(result.passed, '')}</tr>"
    )


def _mark(passed: bool, explanation: str) -> str:
    """Return a cell with a tick or a cross, which say the same by shape and in words."""
    kind, sign, word = ("good", "✓", "passed") if passed else ("bad", "✗", "failed")
    words = html.escape(f"{word}: {explanation}" if explanation else word, quote=True)
    return (
        f'<td class="lab-{kind} lab-narrow" title="{words}">'
        f'<span role="img" aria-label="{words}">{sign}</span></td>'
    )
