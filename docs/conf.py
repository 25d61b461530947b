"""The site, made by `make docs`: the Markdown pages of the repository as they are, with their links to each other."""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

project = "fastmetrics"
html_title = "fastmetrics"
html_theme = "furo"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
extensions = ["myst_parser"]
myst_heading_anchors = 3  # links to headings work as they do on a forge
root_doc = "docs/index"
include_patterns = ["docs/*.md", "*.md", "benchmarks/*.md"]
exclude_patterns = [".venv*", "build"]  # not walked through

GUIDES = [
    *("quickstart", "counts", "metrics", "text", "values", "flags", "signals", "language-models", "windows"),
    *("diagnosis", "training", "inputs", "command-line", "options", "expressions", "pictures", "spark"),
]
BACKGROUND = ["performance", "format", "comparison", "../ARCHITECTURE", "../CONTRIBUTING", "../README", "../CHANGELOG"]
MEASURED = [f"../benchmarks/{name}" for name in ("RESULTS", "COVERAGE", "FAULTBENCH", "ROOTS", "LATTICES", "TRAINING")]


def add_navigation(_: Sphinx, name: str, text: list[str]) -> None:
    """Put the order of the pages below the front page, whose text stays plain Markdown."""
    if name == root_doc:
        for caption, pages in (("Guides", GUIDES), ("Background", BACKGROUND), ("Measured", MEASURED)):
            text[0] += "\n".join(["", "```{toctree}", ":hidden:", f":caption: {caption}", "", *pages, "```", ""])


def add_entrance(app: Sphinx, error: Exception | None) -> None:
    """An index.html at the top that leads to the front page."""
    if error is None:
        Path(app.outdir, "index.html").write_text(f'<meta http-equiv="refresh" content="0; url={root_doc}.html">\n')


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", add_navigation)
    app.connect("build-finished", add_entrance)
    return {"parallel_read_safe": True}
