"""Compiling: on first use only, and right whatever the state of the folder where Numba keeps what it compiled."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastmetrics
from fastmetrics.kernels import bins, cells, codes, states
from fastmetrics.kernels.dialect import Kernel, kernel, signature

SOURCE = Path(fastmetrics.__file__).parents[1]

# A kernel, called as the library calls it.
CALL = """
import numpy as np
from fastmetrics.kernels.states import binary_states
out = np.empty(2, np.uint8)
binary_states(np.array([0, 1], np.uint8), np.array([2, 1], np.uint8), out)
print(out.tolist())
"""
ANSWER = "[4, 3]"


def ran(script: str, source: Path = SOURCE, **environment: str) -> tuple[str, str]:
    """What a fresh Python prints and says on stderr; warnings are errors."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], env=clean(source, environment), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


def python(script: str, source: Path = SOURCE, **environment: str) -> str:
    return ran(script, source, **environment)[0]


def clean(source: Path, environment: dict[str, str]) -> dict[str, str]:
    """An environment without settings of Numba."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA")}
    return env | {"PYTHONPATH": str(source)} | environment


def test_importing_compiles_nothing_and_wakes_no_guest() -> None:
    guests = ["numba", "llvmlite", "pyarrow", "pandas", "duckdb", "sklearn", "scipy"]
    script = f"import fastmetrics.polars, sys; print([name for name in {guests} if name in sys.modules])"
    assert python(script) == "[]"
    script = "import fastmetrics.polars, sys; print([name for name in sys.modules if 'fastmetrics.kernels.' in name])"
    assert python(script) == "[]"


def test_importing_the_kernels_compiles_none() -> None:
    script = """
from fastmetrics.counting import scan
from fastmetrics.kernels import bins, cells, codes, states
print([kernel.compiled for module in (bins, cells, codes, states) for kernel in vars(module).values()
       if getattr(kernel, "compiled", None)])
"""
    assert python(script) == "[]"


# Caches


NEVER = """
import numba.core.compiler
def compile_extra(*arguments, **options):
    raise SystemExit("compiled")
numba.core.compiler.compile_extra = compile_extra
"""


def kept(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.kernel"))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that holds the kernel."""
    folder = tmp_path_factory.mktemp("numba")
    assert python(CALL, NUMBA_CACHE_DIR=str(folder)) == ANSWER
    assert len(kept(folder)) == 1
    return folder


def test_what_is_cached_is_not_compiled_again(filled: Path) -> None:
    assert python(NEVER + CALL, NUMBA_CACHE_DIR=str(filled)) == ANSWER


def test_a_cached_kernel_wakes_little_of_numba(filled: Path) -> None:
    script = CALL + "import sys; print('numba.np.linalg' in sys.modules)"
    assert python(script, NUMBA_CACHE_DIR=str(filled)).splitlines() == [ANSWER, "False"]


def test_a_count_by_text_does_not_wake_the_functions_of_pyarrow() -> None:
    script = """
import sys, fastmetrics as fm
counts = fm.count({"label": [1, 0], "pred": [1, 1], "model": ["a", "b"]}, fm.binary("label", "pred"), by="model")
print(counts.frame["model"].to_list(), "pyarrow.compute" in sys.modules)
"""
    assert python(script) == "['a', 'b'] False"


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "one byte": lambda content: content[:1],
    "truncated": lambda content: content[: len(content) // 2],
    "without its last byte": lambda content: content[:-1],
    "with a flipped bit": lambda content: content[:-5000] + bytes([content[-5000] ^ 1]) + content[-4999:],
    "text": lambda _: b"this is not what was written",
    "noise": lambda content: np.random.default_rng(0).bytes(len(content)),
    "zeros": lambda content: bytes(len(content)),
    "another pickle": lambda _: pickle.dumps({"not": "a kernel"}),
    "of other sources": lambda content: hashlib.sha256(bytes(32) + content[32:]).digest() + content[32:],
}


