"""Files that appear whole or not at all: whatever stops a writer, readers meet the file before or the new one."""

from __future__ import annotations

import fcntl
import gc
import os
import random
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastmetrics import atomic
from fastmetrics.atomic import draft_prefix, locked, replace_file

OLD, NEW = b"old" * 1000, b"new" * 2000
# A writer that goes on for ever, of files that tell whether they are whole.
WRITER = """
import runpy, sys
replace_file = runpy.run_path(sys.argv[1])["replace_file"]
print("ready", flush=True)
while True:
    for letter in (b"a", b"b"):
        replace_file(sys.argv[2], letter * 300_000)
"""


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def interrupted(action: Callable[[], Any], number: int) -> bool:
    """Whether an action was still at work when it called into C for that time, at which it is interrupted."""
    seen = 0

    def trace(_: Any, event: str, called: Any) -> None:
        nonlocal seen
        if event == "c_call" and called is not sys.setprofile:
            seen += 1
            if seen == number:
                raise KeyboardInterrupt

    sys.setprofile(trace)
    try:
        action()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(None)
    return False


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # an interrupt of close() leaves that to the collector
@pytest.mark.parametrize("before", [OLD, None], ids=["over another", "anew"])
def test_an_interrupt_between_any_two_operations_loses_nothing(tmp_path: Path, before: bytes | None) -> None:
    target = tmp_path / "file"
    for number in range(1, 1000):
        target.unlink(missing_ok=True)
        if before is not None:
            target.write_bytes(before)
        again = interrupted(lambda: replace_file(target, NEW), number)
        assert (target.read_bytes() if target.exists() else None) in (before, NEW)
        assert names(tmp_path) in (["file"], [])
        if not again:
            break
    gc.collect()
    assert number > 20
    assert target.read_bytes() == NEW


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("step", ["fsync", "fchmod"])
def test_what_fails_on_the_way_leaves_the_file_before(
    step: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(OLD)

    def fail(*_: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises(type(error)) as failed:
            replace_file(tmp_path / "file", NEW)
    assert getattr(failed.value, "filename", str(tmp_path / "file")) == str(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == OLD
    assert names(tmp_path) == ["file"]


def test_killed_writers_lose_nothing_and_what_they_left_is_swept(tmp_path: Path) -> None:
    target, drawn = tmp_path / "file", random.Random(29)
    for _ in range(6):
        command = [sys.executable, "-c", WRITER, str(atomic.__file__), str(target)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(drawn.uniform(0.002, 0.02))
        writer.kill()
        writer.communicate()
        assert not target.exists() or target.read_bytes() in (b"a" * 300_000, b"b" * 300_000)
    replace_file(target, NEW)
    assert names(tmp_path) == ["file"]


def test_a_draft_of_a_dead_writer_is_swept_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    target = tmp_path / "file"
    prefix = draft_prefix(target)
    (tmp_path / f"{prefix}dead").write_bytes(b"half")
    (tmp_path / f"{draft_prefix(tmp_path / 'another')}dead").write_bytes(b"of another file")
    with locked(tmp_path / f"{prefix}living", 0o600) as file:
        file.write(b"half")
        replace_file(target, NEW)
        assert f"{prefix}living" in names(tmp_path)
        assert f"{prefix}dead" not in names(tmp_path)
        assert len(names(tmp_path)) == 3
    replace_file(target, NEW)
    assert f"{prefix}living" not in names(tmp_path)


def test_a_draft_that_is_swept_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, real, swept = tmp_path / "file", fcntl.flock, []

    def flock(file: Any, how: int) -> None:
        if not swept:
            swept.extend(tmp_path.iterdir())
            swept[0].unlink()
        real(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    replace_file(target, NEW)
    assert len(swept) == 1
    assert target.read_bytes() == NEW
    assert names(tmp_path) == ["file"]


def test_writers_side_by_side_do_not_harm_each_other_nor_readers(tmp_path: Path) -> None:
    target = tmp_path / "file"
    contents = [bytes([65 + number]) * (50_000 + number) for number in range(4)]
    replace_file(target, contents[0])
    failed: list[BaseException] = []

    def write(content: bytes) -> None:
        try:
            for _ in range(40):
                replace_file(target, content)
        except BaseException as error:
            failed.append(error)

    writers = [threading.Thread(target=write, args=(content,)) for content in contents]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert target.read_bytes() in contents
    assert not failed
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_a_new_file_has_the_rights_of_any_other(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        replace_file(tmp_path / "file", NEW)
        (tmp_path / "ordinary").touch()
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


@pytest.mark.parametrize("rights", [0o600, 0o666, 0o444, 0o755], ids=oct)
def test_a_file_that_is_replaced_keeps_its_rights(rights: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(OLD)
    (tmp_path / "file").chmod(rights)
    replace_file(tmp_path / "file", NEW)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == rights
    assert (tmp_path / "file").read_bytes() == NEW


@pytest.mark.parametrize("leads", ["file", "nowhere", "link"])
def test_a_link_is_replaced_itself(leads: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(OLD)
    (tmp_path / "file").chmod(0o600)
    (tmp_path / "link").symlink_to(leads)
    replace_file(tmp_path / "link", NEW)
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link").read_bytes() == NEW
    assert (tmp_path / "file").read_bytes() == OLD
    assert names(tmp_path) == ["file", "link"]


@pytest.mark.parametrize("name", ["n" * 255, "é" * 127, os.fsdecode(b"\xff\xfe")], ids=["long", "wide", "bytes"])
def test_names_as_long_and_odd_as_names_can_be(name: str, tmp_path: Path) -> None:
    replace_file(tmp_path / name, NEW)
    assert (tmp_path / name).read_bytes() == NEW
    assert names(tmp_path) == [name]


def test_a_pipe_that_is_called_as_a_draft_does_not_hold_a_write(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"{draft_prefix(tmp_path / 'file')}pipe")
    signal.alarm(10)
    try:
        replace_file(tmp_path / "file", NEW)
    finally:
        signal.alarm(0)
    assert (tmp_path / "file").read_bytes() == NEW
