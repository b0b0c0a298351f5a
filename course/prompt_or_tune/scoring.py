"""Say whether an answer is right, in code: rules, and briefs made of rules."""

# The protocol `Rule` documents `name`, `check` and `explain` once, for all rules.

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, get_args, runtime_checkable

from prompt_or_tune import moved
from prompt_or_tune.lexicon import rhyme_sound
from prompt_or_tune.statistics import Rate, pass_rate
from prompt_or_tune.wording import count, shorten

if not TYPE_CHECKING:
    __getattr__ = moved.forward(__name__)

# ── The words and lines of an answer ───────────────────────────────────────────────────


def split_lines(text: str) -> list[str]:
    """Return the lines of a text that are not blank, without surrounding spaces."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case; an apostrophe inside belongs to one."""
    return re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", text.lower())


def normalise(text: str) -> str:
    """Return a text's words, lower case, one space between: equal if copied."""
    return " ".join(re.findall(r"\w+", text.casefold()))


# ── Rules ──────────────────────────────────────────────────────────────────────────────


@runtime_checkable
class Rule(Protocol):
    """One thing that an answer must satisfy, decided by a program."""

    @property
    def name(self) -> str:
        """A few words for tables: "4 lines"."""

    def check(self, text: str) -> bool:
        """Return whether the answer satisfies the rule."""

    def explain(self, text: str) -> str:
        """Say in one sentence what was found in the answer."""


@dataclass(frozen=True)
class LineCount:
    """The answer has exactly `count` lines that are not blank."""

    count: int

    @property
    def name(self) -> str:
        return count(self.count, "line")

    def check(self, text: str) -> bool:
        return len(split_lines(text)) == self.count

    def explain(self, text: str) -> str:
        found = count(len(split_lines(text)), "line")
        return f"The answer has {found}; wanted: {self.count}."


RhymeScheme = Literal["couplets", "alternate", "any"]


@dataclass(frozen=True)
class Rhyme:
    """The ends of the lines rhyme: different words, the same sounds from the last stress.

    `couplets` pairs each line with the next (AABB); `alternate` pairs every other line
    in blocks of four (ABAB), and a last block of two lines is a couplet (ABABCC); `any`
    accepts either. An odd number of lines never rhymes. Sounds come from the lexicon;
    where it does not know one of two words, both are compared by their spelling from the
    last stressed vowel group onwards, which is a guess (see `rhyme_spelling`).
    """

    scheme: RhymeScheme = "any"

    @property
    def name(self) -> str:
        return "rhyme" if self.scheme == "any" else f"rhyme ({self.scheme})"

    def check(self, text: str) -> bool:
        return any(not self._misses(text, pairing) for pairing in self._pairings(text))

    def explain(self, text: str) -> str:
        lines = split_lines(text)
        if len(lines) < 2 or len(lines) % 2:
            return (
                f"Lines rhyme in pairs, and the answer has {count(len(lines), 'line')}."
            )
        misses = min((self._misses(text, p) for p in self._pairings(text)), key=len)
        if not misses:
            return "Every line has its rhyme."
        first, second = misses[0]
        if first == second:
            return f'"{first}" is repeated; a word does not rhyme with itself.'
        return f'"{first}" and "{second}" do not rhyme.'

    def _pairings(self, text: str) -> list[list[tuple[int, int]]]:
        """Return the ways in which the lines may rhyme, each as pairs of line indices."""
        lines = len(split_lines(text))
        if lines < 2 or lines % 2:
            return []
        couplets = [(i, i + 1) for i in range(0, lines, 2)]
        alternate: list[tuple[int, int]] = []
        for start in range(0, lines, 4):
            if lines - start >= 4:
                alternate += [(start, start + 2), (start + 1, start + 3)]
            else:
                alternate.append((start, start + 1))
        if self.scheme == "couplets":
            return [couplets]
        return [alternate] if self.scheme == "alternate" else [couplets, alternate]

    def _misses(self, text: str, pairing: list[tuple[int, int]]) -> list[tuple[str, str]]:
        """Return the line-end words that should rhyme and do not."""
        ends = [_last_word(line) for line in split_lines(text)]
        pairs = [(ends[i], ends[j]) for i, j in pairing]
        return [pair for pair in pairs if not words_rhyme(*pair)]


def words_rhyme(first: str, second: str) -> bool:
    """Return whether two different words sound the same from the last stressed vowel."""
    first, second = first.lower(), second.lower()
    if not first or not second or first == second:
        return False
    sounds = rhyme_sound(first), rhyme_sound(second)
    if None in sounds:
        return rhyme_spelling(first) == rhyme_spelling(second)
    return sounds[0] == sounds[1]


