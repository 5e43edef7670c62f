"""Planted faults: a spec each, with the causes that count as right."""

from __future__ import annotations

from bench.diagnosis.cases import (
    CNN,
    FEW,
    MLP,
    PHOTOS,
    PRICES,
    PRICES_RAW,
    RINGS,
    RINGS_BINARY,
    SHUFFLED,
    TEXT,
    UNEVEN,
    WAVES,
    WINE,
    Case,
    spec,
    training,
)

CE, BCE, MSE = "CrossEntropyLoss", "BCEWithLogitsLoss", "MSELoss"
PAIR, RANGE = ("loss_activation_mismatch",), ("output_range_mismatch", "loss_activation_mismatch")
RATE_HIGH = ("lr_too_high",)
JUMPS = ("unstable_loss", "lr_too_high")
RATE_LOW = ("lr_too_low", "undertrained")
DEEP_SIGMOID = "[" + "Linear: 16, Sigmoid, " * 10 + "Linear: $classes]"
DEEP_TANH = "[" + "Linear: 16, Tanh, " * 6 + "Linear: $classes]"


def started(init: str) -> str:
    """Writes a network whose weights begin as they should not."""
    layers = "[Linear: 32, ReLU, Linear: 32, ReLU, Linear: $classes]"
    lines = layers[1:-1].replace("$", "$").split(", ")
    return "\n  init: [" + init + "]\n  layers:" + "".join(f"\n    - {each}" for each in lines)


