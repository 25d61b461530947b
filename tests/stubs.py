"""The stubs of modules whose names are computed from rows, for type checkers: `make stubs` writes them."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from inspect import getdoc, isfunction, ismodule, signature, unwrap
from pathlib import Path
from typing import Any

MODULES = ("fastmetrics", "fastmetrics.arrays", "fastmetrics.polars")
HEAD = {
    "fastmetrics": "__version__: str\n",
    "fastmetrics.polars": """\
from typing import Any

import polars as pl

from collections.abc import Sequence
from fastmetrics.contract.columns import Column
from fastmetrics.families.likelihood import Base
""",
}


def path_of(module: str) -> Path:
    """Where the stub of a module is."""
    return Path(str(import_module(module).__file__)).with_suffix(".pyi")


def stub(module: str) -> str:
    """The stub: each name is taken from where it is written, and what is made from a row is written out."""
    names = import_module(module)
    lines = [entry(name, getattr(names, name), module) for name in sorted(names.__all__)]
    made = [line for line in lines if line.startswith("def ")]
    taken = [line for line in lines if not line.startswith("def ")]
    text = '"""Written by `make stubs`."""\n\n' + "\n".join([HEAD.get(module, ""), *taken, "", *made])
    for arguments in (["check", "--quiet", "--select", "I", "--fix"], ["format", "--quiet"]):
        command = [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", str(path_of(module)), "-"]
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    return text


def entry(name: str, value: Any, module: str) -> str:
    """One name of a stub."""
    if ismodule(value):
        return f"from {module} import {name} as {name}"
    if isfunction(value) and unwrap(value).__code__.co_name != name:  # a function that another one made
        arguments = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(signature(value)))  # annotations, and no defaults
        return f'def {name}{arguments}:\n    """{getdoc(value)}"""\n'
    return f"from {value.__module__} import {name} as {name}"


if __name__ == "__main__":
    for module in MODULES:
        path_of(module).write_text(stub(module))
