"""The published checkpoints this program opens: what they are, what they reach, where to get them. Torch-free.

A catalogue to show, not a way to recognise: what a file is, is found from its keys and shapes alone. None of these
files comes with the program; their authors publish them, under terms of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_FBRS = "https://github.com/SamsungLabs/fbrs_interactive_segmentation"
_FBRS_LICENCE = "code MPL-2.0; no licence is stated for the weights"
_FBRS_FORM = "Bare state dict, offered on Google Drive by the project page."
_NVIDIA = "https://github.com/NVIDIA/semantic-segmentation"
_NVIDIA_LICENCE = "see the project page; the terms of the training images apply"
_BTS = "https://github.com/cleinc/bts"
_BTS_LICENCE = "code GPL-3.0-or-later; no licence is stated for the weights"


@dataclass(frozen=True)
class PublishedCheckpoint:
    """A checkpoint as its authors publish it.

    Attributes:
        file_name: name of the file as published; it may have been renamed, nothing depends on it.
        architecture: registry name of the network, as in `models.names()`.
        task: registry name of the task.
        title: what a list shows.
        training_data: data sets it was trained on.
        figures: what its authors report, one line, with the measure and the data set; empty if they report nothing.
        licence: what is stated about code and weights, one line.
        project_page: web address of the project, where the file is offered.
        note: where exactly the file is and how it is packed, one or two sentences.
        folder: name of the folder into which the publisher's archive unpacks, for file names that say nothing; else
            empty.
        options: options of `models.create` that such a file does not hold itself.
    """

    file_name: str
    architecture: str
    task: str
    title: str
    training_data: str
    figures: str
    licence: str
    project_page: str
    note: str
    folder: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


def _fbrs(file_name: str, architecture: str, network: str, data: str, figures: str, size: str) -> PublishedCheckpoint:
    """One of the click networks of f-BRS; figures are NoC@85 / NoC@90 with f-BRS-B refinement."""
    return PublishedCheckpoint(
        file_name=file_name,
        architecture=architecture,
        task="interactive",
        title=f"{network} ({data})",
        training_data=data,
        figures=f"NoC@85 / NoC@90 with f-BRS-B: {figures}",
        licence=_FBRS_LICENCE,
        project_page=_FBRS,
        note=f"{_FBRS_FORM} {size}.",
    )


_R34, _R50, _R101 = "DeepLabV3+ ResNet-34", "DeepLabV3+ ResNet-50", "DeepLabV3+ ResNet-101"
_W18, _W32 = "HRNetV2-W18 + OCR", "HRNetV2-W32 + OCR"

PUBLISHED: tuple[PublishedCheckpoint, ...] = (
    _fbrs(
        "resnet34_dh128_sbd.pth", "resnet34_dh128", _R34, "SBD",
        "GrabCut 2.06 / 2.48, Berkeley 2.40 / 4.17, DAVIS 5.34 / 7.73, SBD 4.47 / 7.28", "89 MB",
    ),
    _fbrs(
        "resnet50_dh128_sbd.pth", "resnet50_dh128", _R50, "SBD",
        "GrabCut 2.20 / 2.64, Berkeley 2.17 / 4.22, DAVIS 5.44 / 7.81, SBD 4.55 / 7.45", "120 MB",
    ),
    _fbrs(
        "resnet101_dh256_sbd.pth", "resnet101_dh256", _R101, "SBD",
        "GrabCut 2.30 / 2.68, Berkeley 2.61 / 4.22, DAVIS 5.32 / 7.35, SBD 4.20 / 7.10", "223 MB",
    ),
    _fbrs(
        "hrnet18_ocr64_sbd.pth", "hrnet18_ocr64", _W18, "SBD",
        "GrabCut 1.86 / 2.18, Berkeley 2.07 / 3.96, DAVIS 5.62 / 8.08, SBD 4.70 / 7.65", "39 MB",
    ),
    _fbrs(
        "hrnet32_ocr128_sbd.pth", "hrnet32_ocr128", _W32, "SBD",
        "GrabCut 1.78 / 2.16, Berkeley 2.13 / 3.69, DAVIS 5.54 / 7.62, SBD 4.31 / 7.08", "119 MB",
    ),
    _fbrs(
        "resnet50_dh128_lvis.pth", "resnet50_dh128", _R50, "COCO + LVIS",
        "GrabCut 1.52 / 1.74, Berkeley 1.56 / 2.61, DAVIS 4.94 / 6.36, SBD 4.29 / 7.20", "120 MB",
    ),
    _fbrs(
        "hrnet32_ocr128_lvis.pth", "hrnet32_ocr128", _W32, "COCO + LVIS",
        "GrabCut 1.54 / 1.69, Berkeley 1.64 / 2.44, DAVIS 5.17 / 6.50, SBD 4.37 / 7.26", "119 MB",
    ),
    PublishedCheckpoint(
        file_name="cityscapes_ocrnet.HRNet_Mscale_outstanding-turtle.pth",
        architecture="hrnet_ocr_mscale",
        task="semantic",
        title="HRNet-OCR multi-scale (Cityscapes, 19 classes)",
        training_data="Cityscapes",
        figures="mIoU 86.92 on Cityscapes with scales 0.5, 1.0 and 2.0; this program runs 0.5 and 1.0",
        licence=_NVIDIA_LICENCE,
        project_page=_NVIDIA,
        note="Weights under the entry state_dict. The 19 classes of Cityscapes are named by this program.",
    ),
    PublishedCheckpoint(
        file_name="mapillary_ocrnet.HRNet_Mscale_fast-rattlesnake.pth",
        architecture="hrnet_ocr_mscale",
        task="semantic",
        title="HRNet-OCR multi-scale (Mapillary Vistas, 65 classes)",
        training_data="Mapillary Vistas",
        figures="mIoU 61.05 on Mapillary Vistas with scales 0.25, 0.5, 1.0 and 2.0 and mirroring; "
        "this program runs 0.5 and 1.0",
        licence=_NVIDIA_LICENCE,
        project_page=_NVIDIA,
        note="Weights under the entry state_dict. The names of the classes are in the config.json of the data set.",
    ),
    PublishedCheckpoint(
        file_name="indexnet_matting.pth.tar",
        architecture="indexnet",
        task="matting",
        title="IndexNet Matting (MobileNetV2)",
        training_data="Adobe Image Matting (Composition-1k)",
        figures="SAD 45.8, MSE 0.013, Grad 25.9, Conn 43.7 on Composition-1k",
        licence="non-commercial use only, the weights too",
        project_page="https://github.com/poppinace/indexnet_matting",
        note="In the folder pretrained of the project. Weights under the entry state_dict.",
    ),
    PublishedCheckpoint(
        file_name="model",
        architecture="bts_densenet161",
        task="depth",
        title="BTS DenseNet-161 (NYU Depth V2, to 10 m)",
        training_data="NYU Depth V2",
        figures="δ1 .885, AbsRel .110, RMSE .392, log10 .047 on NYU Depth V2",
        licence=_BTS_LICENCE,
        project_page=_BTS,
        note="A file without an extension in bts_nyu_v2_pytorch_densenet161.zip; unpack it first.",
        folder="bts_nyu_v2_pytorch_densenet161",
        options={"max_depth": 10.0},
    ),
    PublishedCheckpoint(
        file_name="model",
        architecture="bts_densenet161",
        task="depth",
        title="BTS DenseNet-161 (KITTI Eigen split, to 80 m)",
        training_data="KITTI (Eigen split)",
        figures="δ1 .955, AbsRel .060, RMSE 2.798, log10 .027 on KITTI",
        licence=_BTS_LICENCE,
        project_page=_BTS,
        note="A file without an extension in bts_eigen_v2_pytorch_densenet161.zip; unpack it first. "
        "Its largest depth of 80 m is not in the file.",
        folder="bts_eigen_v2_pytorch_densenet161",
        options={"max_depth": 80.0},
    ),
)  # fmt: skip
"""All of them, by task and then as their authors list them."""


def published_as(path: Path, architecture: str) -> PublishedCheckpoint | None:
    """The catalogue's entry for a file of that name whose keys are those of `architecture`, else None.

    A hint for lists: two publications of one network can be told apart by their names only.
    """
    for entry in PUBLISHED:
        if entry.architecture != architecture or entry.file_name.casefold() != path.name.casefold():
            continue
        if not entry.folder or _unpacked_from(path.absolute().parent.name, entry.folder):
            return entry
    return None


def _unpacked_from(folder: str, published: str) -> bool:
    """Whether a folder is called like the publisher's archive, or like the beginning of its name."""
    shortest = len("bts_nyu")
    return len(folder) >= shortest and published.startswith(folder.casefold())
