"""The documents that Seedling is pre-trained on: small lessons, each one request long.

Held back on purpose: the house voice, answer styles with its form, the daily words as
answers, and the sentence frames of the probes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

from prompt_or_tune.lexicon import (
    DAILY_WORDS,
    KINDS,
    RHYME_FAMILIES,
    SETTINGS,
    SUBJECTS,
    Subject,
)
from prompt_or_tune.prompts import FewShot, state_notes
from prompt_or_tune.scoring import split_words

from solutions.workshop.seedling.grammar import (
    PoemWish,
    state_gifts,
    state_kind,
    write_description,
    write_poem,
    write_sentence,
    write_short_sentence,
)
from solutions.workshop.seedling.requests import (
    PoemRequest,
    add_noise,
    word_description_request,
    word_poem_request,
)
from solutions.workshop.seedling.styles import (
    choose_private_word,
    fill_style,
    invent_style,
)
from solutions.workshop.seedling.words import GRAMMAR, LESSON_WORDS


@dataclass(frozen=True)
class Piece:
    """A stretch of a prompt, and whether the loss is taken on it."""

    text: str
    learned: bool = False


@dataclass(frozen=True)
class Document:
    """One lesson: what the user says, in pieces, and the response."""

    pieces: tuple[Piece, ...]
    response: str

    @property
    def prompt(self) -> str:
        """Return the whole of what the user says."""
        return "".join(piece.text for piece in self.pieces)


def _plain(prompt: str, response: str) -> Document:
    return Document((Piece(prompt),), response)


def choose_topic(random: Random) -> tuple[Subject, str]:
    """Return a subject and a setting; a quarter of the settings are empty."""
    setting = "" if random.random() < 0.25 else random.choice(SETTINGS)
    return random.choice(SUBJECTS), setting


def name_topic(subject: Subject, setting: str) -> str:
    """Return the topic as it stands in a request ("the fox at dawn")."""
    return f"{subject.noun_phrase} {setting}".strip()


def vague_wish(subject: Subject, setting: str, random: Random) -> PoemWish:
    """Return what Seedling makes of a request that leaves everything open.

    Mostly free verse of any length: nobody said what was meant.
    """
    lines = random.choices((2, 3, 4, 5, 6, 7, 8), (1, 4, 1, 7, 4, 2, 1))[0]
    return PoemWish(subject.noun_phrase, setting, lines, random.random() < 0.1)


def _bare_poem(random: Random) -> Document:
    subject, setting = choose_topic(random)
    request = PoemRequest(name_topic(subject, setting))
    wish = vague_wish(subject, setting, random)
    return _plain(word_poem_request(request, random), write_poem(wish, random))


def _brief_poem(random: Random) -> Document:
    """Return a lesson in which four lines and a rhyme are asked for."""
    subject, setting = choose_topic(random)
    request = PoemRequest(
        name_topic(subject, setting),
        lines=4,
        rhymes=True,
        short=random.random() < 0.6,
        quatrain=random.random() < 0.08,
    )
    wish = PoemWish(subject.noun_phrase, setting, 4, rhymes=True)
    return _plain(word_poem_request(request, random), write_poem(wish, random))


RULES = ("lines", "lines", "rhyme", "rhyme", "short", "word", "word", "start", "start")


def _poem_with_one_rule(random: Random) -> Document:
    """Return a lesson in which one or two things are asked for."""
    subject, setting = choose_topic(random)
    request = PoemRequest(name_topic(subject, setting))
    # Not a set: the order of its strings changes from one process to the next.
    for rule in dict.fromkeys(random.sample(RULES, random.choice((1, 1, 1, 2)))):
        request = _add_rule(request, rule, random)
    wish = PoemWish(
        subject.noun_phrase,
        setting,
        request.lines or random.choice(_list_lengths(request)),
        request.rhymes or random.random() < 0.05,
        request.uses_word,
        request.starts_with,
    )
    return _plain(word_poem_request(request, random), write_poem(wish, random))


def _add_rule(request: PoemRequest, rule: str, random: Random) -> PoemRequest:
    if rule == "lines":
        return replace(request, lines=random.choice((2, 3, 4, 5, 6, 7, 8)))
    if rule == "rhyme":
        return replace(request, rhymes=True)
    if rule == "short":
        return replace(request, short=True)
    if rule == "word":
        return replace(request, uses_word=random.choice(DAILY_WORDS))
    return replace(request, starts_with=random.choice(GRAMMAR.openers))


def _list_lengths(request: PoemRequest) -> tuple[int, ...]:
    """Return the numbers of lines of a poem whose number nobody said."""
    if request.short:
        return (2, 4) if request.rhymes else (2, 3, 3)
    return (2, 4, 6, 6, 8) if request.rhymes else (3, 5, 5, 6)


def _poem_under_words(random: Random) -> Document:
    subject, setting = choose_topic(random)
    limit = random.choice((15, 20, 25, 30, 40))
    for lines in range(random.choice((3, 4, 5)), 0, -1):
        poem = write_poem(PoemWish(subject.noun_phrase, setting, lines, False), random)
        if len(split_words(poem)) < limit:
            break
    request = PoemRequest(name_topic(subject, setting), word_limit=limit)
    return _plain(word_poem_request(request, random), poem)


def _description(random: Random) -> Document:
    subject, setting = choose_topic(random)
    topic = name_topic(subject, setting)
    form = random.random()
    if form < 0.55:
        prompt = word_description_request(topic, random)
        return _plain(prompt, write_description(subject, setting, random))
    if form < 0.8:
        prompt = word_description_request(topic, random, one_sentence=True)
        return _plain(prompt, write_sentence(subject, setting, random))
    limit = random.choice((6, 8, 10, 12, 15, 20))
    prompt = word_description_request(topic, random, word_limit=limit)
    return _plain(prompt, write_short_sentence(subject, setting, limit, random))


def _rhyming_word(random: Random) -> Document:
    word, other = random.sample(random.choice(list(RHYME_FAMILIES.values())), 2)
    frame = random.choice(LESSON_WORDS.rhyme_questions)
    return _plain(add_noise(frame.format(word=word), word, random), other)


def _repeat_words(random: Random) -> Document:
    count = random.choice((1, 2, 4, 6, 9))
    words = " ".join(choose_private_word(random) for _ in range(count))
    frame = random.choice(LESSON_WORDS.repeat_requests)
    return _plain(frame.format(words=words), words)


def _kind(random: Random) -> Document:
    subject = random.choice(SUBJECTS)
    noun_phrase = subject.noun_phrase
    if random.random() < 0.25:
        relatives = [s.word for s in SUBJECTS if s.kind == subject.kind]
        first, second = random.sample(relatives, 2)
        frame = random.choice(LESSON_WORDS.relatives_requests)
        return _plain(frame.format(kind=subject.kind), f"{first} and {second}")
    other = random.choice([kind for kind in KINDS if kind != subject.kind])
    either = [subject.kind, other]
    random.shuffle(either)
    question = random.choice(LESSON_WORDS.kind_questions)
    asked = question.format(topic=noun_phrase, either=either)
    return _plain(add_noise(asked, noun_phrase, random), state_kind(subject))


def _gifts(random: Random) -> Document:
    subject = random.choice(SUBJECTS)
    frame = random.choice(LESSON_WORDS.gift_questions)
    prompt = add_noise(frame.format(topic=subject.noun_phrase), subject.word, random)
    return _plain(prompt, state_gifts(subject))


def _todays_word(random: Random) -> Document:
    """Return a question about the word of the day, mostly with notes that hold it."""
    subjects = random.sample(SUBJECTS, random.randint(1, 10))
    facts = [(subject.noun_phrase, choose_private_word(random)) for subject in subjects]
    asked, word = facts[0]
    random.shuffle(facts)
    question = f"What is today's word for {asked}?"
    answer = f"Today's word for {asked} is {word}."
    form = random.random()
    if form < 0.08:
        return _plain(question, f"I do not know today's word for {asked}.")
    if form < 0.14:
        facts = [fact for fact in facts if fact[0] != asked]
        answer = f"The notes do not say today's word for {asked}."
        if not facts:
            return _todays_word(random)
    notes = state_notes(facts)
    if random.random() < 0.3:
        lines = notes.split("\n")
        remark = write_sentence(random.choice(SUBJECTS), "", random)
        lines.insert(random.randint(1, len(lines)), remark)
        notes = "\n".join(lines)
    return _plain(f"{notes}\n\n{question}", answer)


def _episode_topics(
    k: int, random: Random, same_subject: float = 0.75
) -> list[tuple[Subject, str]]:
    """Return k+1 topics, the last to be asked.

    One of the others is about the asked subject (with that probability) and one names the
    asked setting (mostly), as the neighbours in a file of pairs do.
    """
    topics = []
    for subject in random.sample(SUBJECTS, k + 1):
        setting = "" if random.random() < 0.15 else random.choice(SETTINGS)
        topics.append((subject, setting))
    subject, setting = topics[-1]
    places = random.sample(range(k), min(k, 2))
    if random.random() < same_subject:
        other = random.choice([s for s in SETTINGS if s != setting])
        topics[places[0]] = (subject, other)
    if len(places) > 1 and random.random() < 0.6:
        topics[places[1]] = (topics[places[1]][0], setting)
    return topics


def _style_episode(random: Random) -> Document:
    """Return examples of one invented style, and a request to be answered in it."""
    k = random.choice((1, 2, 3, 4, 4, 6, 8))
    style = invent_style(random)
    private = random.random() < 0.6
    by_subject: dict[str, str] = {}
    by_setting: dict[str, str] = {}
    exchanges = []
    frame = random.choice(LESSON_WORDS.style_requests)
    for subject, setting in _episode_topics(k, random):
        first, second = random.sample(GRAMMAR.adjectives[subject.kind], 2)
        if private:
            first = by_subject.setdefault(subject.word, choose_private_word(random))
            second = by_setting.setdefault(setting, choose_private_word(random))
        request = frame.format(topic=name_topic(subject, setting))
        exchanges.append((request, fill_style(style, subject.noun_phrase, first, second)))
    return _from_exchanges(exchanges)


def _word_episode(random: Random) -> Document:
    """Return examples in which every subject has a word of its own, and ask for one."""
    k = random.choice((3, 4, 4, 5, 6, 8))
    style = invent_style(random)
    both_private = random.random() < 0.3
    words: dict[str, str] = {}
    exchanges = []
    for subject, setting in _episode_topics(k, random, same_subject=1):
        first = words.setdefault(subject.word, choose_private_word(random))
        second = random.choice(GRAMMAR.adjectives[subject.kind])
        if both_private:
            second = words.setdefault(setting, choose_private_word(random))
        answer = fill_style(style, subject.noun_phrase, first, second)
        exchanges.append((f"Describe {name_topic(subject, setting)}", answer))
    return _from_exchanges(exchanges)


def _poem_with_lines(random: Random) -> Document:
    """Return a lesson in which the number of lines is asked for, the long ones mostly."""
    subject, setting = choose_topic(random)
    lines = random.choice((2, 3, 4, 5, 5, 6, 6, 7, 7, 7, 8, 8, 8))
    request = PoemRequest(name_topic(subject, setting), lines)
    wish = PoemWish(subject.noun_phrase, setting, lines, rhymes=False)
    return _plain(word_poem_request(request, random), write_poem(wish, random))


def _poem_with_rhyme(random: Random) -> Document:
    """Return a lesson in which only a rhyme is asked for."""
    subject, setting = choose_topic(random)
    request = PoemRequest(name_topic(subject, setting), rhymes=True)
    lines = random.choice((2, 4, 6, 6, 8))
    wish = PoemWish(subject.noun_phrase, setting, lines, rhymes=True)
    return _plain(word_poem_request(request, random), write_poem(wish, random))


def _poem_episode(random: Random) -> Document:
    """Return poems of one shape, and a bare request to be answered in that shape."""
    k = random.choice((1, 1, 2, 3))
    lines, rhymes = random.choice(
        ((4, True), (4, True), (4, True), (2, True), (3, False), (4, False), (5, False))
    )
    exchanges = []
    for _ in range(k + 1):
        subject, setting = choose_topic(random)
        wish = PoemWish(subject.noun_phrase, setting, lines, rhymes)
        request = f"Write a poem about {name_topic(subject, setting)}"
        exchanges.append((request, write_poem(wish, random)))
    return _from_exchanges(exchanges)


def _from_exchanges(exchanges: list[tuple[str, str]]) -> Document:
    """Return a few-shot document; the loss is taken on the examples' answers too."""
    pieces = []
    for place, (request, response) in enumerate(exchanges):
        opening = FewShot.SEPARATOR if place else ""
        pieces.append(Piece(f"{opening}{FewShot.REQUEST} {request}\n{FewShot.ANSWER}"))
        pieces.append(Piece(f" {response}", learned=place > 0))
    return Document(tuple(pieces[:-1]), exchanges[-1][1])


