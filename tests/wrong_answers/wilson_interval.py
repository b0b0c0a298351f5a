# %% takes_the_textbook_formula
# The normal approximation (Wald), which is certain after ten passes of ten.
def wilson_interval(passed: list[bool]) -> tuple[float, float]:
    n = len(passed)
    if n == 0:
        return 0.0, 1.0
    p = sum(passed) / n
    half = 1.96 * math.sqrt(p * (1 - p) / n)
    return max(0.0, p - half), min(1.0, p + half)


# %% keeps_the_textbook_middle
# Wilson's half-width around the plain share.
def wilson_interval(passed: list[bool]) -> tuple[float, float]:
    n = len(passed)
    if n == 0:
        return 0.0, 1.0
    p, z = sum(passed) / n, 1.96
    half = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return max(0.0, p - half), min(1.0, p + half)


# %% swaps_the_ends
# The upper end stands first.
def wilson_interval(passed: list[bool]) -> tuple[float, float]:
    n = len(passed)
    if n == 0:
        return 0.0, 1.0
    p, z = sum(passed) / n, 1.96
    scale = 1 + z**2 / n
    middle = (p + z**2 / (2 * n)) / scale
    half = z / scale * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return middle + half, middle - half


# %% takes_z_of_90_percent
# It takes z = 1.645, which belongs to 90 %.
def wilson_interval(passed: list[bool]) -> tuple[float, float]:
    n = len(passed)
    if n == 0:
        return 0.0, 1.0
    p, z = sum(passed) / n, 1.645
    scale = 1 + z**2 / n
    middle = (p + z**2 / (2 * n)) / scale
    half = z / scale * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return middle - half, middle + half


# %% forgets_the_scale
# The division by 1 + z²/n is missing.
def wilson_interval(passed: list[bool]) -> tuple[float, float]:
    n = len(passed)
    if n == 0:
        return 0.0, 1.0
    p, z = sum(passed) / n, 1.96
    middle = p + z**2 / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return middle - half, middle + half


# %% gives_middle_and_half
# It gives back the middle and the half-width, not the ends.
def wilson_interval(passed: list[bool]) -> tuple[float, float]:
    n = len(passed)
    if n == 0:
        return 0.5, 0.5
    p, z = sum(passed) / n, 1.96
    scale = 1 + z**2 / n
    middle = (p + z**2 / (2 * n)) / scale
    half = z / scale * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return middle, half


# %% divides_by_nothing
# No answers at all were not thought of.
def wilson_interval(passed: list[bool]) -> tuple[float, float]:
    n = len(passed)
    p, z = sum(passed) / n, 1.96
    scale = 1 + z**2 / n
    middle = (p + z**2 / (2 * n)) / scale
    half = z / scale * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return middle - half, middle + half


# %% speaks_in_percent
# The ends are percentages, 0 to 100.
def wilson_interval(passed: list[bool]) -> tuple[float, float]:
    n = len(passed)
    if n == 0:
        return 0.0, 100.0
    p, z = sum(passed) / n, 1.96
    scale = 1 + z**2 / n
    middle = (p + z**2 / (2 * n)) / scale
    half = z / scale * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return 100 * (middle - half), 100 * (middle + half)


# %% returns_zeros
# It always answers zero to zero.
def wilson_interval(passed: list[bool]) -> tuple[float, float]:
    return 0.0, 0.0


# %% equals_everything
# Numbers that claim to be equal to everything.
class Anything(float):
    def __eq__(self, other):
        return True

    def __sub__(self, other):
        return 0.0

    __hash__ = float.__hash__


def wilson_interval(passed: list[bool]) -> tuple[float, float]:
    return Anything(0.0), Anything(1.0)


# %% assumes_twenty_answers hidden_only=true
# The scale is right for up to twenty answers, and stays there for more.
def wilson_interval(passed: list[bool]) -> tuple[float, float]:
    n = len(passed)
    if n == 0:
        return 0.0, 1.0
    p, z = sum(passed) / n, 1.96
    scale = 1 + z**2 / min(n, 20)
    middle = (p + z**2 / (2 * n)) / scale
    half = z / scale * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return middle - half, middle + half


# %% hard_codes_the_visible_cases hidden_only=true
# It knows the three visible cases by heart.
def wilson_interval(passed: list[bool]) -> tuple[float, float]:
    known = {20: (0.639581, 0.947631), 10: (0.722467, 1.0)}
    return known.get(len(passed), (0.0, 1.0))
