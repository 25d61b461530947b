"""README.md and the pages of docs/ are true: their code runs, shows what it gives, and their links lead somewhere."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import fastmetrics as fm
from fastmetrics import demo
from pages import DOCS, ROOT, blocks, run_page, write_logs

README = ROOT / "README.md"
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
GUESTS = {"pictures.md": "altair", "values.md": "altair"}
ELSEWHERE = {"spark.md"}  # tests/e2e/test_spark.py runs it


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A folder with the logs of the demo and the quickstart, and the names that a reader of the README would have."""
    write_logs(tmp_path)
    monkeypatch.chdir(tmp_path)
    list(demo.write_log(Path("demo-log"), demo.ROWS))
    files = sorted(Path("logs").iterdir())
    days = [fm.count(file, fm.binary("label", "pred"), by="model") for file in files]
    predictions = pl.read_parquet(files[0])
    return {
        **dict(zip(("monday", "tuesday", "wednesday"), days, strict=True)),
        "last_week": days[0],
        "predictions": predictions.with_columns(label=pl.lit(None, pl.Boolean)),
        "labels": predictions.select("id", "label"),
    }


def test_the_readme_runs(world: dict[str, Any]) -> None:
    run_page(README, world)
    assert world["week"].rows == 6000
    assert fm.read_counts("week.parquet") == world["week"]


def test_what_commands_of_the_readme_print_is_compared_and_their_log_is_the_one_of_make_demo() -> None:
    shown = list(blocks(README))
    after = [
        two.language for one, two in itertools.pairwise(shown) if one.language == "sh" and "fastmetrics " in one.text
    ]
    assert after == ["text", "text"]
    assert "python -m fastmetrics.demo\n" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("page", [page for page in DOCS if page.name not in ELSEWHERE], ids=lambda page: page.stem)
def test_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if page.name in GUESTS:
        pytest.importorskip(GUESTS[page.name])
    if page.name != "quickstart.md":  # which writes the logs that the others read
        write_logs(tmp_path)
    monkeypatch.chdir(tmp_path)
    run_page(page, {})


@pytest.mark.parametrize("page", [*sorted(ROOT.glob("*.md")), *DOCS], ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in LINK.findall(re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)):
        target, _, heading = link.partition("#")
        if "://" in target:
            continue
        file = page.parent / target if target else page
        assert file.exists(), f"{page.name} links to {link}"
        assert not heading or heading in headings(file), f"{page.name} links to {link}"


def headings(page: Path) -> set[str]:
    """The anchors of a page: its headings in lower case, their spaces as dashes, without punctuation."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_page_is_on_the_front_page() -> None:
    listed = {Path(link).name for link in LINK.findall((ROOT / "docs" / "index.md").read_text())}
    assert {page.name for page in DOCS} - {"index.md"} <= listed


def test_what_a_page_shows_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner itself: output that is not what the code gives is found, and so is a command that fails."""
    monkeypatch.setattr("pages.ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(1)\n2\n```\n\n```text\n1\n2\n```\n\n```sh\nls nowhere\n```\n")
    run_page(page, {})
    assert [block.language for block in blocks(page)] == ["python", "text", "sh"]
    page.write_text(page.read_text().replace("1\n2\n", "1\n3\n"))
    with pytest.raises(AssertionError, match=r"page\.md:6 shows"):
        run_page(page, {})
    page.write_text("```sh\nfastmetrics nothing \\\n  more | cat\n```\n")
    with pytest.raises(AssertionError, match=r"page\.md:1: fastmetrics nothing +more \| cat ended with 2"):
        run_page(page, {})
