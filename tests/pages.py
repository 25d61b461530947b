"""The pages of README.md and docs/ as code: their blocks in order, run as a reader would run them."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

import fastmetrics as fm

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
FENCED = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```[ ]*$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: its page and line, for messages, its language and its text."""

    where: str
    language: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    whole = page.read_text(encoding="utf-8")
    for found in FENCED.finditer(whole):
        line = whole.count("\n", 0, found.start()) + 1
        yield Block(f"{page.relative_to(ROOT)}:{line}", found[1], found[2])


def run(code: Block, names: dict[str, Any]) -> str:
    """What a block prints, with the value of its last expression, as a notebook shows it."""
    tree = ast.parse(code.text, code.where)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), pl.Config(restore_defaults=True, tbl_width_chars=100):
        exec(compile(tree, code.where, "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), code.where, "eval"), names)
            if value is not None:
                print(repr(value))
    return printed.getvalue()


def run_page(page: Path, names: dict[str, Any]) -> None:
    """Run the python blocks and `fastmetrics` lines of a page; a text block after one is what it must give."""
    names.setdefault("__name__", "__main__")
    given = ""
    for block in blocks(page):
        if block.language == "python":
            given = run(block, names)
        elif block.language == "sh":
            given = "".join(run_line(line, block) for line in lines(block))
        elif block.language == "text":
            assert tidied(given) == tidied(block.text), f"{block.where} shows what the block before it does not give"


def write_logs(folder: Path) -> None:
    """Write the log of the quickstart, which the other pages read, to ``folder / "logs"``."""
    write = next(block for block in blocks(ROOT / "docs" / "quickstart.md") if "write_parquet" in block.text)
    with contextlib.chdir(folder):
        run(write, {})


def tidied(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def lines(block: Block) -> Iterator[str]:
    """The lines of a shell block that call `fastmetrics`, those that end in a backslash joined with the next."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if line.startswith("fastmetrics "):
            yield line


def run_line(line: str, block: Block) -> str:
    """What a shell prints for a line; it must end with 0. `fastmetrics` is this Python's, installed or not."""
    call = f'{shlex.quote(sys.executable)} -m fastmetrics.cli "$@"'
    shell = f"set -euo pipefail; fastmetrics() {{ {call}; }}; {line}"
    environment = {**os.environ, "PYTHONPATH": str(Path(fm.__file__).parents[1])}
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, f"{block.where}: {line} ended with {done.returncode}: {done.stderr}"
    return done.stdout
