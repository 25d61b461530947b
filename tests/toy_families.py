"""Families of a user's own making, each of which asks something else of counting: text, lists, two models."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastmetrics as fm
from fastmetrics.contract.cells import Cell, CellTable, InnerKey
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Role
from fastmetrics.contract.rows import Accumulators, Rows
from fastmetrics.kernels.cells import add_exact
from fastmetrics.kernels.ids import write_ids
from fastmetrics.metric import Cells

__all__ = ["letters", "recalled", "versus"]


def letters(wanted: str, given: str, fused: bool = False, name: str = "letters") -> Family:
    """Counts of each row: the letters of a text, those that a second one has at the same place, and how much longer
    the second is, which may be negative; and sums of the share that is alike. ``fused`` values are added by the family
    itself.
    """
    return Family(
        kind="letters",
        name=name,
        maker=letters,
        roles=(Role("wanted", wanted, "text"), Role("given", given, "text")),
        cells=(
            *(Cell(state) for state in ("read", "unread")),
            *(Cell(count, "count") for count in ("letters", "alike", "longer")),
            Cell("share", "sum"),
            Cell("alikeness", "exact"),
        ),
        rows=partial(letter_rows, fused=fused),
        metrics=(
            fm.Metric("letter_accuracy", lambda c: c.alike, lambda c: c.letters, "ratio"),
            fm.Metric("mean_longer", lambda c: c.longer, lambda c: c.read, range=(-np.inf, np.inf), better=None),
        ),
        arguments={"wanted": wanted, "given": given, "fused": fused, "name": name},
        headline=("letter_accuracy",),
    )


def letter_rows(roles: Mapping[str, Any], fused: bool) -> Rows:
    pairs = list(zip(roles["wanted"].to_list(), roles["given"].to_list(), strict=True))
    unread = np.array([None in pair for pair in pairs], bool)
    counts = np.zeros((len(pairs), 3), np.int64)
    for row in np.flatnonzero(~unread):
        a, b = pairs[row]
        counts[row] = len(a), sum(x == y for x, y in zip(a, b, strict=False)), len(b) - len(a)
    with np.errstate(invalid="ignore"):
        share = counts[:, [1]] / counts[:, [0]]  # NaN, which adds nothing, of no letters
    arrays = Rows(lambda: unread.view(np.uint8), counts=lambda: counts, sums=lambda: share, exacts=lambda: share)
    if not fused:
        return arrays

    def add(to: Accumulators) -> None:
        ids = np.empty(len(pairs), np.uint32)
        write_ids(to.fields, to.ranges, ids)
        np.add.at(to.counts.reshape(-1, 3), ids, counts)
        to.reach[:] += np.abs(counts).sum(axis=0)
        np.add.at(to.sums.reshape(-1, 2)[:, 0], ids, np.nan_to_num(share[:, 0]))
        for group, x in zip(ids, np.nan_to_num(share[:, 0]), strict=True):
            add_exact(to.exacts, 3 * group, x)
            to.exact_reach[0] += x

    return replace(arrays, add=add)


def recalled(wanted: str, given: str, most: int = 4, extremes: bool = False, name: str = "recalled") -> Family:
    """Items 0, 1, ... of each row, or null: as many as the last digit of ``wanted`` in base ``most`` says.

    Each is found where ``given`` is above it.
    """
    return Family(
        kind="recalled",
        name=name,
        maker=recalled,
        roles=(Role("wanted", wanted, "number"), Role("given", given, "number")),
        cells=(
            *(Cell(state) for state in ("rows", "found", "missed", "unlisted")),
            Cell("points", "count"),
            Cell("given", "sum"),
            Cell("gift", "exact"),
            Cell("third", "exact"),
            *([Cell("best", "max"), Cell("worst", "min")] if extremes else []),
        ),
        rows=partial(recalled_rows, most=most, extremes=extremes),
        metrics=(fm.Metric("item_recall", lambda c: c.found, lambda c: c.found + c.missed, "proportion"),),
        arguments={"wanted": wanted, "given": given, "most": most, "extremes": extremes, "name": name},
        inner=(InnerKey("item", most),),
        row_states=("rows", "unlisted"),
        read=without_items,
        headline=("item_recall",),
    )


def recalled_rows(roles: Mapping[str, NDArray[Any]], most: int, extremes: bool) -> Rows:
    wanted, given = (roles[role].astype(np.float64) for role in ("wanted", "given"))
    unlisted = np.isnan(wanted)
    items = np.where(unlisted, 0, np.abs(np.nan_to_num(wanted)) % most).astype(np.int64)
    of_items = np.repeat(np.arange(len(items)), items)
    item = np.arange(len(of_items)) - np.repeat(np.cumsum(items) - items, items)
    found = given[of_items] > item  # NaN is above nothing
    entries = np.argsort(np.concatenate([np.arange(len(items)), of_items]), kind="stable")  # a row, then its items

    def entry(row: NDArray[Any], items: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([row, items])[entries]

    nothing = np.zeros(len(items), np.int64)
    values = entry(np.full(len(items), np.nan), given[of_items])[:, None]
    return Rows(
        lambda: entry(3 * unlisted, np.where(found, 1, 2)).astype(np.uint8),
        counts=lambda: entry(nothing, 10 * item - 5)[:, None],
        sums=lambda: values,
        exacts=lambda: np.hstack([values, -values / 3]),
        extremes=(lambda: np.hstack([values, values])) if extremes else None,
        inner=(lambda: entry(nothing, item + 1).astype(np.uint8),),
        of=entry(np.arange(len(items)), of_items),
    )


def without_items(table: CellTable) -> Cells:
    """The cells of all items together."""
    added = [
        None if cells is None else {name: np.bincount(table.group, of, table.size) for name, of in cells.items()}
        for cells in (table.cells.values, table.cells.squares)
    ]
    return Cells(added[0] or {}, added[1])


VERSUS = ["".join(codes) for codes in itertools.product("012", repeat=3)]


def versus(label: str, one: str, other: str, threshold: float = 0.5, name: str = "versus") -> Family:
    """A label, a decision and a score that decides, on one row: 27 states, 2 for null."""
    return Family(
        kind="versus",
        name=name,
        maker=versus,
        roles=(
            Role("label", label, "binary"),
            Role("one", one, "binary"),
            Role("other", other, "binary", threshold=threshold),
        ),
        cells=tuple(Cell(f"s{codes}") for codes in VERSUS),
        rows=lambda roles: Rows(lambda: 9 * roles["label"] + 3 * roles["one"] + roles["other"]),
        metrics=(fm.Metric("only_one_right", lambda c: c.s010 + c.s101, lambda c: c.s010 + c.s101 + c.s001 + c.s110),),
        arguments={"label": label, "one": one, "other": other, "threshold": threshold, "name": name},
        constants=("threshold",),
        headline=("only_one_right",),
    )
