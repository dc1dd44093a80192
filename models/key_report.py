"""How well the keys and shapes of a checkpoint fit a network, in words. Torch-free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from models.registry import Shapes

COUNTER = "num_batches_tracked"
"""Ending of the entries that count training batches; they have no effect and many published files lack them."""

_LISTED = 12


@dataclass(frozen=True)
class KeyReport:
    """Comparison of a file with a network, in the order of the network's state dict.

    Attributes:
        architecture: registry name of the network it was compared with.
        expected_count: entries of the network.
        matched: keys with equal shapes.
        missing: keys of the network that the file lacks, batch counters left out.
        missing_counters: batch counters that the file lacks; they are filled with zero.
        unexpected: keys of the file that the network does not have, single numbers left out.
        ignored: single numbers of the file that the network does not have.
        misshaped: (key, shape in the file, shape in the network).
    """

    architecture: str
    expected_count: int
    matched: tuple[str, ...]
    missing: tuple[str, ...]
    missing_counters: tuple[str, ...]
    unexpected: tuple[str, ...]
    ignored: tuple[str, ...]
    misshaped: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]

    @property
    def fits(self) -> bool:
        """Whether the file fills the network completely and holds nothing else that matters."""
        return not (self.missing or self.unexpected or self.misshaped)

    def summary(self) -> str:
        """One line, for a message."""
        parts = []
        if self.missing:
            parts.append(f"{len(self.missing)} entries are missing ({_grouped(self.missing)})")
        if self.misshaped:
            key, found, wanted = self.misshaped[0]
            parts.append(f"{len(self.misshaped)} have another shape ({key} is {_size(found)}, not {_size(wanted)})")
        if self.unexpected:
            parts.append(f"{len(self.unexpected)} are unknown to it ({_grouped(self.unexpected)})")
        if not parts:
            return f"all {self.expected_count} entries of {self.architecture} are there"
        return f"compared with {self.architecture}, " + "; ".join(parts)

    def text(self) -> str:
        """Several lines, for a details view."""
        lines = [f"{len(self.matched)} of {self.expected_count} entries of {self.architecture} match."]
        lines += _section("Missing", {key: key for key in self.missing})
        lines += _section("Unexpected", {key: key for key in self.unexpected})
        wrong = {
            key: f"{key}: {_size(found)} in the file, {_size(wanted)} wanted" for key, found, wanted in self.misshaped
        }
        lines += _section("Of another shape", wrong)
        if self.missing_counters:
            lines.append(f"{len(self.missing_counters)} batch counters are missing, which has no effect.")
        lines += _section("Ignored single numbers", {key: key for key in self.ignored})
        return "\n".join(lines)


def compare(architecture: str, expected: Shapes, found: Shapes) -> KeyReport:
    """Compare a file's shapes with a network's."""
    absent = [key for key in expected if key not in found]
    surplus = [key for key in found if key not in expected]
    shared = [key for key in expected if key in found]
    return KeyReport(
        architecture=architecture,
        expected_count=len(expected),
        matched=tuple(key for key in shared if found[key] == expected[key]),
        missing=tuple(key for key in absent if not key.endswith(COUNTER)),
        missing_counters=tuple(key for key in absent if key.endswith(COUNTER)),
        unexpected=tuple(key for key in surplus if found[key]),
        ignored=tuple(key for key in surplus if not found[key]),
        misshaped=tuple((key, found[key], expected[key]) for key in shared if found[key] != expected[key]),
    )


def _section(title: str, entries: Mapping[str, str]) -> list[str]:
    """A heading with what is to say about each key; long lists are grouped, with the first key of each group."""
    if not entries:
        return []
    heading = f"{title} ({len(entries)}):"
    if len(entries) <= _LISTED:
        return [heading, *(f"  {line}" for line in entries.values())]
    groups = _groups(entries)
    lines = [f"  {group}.*, {len(keys)} entries: {entries[keys[0]]}, …" for group, keys in groups[:_LISTED]]
    rest = sum(len(keys) for _, keys in groups[_LISTED:])
    return [heading, *lines, *([f"  and {rest} more in other places"] if rest else [])]


def _grouped(keys: tuple[str, ...]) -> str:
    """Keys by their first components, most frequent first: "feature_extractor.aspp.* 30, head.* 6"."""
    if len(keys) == 1:
        return keys[0]
    groups = _groups(keys)
    named = [f"{group}.* {len(members)}" for group, members in groups[:3]]
    return ", ".join(named) + (", …" if len(groups) > 3 else "")


def _groups(keys: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Keys by their first two components, the largest group first."""
    groups: dict[str, list[str]] = {}
    for key in keys:
        groups.setdefault(".".join(key.split(".")[:2]), []).append(key)
    return sorted(groups.items(), key=lambda group: -len(group[1]))


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(str(side) for side in shape) or "a single number"
