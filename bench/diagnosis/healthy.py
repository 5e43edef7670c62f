"""Healthy runs: they learn what there is, each with something that a rule of thumb takes for a fault."""

from __future__ import annotations

from pathlib import Path

from bench.diagnosis.cases import (
    CNN,
    MLP,
    NOISY,
    RINGS,
    RINGS_BINARY,
    SEPARABLE,
    TEXT,
    WAVES,
    WINE,
    Case,
    spec,
    training,
)
from bench.diagnosis.faults import BCE, CE, MSE, RECURRENT

SPECS = Path(__file__).parents[2] / "specs"
SHARES = (
    '{train: shares.csv, inputs: {numbers: {type: vector, columns: "s*", scale: none}}, '
    'targets: {same: {type: vector, columns: "s*", scale: none}}}'
)
COUNTS = (
    "{train: counts.csv, inputs: {a: number, b: number, c: number}, "
    "targets: {y: {type: number, scale: none}}}"
)
GPT = """
  - Embedding: 32
  - PositionEmbedding
  - residual: [LayerNorm, SelfAttention: {heads: 4, causal: true}]
    repeat: 1
  - residual: [LayerNorm, Linear: 64, GELU, Linear: 32]
  - LayerNorm
  - Linear: $vocabulary"""
TALK = (
    "{train: builtin:python-topics, inputs: {text: {type: text, tokenizer: characters, length: 32}}, "
    "targets: {next: {type: text, column: text, shift: -1}}}"
)


def _shipped(name: str, *changes: tuple[str, str]) -> Case:
    text = (SPECS / f"{name}.yaml").read_text()
    for before, after in changes:
        assert before in text, (name, before)
        text = text.replace(before, after)
    return Case(f"shipped-{name}", text)


HEALTHY = (
    _shipped("iris"),
    _shipped("wine"),
    _shipped("breast-cancer"),
    _shipped("diabetes"),
    _shipped("digits-cnn", ("epochs: 20", "epochs: 4"), ("width: 32", "width: 8")),
    Case("plain-sgd-half", spec("builtin:iris", MLP, training(CE, "{SGD: {lr: 0.5}}", 40))),
    Case(
        "trained-tanh",
        spec(RINGS, "[Linear: 32, Tanh, Linear: 32, Tanh, Linear: $classes]", training(CE, epochs=40)),
    ),
    Case(
        "one-hidden-sigmoid",
        spec("builtin:wine", "[Linear: 16, Sigmoid, Linear: $classes]", training(CE, epochs=40)),
    ),
    Case(
        "linear-classifier",
        spec("builtin:iris", "[Linear: $classes]", training(CE, "{AdamW: {lr: 3e-2}}", 40)),
    ),
    Case("linear-regression", spec(NOISY, "[Linear: 1]", training(MSE, "{SGD: {lr: 0.05}}", 20))),
    Case(
        "noise-floor", spec(NOISY, "[Linear: 8, ReLU, Linear: 1]", training(MSE, "{AdamW: {lr: 3e-3}}", 25))
    ),
    Case(
        "smooth-curve",
        spec(WAVES, "[Linear: 32, Tanh, Linear: 32, Tanh, Linear: 1]", training(MSE, epochs=60)),
    ),
    Case(
        "deep-residual",
        spec(
            RINGS,
            "\n  - Linear: 24\n  - residual: [LayerNorm, Linear: 24, ReLU, Linear: 24]\n    repeat: 8"
            "\n  - LayerNorm\n  - Linear: $classes",
            training(CE, "{AdamW: {lr: 3e-3}}", 25),
        ),
    ),
    Case(
        "deep-relu",
        spec(
            RINGS,
            "[" + "Linear: 32, ReLU, " * 5 + "Linear: $classes]",
            training(CE, "{AdamW: {lr: 3e-3}}", 25),
        ),
    ),
    Case(
        "normalised-deep",
        spec(
            RINGS,
            "[" + "Linear: 16, BatchNorm1d, ReLU, " * 4 + "Linear: $classes]",
            training(CE, "{SGD: {lr: 0.1}}", 25),
        ),
    ),
    Case(
        "raw-but-normalised",
        spec(WINE, "[BatchNorm1d, Linear: 16, ReLU, Linear: $classes]", training(CE, epochs=30)),
    ),
    Case(
        "squares-of-shares",
        spec(SHARES, "[Linear: 2, Tanh, Linear: 6, Sigmoid]", training(MSE, "{AdamW: {lr: 3e-2}}", 40)),
    ),
    Case(
        "probability-by-itself",
        spec(RINGS_BINARY, "[Linear: 32, ReLU, Linear: 1, Sigmoid]", training("BCELoss", epochs=40)),
    ),
    Case(
        "log-probabilities",
        spec(
            "builtin:wine",
            "[Linear: 16, ReLU, Linear: $classes, LogSoftmax: 1]",
            training("NLLLoss", epochs=30),
        ),
    ),
    Case("uneven-but-learned", spec(SEPARABLE, "[Linear: 16, ReLU, Linear: 1]", training(BCE, epochs=25))),
    Case(
        "balanced-by-weights",
        spec(
            SEPARABLE,
            "[Linear: 16, ReLU, Linear: $classes]".replace("$classes", "2"),
            training(CE, epochs=25, more="class_weights: balanced"),
        ),
    ),
    Case("counts", spec(COUNTS, "[Linear: 16, ReLU, Linear: 1]", training("PoissonNLLLoss", epochs=25))),
    Case(
        "recurrent-tones",
        spec(
            "builtin:tones",
            "\n  - Spectrogram: {n_fft: 64}\n  - Flatten\n  - Linear: 32\n  - ReLU\n  - Linear: $classes",
            training(CE, "{AdamW: {lr: 3e-3}}", 12),
        ),
    ),
    Case("chapters", spec(TEXT, RECURRENT, training(CE, epochs=5))),
    Case(
        "letters",
        spec(
            TALK,
            GPT,
            training(CE, "{AdamW: {lr: 3e-3}}", 1, "batch_size: 64").replace("epochs: 1", "steps: 150"),
        ),
    ),
    Case(
        "zero-last-layer",
        spec(
            RINGS,
            "\n  - Linear: 32\n  - ReLU\n  - Linear: $classes\n    init: zeros_",
            training(CE, epochs=40),
        ),
    ),
    Case(
        "with-schedule",
        spec(
            "builtin:wine",
            MLP,
            training(CE, epochs=30, more="schedule: {CosineAnnealingLR: {}, warmup: 10%}"),
        ),
    ),
    Case(
        "stops-early",
        spec(
            "builtin:breast-cancer",
            "[Linear: 16, ReLU, Linear: 1]",
            training(BCE, epochs=40, more="stop_early: {patience: 4}"),
        ),
    ),
    Case("small-images", spec("builtin:digits", CNN, training(CE, "{AdamW: {lr: 3e-3}}", 5))),
    Case(
        "bottleneck",
        spec(
            SHARES,
            "[Linear: 8, Tanh, Linear: 2, Linear: 8, Tanh, Linear: 6, Sigmoid]",
            training(MSE, "{AdamW: {lr: 2e-2}}", 40),
        ),
    ),
)
