"""Files that appear whole or not at all, whatever stops their writer.

A write makes a draft beside its target, brings it to the disk and renames it. The draft is locked as long as its writer
lives, so that the next write of the same target can tell the drafts of the living from those of the killed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from fastmetrics.errors import SourceError

__all__ = ["check_place", "replace_file"]

ORDINARY = 0o666  # the rights that a new file asks for


def check_place(path: Path, folder: str = "it is a folder; name a file") -> None:
    """Refuse a path at which a file can neither be made nor replaced; ``folder`` is what to say of a folder there."""
    if "\0" in str(path):
        raise SourceError(f"cannot write {str(path)!r}: no file can have a NUL in its name")
    if path.is_dir():
        raise SourceError(f"cannot write {path}: {folder}")
    if path.exists() and not path.is_file():
        raise SourceError(f"cannot write {path}: it is not an ordinary file")


def replace_file(path: str | Path, content: bytes) -> None:
    """Put ``content`` at ``path``: readers meet the file before or the new one, each of them whole.

    A link is replaced itself; resolve it first to replace what it points to. The rights are those of the file before,
    else those of an ordinary new file. Drafts that killed writers of the same file left behind are removed.

    Raises
    ------
    OSError
        What the system says, with the name of the file. The file before is as it was, and no draft stays.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     replace_file(Path(folder, "answer"), b"42")
    ...     Path(folder, "answer").read_bytes()
    b'42'
    """
    target = Path(path)
    remove_stale_drafts(target)
    try:
        rights = rights_of(target)
        with new_draft(target, ORDINARY if rights is None else rights) as (draft, file):
            if rights is not None:
                os.fchmod(file.fileno(), rights)  # of which the umask has taken some
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            draft.replace(target)
    except OSError as error:
        if error.errno is not None:  # without a code there is no place in it for a name
            error.filename, error.filename2 = str(target), None  # not the draft, and not nothing
        raise
    sync(target.parent)


def rights_of(target: Path) -> int | None:
    """The permissions of an ordinary file; None where there is none, or a link."""
    try:
        mode = target.lstat().st_mode
    except FileNotFoundError:
        return None
    return stat.S_IMODE(mode) if stat.S_ISREG(mode) else None


@contextmanager
def new_draft(target: Path, rights: int) -> Iterator[tuple[Path, BinaryIO]]:
    """Open a locked draft beside the target; it is removed at the end unless it was renamed."""
    draft = target.with_name(f"{draft_prefix(target)}{secrets.token_hex(8)}")
    try:
        with locked(draft, rights) as file:
            yield draft, file
    finally:
        try:
            draft.unlink(missing_ok=True)
        except BaseException:  # an interrupt that came just now must not keep the draft
            draft.unlink(missing_ok=True)
            raise


@contextmanager
def locked(draft: Path, rights: int) -> Iterator[BinaryIO]:
    """A new file that is locked until it is closed, its rights those given but for what the umask takes.

    A sweeper may meet it before it is locked, take it for a stale one and remove it: then it is made once more.
    """
    while True:
        with open(draft, "xb", opener=lambda name, flags: os.open(name, flags, rights)) as file:
            with suppress(OSError):  # where files cannot be locked no draft is taken for a stale one either
                fcntl.flock(file, fcntl.LOCK_EX)
            if is_at(draft, file):
                yield file
                return


def is_at(draft: Path, file: BinaryIO) -> bool:
    """Whether the file at a path is the one that is open."""
    try:
        return os.path.samestat(draft.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def remove_stale_drafts(target: Path) -> None:
    """Remove the drafts of a target that no living writer holds."""
    prefix = draft_prefix(target)
    with suppress(OSError):  # a folder that may be written to, but not listed
        for name in os.listdir(target.parent):  # noqa: PTH208, a Path for each of many files takes ten times as long
            if name.startswith(prefix):
                remove_if_stale(target.with_name(name))


def remove_if_stale(draft: Path) -> None:
    """Remove a draft that can be locked: its writer is dead."""
    with suppress(OSError):
        handle = os.open(draft, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.unlink()
        finally:
            os.close(handle)


def draft_prefix(target: Path) -> str:
    """How the names of the drafts of a target begin: a hash, since the name itself may be as long as names can be."""
    return f".fastmetrics-{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}-"


def sync(folder: Path) -> None:
    """Sync a folder, so that a rename in it survives a crash; without effect where that is not possible."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
