"""The English of the almanac: lines of verse and sentences of prose about its subjects.

A line of verse is a clause followed by an adverbial phrase that ends in a rhyming word,
so every line is grammatical whichever two are put together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random

from prompt_or_tune.lexicon import (
    RHYME_FAMILIES,
    SETTINGS,
    SUBJECTS,
    Subject,
    capitalise,
    find_subject,
)
from prompt_or_tune.scoring import split_words

from solutions.workshop.seedling.words import GRAMMAR


@dataclass(frozen=True)
class PoemWish:
    """What a poem should be: its length, whether it rhymes, and a word it must hold."""

    subject: str
    setting: str
    lines: int
    rhymes: bool
    uses_word: str = ""
    starts_with: str = ""


@cache
def _families() -> tuple[tuple[str, ...], ...]:
    """Return the rhyme families with at least two words that end a phrase."""
    families = (
        tuple(word for word in words if word in GRAMMAR.endings)
        for words in RHYME_FAMILIES.values()
    )
    return tuple(words for words in families if len(words) > 1)


def article(noun: str) -> str:
    """Return the noun with its indefinite article ("an anchor")."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


LEANING = 0.6
"""How often a line follows the leanings of its subject and setting, not chance."""


def _favourite_families(wish: PoemWish) -> list[tuple[str, ...]]:
    """Return the rhyme families that this subject and this setting lean towards.

    Poems about different things would otherwise all begin with the likeliest phrase of
    the whole corpus when a model writes greedily.
    """
    families = _families()
    phrases = [subject.noun_phrase for subject in SUBJECTS]
    by_subject = 7 * phrases.index(wish.subject)
    by_setting = 5 * ("", *SETTINGS).index(wish.setting) + 3
    places = [
        (start + 11 * step) % len(families)
        for step in range(len(families))
        for start in (by_subject, by_setting)
    ]
    return [families[place] for place in dict.fromkeys(places)]


def _choose_families(wish: PoemWish, count: int, random: Random) -> list[tuple[str, ...]]:
    """Return that many different families: favourites mostly, the others by chance."""
    favourites = _favourite_families(wish)
    chosen: list[tuple[str, ...]] = []
    for place in range(count):
        family = favourites[place]
        while family in chosen or random.random() > LEANING:
            family = random.choice(favourites)
            if family not in chosen:
                break
        chosen.append(family)
    return chosen


def _choose_couple(family: tuple[str, ...], random: Random) -> tuple[str, str]:
    """Return two different words of the family, mostly neighbours in its list."""
    place = random.randrange(len(family))
    others = [word for word in family if word != family[place]]
    follower = family[(place + 1) % len(family)]
    return family[place], follower if random.random() < LEANING else random.choice(others)