# Endings without stress: the vowel that rhymes stands before them ("river", "singing").
_UNSTRESSED = ("ing", "ed", "er", "en", "le", "ly", "y", "ow")
_VOWELS = "aeiouy"


def rhyme_spelling(word: str) -> str:
    """Return a word's spelling from its last stressed vowel group onwards, a guess.

    English spelling does not mark stress: the last vowel group is taken, or the one
    before it where the word ends in a usually unstressed ending or a silent e.
    """
    word = word.replace("qu", "qw")  # no vowel there
    groups = [m.start() for m in re.finditer(f"[{_VOWELS}]+", word)]
    if not groups:
        return word
    silent_e = re.search(f"[^{_VOWELS}]e$", word) is not None
    unstressed = word.endswith(_UNSTRESSED) and word[-2:] not in ("ay", "ey", "oy")
    back = 2 if len(groups) > 1 and (silent_e or unstressed) else 1
    return word[groups[-back] :]


@dataclass(frozen=True)
class Topic:
    """The topic's word stands in the answer, alone or as a plural."""

    word: str

    @property
    def name(self) -> str:
        return "on topic"

    def check(self, text: str) -> bool:
        forms = (self.word, self.word + "s", self.word + "es")
        return any(_has_phrase(text, form) for form in forms)

    def explain(self, text: str) -> str:
        verb = "stands" if self.check(text) else "does not stand"
        return f'The topic word "{self.word}" {verb} in the answer.'


@dataclass(frozen=True)
class WordLimit:
    """The answer has at most `limit` words, and at least one."""

    limit: int

    @property
    def name(self) -> str:
        return f"at most {count(self.limit, 'word')}"

    def check(self, text: str) -> bool:
        return 1 <= len(split_words(text)) <= self.limit

    def explain(self, text: str) -> str:
        found = count(len(split_words(text)), "word")
        return f"The answer has {found}; wanted: 1 to {self.limit}."


@dataclass(frozen=True)
class UsesWord:
    """The word (or phrase) stands in the answer, exactly so up to case."""

    word: str

    @property
    def name(self) -> str:
        return f'uses "{self.word}"'

    def check(self, text: str) -> bool:
        return _has_phrase(text, self.word)

    def explain(self, text: str) -> str:
        verb = "stands" if self.check(text) else "does not stand"
        return f'"{self.word}" {verb} in the answer.'


@dataclass(frozen=True)
class StartsWith:
    """The first word of the answer is `word`, up to case."""

    word: str

    @property
    def name(self) -> str:
        return f'starts with "{self.word}"'

    def check(self, text: str) -> bool:
        wanted = split_words(self.word)
        return split_words(text)[: len(wanted)] == wanted

    def explain(self, text: str) -> str:
        first = next(iter(split_words(text)), "")
        return f'The first word is "{first}"; wanted: "{self.word}".'


@dataclass(frozen=True)
class OneSentence:
    """The answer is one sentence on one line; a point of "Mr." counts as an end."""

    @property
    def name(self) -> str:
        return "one sentence"

    def check(self, text: str) -> bool:
        return len(split_lines(text)) == 1 and self._count_sentences(text) == 1

    def explain(self, text: str) -> str:
        sentences = count(self._count_sentences(text), "sentence")
        return f"The answer has {sentences} on {count(len(split_lines(text)), 'line')}."

    @staticmethod
    def _count_sentences(text: str) -> int:
        parts = re.split(r"[.!?…]+[\"'”’)]*(?:\s+|$)", text.strip())
        return sum(bool(split_words(part)) for part in parts)


@dataclass(frozen=True)
class Pattern:
    """A regular expression is found in the answer (`re.search`: anchor it yourself)."""

    regex: str

    def __post_init__(self) -> None:
        try:
            re.compile(self.regex)
        except re.error as error:
            raise ValueError(
                f'The pattern "{self.regex}" is not a regular expression: {error}.'
            ) from error

    @property
    def name(self) -> str:
        return f"matches {self.regex}"

    def check(self, text: str) -> bool:
        return re.search(self.regex, text) is not None

    def explain(self, text: str) -> str:
        verb = "was" if self.check(text) else "was not"
        return f'The pattern "{self.regex}" {verb} found.'


