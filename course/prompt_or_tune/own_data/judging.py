"""Say whether answers to the reader's own prompts are right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prompt_or_tune.own_data.reading import DataError, OwnPair
from prompt_or_tune.scoring import MATCHER_NAMES, Pattern, Rule, make_matcher

# In a pattern for all rows, the place of the row's own response.
RESPONSE_SLOT = "{response}"


@dataclass(frozen=True)
class RuleChoice:
    """The rule for right and wrong, the same for every row.

    `pattern` is for `regex`: a regular expression in which `{response}` stands for the
    row's response, taken literally; a row's own `pattern` comes before it. `tolerance`
    is for `numeric`, absolute.
    """

    name: str = "exact"
    pattern: str = ""
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        if self.name not in MATCHER_NAMES:
            names = ", ".join(MATCHER_NAMES)
            raise DataError(f'There is no rule "{self.name}"; choose one of {names}.')
        if self.pattern and self.name != "regex":
            raise DataError(
                f'A pattern is for the rule "regex"; the rule is "{self.name}".'
            )

    def describe(self) -> str:
        """Return the rule in a few words, for the report."""
        match self.name:
            case "exact":
                return "the answer is the response, up to spaces around it"
            case "contains":
                return "the response stands in the answer, up to case and spacing"
            case "regex":
                return f"the answer matches {self.pattern or 'the pattern of its row'}"
            case "json":
                return "the answer is JSON of the same value"
        return f"the answer's last number is the response's, within {self.tolerance:g}"


def make_rules(pairs: Sequence[OwnPair], choice: RuleChoice, path: Path) -> list[Rule]:
    """Return one rule per pair; every response must satisfy its own rule.

    Raises DataError, naming the line, where a response does not suit the rule: a file
    whose own responses are wrong cannot tell right from wrong.
    """
    return [_make_rule(pair, choice, f"{path}, line {pair.line}") for pair in pairs]


def _make_rule(pair: OwnPair, choice: RuleChoice, where: str) -> Rule:
    try:
        rule = _build_rule(pair, choice)
        suits = rule.check(pair.response)
    except ValueError as error:
        raise DataError(
            f'{where}: the rule "{choice.name}" cannot be used. {error}'
        ) from None
    if not suits:
        raise DataError(
            f"{where}: the response itself is wrong by the rule "
            f'"{choice.name}". {rule.explain(pair.response)}'
        )
    return rule


def _build_rule(pair: OwnPair, choice: RuleChoice) -> Rule:
    if choice.name != "regex":
        return make_matcher(choice.name, pair.response, tolerance=choice.tolerance)
    if pair.pattern:
        return Pattern(pair.pattern)
    if choice.pattern:
        literal = re.escape(pair.response.strip())
        return Pattern(choice.pattern.replace(RESPONSE_SLOT, literal))
    raise ValueError('Give --pattern, or a field "pattern" in every row.')
