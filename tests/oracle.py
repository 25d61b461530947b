"""What counting means, row by row, in plain Python: slow and obvious. A null is None.

A table is {group: {cell: terms}}: the list of what each row adds to the cell. Its sum is the cell.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from fractions import Fraction

import polars as pl

from oracle_scores import bin_of

BINARY = {
    (0, 0): "tn",
    (0, 1): "fp",
    (1, 0): "fn",
    (1, 1): "tp",
    (0, None): "unpredicted_neg",
    (1, None): "unpredicted_pos",
    (None, 0): "unlabelled_neg",
    (None, 1): "unlabelled_pos",
    (None, None): "unlabelled_unpredicted",
}
SWAPPED = {"tn": "tp", "fp": "fn", "unpredicted_neg": "unpredicted_pos", "unlabelled_neg": "unlabelled_pos"}
SWAPPED |= {there: here for here, there in SWAPPED.items()} | {"unlabelled_unpredicted": "unlabelled_unpredicted"}
REGRESSION = {
    (True, True): "judged",
    (True, False): "unpredicted",
    (False, True): "unlabelled",
    (False, False): "unlabelled_unpredicted",
}


def known(value):
    """The value, None for NaN."""
    return None if isinstance(value, float) and math.isnan(value) else value


def values_of(series):
    """The values of a key column: times as integers, categories as text, NaN as None, -0.0 as 0.0."""
    if series.dtype.is_temporal():
        series = series.to_physical()
    elif isinstance(series.dtype, (pl.Categorical, pl.Enum)):
        series = series.cast(pl.String)
    return [0.0 if value == 0 and isinstance(value, float) else known(value) for value in series.to_list()]


def groups_of(frame, keys):
    """The key of each row as a tuple."""
    return list(zip(*(values_of(frame[key]) for key in keys), strict=True)) if keys else [()] * len(frame)


def window(instants, every, zone="UTC"):
    """The start of the window of each instant, in microseconds since 1970: what Polars says."""
    local = pl.Series(instants, dtype=pl.Int64).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)
    return local.dt.truncate(every).to_physical().to_list()


def interned(values):
    """Distinct values numbered 1, 2, ... in order of appearance, 0 for None."""
    codes = {}
    return [0 if value is None else codes.setdefault(value, len(codes) + 1) for value in values]


def state(value):
    """0, 1 or None of a binary value: True or 1 against False, 0 or -1."""
    value = known(value)
    return None if value is None else int(value == 1)


def binary_row(label, prediction):
    """The (inner key, cells) that a row adds to."""
    return (), {BINARY[state(label), state(prediction)]: 1}


def class_row(label, prediction):
    return (known(label), known(prediction)), {"rows": 1}


def score_row(label, score, edges):
    label, score = state(label), known(score)
    cells = {("negative", "positive", "unlabelled")[2 if label is None else label]: 1}
    if label is not None and score is not None and 0 <= score <= 1:
        happened = min(max(score if label else 1 - score, 2.0**-52), 1 - 2.0**-52)
        cells |= {"score_sum": score, "brier_sum": (score - label) ** 2, "log_loss_sum": -math.log(happened)}
    return (bin_of(score, edges),), cells


def regression_row(label, prediction, shift=0.0):
    label, prediction = known(label), known(prediction)
    cells = {REGRESSION[label is not None, prediction is not None]: 1}
    if label is not None and prediction is not None:
        error, offset = prediction - label, label - shift
        cells |= {
            "signed_error": error,
            "absolute_error": abs(error),
            "squared_error": error * error,
            "quartic_error": (error * error) * (error * error),
            "relative_error": abs(error) / max(abs(label), 2.0**-52),
            "absolute_label": abs(label),
            "label_offset": offset,
            "squared_label_offset": offset * offset,
            "lowest_label": label,
            "highest_label": label,
            "lowest_error": error,
            "highest_error": error,
        }
    return (), cells


def letter_row(wanted, given):
    """Counts of letters, those alike, and how many more the second text has."""
    if wanted is None or given is None:
        return (), {"unread": 1}
    alike = sum(a == b for a, b in zip(wanted, given, strict=False))
    cells = {"read": 1, "letters": len(wanted), "alike": alike, "longer": len(given) - len(wanted)}
    return (), cells | (dict.fromkeys(("share", "alikeness"), alike / len(wanted)) if wanted else {})


def recalled_entries(wanted, given, most=4):
    """The row itself, and each of its items: found where ``given`` is above it."""
    wanted, given = known(wanted), known(given)
    if wanted is None:
        return [((None,), {"unlisted": 1})]
    entries = [((None,), {"rows": 1})]
    for item in range(int(abs(wanted) % most)):
        cells = {"found" if given is not None and given > item else "missed": 1, "points": 10 * item - 5}
        values = (
            {} if given is None else {**dict.fromkeys(("given", "best", "worst", "gift"), given), "third": -given / 3}
        )
        entries.append(((item,), cells | values))
    return entries


def multilabel_entries(labels, predictions):
    """The row itself, and each class that is a label, a prediction or both."""
    if labels is None or predictions is None:
        return [((None,), {"unjudged": 1})]
    entries = [((None,), {"judged": 1})]
    for name in {*labels, *predictions}:
        cell = "fp" if name not in labels else "tp" if name in predictions else "fn"
        entries.append(((name,), {cell: 1}))
    return entries


def likelihood_row(logs):
    """Tokens of a list of log-probabilities, those of minus infinity, and -log of each other one."""
    if logs is None:
        return (), {"unjudged": 1}
    tokens = [known(value) for value in logs if known(value) is not None]
    if not tokens:
        return (), {"empty": 1}
    finite = [-value for value in tokens if value > -math.inf]
    nats = {"nats": finite} if finite else {}
    return (), {"judged": 1, "tokens": len(tokens), "impossible": len(tokens) - len(finite), **nats}


def flags_row(**values):
    """The row, and which flags of it are true or not known."""
    cells = {"rows": 1}
    for flag, value in values.items():
        value = known(value)
        if value is None:
            cells[f"{flag}_missing"] = 1
        elif value in (True, 1, "true", "True", "TRUE"):
            cells[f"{flag}_true"] = 1
        else:
            assert value in (False, 0, "false", "False", "FALSE")
    return (), cells


def versus_row(label, one, other, threshold=0.5):
    other = known(other)
    codes = [state(label), state(one), None if other is None else int(other >= threshold)]
    return (), {"s" + "".join("2" if code is None else str(code) for code in codes): 1}


def table(groups, rows, weights=None):
    """The entries of each row, every one an (inner key, cells), added to their groups; a cell may get several terms.

    With weights also w·x and w²·x of each value x of a cell.
    """
    cells_of = defaultdict(lambda: defaultdict(list))
    for number, (group, entries) in enumerate(zip(groups, rows, strict=True)):
        for inner, cells in entries:
            into = cells_of[(*group, *inner)]
            for cell, given in cells.items():
                terms = given if isinstance(given, list) else [given]
                into[cell] += terms
                if weights is not None:
                    weight, value = Fraction(weights[number]), sum(map(Fraction, terms))
                    into[f"w_{cell}"].append(weight * value)
                    into[f"w2_{cell}"].append(weight * weight * value)
    return {group: dict(cells) for group, cells in cells_of.items()}


LIMBS = {"_high": 2**16, "_middle": 2**44, "_low": 2**72}  # of an exact sum: how many of each are 1


def exact_sum(terms):
    """The sum of terms, each rounded to a multiple of 2**-72."""
    return Fraction(sum(round(Fraction(term) * 2**72) for term in terms), 2**72)


def differences(frame, keys, expected, merges, scale=None):
    """What a frame of cells has otherwise than a table: all to the bit, but for sums of floats, to 1e-12 of Σ|x|.

    ``merges`` = {cell: sum, min or max}. A float sum is a pair of columns, the cell and its ``_error``, and an exact
    sum three, ``_high``, ``_middle`` and ``_low``. ``scale`` is the table over which Σ|x| runs, where it is another.
    """
    scale = expected if scale is None else scale
    found = dict(zip(groups_of(frame, keys), frame.select(list(merges)).iter_rows(named=True), strict=True))
    wrong = [("groups", set(found) ^ set(expected))] if set(found) != set(expected) else []
    wrong += [("rows of one group", len(frame) - len(found))] if len(found) != len(frame) else []
    for group in set(found) & set(expected):
        for cell, merge in merges.items():
            if cell.removesuffix("_error") != cell and cell.removesuffix("_error") in merges:
                continue
            of = next((cell.removesuffix(limb) for limb in LIMBS if cell.endswith(limb)), cell)
            terms, got = expected[group].get(of, []), found[group][cell]
            if all(f"{of}{limb}" in merges for limb in LIMBS):
                right = sum(Fraction(found[group][f"{of}{limb}"], parts) for limb, parts in LIMBS.items()) == exact_sum(
                    terms
                )
            elif merge != "sum":
                right = got == {"min": min, "max": max}[merge](terms, default=None)
            elif f"{cell}_error" in found[group]:
                size = sum(abs(Fraction(term)) for term in scale[group].get(cell, []))
                error = Fraction(got) + Fraction(found[group][f"{cell}_error"]) - sum(map(Fraction, terms))
                right = abs(error) <= size * Fraction(1e-12)
            else:
                right = got == sum(terms) and isinstance(got, int)
            if not right:
                wrong.append((group, cell, got, terms))
    return wrong


def kitagawa(num_b, den_b, num_c, den_c):
    """(rate, mix, support) of every leaf as fractions: Kitagawa's terms, with the mix around the overall rate."""
    columns = [[Fraction(value) for value in column] for column in (num_b, den_b, num_c, den_c)]
    all_b, all_c = sum(columns[1]), sum(columns[3])
    middle = (sum(columns[0]) / all_b + sum(columns[2]) / all_c) / 2
    found = []
    for a, b, c, d in zip(*columns, strict=True):
        if b and d:
            moved = d / all_c - b / all_b
            found.append(((b / all_b + d / all_c) / 2 * (c / d - a / b), ((a / b + c / d) / 2 - middle) * moved, 0))
        else:
            found.append((0, 0, (c - middle * d) / all_c - (a - middle * b) / all_b))
    return found