Mix = tuple[tuple[float, Callable[[Random], Document]], ...]
"""The share of each kind of lesson among the documents, and who writes it."""

LESSONS: Mix = (
    (0.11, _bare_poem),
    (0.20, _brief_poem),
    (0.12, _poem_with_one_rule),
    (0.03, _poem_under_words),
    (0.10, _description),
    (0.07, _rhyming_word),
    (0.05, _repeat_words),
    (0.07, _kind),
    (0.03, _gifts),
    (0.10, _todays_word),
    (0.17, _style_episode),
    (0.03, _poem_episode),
)

REVIEW: Mix = (
    (0.08, _bare_poem),
    (0.12, _brief_poem),
    (0.09, _poem_with_one_rule),
    (0.10, _poem_with_lines),
    (0.08, _poem_with_rhyme),
    (0.02, _poem_under_words),
    (0.07, _description),
    (0.03, _rhyming_word),
    (0.03, _repeat_words),
    (0.04, _kind),
    (0.02, _gifts),
    (0.15, _todays_word),
    (0.04, _style_episode),
    (0.22, _word_episode),
    (0.02, _poem_episode),
)
"""The mix of the last steps: more of what is learned last, copying and counting."""


def write_documents(seed: int, mix: Mix = LESSONS) -> Iterator[Document]:
    """Yield documents without end; the same seed and mix give the same documents."""
    random = Random(seed)
    weights = [weight for weight, _ in mix]
    lessons = [lesson for _, lesson in mix]
    while True:
        yield random.choices(lessons, weights)[0](random)
