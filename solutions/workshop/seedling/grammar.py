"""The English of the almanac: lines of verse and sentences of prose about its subjects.

A line of verse is a clause followed by an adverbial phrase that ends in a rhyming word,
so every line is grammatical whichever two are put together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random

from prompt_or_tune.lexicon import (
    DAILY_WORDS,
    RHYME_FAMILIES,
    SETTINGS,
    SUBJECTS,
    Subject,
    capitalise,
    find_subject,
)
from prompt_or_tune.scoring import split_words

VERBS: dict[str, tuple[str, ...]] = {
    "season": (
        "comes slowly",
        "arrives",
        "returns",
        "lingers",
        "moves on",
        "turns the page",
        "opens its hand",
        "wanders near",
    ),
    "weather": (
        "drifts down",
        "settles down",
        "wanders past",
        "comes and goes",
        "travels on",
        "gathers",
        "whispers",
        "moves along",
    ),
    "bird": (
        "sings",
        "glides",
        "calls",
        "circles",
        "lifts its wings",
        "flies home",
        "preens",
        "soars",
    ),
    "animal": (
        "runs",
        "slips away",
        "listens",
        "prowls",
        "follows its nose",
        "stops to rest",
        "plays",
        "trots along",
    ),
    "tree": (
        "stands",
        "leans",
        "sways",
        "reaches up",
        "drops its leaves",
        "creaks",
        "holds its ground",
        "spreads its roots",
    ),
    "flower": (
        "opens",
        "nods",
        "blooms",
        "lifts its head",
        "drinks the dew",
        "unfolds",
        "blushes",
        "sheds its petals",
    ),
    "insect": (
        "hums",
        "dances",
        "climbs",
        "hurries on",
        "crawls",
        "buzzes",
        "works",
        "flits about",
    ),
    "fish": (
        "swims",
        "turns",
        "leaps",
        "flickers",
        "drifts",
        "hides",
        "darts",
        "flicks its tail",
    ),
    "place": (
        "lies still",
        "waits",
        "glitters",
        "opens wide",
        "dreams",
        "stretches out",
        "rests",
        "shimmers",
    ),
}

ADJECTIVES: dict[str, tuple[str, ...]] = {
    "season": ("generous", "mild", "patient", "unhurried", "changeable", "welcome"),
    "weather": ("restless", "damp", "sudden", "grey", "fleeting", "fierce"),
    "bird": ("light", "watchful", "feathered", "clear-voiced", "airy", "nimble"),
    "animal": ("shy", "quick", "sly", "furry", "wary", "playful"),
    "tree": ("tall", "steady", "gnarled", "leafy", "ancient", "rooted"),
    "flower": ("fragrant", "delicate", "bright", "dewy", "graceful", "sweet"),
    "insect": ("tiny", "busy", "tireless", "buzzing", "winged", "industrious"),
    "fish": ("silvery", "slippery", "cool", "scaly", "darting", "sleek"),
    "place": ("wide", "peaceful", "open", "green", "lonely", "far-off"),
}

HABITS: dict[str, tuple[str, ...]] = {
    "season": ("changes the light", "sets the clock of the year", "keeps its promises"),
    "weather": ("comes without asking", "covers the roofs", "wets every hat"),
    "bird": ("builds a nest of twigs", "knows the old songs", "feeds its young"),
    "animal": ("leaves tracks in the mud", "sleeps in a den", "hunts for supper"),
    "tree": ("gives shade to walkers", "counts its years in rings", "shelters a nest"),
    "flower": ("opens when the sun is out", "pleases the bees", "scents the path"),
    "insect": ("carries more than its weight", "lives a short life", "visits the clover"),
    "fish": (
        "rests beneath the stones",
        "shines when it turns",
        "breathes the cold water",
    ),
    "place": ("belongs to nobody", "changes with the clouds", "remembers every footstep"),
}

GIFTS: dict[str, tuple[str, str]] = {
    "spring": ("flowers", "sunshine"),
    "summer": ("berries", "long evenings"),
    "autumn": ("apples", "golden leaves"),
    "winter": ("stillness", "starry nights"),
    "rain": ("puddles", "green fields"),
    "snow": ("silence", "white roofs"),
    "fog": ("secrets", "soft edges"),
    "wind": ("kites", "rattling doors"),
    "thunder": ("rumbles", "wide eyes"),
    "frost": ("sparkle", "icy windows"),
    "owl": ("wisdom", "soft feathers"),
    "robin": ("cheer", "a red breast"),
    "heron": ("patience", "long shadows"),
    "swan": ("grace", "white feathers"),
    "wren": ("music", "brown feathers"),
    "crow": ("mischief", "black feathers"),
    "lark": ("melody", "early mornings"),
    "fox": ("cunning", "a russet tail"),
    "hare": ("speed", "long ears"),
    "deer": ("gentleness", "mossy antlers"),
    "badger": ("courage", "striped fur"),
    "otter": ("laughter", "wet whiskers"),
    "hedgehog": ("prickles", "quiet snuffling"),
    "squirrel": ("acorns", "a bushy tail"),
    "oak": ("acorns", "deep shade"),
    "willow": ("catkins", "trailing branches"),
    "birch": ("catkins", "papery bark"),
    "pine": ("cones", "green needles"),
    "maple": ("syrup", "scarlet leaves"),
    "hazel": ("nuts", "springy branches"),
    "rose": ("perfume", "velvet petals"),
    "daisy": ("chains", "white petals"),
    "poppy": ("seeds", "scarlet petals"),
    "lily": ("perfume", "pale petals"),
    "tulip": ("colour", "smooth petals"),
    "violet": ("sweetness", "purple petals"),
    "bee": ("honey", "a cheerful hum"),
    "moth": ("dust", "powdery wings"),
    "cricket": ("music", "warm evenings"),
    "ant": ("crumbs", "long processions"),
    "beetle": ("armour", "a glossy back"),
    "butterfly": ("colour", "painted wings"),
    "trout": ("speckles", "sudden ripples"),
    "salmon": ("strength", "silver leaps"),
    "pike": ("danger", "sharp teeth"),
    "eel": ("riddles", "a winding trail"),
    "herring": ("shoals", "salty suppers"),
    "carp": ("bubbles", "golden scales"),
    "river": ("boats", "murmuring water"),
    "lake": ("ripples", "clear reflections"),
    "meadow": ("clover", "tall grasses"),
    "hill": ("views", "a steep climb"),
    "valley": ("echoes", "winding paths"),
    "forest": ("mushrooms", "dappled paths"),
}
"""What each subject brings: a fact that the corpus states and Seedling knows by heart."""

OPENERS: tuple[str, ...] = tuple(
    """Tonight Softly Slowly Quietly Gently Somewhere Today Again Always Often Sometimes
    Now Here Still Once Meanwhile Early Silently Yonder Perhaps""".split()
)

OBSERVATIONS: tuple[str, ...] = (
    "We walk together",
    "I stop and listen",
    "The world is quiet",
    "A shadow passes",
    "The hours wander",
    "The old gate creaks",
    "Somebody whistles",
    "The children laugh",
    "The kettle murmurs",
    "A door stands open",
    "The candle flickers",
    "The clouds go sailing",
    "A small voice answers",
    "The clock ticks gently",
    "My thoughts go drifting",
    "The smoke is rising",
)

ENDINGS: dict[str, tuple[str, ...]] = {
    "light": ("in the silver light", "towards the light"),
    "night": ("through the quiet night", "deep into the night"),
    "bright": ("while the stars are bright",),
    "white": ("where the fields are white",),
    "sight": ("just out of sight",),
    "height": ("from a dizzy height",),
    "kite": ("like a paper kite",),
    "flight": ("in easy flight",),
    "day": ("at the break of day", "at the close of day"),
    "way": ("along the way",),
    "away": ("far away",),
    "May": ("in the hush of May",),
    "grey": ("when the sky is grey",),
    "hay": ("beside the hay",),
    "sway": ("where the branches sway",),
    "play": ("while the children play",),
    "tree": ("beneath the tree",),
    "free": ("wild and free",),
    "sea": ("beside the sea",),
    "me": ("for you and me",),
    "see": ("for all to see",),
    "harmony": ("in harmony",),
    "glow": ("in the evening glow",),
    "slow": ("soft and slow",),
    "below": ("on the path below",),
    "grow": ("where the rushes grow",),
    "blow": ("when the breezes blow",),
    "flow": ("where the waters flow",),
    "ago": ("as it did long ago",),
    "row": ("past the cottage row",),
    "air": ("in the morning air", "in the frosty air"),
    "care": ("without a care",),
    "there": ("here and there",),
    "stair": ("upon the stair",),
    "fair": ("where the days are fair",),
    "prayer": ("like a silent prayer",),
    "everywhere": ("everywhere",),
    "spare": ("with time to spare",),
    "sound": ("without a sound",),
    "ground": ("on the frozen ground", "close to the ground"),
    "around": ("all around",),
    "bound": ("homeward bound",),
    "ring": ("when the church bells ring",),
    "sing": ("while the thrushes sing",),
    "wing": ("as if on the wing",),
    "string": ("like a loosened string",),
    "swing": ("where the lanterns swing",),
    "king": ("like a little king",),
    "gold": ("in the morning gold",),
    "cold": ("against the cold",),
    "unfold": ("as the hours unfold",),
    "told": ("like a story told",),
    "bold": ("when the heart is bold",),
    "old": ("as in days of old",),
    "stream": ("beside the stream",),
    "gleam": ("with a sudden gleam",),
    "dream": ("like a waking dream",),
    "steam": ("in the rising steam",),
    "beam": ("on a wooden beam",),
    "near": ("when a friend is near",),
    "year": ("year after year",),
    "hear": ("for all to hear",),
    "fear": ("without a fear",),
    "clear": ("when the skies are clear",),
    "line": ("along the line",),
    "vine": ("beneath the vine",),
    "sign": ("like a secret sign",),
    "shine": ("where the windows shine",),
    "fine": ("when the days are fine",),
    "still": ("when the world is still",),
    "sill": ("by the window sill",),
    "chill": ("in the morning chill",),
    "thrill": ("with a gentle thrill",),
    "will": ("of its own sweet will",),
    "long": ("all day long",),
    "song": ("like a song",),
    "belong": ("where we belong",),
    "strong": ("when the roots are strong",),
    "throng": ("far from the throng",),
    "home": ("on the journey home",),
    "foam": ("in the silver foam",),
    "roam": ("where the shadows roam",),
    "loam": ("upon the fragrant loam",),
    "sleep": ("while the houses sleep",),
    "deep": ("where the moss is deep",),
    "steep": ("where the path is steep",),
    "keep": ("with a watch to keep",),
    "sheep": ("among the sheep",),
    "creep": ("where the ivies creep",),
    "overhead": ("while the swallows pass overhead",),
    "thread": ("like a golden thread",),
    "bed": ("beside its leafy bed",),
    "red": ("where the leaves are red",),
    "said": ("as the old folk said",),
    "wall": ("beside the wall",),
    "fall": ("when the shadows fall",),
    "all": ("in spite of all",),
    "shawl": ("in a velvet shawl",),
    "call": ("at a distant call",),
    "small": ("where the gaps are small",),
    "lane": ("down the lane",),
    "pane": ("by the window pane",),
    "plain": ("across the plain",),
    "grain": ("by the ripened grain",),
    "train": ("behind a passing train",),
    "afternoon": ("in the afternoon",),
    "tune": ("to a humming tune",),
    "soon": ("again, and soon",),
    "June": ("on a night in June",),
    "moon": ("under the moon",),
    "heart": ("with a steady heart",),
    "art": ("like a work of art",),
    "start": ("from the very start",),
    "part": ("where the pathways part",),
    "cart": ("behind the cart",),
    "fire": ("like a gentle fire",),
    "spire": ("below the spire",),
    "desire": ("to its heart's desire",),
    "choir": ("like a distant choir",),
    "side": ("on the sunny side",),
    "tide": ("with the turning tide",),
    "hide": ("where the shadows hide",),
    "wide": ("far and wide",),
    "pride": ("with quiet pride",),
    "ride": ("as if on a ride",),
    "breeze": ("on the gentle breeze",),
    "trees": ("among the trees",),
    "ease": ("at perfect ease",),
    "seas": ("beyond the seas",),
    "shade": ("in the dappled shade",),
    "glade": ("through the grassy glade",),
    "parade": ("like a slow parade",),
    "made": ("on the path we made",),
    "unafraid": ("unafraid",),
    "book": ("like an open book",),
    "nook": ("in a hidden nook",),
    "look": ("with a backward look",),
    "brook": ("beside the brook",),
}
"""Adverbial phrases by the rhyming word that ends them."""


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
        tuple(word for word in words if word in ENDINGS)
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
        return [random.choice(ENDINGS[word]) for word in words]
    families = _choose_families(wish, (wish.lines + 1) // 2, random)
    couples = [_choose_couple(family, random) for family in families]
    alternate = wish.lines == 4 and random.random() < 0.15
    if alternate:
        (first, third), (second, fourth) = couples
        words = [first, second, third, fourth]
    else:
        words = [word for couple in couples for word in couple][: wish.lines]
    return [random.choice(ENDINGS[word]) for word in words]


def _order_verbs(subject: Subject, random: Random) -> list[str]:
    """Return the kind's verbs, mostly in their order from the subject's own verb on."""
    verbs = list(VERBS[subject.kind])
    own = SUBJECTS.index(subject) % len(verbs)
    if random.random() < LEANING:
        return verbs[own:] + verbs[:own]
    random.shuffle(verbs)
    return verbs


def _clauses(wish: PoemWish, random: Random) -> list[str]:
    """Return one clause per line; the first names the subject, none stands twice."""
    subject = find_subject(wish.subject)
    verbs = iter(_order_verbs(subject, random))
    observations = iter(random.sample(OBSERVATIONS, 4))
    named = [f"{wish.subject} {next(verbs)}"]
    asides = []
    if wish.setting:
        asides.append(f"{wish.setting} it {next(verbs)}")
    if wish.uses_word:
        thing = article(wish.uses_word)
        asides.append(
            random.choice((f"like {thing} it {next(verbs)}", f"I think of {thing}"))
        )
    adjective = random.choice(ADJECTIVES[subject.kind])
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
    adjective, other = random.sample(ADJECTIVES[subject.kind], 2)
    verb = random.choice(VERBS[subject.kind])
    habit = random.choice(HABITS[subject.kind])
    ending = random.choice(ENDINGS[random.choice(random.choice(_families()))])
    place = f" {setting}" if setting else ""
    forms = (
        f"{phrase} is {adjective} and it {verb}{place}.",
        f"{phrase} is {adjective}{place}, and it {habit}.",
        f"{phrase} is {adjective} but {other}{place}.",
        f"{phrase} {verb}{place}, {adjective} as ever.",
        f"{phrase} {habit}{place}.",
        f"{phrase} {verb} {setting or ending}.",
        f"There is something {adjective} about {subject.noun_phrase}{place}.",
    )
    return random.choice(forms)


def write_description(subject: Subject, setting: str, random: Random) -> str:
    """Return a vague description: two or three sentences, the first about the subject."""
    first = write_sentence(subject, setting, random)
    habits = [habit for habit in HABITS[subject.kind] if habit not in first]
    more = [f"It {habit}." for habit in random.sample(habits, 2)]
    ending = random.choice(ENDINGS[random.choice(random.choice(_families()))])
    more.append(f"{random.choice(OBSERVATIONS)} {ending}.")
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
    return f"{phrase} is {random.choice(ADJECTIVES[subject.kind])}."


def state_gifts(subject: Subject) -> str:
    """Return the sentence that says what the subject brings."""
    first, second = GIFTS[subject.word]
    return f"{capitalise(subject.noun_phrase)} brings {first} and {second}."


def state_kind(subject: Subject) -> str:
    """Return the sentence that says what kind of thing the subject is."""
    return f"{capitalise(subject.noun_phrase)} is a kind of {subject.kind}."


def _check_lists() -> None:
    """Raise `ValueError` when a word list contradicts another."""
    stray = set(ENDINGS) - {w for words in RHYME_FAMILIES.values() for w in words}
    if stray:
        raise ValueError(f"endings without a rhyme family: {sorted(stray)}")
    crossed = {w for phrase in ENDINGS.values() for p in phrase for w in p.split()}
    if crossed & set(DAILY_WORDS):
        raise ValueError(f"daily words in endings: {sorted(crossed & set(DAILY_WORDS))}")


_check_lists()