@pytest.fixture(scope="module")
def damaged(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, Path]]:
    """What the kernel says with each damaged cache, in a process of its own: it might crash."""
    folders = {}
    for damage, harm in DAMAGE.items():
        folders[damage] = tmp_path_factory.mktemp("damaged") / "numba"
        shutil.copytree(filled, folders[damage])
        (file,) = kept(folders[damage])
        file.write_bytes(harm(file.read_bytes()))
    script = f"""
import os, sys
from fastmetrics.kernels import states
for folder in {[str(folder) for folder in folders.values()]}:
    os.environ["NUMBA_CACHE_DIR"] = folder
    states.binary_states.compiled.clear()
    exec({CALL!r})
    sys.stdout.flush()
"""
    told = python(script).splitlines()
    return {damage: (said, folders[damage]) for damage, said in zip(DAMAGE, told, strict=True)}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_cache_heals(damaged: dict[str, tuple[str, Path]], filled: Path, damage: str) -> None:
    said, folder = damaged[damage]
    assert said == ANSWER
    assert [path.name for path in kept(folder)] == [path.name for path in kept(filled)]
    assert kept(folder)[0].stat().st_size > 10_000
    assert python(NEVER + CALL, NUMBA_CACHE_DIR=str(folder)) == ANSWER


def test_other_sources_are_compiled_anew(tmp_path: Path) -> None:
    """A kernel calls functions of other files, so a change of any counts."""
    package = tmp_path / "fastmetrics"
    shutil.copytree(SOURCE / "fastmetrics", package, ignore=shutil.ignore_patterns("__pycache__"))
    cache = str(tmp_path / "numba")
    assert python(CALL, tmp_path, NUMBA_CACHE_DIR=cache) == ANSWER
    assert python(NEVER + CALL, tmp_path, NUMBA_CACHE_DIR=cache) == ANSWER
    with (package / "kernels" / "memory.py").open("a") as source:
        source.write("# changed\n")
    with pytest.raises(AssertionError, match="compiled"):
        python(NEVER + CALL, tmp_path, NUMBA_CACHE_DIR=cache)
    assert python(CALL, tmp_path, NUMBA_CACHE_DIR=cache) == ANSWER
    assert len(kept(Path(cache))) == 1


def test_a_cache_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """Below a regular file nothing can be made, not even by root."""
    (tmp_path / "file").write_text("")
    assert python(CALL, NUMBA_CACHE_DIR=str(tmp_path / "file" / "numba")) == ANSWER


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no /proc, a folder nobody can write to")
def test_a_cache_folder_that_cannot_be_written_to() -> None:
    assert python(CALL, NUMBA_CACHE_DIR="/proc") == ANSWER


def test_a_filled_cache_that_cannot_be_written_to_is_used(filled: Path) -> None:
    """Root may write anywhere, so writing is what fails here."""
    script = """
import os
def refuse(*arguments, **options):
    raise PermissionError(13, "read-only")
os.fsync = refuse
"""
    assert python(script + NEVER + CALL, NUMBA_CACHE_DIR=str(filled)) == ANSWER


def test_a_file_in_place_of_the_cache_folder(tmp_path: Path) -> None:
    (tmp_path / "fastmetrics").write_text("")
    assert python(CALL, NUMBA_CACHE_DIR=str(tmp_path)) == ANSWER


@pytest.fixture
def unwritable(tmp_path: Path) -> Path:
    """The package where nothing can be written beside it."""
    shutil.copytree(SOURCE / "fastmetrics", tmp_path / "fastmetrics", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "fastmetrics" / "kernels" / "__pycache__").write_text("")
    return tmp_path


def test_a_package_that_cannot_be_written_to(unwritable: Path) -> None:
    """Neither can the home folder."""
    home = str(unwritable / "fastmetrics" / "py.typed" / "home")
    script = CALL + "print(binary_states.py_func.__code__.co_filename)"
    told = python(script, unwritable, HOME=home, XDG_CACHE_HOME=home)
    assert told.splitlines() == [ANSWER, str(unwritable / "fastmetrics" / "kernels" / "states.py")]


