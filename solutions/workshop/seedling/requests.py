"""The many ways in which people ask: requests for poems and descriptions, in any wording.

A request is put together from parts that can be said in several ways, stand in several
orders, and be surrounded by politeness and talk. Seedling learns from this to look for
what is asked and to ignore the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from prompt_or_tune.lexicon import capitalise

from solutions.workshop.seedling.words import GRAMMAR, REQUESTS, Phrases

NUMBER_WORDS = dict(enumerate("two three four five six seven eight".split(), 2))


@dataclass(frozen=True)
class PoemRequest:
    """What a request for a poem says aloud; whatever is empty goes unsaid."""

    topic: str
    lines: int = 0
    rhymes: bool = False
    short: bool = False
    uses_word: str = ""
    starts_with: str = ""
    word_limit: int = 0
    quatrain: bool = False


def _number(n: int, random: Random) -> str:
    return NUMBER_WORDS[n] if n in NUMBER_WORDS and random.random() < 0.4 else str(n)


def make_small_talk(random: Random) -> str:
    """Return a sentence that accompanies a request and asks for nothing."""
    parts = {
        "person": random.choice(REQUESTS.people),
        "thing": random.choice(REQUESTS.things),
        "ending": random.choice(random.choice(list(GRAMMAR.endings.values()))),
        "adjective": random.choice(REQUESTS.role_adjectives),
        "roles": [random.choice(REQUESTS.roles) for _ in range(3)],
        "observation": random.choice(GRAMMAR.observations),
    }
    return random.choice(REQUESTS.small_talk).format(**parts)


@dataclass(frozen=True)
class Constraint:
    """One thing that is asked, in three ways: any of the first two may be empty."""

    before_noun: str
    after_noun: str
    sentence: str


def _constrain(phrases: Phrases, random: Random, **values: object) -> Constraint:
    """Return a constraint in one of its wordings, the values filled in."""
    before = random.choice(phrases.before) if phrases.before else ""
    after = random.choice(phrases.after) if phrases.after else ""
    sentence = random.choice(phrases.sentences).format(**values)
    return Constraint(before, after.format(**values), capitalise(sentence))


def _list_constraints(request: PoemRequest, random: Random) -> list[Constraint]:
    """Return everything that is asked, in any order."""
    asked = []
    if request.short:
        asked.append(_constrain(REQUESTS.short, random))
    if request.rhymes:
        asked.append(_constrain(REQUESTS.rhyme, random))
    if request.lines and not request.quatrain:
        n = _number(request.lines, random)
        before = f"{n} line" if random.random() < 0.5 else f"{n}-line"
        lines = _constrain(REQUESTS.lines, random, n=n)
        asked.append(replace(lines, before_noun=before))
    if request.uses_word:
        asked.append(_constrain(REQUESTS.word, random, word=request.uses_word))
    if request.starts_with:
        asked.append(_constrain(REQUESTS.start, random, word=request.starts_with))
    if request.word_limit:
        asked.append(_constrain(REQUESTS.limit, random, n=request.word_limit))
    random.shuffle(asked)
    return asked


def _place_constraints(
    request: PoemRequest, random: Random
) -> tuple[list[str], list[str], list[str]]:
    """Return what stands before the noun, after it, and in sentences of its own."""
    before: list[str] = []
    after: list[str] = []
    sentences: list[str] = []
    as_sentences = random.choice((0.0, 0.15, 0.5))
    for asked in _list_constraints(request, random):
        can_precede, can_follow = bool(asked.before_noun), bool(asked.after_noun)
        if random.random() < as_sentences or not (can_precede or can_follow):
            sentences.append(asked.sentence)
        elif can_precede and (not can_follow or random.random() < 0.5):
            before.append(asked.before_noun)
        else:
            after.append(asked.after_noun)
    return before, after, sentences


def _name_poem(request: PoemRequest, adjectives: list[str], random: Random) -> str:
    """Return the noun with its article and adjectives ("a short, rhyming poem")."""
    noun = "quatrain" if request.quatrain else random.choice(REQUESTS.nouns)
    joiner = random.choice((" ", ", ", " and "))
    joined = joiner.join(adjectives) if len(adjectives) < 3 else ", ".join(adjectives)
    first = joined or noun
    article = "an" if first[0] in "aeiou" or first[0] == "8" else "a"
    return " ".join(filter(None, (article, joined, noun)))


def _write_frame(request: PoemRequest, random: Random) -> str:
    """Return one sentence, with further sentences for what it does not say itself."""
    before, after, sentences = _place_constraints(request, random)
    what = _name_poem(request, before, random)
    verb = random.choice(REQUESTS.verbs)
    topic = ""
    if random.random() < 0.9:
        topic = random.choice(REQUESTS.topics).format(topic=request.topic)
    else:
        sentence = random.choice(REQUESTS.topic_sentences)
        sentences.append(sentence.format(topic=request.topic))
    frame = _order_frame(verb, what, topic, after, random)
    random.shuffle(sentences)
    if not sentences:
        return frame + random.choice(("", "", ".", "?" if verb[0] in "CWM" else "."))
    if random.random() < 0.25:
        return " ".join([*sentences, frame + "."])
    return " ".join([frame + ".", *sentences])


def _order_frame(
    verb: str, what: str, topic: str, after: list[str], random: Random
) -> str:
    """Return the parts in one of the orders that English allows, without a full stop."""
    modifiers = random.choice((" ", " and ", ", ")).join(after)
    if after and random.random() < 0.15:
        frame = f"{capitalise(modifiers)}, {verb[0].lower()}{verb[1:]} {what} {topic}"
    elif after and random.random() < 0.3:
        frame = f"{verb} {what} {modifiers} {topic}"
    else:
        frame = " ".join(filter(None, (verb, what, topic, modifiers)))
    return frame.strip().replace("  ", " ").replace("I'D", "I'd")


def _telegram(request: PoemRequest, random: Random) -> str:
    """Return the request as a few notes in any order, without a sentence."""
    notes = [request.topic, random.choice(REQUESTS.poem_notes)]
    if request.quatrain:
        notes[1] = random.choice(REQUESTS.quatrain_notes)
    for asked in _list_constraints(request, random):
        ways = (asked.before_noun, asked.after_noun, asked.sentence.rstrip("."))
        notes.append(random.choice([text for text in ways if text]))
    random.shuffle(notes)
    return random.choice(REQUESTS.between_notes).join(notes)


def _misspell(word: str, random: Random) -> str:
    if len(word) < 4 or not word.isalpha():
        return word
    place = random.randrange(1, len(word) - 1)
    swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    dropped = word[:place] + word[place + 1 :]
    return random.choice((swapped, dropped))


def add_noise(text: str, keep: str, random: Random) -> str:
    """Return the text as hurried people type it: small letters, slips, lost words.

    The words of `keep` are left as they are.
    """
    if random.random() < 0.2:
        text = text[0].lower() + text[1:]
    if random.random() > 0.12:
        return text
    kept = set(keep.split())
    words = []
    for word in text.split(" "):
        chance = random.random()
        if word in kept or word.strip(".,;") in kept or chance > 0.15:
            words.append(word)
        elif chance > 0.06:
            words.append(_misspell(word, random))
        elif len(word) > 4:
            words.append(word)
    return " ".join(words)


def _surround(text: str, random: Random) -> str:
    """Return the text with a greeting, small talk and thanks around it, or some of it."""
    if random.random() < 0.45:
        return text
    before: list[str] = []
    after: list[str] = []
    if random.random() < 0.35:
        before.append(random.choice(REQUESTS.greetings))
    for _ in range(random.choice((0, 1, 1, 2))):
        random.choice((before, before, after)).append(make_small_talk(random))
    if random.random() < 0.4:
        after.append(random.choice(REQUESTS.thanks))
    if after and text[-1].isalnum():
        text += random.choice((".", ",", ""))
    return " ".join([*before, text, *after])


def word_poem_request(request: PoemRequest, random: Random) -> str:
    """Return the request in one of its many wordings."""
    telegram = random.random() < 0.08
    text = _telegram(request, random) if telegram else _write_frame(request, random)
    keep = f"{request.topic} {request.uses_word} {request.starts_with}"
    return _surround(add_noise(text, keep, random), random)


def word_description_request(
    topic: str, random: Random, *, one_sentence: bool = False, word_limit: int = 0
) -> str:
    """Return a request for a description, with its limits if there are any."""
    frame = random.choice(REQUESTS.descriptions).format(topic=topic)
    limits = []
    if one_sentence:
        limits.append(random.choice(REQUESTS.one_sentence))
    if word_limit:
        limits.append(random.choice(REQUESTS.limit.after).format(n=word_limit))
    text = " ".join([frame, *limits])
    return _surround(add_noise(text, topic, random), random)
