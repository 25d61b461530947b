"""The lowest versions that pyproject.toml allows, as constraints for pip: those that ``make test-lowest`` installs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TOOLS = ("bench", "dev", "docs")  # what users do not install is as new as it gets
BOUND = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)(\[[^]]*\])?>=(?P<version>[0-9.]+)")


def lowest(project: Mapping[str, Any]) -> Iterator[str]:
    """A constraint for each dependency of users, those of extras too."""
    extras = {name: wanted for name, wanted in project["optional-dependencies"].items() if name not in TOOLS}
    for wanted in (project["dependencies"], *extras.values()):
        for requirement in wanted:
            found = BOUND.fullmatch(requirement)
            if found is None:
                raise SystemExit(f"{requirement!r} does not say a lowest version as name>=version")
            yield f"{found['name']}=={found['version']}"


if __name__ == "__main__":
    print("\n".join(lowest(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"])))