@dataclass(frozen=True)
class NotCopied:
    """The answer is none of these texts, up to case, spacing and punctuation."""

    texts: Iterable[str]

    def __post_init__(self) -> None:
        normalised = frozenset(normalise(text) for text in self.texts)
        object.__setattr__(self, "texts", normalised)

    @property
    def name(self) -> str:
        return "not copied"

    def check(self, text: str) -> bool:
        return normalise(text) not in self.texts

    def explain(self, text: str) -> str:
        verb = "is not" if self.check(text) else "is"
        return f"The answer {verb} a copy of a known text."


@dataclass(frozen=True)
class NoRepeatedLine:
    """No line stands twice in the answer, up to case and punctuation."""

    @property
    def name(self) -> str:
        return "no repeated line"

    def check(self, text: str) -> bool:
        return self._find_repeated(text) is None

    def explain(self, text: str) -> str:
        repeated = self._find_repeated(text)
        return "No line is repeated." if repeated is None else f'Repeated: "{repeated}".'

    @staticmethod
    def _find_repeated(text: str) -> str | None:
        seen: set[str] = set()
        for line in split_lines(text):
            if normalise(line) in seen:
                return line
            seen.add(normalise(line))
        return None


@dataclass(frozen=True)
class Ended:
    """The answer ended by itself: it is shorter than the tokens that it was given.

    `count_tokens` counts an answer's tokens; one that fills its whole budget was cut.
    """

    budget: int
    count_tokens: Callable[[str], int]

    @property
    def name(self) -> str:
        return "ended by itself"

    def check(self, text: str) -> bool:
        return self.count_tokens(text) < self.budget

    def explain(self, text: str) -> str:
        used = count(self.count_tokens(text), "token")
        return f"The answer has {used} of the {self.budget} that it was given."


# ── Right and wrong, given the expected answer ─────────────────────────────────────────


@dataclass(frozen=True)
class Exact:
    """The answer is the expected text, up to spaces around it."""

    expected: str

    @property
    def name(self) -> str:
        return "exact"

    def check(self, text: str) -> bool:
        return text.strip() == self.expected.strip()

    def explain(self, text: str) -> str:
        return _compare(text, self.expected)


@dataclass(frozen=True)
class Contains:
    """The expected text stands in the answer as whole words, up to case and spacing."""

    expected: str

    @property
    def name(self) -> str:
        return "contains"

    def check(self, text: str) -> bool:
        return _has_phrase(text, self.expected)

    def explain(self, text: str) -> str:
        verb = "stands" if self.check(text) else "does not stand"
        return f'"{self.expected.strip()}" {verb} in the answer.'


@dataclass(frozen=True)
class JsonEqual:
    """The answer is JSON of the expected value: key order and spacing do not matter.

    1 and 1.0 are equal, 1 and true are not. A Markdown fence around the answer is
    ignored, since chat models add one.
    """

    expected: str

    def __post_init__(self) -> None:
        try:
            _read_json(self.expected)
        except ValueError as error:
            raise ValueError(f"The expected answer is not JSON: {error}.") from error

    @property
    def name(self) -> str:
        return "JSON-equal"

    def check(self, text: str) -> bool:
        try:
            return _same_json(_read_json(text), _read_json(self.expected))
        except ValueError:
            return False

    def explain(self, text: str) -> str:
        try:
            _read_json(text)
        except ValueError as error:
            return f"The answer is not JSON: {error}."
        return "The values are equal." if self.check(text) else "The values differ."


@dataclass(frozen=True)
class Numeric:
    """The last number of the answer is the expected one, within an absolute tolerance.

    Thousands separators ("1,250.5") are read; a unit after the number is not compared.
    """

    expected: str | float
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        if find_last_number(str(self.expected)) is None:
            raise ValueError(f'The expected answer "{self.expected}" holds no number.')
        if not self.tolerance >= 0:
            raise ValueError(f"The tolerance {self.tolerance} must be 0 or more.")

    @property
    def name(self) -> str:
        return f"number within {self.tolerance:g}"

    def check(self, text: str) -> bool:
        found, wanted = find_last_number(text), find_last_number(str(self.expected))
        return found is not None and abs(found - wanted) <= self.tolerance  # type: ignore[operator]

    def explain(self, text: str) -> str:
        found = find_last_number(text)
        if found is None:
            return "The answer holds no number."
        return f"The last number is {found:g}; wanted: {self.expected}."


def find_last_number(text: str) -> float | None:
    """Return the last number that is written in a text, None where there is none."""
    whole = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
    number = rf"(?<![\w.])[-+]?(?:{whole}|\.\d+)(?:[eE][-+]?\d+)?"
    found = re.findall(number, text, flags=re.ASCII)
    return float(found[-1].replace(",", "")) if found else None


