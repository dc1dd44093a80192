"""Label maps in the ids of the Cityscapes data set: `labelIds` and `labelTrainIds`, 8-bit grey PNG. Torch-free."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from gbrs_core.export.base import Exporter
from gbrs_core.export.png import encode_png
from gbrs_core.export.requests import LabelMapRequest
from gbrs_core.label_maps import shares
from gbrs_core.prediction import OutputKind

IGNORED_TRAIN_ID = 255
_UNLABELED = "unlabeled"

IDS: Mapping[str, tuple[int, int]] = {
    "unlabeled": (0, 255),
    "ego vehicle": (1, 255),
    "rectification border": (2, 255),
    "out of roi": (3, 255),
    "static": (4, 255),
    "dynamic": (5, 255),
    "ground": (6, 255),
    "road": (7, 0),
    "sidewalk": (8, 1),
    "parking": (9, 255),
    "rail track": (10, 255),
    "building": (11, 2),
    "wall": (12, 3),
    "fence": (13, 4),
    "guard rail": (14, 255),
    "bridge": (15, 255),
    "tunnel": (16, 255),
    "pole": (17, 5),
    "polegroup": (18, 255),
    "traffic light": (19, 6),
    "traffic sign": (20, 7),
    "vegetation": (21, 8),
    "terrain": (22, 9),
    "sky": (23, 10),
    "person": (24, 11),
    "rider": (25, 12),
    "car": (26, 13),
    "truck": (27, 14),
    "bus": (28, 15),
    "caravan": (29, 255),
    "trailer": (30, 255),
    "train": (31, 16),
    "motorcycle": (32, 17),
    "bicycle": (33, 18),
}
"""id and trainId of each class as the data set defines them; `license plate` has -1, which no PNG can hold."""

_SYNONYMS: Mapping[str, str] = {
    # CamVid
    "pavement": "sidewalk",
    "tree": "vegetation",
    "sign": "traffic sign",
    "signsymbol": "traffic sign",
    "sign symbol": "traffic sign",
    "column pole": "pole",
    "pedestrian": "person",
    "bicyclist": "rider",
    "void": _UNLABELED,
    # Mapillary Vistas
    "curb": "sidewalk",
    "lane marking general": "road",
    "lane marking crosswalk": "road",
    "crosswalk plain": "road",
    "utility pole": "pole",
    "traffic sign front": "traffic sign",
    "other rider": "rider",
    "motorcyclist": "rider",
    # as people say
    "buildings": "building",
    "trees": "vegetation",
    "people": "person",
    "motorbike": "motorcycle",
    "bike": "bicycle",
    "unlabelled": _UNLABELED,
}


@dataclass(frozen=True)
class CityscapesPng(Exporter[LabelMapRequest]):
    """Classes are found by their names, whatever their case and punctuation.

    Classes that Cityscapes does not know, and pixels of no class, become `unlabeled` (id 0) or ignored (trainId 255);
    `notes` says which.

    Attributes:
        ids: which of the two numberings.
    """

    kind: ClassVar[OutputKind] = OutputKind.LABEL_MAP
    ids: Literal["labelIds", "labelTrainIds"] = "labelIds"

    def encode(self, request: LabelMapRequest) -> bytes:
        """One id per pixel."""
        column, ignored = (0, IDS[_UNLABELED][0]) if self.ids == "labelIds" else (1, IGNORED_TRAIN_ID)
        table = np.full(len(request.class_names) + 1, ignored, np.uint8)
        for number, name in enumerate(request.class_names):
            found = cityscapes_name(name)
            if found is not None:
                table[number] = IDS[found][column]
        nowhere = len(request.class_names)
        return encode_png(table[np.where(request.label_map == request.void, nowhere, request.label_map)])

    def notes(self, request: LabelMapRequest) -> tuple[str, ...]:
        """Which classes of this map have no id there."""
        present = shares(request.label_map, len(request.class_names)) > 0
        names = [name for name, is_there in zip(request.class_names, present, strict=True) if is_there]
        if self.ids == "labelIds":
            lost = [name for name in names if cityscapes_name(name) is None]
            return (f"Cityscapes has no {', '.join(lost)}: written as unlabeled (0)",) if lost else ()
        lost = [name for name in names if _train_id(name) == IGNORED_TRAIN_ID]
        return (f"Cityscapes does not train {', '.join(lost)}: written as ignored (255)",) if lost else ()


def cityscapes_name(name: str) -> str | None:
    """The Cityscapes class meant by a class name, None if it has no such class.

    Mapillary's keys begin with groups, as in "object--vehicle--car": the last part counts if the whole does not.
    """
    for candidate in (name, name.split("--")[-1]):
        plain = " ".join(re.split(r"[\W_]+", candidate.casefold())).strip()
        plain = _SYNONYMS.get(plain, plain)
        if plain in IDS:
            return plain
    return None


def _train_id(name: str) -> int:
    found = cityscapes_name(name)
    return IGNORED_TRAIN_ID if found is None else IDS[found][1]