def level_cost(k, n):
    """Minus the log-likelihood of k of n rows at one rate."""
    return -sum(part * math.log(part / n) for part in (k, n - k) if part > 0)


def split_ratio(k, n, at):
    """The log-likelihood ratio of two rates, before window `at` and from it on, against one."""
    apart = level_cost(sum(k[:at]), sum(n[:at])) + level_cost(sum(k[at:]), sum(n[at:]))
    return level_cost(sum(k), sum(n)) - apart


def lattice_sums(
    leaves: list[tuple[int, ...]], channel: list[float], shape: tuple[int, ...]
) -> dict[tuple[int, ...], float]:
    """The sum of a channel over the leaves that each conjunction holds; 0 in a conjunction is any value."""
    cells = itertools.product(*(range(size) for size in shape))
    return {
        cell: math.fsum(
            value
            for leaf, value in zip(leaves, channel, strict=True)
            if all(code in (0, mine) for code, mine in zip(cell, leaf, strict=True))
        )
        for cell in cells
    }


def hypergeometric_llr(kb: int, nb: int, kc: int, nc: int, beta: float) -> float:
    """The log likelihood ratio of a log odds ratio against 0, given the margins of a 2 x 2 table."""
    events = kb + kc
    if events in (0, nb + nc):
        return 0.0
    terms = [
        (x, math.log(math.comb(nc, x)) + math.log(math.comb(nb, events - x)))
        for x in range(max(0, events - nb), min(events, nc) + 1)
    ]
    top = max(log + abs(beta) * x for x, log in terms)
    weighted = math.fsum(math.exp(log + beta * x - top) for x, log in terms)
    plain = math.fsum(math.exp(log - top) for _, log in terms)
    return beta * kc - math.log(weighted / plain)