MatcherName = Literal["exact", "contains", "regex", "json", "numeric"]
MATCHER_NAMES: tuple[str, ...] = get_args(MatcherName)


def make_matcher(name: str, expected: str, *, tolerance: float = 1e-6) -> Rule:
    """Return the rule by which answers are compared with one expected response.

    For `regex` the expected response is itself the pattern. Raises ValueError on an
    unknown name, and where the expected response does not suit the rule.
    """
    match name:
        case "exact":
            return Exact(expected)
        case "contains":
            return Contains(expected)
        case "regex":
            return Pattern(expected)
        case "json":
            return JsonEqual(expected)
        case "numeric":
            return Numeric(expected, tolerance)
    names = ", ".join(MATCHER_NAMES)
    raise ValueError(f'There is no rule "{name}"; choose one of: {names}.')


# ── Briefs: several rules together ─────────────────────────────────────────────────────


@dataclass(frozen=True)
class RuleResult:
    """What one rule said of one answer."""

    name: str
    passed: bool
    explanation: str


@dataclass(frozen=True)
class BriefResult:
    """What all rules of a brief said of one answer; `passed` only if every rule did."""

    passed: bool
    per_rule: tuple[RuleResult, ...]


@dataclass(frozen=True)
class Brief:
    """What was really meant by a request, as rules; a brief is itself a rule."""

    rules: tuple[Rule, ...]
    name: str = "all rules"

    def __init__(self, rules: Iterable[Rule], name: str = "all rules") -> None:
        object.__setattr__(self, "rules", tuple(rules))
        object.__setattr__(self, "name", name)

    def judge(self, text: str) -> BriefResult:
        """Return what each rule says of the answer."""
        results = tuple(
            RuleResult(rule.name, rule.check(text), rule.explain(text))
            for rule in self.rules
        )
        return BriefResult(all(result.passed for result in results), results)

    def check(self, text: str) -> bool:
        """Return whether the answer satisfies every rule."""
        return all(rule.check(text) for rule in self.rules)

    def explain(self, text: str) -> str:
        """Return the sentences of the rules that failed, or say that none did."""
        failed = [r.explanation for r in self.judge(text).per_rule if not r.passed]
        return " ".join(failed) or "Every rule is satisfied."


def poem_brief(subject: str) -> Brief:
    """Return what a request for a poem really means: short, rhyming, on topic, 4 lines.

    `subject` is a noun phrase ("spring", "the fox").
    """
    topic = Topic(re.sub(r"^(the|an?) ", "", subject.strip(), flags=re.IGNORECASE))
    return Brief((LineCount(4), Rhyme(), topic, WordLimit(40), NoRepeatedLine()))


def rates_by_rule(results: Sequence[BriefResult]) -> dict[str, Rate]:
    """Return the pass rate of each rule and, last, of "all rules" together."""
    if not results:
        raise ValueError("There are no answers to rate.")
    names = [result.name for result in results[0].per_rule]
    rates = {
        name: pass_rate(result.per_rule[i].passed for result in results)
        for i, name in enumerate(names)
    }
    return rates | {"all rules": pass_rate(result.passed for result in results)}


# ── Helpers ────────────────────────────────────────────────────────────────────────────


def _last_word(line: str) -> str:
    words = split_words(line)
    return words[-1] if words else ""


def _has_phrase(text: str, phrase: str) -> bool:
    """Return whether a phrase stands in a text as whole words, up to case and spacing."""
    pattern = r"\s+".join(map(re.escape, phrase.split()))
    return bool(pattern) and bool(
        re.search(rf"(?<!\w){pattern}(?!\w)", text, flags=re.IGNORECASE)
    )


def _compare(text: str, expected: str) -> str:
    if text.strip() == expected.strip():
        return "The answer is the expected one."
    shown, wanted = shorten(text, 80), shorten(expected, 80)
    return f'The answer is "{shown}"; expected: "{wanted}".'


def _read_json(text: str) -> object:
    """Return the JSON value of a text; raise ValueError with where it breaks."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not a JSON value")

    fenced = re.fullmatch(r"\s*```\w*\s*\n(.*?)\n?\s*```\s*", text, flags=re.DOTALL)
    try:
        return json.loads(fenced[1] if fenced else text, parse_constant=refuse)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _same_json(a: object, b: object) -> bool:
    """Compare two JSON values; Python alone would call true and 1 equal."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same_json(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same_json, a, b))
    return a == b
