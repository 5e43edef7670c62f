"""The data sets that come with nncli: what `data: builtin:NAME` declares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from nncli.data.builtin_topics import CLASSES, paragraphs_table, topics_text
from nncli.data.made_sets import TONES, TONES_RATE, TONES_SAMPLES, energy, tones
from nncli.spec.schema import DataSpec

FOLDER: Final = Path(__file__).parent / "builtin"
PREFIX: Final = "builtin:"

_CELL_FIGURES: Final = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave_points",
    "symmetry",
    "fractal_dimension",
)


def _numbers(*names: str) -> dict[str, object]:
    return {name: {"type": "number"} for name in names}


def _category(*classes: str) -> dict[str, object]:
    return {"type": "category", "classes": classes}


_DECLARED: Final[dict[str, dict[str, object]]] = {
    "digits": {
        "inputs": {"image": {"type": "image", "columns": "pixel_*", "shape": (1, 8, 8)}},
        "targets": {"digit": _category(*"0123456789")},
    },
    "iris": {
        "inputs": _numbers("sepal_length", "sepal_width", "petal_length", "petal_width"),
        "targets": {"species": _category("setosa", "versicolor", "virginica")},
    },
    "wine": {
        "inputs": _numbers(
            "alcohol",
            "malic_acid",
            "ash",
            "alcalinity_of_ash",
            "magnesium",
            "total_phenols",
            "flavanoids",
            "nonflavanoid_phenols",
            "proanthocyanins",
            "color_intensity",
            "hue",
            "od280_od315",
            "proline",
        ),
        "targets": {"cultivar": _category("1", "2", "3")},
    },
    "breast-cancer": {
        "inputs": _numbers(
            *(f"mean_{figure}" for figure in _CELL_FIGURES),
            *(f"{figure}_error" for figure in _CELL_FIGURES),
            *(f"worst_{figure}" for figure in _CELL_FIGURES),
        ),
        "targets": {
            "diagnosis": {"type": "binary", "classes": ("benign", "malignant"), "positive": "malignant"}
        },
    },
    "diabetes": {
        "inputs": _numbers("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"),
        "targets": _numbers("progression"),
    },
    "energy": {
        "time": "time",
        "group": "region",
        "season": 168,
        "inputs": {
            "past": {"type": "series", "columns": ("load", "temperature"), "window": (-168, 0)},
            "weather": {"type": "series", "column": "temperature", "window": (0, 24)},
        },
        "targets": {"load": {"type": "number", "window": (0, 24), "unit": "MW"}},
    },
    "tones": {
        "inputs": {"sound": {"type": "audio", "rate": TONES_RATE, "length": TONES_SAMPLES}},
        "targets": {"kind": _category(*TONES)},
    },
    "python-topics": {
        "inputs": {"text": {"type": "text", "tokenizer": "characters", "length": 128}},
        "targets": {"next": {"type": "text", "column": "text", "shift": -1}},
    },
    "python-chapters": {
        "inputs": {"paragraph": {"type": "text", "length": 64}},
        "targets": {"chapter": _category(*CLASSES)},
    },
}
_MADE: Final[dict[str, Callable[[], bytes]]] = {
    "python-chapters": paragraphs_table,
    "energy": energy,
    "tones": tones,
}
_ENDINGS: Final = {"tones": ".npz"}
_TEXTS: Final[dict[str, Callable[[], bytes]]] = {"python-topics": topics_text}
"""Sets that are not in a file of nncli: tables, and texts."""

BUILTIN: Final[dict[str, DataSpec]] = {
    name: DataSpec.model_validate({"train": f"{PREFIX}{name}", **declared})
    for name, declared in _DECLARED.items()
}


def builtin_name(source: str) -> str | None:
    """Gives NAME of `builtin:NAME`, or None for a path."""
    return source.removeprefix(PREFIX) if source.startswith(PREFIX) else None


def builtin_file(name: str) -> Path:
    """Gives the file of a data set of the table above."""
    return FOLDER / f"{name}{_ENDINGS.get(name, '.csv')}"


def builtin_table(name: str) -> bytes | None:
    """Makes the bytes of a data set that is not in a file; None for others."""
    return _MADE[name]() if name in _MADE else None


def builtin_text(name: str) -> bytes | None:
    """Makes the text of a data set that is one long text; None for others."""
    return _TEXTS[name]() if name in _TEXTS else None
