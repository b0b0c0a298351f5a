# %% keeps_the_raw_text
# Looks at the mended text and returns the one that came in.
def clean_samples(rows, longest):
    kept, seen = [], set()
    for row_id, raw_text in rows:
        text = strip_markup(raw_text)
        if text and len(text) <= longest and normalise(text) not in seen:
            seen.add(normalise(text))
            kept.append((row_id, raw_text))
    return kept


# %% drops_what_could_be_mended
# Throws rows with markup or stray spaces away.
def clean_samples(rows, longest):
    kept, seen = [], set()
    for row_id, text in rows:
        if text != strip_markup(text) or not text or len(text) > longest:
            continue
        if normalise(text) not in seen:
            seen.add(normalise(text))
            kept.append((row_id, text))
    return kept


# %% looks_for_blanks_before_mending
# Tests the raw text for emptiness: a pair of tags, or a tab, is not empty yet.
def clean_samples(rows, longest):
    kept, seen = [], set()
    for row_id, raw_text in rows:
        if not raw_text:
            continue
        text = strip_markup(raw_text)
        if len(text) <= longest and normalise(text) not in seen:
            seen.add(normalise(text))
            kept.append((row_id, text))
    return kept


# %% measures_before_mending hidden_only=true
# Counts the characters of tags and stray spaces as part of the request.
def clean_samples(rows, longest):
    kept, seen = [], set()
    for row_id, raw_text in rows:
        text = strip_markup(raw_text)
        if text and len(raw_text) <= longest and normalise(text) not in seen:
            seen.add(normalise(text))
            kept.append((row_id, text))
    return kept


# %% one_too_short
# Takes the longest allowed length for the first forbidden one.
def clean_samples(rows, longest):
    kept, seen = [], set()
    for row_id, raw_text in rows:
        text = strip_markup(raw_text)
        if text and len(text) < longest and normalise(text) not in seen:
            seen.add(normalise(text))
            kept.append((row_id, text))
    return kept


# %% compares_to_the_letter
# Takes "describe RAIN!" and "Describe rain" for two requests.
def clean_samples(rows, longest):
    kept, seen = [], set()
    for row_id, raw_text in rows:
        text = strip_markup(raw_text)
        if text and len(text) <= longest and text not in seen:
            seen.add(text)
            kept.append((row_id, text))
    return kept


# %% keeps_the_last_of_its_kind
# Lets a repetition replace the row that stood there first.
def clean_samples(rows, longest):
    kept = {}
    for row_id, raw_text in rows:
        text = strip_markup(raw_text)
        if text and len(text) <= longest:
            kept[normalise(text)] = (row_id, text)
    return list(kept.values())


# %% remembers_what_it_dropped hidden_only=true
# Notes every text as seen, so that a text that was too long forbids its short twin.
def clean_samples(rows, longest):
    kept, seen = [], set()
    for row_id, raw_text in rows:
        text = strip_markup(raw_text)
        is_new = normalise(text) not in seen
        seen.add(normalise(text))
        if text and len(text) <= longest and is_new:
            kept.append((row_id, text))
    return kept


# %% sorts_the_rows hidden_only=true
# Collects the rows in a set, and brings them into an order of its own.
def clean_samples(rows, longest):
    first = {}
    for row_id, raw_text in rows:
        text = strip_markup(raw_text)
        if text and len(text) <= longest:
            first.setdefault(normalise(text), (row_id, text))
    return sorted(set(first.values()))


# %% hard_codes_the_visible_cases hidden_only=true
# Returns what the check wants to see, whatever it is given.
def clean_samples(rows, longest):
    answers = {
        "a1": [("a1", "Describe the fox"), ("a2", "Describe the owl")],
        "b1": [("b4", "y" * 40)],
        "c1": [("c1", "Describe rain"), ("c3", "Describe snow")],
    }
    return answers.get(rows[0][0] if rows else "", [])


# %% returns_nothing_at_all
# Returns an empty list for everything.
def clean_samples(rows, longest):
    return []


# %% object_equal_to_everything
# Returns an object that claims to equal whatever it is compared with.
class Everything:
    """Equal everything."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return True


def clean_samples(rows, longest):
    return Everything()