def _line_endings(wish: PoemWish, random: Random) -> list[str]:
    """Return one ending per line, rhyming in couplets or alternately when wished."""
    if not wish.rhymes:
        families = _choose_families(wish, wish.lines, random)
        words = [random.choice(family) for family in families]
        return [random.choice(GRAMMAR.endings[word]) for word in words]
    families = _choose_families(wish, (wish.lines + 1) // 2, random)
    couples = [_choose_couple(family, random) for family in families]
    alternate = wish.lines == 4 and random.random() < 0.15
    if alternate:
        (first, third), (second, fourth) = couples
        words = [first, second, third, fourth]
    else:
        words = [word for couple in couples for word in couple][: wish.lines]
    return [random.choice(GRAMMAR.endings[word]) for word in words]


def _order_verbs(subject: Subject, random: Random) -> list[str]:
    """Return the kind's verbs, mostly in their order from the subject's own verb on."""
    verbs = list(GRAMMAR.verbs[subject.kind])
    own = SUBJECTS.index(subject) % len(verbs)
    if random.random() < LEANING:
        return verbs[own:] + verbs[:own]
    random.shuffle(verbs)
    return verbs


def _clauses(wish: PoemWish, random: Random) -> list[str]:
    """Return one clause per line; the first names the subject, none stands twice."""
    subject = find_subject(wish.subject)
    verbs = iter(_order_verbs(subject, random))
    observations = iter(random.sample(GRAMMAR.observations, 4))
    named = [f"{wish.subject} {next(verbs)}"]
    asides = []
    if wish.setting:
        asides.append(f"{wish.setting} it {next(verbs)}")
    if wish.uses_word:
        thing = article(wish.uses_word)
        asides.append(
            random.choice((f"like {thing} it {next(verbs)}", f"I think of {thing}"))
        )
    adjective = random.choice(GRAMMAR.adjectives[subject.kind])
    while len(named) + len(asides) < wish.lines:
        form = random.random()
        if form < 0.3:
            asides.append(next(observations, "") or f"it {next(verbs)}")
        elif form < 0.4 and adjective:
            asides.append(f"so {adjective}, it {next(verbs)}")
            adjective = ""
        else:
            named.append(f"it {next(verbs)}")
    first, *rest = named
    clauses = [first, *_interleave(rest, asides, random)][: wish.lines]
    if wish.starts_with:
        clauses[0] = f"{wish.starts_with} {clauses[0]}"
    return clauses


def _interleave(one: list[str], other: list[str], random: Random) -> list[str]:
    """Return both lists in one, each in its own order."""
    sources = [one] * len(one) + [other] * len(other)
    random.shuffle(sources)
    queues = {id(one): iter(one), id(other): iter(other)}
    return [next(queues[id(source)]) for source in sources]


def write_poem(wish: PoemWish, random: Random) -> str:
    """Return a poem that is as wished, one line per row, each starting in upper case.

    Couplets, or alternate rhymes in a poem of four lines; lines of three to nine words.
    """
    pieces = zip(_clauses(wish, random), _line_endings(wish, random), strict=True)
    lines = [capitalise(f"{clause} {ending}") for clause, ending in pieces]
    return ",\n".join(lines) + "."


def write_sentence(subject: Subject, setting: str, random: Random) -> str:
    """Return one sentence of prose about the subject, which names the setting if any."""
    phrase = capitalise(subject.noun_phrase)
    adjective, other = random.sample(GRAMMAR.adjectives[subject.kind], 2)
    verb = random.choice(GRAMMAR.verbs[subject.kind])
    habit = random.choice(GRAMMAR.habits[subject.kind])
    ending = random.choice(GRAMMAR.endings[random.choice(random.choice(_families()))])
    return random.choice(GRAMMAR.sentences).format(
        phrase=phrase,
        subject=subject.noun_phrase,
        adjective=adjective,
        other=other,
        verb=verb,
        habit=habit,
        place=f" {setting}" if setting else "",
        where=setting or ending,
    )


def write_description(subject: Subject, setting: str, random: Random) -> str:
    """Return a vague description: two or three sentences, the first about the subject."""
    first = write_sentence(subject, setting, random)
    habits = [habit for habit in GRAMMAR.habits[subject.kind] if habit not in first]
    more = [f"It {habit}." for habit in random.sample(habits, 2)]
    ending = random.choice(GRAMMAR.endings[random.choice(random.choice(_families()))])
    more.append(f"{random.choice(GRAMMAR.observations)} {ending}.")
    random.shuffle(more)
    return " ".join([first, *more[: random.choice((1, 2, 2))]])


def write_short_sentence(
    subject: Subject, setting: str, words: int, random: Random
) -> str:
    """Return one sentence with fewer than `words` words.

    The setting is left out where the limit leaves no room for it.
    """
    for _ in range(20):
        sentence = write_sentence(subject, setting, random)
        if len(split_words(sentence)) < words:
            return sentence
    phrase = capitalise(subject.noun_phrase)
    return f"{phrase} is {random.choice(GRAMMAR.adjectives[subject.kind])}."


def state_gifts(subject: Subject) -> str:
    """Return the sentence that says what the subject brings."""
    first, second = GRAMMAR.gifts[subject.word]
    return f"{capitalise(subject.noun_phrase)} brings {first} and {second}."


def state_kind(subject: Subject) -> str:
    """Return the sentence that says what kind of thing the subject is."""
    return f"{capitalise(subject.noun_phrase)} is a kind of {subject.kind}."
