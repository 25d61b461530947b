"""What a user writes is understood by mypy --strict and by pyright, and what is wrong is seen."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FINE = Path(__file__).with_name("user_file.py")
WRONG = """\
import fastmetrics.polars as fpl
fpl.f1("label", "pred", treshold=1)
fpl.rmse(1, "guess")
fpl.metrics(["f1"], "label", 1)
fpl.f1_macro("cause", "answer", labels=3)
fpl.no_such_metric("label", "pred")
result: int = fpl.roc_auc("label", "score")
"""
EVERY_WRONG_LINE = set(range(2, WRONG.count("\n") + 1))
ERROR = re.compile(r"(\w+\.py):(\d+).*error", re.MULTILINE)


def errors(arguments: list[str | Path], folder: Path) -> dict[str, set[int]]:
    """The lines of each file of which a type checker complains, of a copy of the two files."""
    shutil.copy(FINE, folder)
    (folder / "wrong.py").write_text(WRONG)
    paths = os.environ | {"MYPYPATH": str(ROOT / "src")}
    done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, cwd=ROOT, env=paths, timeout=300)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = defaultdict(set)
    for file, line in ERROR.findall(done.stdout):
        found[file].add(int(line))
    return {file: found[file] for file in (FINE.name, "wrong.py")}


def test_mypy_understands_it(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    files = [tmp_path / FINE.name, tmp_path / "wrong.py"]
    found = errors([sys.executable, "-m", "mypy", "--strict", *files], tmp_path)
    assert found == {FINE.name: set(), "wrong.py": EVERY_WRONG_LINE}


def test_pyright_understands_it(tmp_path: Path) -> None:
    pyright = shutil.which("pyright") or shutil.which("pyright", path=str(Path(sys.executable).parent))
    if pyright is None:
        pytest.skip("the command pyright is not installed")
    settings = {"include": ["*.py"], "extraPaths": [str(ROOT / "src")], "typeCheckingMode": "standard"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    found = errors([pyright, "-p", tmp_path, "--pythonpath", sys.executable], tmp_path)
    assert found == {FINE.name: set(), "wrong.py": EVERY_WRONG_LINE}
