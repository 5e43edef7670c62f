"""The data sets that come with nncli: what `data: builtin:NAME` declares."""

from __future__ import annotations

from pathlib import Path
from typing import Final

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
}

BUILTIN: Final[dict[str, DataSpec]] = {
    name: DataSpec.model_validate({"train": f"{PREFIX}{name}", **declared})
    for name, declared in _DECLARED.items()
}


def builtin_name(source: str) -> str | None:
    """Gives NAME of `builtin:NAME`, or None for a path."""
    return source.removeprefix(PREFIX) if source.startswith(PREFIX) else None


def builtin_file(name: str) -> Path:
    """Gives the file of a data set of the table above."""
    return FOLDER / f"{name}.csv"