def test_kernels_of_a_package_that_cannot_be_written_to_are_kept_for_the_user(unwritable: Path, tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    assert python(CALL, unwritable, XDG_CACHE_HOME=home) == ANSWER
    assert len(kept(Path(home))) == 1
    assert python(NEVER + CALL, unwritable, XDG_CACHE_HOME=home) == ANSWER


def test_processes_that_start_together_cold(tmp_path: Path) -> None:
    env = clean(SOURCE, {"NUMBA_CACHE_DIR": str(tmp_path)})
    command = [sys.executable, "-W", "error", "-c", CALL]
    running = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    assert [process.communicate()[0].strip() for process in running] == [ANSWER] * 8
    assert [path.is_file() for path in tmp_path.rglob("*") if not path.is_dir()] == [True]
    assert python(NEVER + CALL, NUMBA_CACHE_DIR=str(tmp_path)) == ANSWER


COUNT = """
import fastmetrics as fm
print(fm.count({"label": [1, 0], "pred": [1, 1], "model": ["a", "b"]}, fm.binary("label", "pred"), by="model").rows)
"""


def test_compiling_is_said_once_and_loading_is_not(tmp_path: Path) -> None:
    said = "fastmetrics: compiling kernels for this machine, a few seconds\n"
    assert ran(COUNT, NUMBA_CACHE_DIR=str(tmp_path)) == ("2", said)
    assert ran(NEVER + COUNT, NUMBA_CACHE_DIR=str(tmp_path)) == ("2", "")


def test_compiling_is_said_where_there_is_no_stderr(tmp_path: Path) -> None:
    script = "import sys; sys.stderr = None\n" + COUNT
    assert ran(script, NUMBA_CACHE_DIR=str(tmp_path)) == ("2", "")


# Kernels


def test_a_fault_of_a_kernel_is_not_taken_for_one_of_the_cache() -> None:
    def faulty(out: Any) -> None:
        out[0] = "text"

    with pytest.raises(Exception, match="str"):
        kernel("void(out_u8)")(faulty)(np.zeros(1, np.uint8))


def test_threads_that_meet_at_a_cold_kernel_compile_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def compiled(self: Kernel, wanted: str) -> Any:
        time.sleep(0.02)
        made.append(self)
        return self.py_func

    monkeypatch.setattr(Kernel, "compile", compiled)
    cold = kernel("void(out_u8)")(lambda out: out.__setitem__(0, 1))
    outs = [np.zeros(1, np.uint8) for _ in range(8)]
    threads = [threading.Thread(target=cold, args=(out,)) for out in outs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [cold]
    assert [int(out[0]) for out in outs] == [1] * 8


def test_each_signature_is_compiled_when_it_is_called() -> None:
    twice = kernel("int64(in_u8)", "int64(in_u32)", "int64(in_f64)")(lambda values: values[0] + values[0])
    assert twice(np.array([100], np.uint32)) == 200
    assert list(twice.compiled) == [np.dtype(np.uint32)]
    assert twice(np.array([200], np.uint8)) == 400
    assert twice(np.array([100], np.uint32)) == 200
    assert list(twice.compiled) == [np.dtype(np.uint32), np.dtype(np.uint8)]
    with pytest.raises(TypeError, match="has no signature with int8"):
        twice(np.array([1], np.int8))


def test_dtypes_choose_the_signature() -> None:
    """One argument where that is enough, together where it is not; a missing array has no dtype."""
    assert kernel("void(in_u8, out_u8)", "void(in_u32, out_u32)")(print).places == [0]
    assert kernel("void(int64, in_u8)", "void(int64, none)")(print).places == [1]
    pairs = kernel("int64(in_u8, in_u8)", "int64(in_u8, in_u32)", "int64(in_u32, in_u8)")(lambda a, b: a[0] - b[0])
    assert pairs.places == [0, 1]
    assert pairs(np.array([7], np.uint32), np.array([2], np.uint8)) == 5
    assert list(pairs.compiled) == [(np.dtype(np.uint32), np.dtype(np.uint8))]
    for alike in [
        ("void(in_u8)", "void(out_u8)"),
        ("void(int64)", "void(float64)"),
        ("void(in_f64)", "void(in_f64_2d)"),
    ]:
        with pytest.raises(TypeError, match="apart"):
            kernel(*alike)(print)


def test_signatures() -> None:
    assert (
        signature("int64(in_u64, int64, out_u32)") == "int64(Array(uint64, 1, 'C', readonly=True), int64, uint32[::1])"
    )
    assert signature("void(in_f64_2d)") == "void(Array(float64, 2, 'C', readonly=True))"


KERNELS = [
    member
    for module in (bins, cells, codes, states)
    for member in vars(module).values()
    if isinstance(member, Kernel) and member.__module__ == module.__name__
]


@pytest.mark.parametrize("member", KERNELS, ids=lambda member: member.__name__)
def test_kernels_are_named_and_described(member: Kernel) -> None:
    assert member.__doc__
    assert member.__wrapped__ is member.py_func  # type: ignore[attr-defined]


def test_kernels_take_read_only_memory() -> None:
    """One compilation serves the buffers of Arrow and our own arrays."""
    label = np.array([1, 0], np.uint8)
    label.flags.writeable = False
    out = np.empty(2, np.uint8)
    states.binary_states(label, label, out)
    assert out.tolist() == [3, 0]
