"""Make the pictures of pictures.md again, by its own code, from the log of the demo: ``python docs/images.py``."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from fastmetrics.demo import write_log

PAGE = Path(__file__).with_name("pictures.md")
ROWS = 500_000


def main() -> None:
    names: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        list(write_log(Path("logs"), ROWS))
        for block in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
            exec(block, names)
        for picture in Path().glob("*.svg"):
            shutil.copy(picture, PAGE.with_name("images"))


if __name__ == "__main__":
    main()
