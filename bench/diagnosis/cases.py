"""A case of the set: a spec with what is wrong with it, and how specs of the set are put together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One spec; `roots` are the causes that count as right, none for a healthy run.

    `places` are parts of YAML paths of which one has to be in the path that is named. `is_static` where the
    fault can be told before the first step.
    """

    name: str
    text: str
    roots: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    is_static: bool = False


RINGS = "{train: rings.csv, inputs: {x1: number, x2: number}, targets: {kind: category}}"
RINGS_BINARY = "{train: rings.csv, inputs: {x1: number, x2: number}, targets: {kind: binary}}"
WAVES = "{train: waves.csv, inputs: {u: number}, targets: {y: number}}"
NOISY = (
    "{train: noisy.csv, inputs: {a: number, b: number, c: number, d: number, e: number}, "
    "targets: {y: number}}"
)
UNEVEN = "{train: uneven.csv, inputs: {a: number, b: number, c: number, d: number}, targets: {fraud: binary}}"
SEPARABLE = UNEVEN.replace("uneven.csv", "separable.csv")
PHOTOS = (
    '{train: photos.csv, inputs: {image: {type: image, columns: "p*", shape: [1, 8, 8], scale: none}}, '
    "targets: {kind: category}}"
)
FEW = (
    "{train: few.csv, inputs: {"
    + ", ".join(f"x{each}: number" for each in range(20))
    + "}, targets: {y: number}}"
)
SHUFFLED = (
    "{train: shuffled.csv, inputs: {" + ", ".join(f"{each}: number" for each in "abcdefgh") + "}, "
    "targets: {kind: category}}"
)
WINE = (
    "{train: builtin:wine, inputs: {"
    + ", ".join(
        f"{name}: {{type: number, scale: none}}"
        for name in (
            "alcohol malic_acid ash alcalinity_of_ash magnesium total_phenols flavanoids "
            "nonflavanoid_phenols proanthocyanins color_intensity hue od280_od315 proline"
        ).split()
    )
    + "}, targets: {cultivar: category}}"
)
PRICES = (
    "{train: prices.csv, inputs: {area: number, rooms: number, tax: number, rate: number}, "
    "targets: {price: {type: number, scale: none}}}"
)
PRICES_RAW = (
    "{train: prices.csv, inputs: {area: {type: number, scale: none}, rooms: {type: number, scale: none}, "
    "tax: {type: number, scale: none}, rate: {type: number, scale: none}}, targets: {price: number}}"
)
MLP = "[Linear: 16, ReLU, Linear: $classes]"
CNN = """
  - Conv2d: [8, 3, padding: same]
  - ReLU
  - MaxPool2d: 2
  - Conv2d: [16, 3, padding: same]
  - ReLU
  - Flatten
  - Linear: $classes"""
TEXT = "builtin:python-chapters"


def spec(data: str, network: str, training: str) -> str:
    """Puts a spec together: layers as a list on one line, or in lines of their own."""
    layers = network if network.startswith("\n") else "".join(f"\n  - {each}" for each in parts(network))
    keys = "".join(f"\n  {each}" for each in parts(training))
    return f"data: {data}\nnetwork:{layers}\ntraining:{keys}\n"


def parts(text: str) -> list[str]:
    """Takes `[a, b: [c, d]]` or `a: 1, b: 2` apart at the outermost commas."""
    inner = text[1:-1] if text.startswith("[") else text
    found, depth, start = [], 0, 0
    for at, character in enumerate(inner):
        depth += (character in "[{(") - (character in "]})")
        if character == "," and depth == 0:
            found.append(inner[start:at].strip())
            start = at + 1
    return [*found, inner[start:].strip()]


def training(loss: str, optimizer: str = "{AdamW: {lr: 1e-2}}", epochs: int = 20, more: str = "") -> str:
    """Writes a section of training."""
    extra = f", {more}" if more else ""
    return f"loss: {loss}, optimizer: {optimizer}, epochs: {epochs}{extra}"
