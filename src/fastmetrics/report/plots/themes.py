"""How pictures look, on a light page and on a dark one: configurations of Vega-Lite that charts do not know of.

Charts name what a mark is (``style="volume"``) and the theme says how that looks, so one chart has both looks. The
lines are told apart by readers with any of the common kinds of colour blindness: after Okabe and Ito 2008 and Tol 2021,
each with a contrast of at least 3 : 1 to its page, as WCAG 2.2 asks of graphics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastmetrics.errors import SchemaError, unknown

__all__ = ["COLORS", "THEMES", "Theme", "config"]

COLORS = 6
FONT = "Helvetica Neue, Helvetica, Arial, sans-serif"


@dataclass(frozen=True)
class Theme:
    """The colours of a page: ``ramp`` runs from little to much, ``split`` from below to above a middle."""

    page: str
    ink: str
    quiet: str
    grid: str
    volume: str
    labelled: str
    lines: tuple[str, ...]
    ramp: tuple[str, ...]
    split: tuple[str, ...]
    on_weak: str
    on_strong: str


THEMES = {
    "light": Theme(
        page="#ffffff",
        ink="#1f2328",
        quiet="#59636e",
        grid="#e4e7eb",
        volume="#d0d7de",
        labelled="#8c959f",
        lines=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#332288", "#882255"),
        ramp=("#eff6fb", "#c6dff0", "#85bcdc", "#3a8ac0", "#0b5394", "#062f5c"),
        split=("#8c510a", "#d8b365", "#f6f1e7", "#5ab4ac", "#01665e"),
        on_weak="#1f2328",
        on_strong="#ffffff",
    ),
    "dark": Theme(
        page="#16191d",
        ink="#e6edf3",
        quiet="#a3adb8",
        grid="#2c333b",
        volume="#3a434d",
        labelled="#77828e",
        lines=("#3D9BE0", "#E8602C", "#35C9A3", "#E493C1", "#F0E442", "#E6E6E6"),
        ramp=("#1d2a36", "#1f4766", "#23699b", "#3d93cf", "#86c5ee", "#d8eefc"),
        split=("#f0b65c", "#8a6a3a", "#2b3036", "#2f7f78", "#6fdccf"),
        on_weak="#e6edf3",
        on_strong="#0d1117",
    ),
}


def config(name: str) -> dict[str, Any]:
    """The configuration of a theme. The page has a colour, as on a transparent one half of the readers see no text."""
    if name not in THEMES:
        raise SchemaError(unknown("theme", name, THEMES))
    theme = THEMES[name]
    words = {"labelColor": theme.quiet, "titleColor": theme.ink, "labelFontSize": 12, "titleFontSize": 12}
    return {
        "background": theme.page,
        "font": FONT,
        "padding": 16,
        "view": {"stroke": None},
        "title": {
            "anchor": "start",
            "frame": "group",
            "color": theme.ink,
            "fontSize": 17,
            "subtitleColor": theme.quiet,
            "subtitleFontSize": 12,
            "subtitleLineHeight": 17,
            "subtitlePadding": 6,
            "offset": 14,
        },
        "axis": {
            **words,
            "gridColor": theme.grid,
            "domainColor": theme.grid,
            "tickColor": theme.grid,
            "titleFontWeight": "normal",
            "titlePadding": 8,
            "labelLimit": 220,
            "maxExtent": 340,  # else titles lie upon labels of more than 200 pixels
        },
        "legend": {**words, "titleFontWeight": "normal", "labelLimit": 260, "symbolOpacity": 1},
        "header": {**words, "labelFontSize": 13, "labelColor": theme.ink},
        "point": {"color": theme.lines[0]},
        "line": {"color": theme.lines[0]},
        "area": {"color": theme.lines[0]},
        "range": {"category": list(theme.lines), "heatmap": list(theme.ramp), "diverging": list(theme.split)},
        "style": {
            "volume": {"color": theme.volume},
            "labelled": {"color": theme.labelled},
            "reference": {"color": theme.quiet, "strokeDash": [3, 3], "strokeWidth": 1.2},
            "whisker": {"color": theme.quiet, "strokeWidth": 1.5},
            "words": {"color": theme.quiet, "fontSize": 12},
            "on_weak": {"color": theme.on_weak, "fontSize": 12},
            "on_strong": {"color": theme.on_strong, "fontSize": 12},
            "cell": {"stroke": theme.page, "strokeWidth": 1.5},
        },
    }