TABLES = (
    Case(
        "softmax-twice",
        spec("builtin:iris", "[Linear: 16, ReLU, Linear: $classes, Softmax: 1]", training(CE)),
        PAIR,
        ("network.3", "training.loss"),
        True,
    ),
    Case(
        "sigmoid-twice",
        spec("builtin:breast-cancer", "[Linear: 16, ReLU, Linear: 1, Sigmoid]", training(BCE)),
        PAIR,
        ("network.3", "training.loss"),
        True,
    ),
    Case(
        "relu-before-cross-entropy",
        spec("builtin:iris", "[Linear: 16, ReLU, Linear: $classes, ReLU]", training(CE)),
        PAIR,
        ("network.3",),
        True,
    ),
    Case(
        "tanh-before-logits",
        spec(RINGS_BINARY, "[Linear: 16, ReLU, Linear: 1, Tanh]", training(BCE)),
        PAIR,
        ("network.3",),
        True,
    ),
    Case(
        "softmax-of-one-unit",
        spec(RINGS_BINARY, "[Linear: 16, ReLU, Linear: 1, Softmax: 1]", training("BCELoss")),
        PAIR,
        ("network.3",),
        True,
    ),
    Case(
        "negative-log-without-log",
        spec("builtin:iris", MLP, training("NLLLoss")),
        PAIR,
        ("network.2", "training.loss"),
        True,
    ),
    Case(
        "probabilities-without-log",
        spec("builtin:iris", "[Linear: 16, ReLU, Linear: $classes, Softmax: 1]", training("NLLLoss")),
        PAIR,
        ("network.3", "training.loss"),
        True,
    ),
    Case(
        "squares-of-classes",
        spec("builtin:wine", "[Linear: 16, ReLU, Linear: $classes]", training(MSE)),
        PAIR,
        ("training.loss",),
        True,
    ),
    Case(
        "relu-output",
        spec("builtin:diabetes", "[Linear: 16, ReLU, Linear: 1, ReLU]", training(MSE)),
        RANGE,
        ("network.3", "data.targets"),
        True,
    ),
    Case(
        "sigmoid-output",
        spec("builtin:diabetes", "[Linear: 16, ReLU, Linear: 1, Sigmoid]", training(MSE)),
        RANGE,
        ("network.3", "data.targets"),
        True,
    ),
    Case(
        "tanh-output",
        spec(
            PRICES_RAW.replace("scale: none", "scale: standard"),
            "[Linear: 16, Tanh, Linear: 1, Tanh]",
            training(MSE),
        ),
        RANGE,
        ("network.3", "data.targets"),
        True,
    ),
    Case(
        "no-activation",
        spec(RINGS, "[Linear: 16, Linear: 16, Linear: $classes]", training(CE)),
        ("missing_activation",),
        ("network.0", "network.1"),
        True,
    ),
    Case(
        "one-activation-missing",
        spec(RINGS, "[Linear: 16, Dropout: 0.1, Linear: 16, ReLU, Linear: $classes]", training(CE)),
        ("missing_activation",),
        ("network.0", "network.2"),
        True,
    ),
    Case(
        "weights-of-zero",
        spec(RINGS, started('{match: "*.weight", zeros_: {}}, {match: "*.bias", zeros_: {}}'), training(CE)),
        ("symmetric_init",),
        ("network",),
        True,
    ),
    Case(
        "weights-alike",
        spec(RINGS, started('{match: "*", constant_: 0.1}'), training(CE)),
        ("symmetric_init",),
        ("network",),
        True,
    ),
    Case(
        "raw-inputs",
        spec(WINE, MLP, training(CE, "{SGD: {lr: 0.01}}")),
        ("unscaled_inputs",),
        ("data.inputs",),
        True,
    ),
    Case(
        "raw-inputs-adam",
        spec(PRICES_RAW, "[Linear: 16, Tanh, Linear: 1]", training(MSE)),
        ("unscaled_inputs",),
        ("data.inputs",),
        True,
    ),
    Case(
        "raw-targets",
        spec(PRICES, "[Linear: 16, ReLU, Linear: 1]", training(MSE, "{Adam: {lr: 1e-3}}")),
        ("unscaled_targets",),
        ("data.targets",),
        True,
    ),
    Case(
        "raw-targets-sgd",
        spec(PRICES, "[Linear: 16, ReLU, Linear: 1]", training(MSE, "{SGD: {lr: 0.01}}")),
        ("unscaled_targets",),
        ("data.targets",),
        True,
    ),
    Case(
        "target-of-one-value",
        spec(
            "{train: constant.csv, inputs: {a: number, b: number, c: number}, targets: {y: number}}",
            "[Linear: 16, ReLU, Linear: 1]",
            training(MSE),
        ),
        ("invalid_targets",),
        ("data.targets",),
        True,
    ),
    Case(
        "rate-50",
        spec("builtin:wine", MLP, training(CE, "{SGD: {lr: 50}}")),
        RATE_HIGH,
        ("training.optimizer",),
    ),
    Case(
        "rate-100-adam",
        spec(
            "builtin:breast-cancer",
            "[Linear: 32, ReLU, Linear: 32, ReLU, Linear: 1]",
            training(BCE, "{Adam: {lr: 100.0}}"),
        ),
        RATE_HIGH,
        ("training.optimizer",),
    ),
    Case(
        "rate-jumps",
        spec("builtin:wine", MLP, training(CE, "{AdamW: {lr: 3}}", 40)),
        (*JUMPS, "diverging_loss"),
        ("training.optimizer",),
    ),
    Case(
        "rate-diverges",
        spec(WAVES, "[Linear: 32, ReLU, Linear: 1]", training(MSE, "{SGD: {lr: 20}}")),
        RATE_HIGH,
        ("training.optimizer",),
    ),
    Case(
        "rate-tiny-sgd",
        spec("builtin:wine", MLP, training(CE, "{SGD: {lr: 1e-5}}")),
        RATE_LOW,
        ("training.optimizer", "training.epochs"),
    ),
    Case(
        "rate-tiny-adam",
        spec("builtin:breast-cancer", "[Linear: 16, ReLU, Linear: 1]", training(BCE, "{Adam: {lr: 1e-6}}")),
        RATE_LOW,
        ("training.optimizer", "training.epochs"),
    ),
    Case(
        "deep-sigmoids",
        spec("builtin:iris", DEEP_SIGMOID, training(CE, "{SGD: {lr: 0.05}}")),
        ("vanishing_gradients",),
        ("network",),
        True,
    ),
    Case(
        "tiny-weights",
        spec(
            "builtin:wine",
            started('{match: "*.weight", normal_: {std: 1e-4}}, {match: "*.bias", zeros_: {}}'),
            training(CE, "{SGD: {lr: 0.05}}"),
        ),
        ("bad_init_scale", "vanishing_gradients"),
        ("network",),
        True,
    ),
    Case(
        "huge-weights",
        spec(
            "builtin:wine",
            started('{match: "*.weight", normal_: {std: 8}}'),
            training(CE, "{SGD: {lr: 0.01}}"),
        ),
        ("bad_init_scale", "exploding_gradients", "bad_initial_loss"),
        ("network",),
        True,
    ),
    Case(
        "born-dead",
        spec("builtin:wine", started('{match: "*.bias", constant_: -20}'), training(CE)),
        ("dead_units", "bad_init_scale"),
        ("network",),
        True,
    ),
    Case(
        "saturated-tanh",
        spec(
            "builtin:wine",
            started('{match: "*.weight", normal_: {std: 6}}').replace("ReLU", "Tanh"),
            training(CE, "{SGD: {lr: 0.01}}"),
        ),
        ("saturated_activations", "bad_init_scale"),
        ("network",),
        True,
    ),
    Case(
        "dropout-95",
        spec(
            "builtin:wine",
            "[Linear: 16, ReLU, Dropout: 0.95, Linear: 16, ReLU, Dropout: 0.95, Linear: $classes]",
            training(CE),
        ),
        ("over_regularised",),
        ("network.2", "network.5"),
        True,
    ),
    Case(
        "decay-3",
        spec("builtin:wine", MLP, training(CE, "{SGD: {lr: 0.1, weight_decay: 3}}")),
        ("over_regularised",),
        ("training.optimizer",),
    ),
    Case(
        "l1-heavy",
        spec(
            "builtin:breast-cancer",
            "[Linear: 16, ReLU, Linear: 1]",
            training(BCE, more="regularise: {l1: 2.0}"),
        ),
        ("over_regularised",),
        ("training.regularise",),
    ),
    Case(
        "learnt-by-heart",
        spec(
            FEW,
            "[Linear: 128, ReLU, Linear: 128, ReLU, Linear: 1]",
            training(MSE, "{Adam: {lr: 3e-3}}", 80, "batch_size: 16"),
        ),
        ("overfitting",),
        ("training", "network"),
    ),
    Case(
        "one-epoch",
        spec("builtin:wine", MLP, training(CE, "{SGD: {lr: 0.01}}", 2)),
        ("undertrained", "batch_size", "lr_too_low"),
        ("training.epochs", "training.batch_size", "training.optimizer"),
        True,
    ),
    Case(
        "whole-table-at-once",
        spec(
            "builtin:breast-cancer",
            "[Linear: 16, ReLU, Linear: 1]",
            training(BCE, "{Adam: {lr: 1e-4}}", 8, "batch_size: 400"),
        ),
        ("batch_size", "undertrained", "lr_too_low"),
        ("training.batch_size", "training.epochs", "training.optimizer"),
        True,
    ),
    Case(
        "labels-shuffled",
        spec(SHUFFLED, "[Linear: 64, ReLU, Linear: 64, ReLU, Linear: $classes]", training(CE, epochs=40)),
        ("label_noise",),
        ("data.targets",),
    ),
    Case(
        "rare-class-ignored",
        spec(UNEVEN, "[Linear: 16, ReLU, Linear: 1]", training(BCE, "{Adam: {lr: 3e-3}}", 15)),
        ("class_imbalance",),
        ("data.targets", "training.class_weights"),
        True,
    ),
)
MORE = (
    Case(
        "softmax-inside",
        spec(RINGS, "[Linear: 16, Softmax: 1, Linear: 16, Softmax: 1, Linear: $classes]", training(CE)),
        ("missing_activation", "vanishing_gradients", "lr_too_low", "saturated_activations"),
        ("network", "training"),
        True,
    ),
    Case(
        "softmax-over-rows",
        spec("builtin:iris", "[Linear: 16, ReLU, Linear: $classes, LogSoftmax: 0]", training("NLLLoss")),
        PAIR,
        ("network.3",),
        True,
    ),
    Case(
        "classes-one-by-one",
        spec("builtin:wine", "[Linear: 16, ReLU, Linear: $classes, Softmax: 1]", training("BCELoss")),
        PAIR,
        ("training.loss", "network.3"),
        True,
    ),
    Case(
        "predictions-dropped",
        spec("builtin:diabetes", "[Linear: 16, ReLU, Linear: 1, Dropout: 0.5]", training(MSE)),
        ("over_regularised",),
        ("network.3",),
        True,
    ),
    Case(
        "one-hidden-unit",
        spec(RINGS, "[Linear: 1, ReLU, Linear: $classes]", training(CE, epochs=40)),
        ("underfitting",),
        ("network",),
    ),
    Case(
        "frozen-as-drawn",
        spec(
            "builtin:digits",
            "\n  - Flatten\n  - Linear: 4\n    freeze: true\n  - ReLU\n  - Linear: 4\n    freeze: true"
            "\n  - ReLU\n  - Linear: $classes",
            training(CE, epochs=4),
        ),
        ("no_gradient", "underfitting"),
        ("network",),
    ),
    Case(
        "rate-too-high-for-depth",
        spec(
            "builtin:wine",
            "[Linear: 32, ReLU, Linear: 32, ReLU, Linear: 32, ReLU, Linear: $classes]",
            training(CE, "{SGD: {lr: 3, momentum: 0.9}}", 40),
        ),
        RATE_HIGH,
        ("training.optimizer",),
    ),
    Case(
        "decay-by-adam",
        spec(
            "builtin:breast-cancer",
            "[Linear: 16, ReLU, Linear: 1]",
            training(BCE, "{Adam: {lr: 1e-3, weight_decay: 5}}"),
        ),
        ("over_regularised",),
        ("training.optimizer",),
    ),
)
IMAGES = (
    Case(
        "pixels-to-255",
        spec(PHOTOS, CNN, training(CE, "{SGD: {lr: 0.05}}", 6)),
        ("unscaled_inputs",),
        ("data.inputs",),
        True,
    ),
    Case(
        "images-softmax-twice",
        spec("builtin:digits", CNN + "\n  - Softmax: 1", training(CE, epochs=3)),
        PAIR,
        ("network.7", "training.loss"),
        True,
    ),
    Case(
        "images-rate-high",
        spec("builtin:digits", CNN, training(CE, "{Adam: {lr: 1.0}}", 3)),
        RATE_HIGH,
        ("training.optimizer",),
    ),
    Case(
        "images-rate-jumps",
        spec("builtin:digits", CNN, training(CE, "{AdamW: {lr: 0.1}}", 12)),
        JUMPS,
        ("training.optimizer",),
    ),
    Case(
        "images-rate-low",
        spec("builtin:digits", CNN, training(CE, "{SGD: {lr: 1e-5}}", 3)),
        RATE_LOW,
        ("training.optimizer", "training.epochs"),
    ),
    Case(
        "images-no-activation",
        spec(
            "builtin:digits",
            "[Conv2d: [8, 3], Conv2d: [8, 3], Flatten, Linear: $classes]",
            training(CE, "{Adam: {lr: 1e-3}}", 3),
        ),
        ("missing_activation",),
        ("network.0", "network.1"),
        True,
    ),
    Case(
        "images-zero",
        spec(
            "builtin:digits",
            '\n  init: [{match: "*", zeros_: {}}]\n  layers:' + CNN.replace("\n  ", "\n    "),
            training(CE, epochs=2),
        ),
        ("symmetric_init",),
        ("network",),
        True,
    ),
    Case(
        "images-dropout-90",
        spec(
            "builtin:digits",
            CNN.replace("  - Flatten", "  - Flatten\n  - Dropout: 0.97"),
            training(CE, "{Adam: {lr: 1e-3}}", 3),
        ),
        ("over_regularised",),
        ("network.6",),
        True,
    ),
    Case(
        "images-deep-sigmoids",
        spec(
            "builtin:digits",
            "[" + "Conv2d: [8, 3, padding: same], Sigmoid, " * 8 + "Flatten, Linear: $classes]",
            training(CE, "{SGD: {lr: 0.05}}", 2),
        ),
        ("vanishing_gradients",),
        ("network",),
        True,
    ),
    Case(
        "images-multi-sigmoid",
        spec("builtin:digits", CNN + "\n  - Sigmoid", training(CE, epochs=3)),
        PAIR,
        ("network.7", "training.loss"),
        True,
    ),
)
WORDS = "[{Embedding: 16, from: paragraph}, GRU: {hidden_size: 16}, Linear: $classes]"
RECURRENT = """
  - Embedding: 16
  - GRU: 24
    take: last
  - Linear: $chapter.classes"""
SEQUENCES = (
    Case(
        "text-softmax-twice",
        spec(TEXT, RECURRENT + "\n  - Softmax: 1", training(CE, epochs=3)),
        PAIR,
        ("network.3", "training.loss"),
        True,
    ),
    Case(
        "text-rate-high",
        spec(TEXT, RECURRENT, training(CE, "{Adam: {lr: 3.0}}", 4)),
        RATE_HIGH,
        ("training.optimizer",),
    ),
    Case(
        "text-rate-low",
        spec(TEXT, RECURRENT, training(CE, "{SGD: {lr: 1e-6}}", 4)),
        RATE_LOW,
        ("training.optimizer", "training.epochs", "training.batch_size"),
    ),
)
FAULTS = (*TABLES, *MORE, *IMAGES, *SEQUENCES)
