"""The lines of the checkpoint manager: what is published beside what was found on this computer. Qt-free."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gbrs_core.task_catalog import TASKS

if TYPE_CHECKING:
    from models.published import PublishedCheckpoint
    from models.scan import FoundCheckpoint

Presence = Literal["in use", "found", "problem", "not found"]
PRESENCE_TITLES: Mapping[Presence, str] = {
    "in use": "In use",
    "found": "Found",
    "problem": "Unusable",
    "not found": "Not found",
}
SHORT_HASH = 12
"""Digits of a SHA-256 in the table."""


@dataclass(frozen=True)
class CheckpointRow:
    """One line: a published checkpoint, a file, or both.

    Attributes:
        published: what its authors say of it; None for files that are no published ones.
        found: the file; None for a published checkpoint that is not on this computer.
        task: registry name of the task; empty if it is not known.
        presence: whether it is there, and whether it can be used.
    """

    published: PublishedCheckpoint | None
    found: FoundCheckpoint | None
    task: str
    presence: Presence

    @property
    def key(self) -> tuple[str, str, str]:
        """Names the line across updates."""
        published = (self.published.folder, self.published.file_name) if self.published is not None else ("", "")
        return (*published, str(self.found.path) if self.found is not None else "")

    @property
    def path(self) -> Path | None:
        """The file, None if there is none."""
        return self.found.path if self.found is not None else None

    @property
    def can_load(self) -> bool:
        """Whether there is a usable file."""
        return self.found is not None and not self.found.problem

    @property
    def can_convert(self) -> bool:
        """Whether there is a usable file that is not in our own format yet."""
        return self.can_load and self.found is not None and self.found.path.suffix.lower() != ".safetensors"

    @property
    def file_name(self) -> str:
        """Name of the file: as it is here, else as it is published."""
        if self.found is not None:
            return self.found.path.name
        return self.published.file_name if self.published is not None else ""

    @property
    def title(self) -> str:
        """What the network is, in a few words."""
        if self.published is not None:
            return self.published.title
        return (self.found.architecture if self.found is not None else "") or "Not a known network"

    @property
    def task_title(self) -> str:
        """The task as the window calls it."""
        return TASKS[self.task].title if self.task in TASKS else "–"

    @property
    def training_data(self) -> str:
        """What it was trained on, as published."""
        return self.published.training_data if self.published is not None else "–"

    @property
    def figures(self) -> str:
        """What its authors report; for other files the problem, if there is one."""
        if self.found is not None and self.found.problem:
            return self.found.problem
        return (self.published.figures if self.published is not None else "") or "–"

    @property
    def licence(self) -> str:
        """What is stated about code and weights."""
        return self.published.licence if self.published is not None else "–"

    @property
    def project_page(self) -> str:
        """Web address of the project, empty if there is none."""
        return self.published.project_page if self.published is not None else ""

    @property
    def size_bytes(self) -> int:
        """Size of the file, -1 without one."""
        return self.found.size_bytes if self.found is not None else -1

    @property
    def sha256(self) -> str:
        """Hexadecimal digest of the file, empty if it is not known."""
        return self.found.sha256 if self.found is not None else ""

    def contains(self, words: str) -> bool:
        """Whether every word occurs somewhere in the line, in any case of letters."""
        folder = str(self.found.path.parent) if self.found is not None else ""
        parts = (self.file_name, self.title, self.task_title, self.training_data, self.figures, self.licence)
        text = " ".join((*parts, PRESENCE_TITLES[self.presence], self.sha256, folder, self.project_page)).casefold()
        return all(word in text for word in words.casefold().split())


def rows(
    published: Sequence[PublishedCheckpoint],
    found: Iterable[FoundCheckpoint],
    tasks: Mapping[str, str],
    in_use: frozenset[str],
) -> tuple[CheckpointRow, ...]:
    """All lines: the published checkpoints, each with the files found of it, then the other files.

    Args:
        published: the catalogue, in its order.
        found: the files of the scan.
        tasks: registry name of the task by registry name of the network.
        in_use: SHA-256 of the networks that the window uses.
    """
    files = list(found)
    made: list[CheckpointRow] = []
    for entry in published:
        own = [file for file in files if file.published == entry]
        made += [CheckpointRow(entry, file, entry.task, _presence(file, in_use)) for file in own]
        if not own:
            made.append(CheckpointRow(entry, None, entry.task, "not found"))
    others = [file for file in files if file.published is None]
    made += [CheckpointRow(None, file, tasks.get(file.architecture, ""), _presence(file, in_use)) for file in others]
    return tuple(made)


def _presence(file: FoundCheckpoint, in_use: frozenset[str]) -> Presence:
    if file.problem:
        return "problem"
    return "in use" if file.sha256 in in_use else "found"


def size_text(size_bytes: int) -> str:
    """A size for people, with units of 1,000 as file managers and publishers have them; a dash for none."""
    if size_bytes < 0:
        return "–"
    size = float(size_bytes)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.2f} GB"


def memory_text(size_bytes: int) -> str:
    """An amount of memory for people, in units of 2^30 bytes as tools that show memory have them."""
    return f"{size_bytes / 2**30:.1f} GB"


def converted_name(row: CheckpointRow) -> str:
    """What a converted checkpoint is called; BTS's files, all named "model", after the folder of their archive."""
    name = row.published.folder if row.published is not None and row.published.folder else row.file_name
    for ending in (".pth.tar", ".pth", ".pt"):
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
            break
    return f"{name}.safetensors"


def found_text(found: Collection[FoundCheckpoint]) -> str:
    """How many checkpoints were found, in a sentence."""
    if not found:
        return "No checkpoints were found in this folder."
    unusable = sum(bool(file.problem) for file in found)
    text = f"{len(found)} checkpoint{'s' if len(found) != 1 else ''} found"
    return f"{text}, of which {unusable} cannot be used." if unusable else f"{text}."


def where_to_put(row: CheckpointRow, folder: Path | None) -> str:
    """Where a published checkpoint that is not here should go, in one or two sentences."""
    if row.published is None:
        return ""
    place = str(folder) if folder is not None else "any folder of yours"
    inside = f", in the folder {row.published.folder} that its archive unpacks into" if row.published.folder else ""
    then = "press Scan Again" if folder is not None else "choose that folder above"
    return f"Download it from the project page, put it into {place}{inside}, and {then}."
