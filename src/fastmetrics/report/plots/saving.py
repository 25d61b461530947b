"""A chart as a file that needs nothing else: a page that works without a network, an SVG, a PNG."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Callable
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastmetrics.atomic import replace_file
from fastmetrics.errors import FastMetricsError, SourceError, install, unknown
from fastmetrics.report.files import checked_target
from fastmetrics.report.plots.themes import THEMES, config
from fastmetrics.wording import printable

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["FORMATS", "save"]

Spec = dict[str, Any]

NEVER_DRAWN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # as XML 1.0 has it

# Vega is 0.9 MB as text and 0.4 MB packed, which leaves room for data below 1 MB. Every browser since 2023 unpacks it.
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="{scheme}">
<title>{title}</title>
<style>body {{ margin: 0; background: {page}; color: {ink}; font-family: sans-serif }}
@media (prefers-color-scheme: dark) {{ body {{ background: {dark_page}; color: {dark_ink} }} }}</style>
</head>
<body>
<noscript>This picture needs JavaScript, which is in this file.</noscript>
<div id="chart"></div>
<script type="text/plain" id="vega">{vega}</script>
<script type="text/plain" id="spec">{spec}</script>
<script>
async function unpacked(id) {{
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}}
async function show() {{
  const script = document.createElement("script");
  script.textContent = `(() => {{${{await unpacked("vega")}}}})()`;
  document.head.append(script);
  const {{spec, themes}} = JSON.parse(await unpacked("spec"));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const actions = {{export: true, source: false, compiled: false, editor: false}};
  const draw = () => {{
    const theme = (dark.matches && themes.dark) || !themes.light ? "dark" : "light";
    const options = {{mode: "vega-lite", renderer: "svg", actions, tooltip: {{theme}}}};
    return vegaEmbed("#chart", {{...spec, config: themes[theme]}}, options);
  }};
  dark.addEventListener("change", draw);
  await draw();
}}
show().catch((error) => {{
  document.getElementById("chart").textContent = `This picture cannot be shown: ${{error}}`;
}});
</script>
</body>
</html>
"""


def vega_lite_version() -> str:
    """The version of Vega-Lite that Altair writes, as ``6.4``: a converter knows several."""
    import altair as alt

    return ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])


@cache
def vega() -> str:
    """Vega, Vega-Lite and Vega-Embed, packed."""
    import vl_convert as vlc

    return packed(vlc.javascript_bundle("window.vegaEmbed = vegaEmbed", vega_lite_version()))


def packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def html(spec: Spec, theme: str | None) -> bytes:
    """A page that follows the reader's preference of light and dark, unless a theme is named."""
    themes = {name: look(spec, name)["config"] for name in (THEMES if theme is None else [theme])}
    plain = {key: value for key, value in spec.items() if key not in ("config", "$schema")}
    light, dark = THEMES[theme or "light"], THEMES[theme or "dark"]
    return PAGE.format(
        scheme=theme or "light dark",
        title=escape(title_of(spec)),
        page=light.page,
        ink=light.ink,
        dark_page=dark.page,
        dark_ink=dark.ink,
        vega=vega(),
        spec=packed(json.dumps({"spec": plain, "themes": themes}, ensure_ascii=False, allow_nan=False)),
    ).encode()


def svg(spec: Spec, theme: str | None) -> bytes:
    """A drawing, light unless a theme is named."""
    import vl_convert as vlc

    drawing: str = vlc.vegalite_to_svg(look(spec, theme or "light"), vl_version=vega_lite_version())
    return drawing.encode()


def png(spec: Spec, theme: str | None) -> bytes:
    """The drawing in pixels, at 2x scale."""
    import vl_convert as vlc

    pixels: bytes = vlc.vegalite_to_png(look(spec, theme or "light"), vl_version=vega_lite_version(), scale=2)
    return pixels


FORMATS: dict[str, Callable[[Spec, str | None], bytes]] = {".html": html, ".svg": svg, ".png": png}


def look(spec: Spec, theme: str) -> Spec:
    """The specification in a theme; what its own configuration says beyond the theme stays."""
    return {**spec, "config": {**spec.get("config", {}), **config(theme)}}


def safe(part: Any) -> Any:
    """A part of a specification without what no drawing can hold: at a control character the converter aborts.

    Charts of ours have none; those of others may.
    """
    if isinstance(part, dict):
        return {key: safe(value) for key, value in part.items()}
    if isinstance(part, list):
        return list(map(safe, part))
    return NEVER_DRAWN.sub(lambda found: printable(found[0]), part) if isinstance(part, str) else part


def title_of(spec: Spec) -> str:
    title = spec.get("title", "")
    return str(title.get("text", "") if isinstance(title, dict) else title) or "fastmetrics"


def save(chart: ChartType, path: str | Path, theme: str | None = None) -> None:
    """Write a chart to a file, in the format of its suffix: ``.html``, ``.svg`` or ``.png``.

    Parameters
    ----------
    chart
        From `Counts.plot`, or any other chart of Altair.
    path
        The file; it appears whole or not at all. It needs no network: a page brings Vega along, packed, and is smaller
        than 1 MB.
    theme
        ``light`` or ``dark``. Without it a page follows the reader's preference, and the other formats are light.

    Raises
    ------
    SourceError
        A suffix that is not known, a folder that does not exist.
    SchemaError
        An unknown theme.
    FastMetricsError
        vl-convert is missing.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise SourceError(f"{path}: " + unknown("suffix", suffix, FORMATS))
    if theme is not None:
        config(theme)
    if find_spec("vl_convert") is None:
        raise FastMetricsError(f"a picture in a file needs vl-convert: {install('plot')}")
    target = checked_target(path)
    replace_file(target, FORMATS[suffix](safe(chart.to_dict()), theme))
