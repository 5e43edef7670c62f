"""Words for what `inspect-gradients` finds before any step; `about` says in one sentence why it matters."""

from __future__ import annotations

from typing import Final

from nncli.errors import DataError, SpecError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "diagnosis-invalid-targets": Words(
        DataError,
        "the target `{layer}` is the same in all rows that were looked at",
        ("look at the column: a target that never changes has nothing to be learnt",),
        "A network learns the one answer and nothing else.",
    ),
    "diagnosis-nonfinite-data": Words(
        DataError,
        "the input `{layer}` holds numbers that are not finite",
        ("leave these rows out, or fill them: `missing: mean`",),
        "One such number makes every weight NaN in a single step.",
    ),
    "diagnosis-leakage": Words(
        DataError,
        "{count} of {rows} of {part} ({share}) have the same inputs as a row of {other}",
        ("leave the copies out, or keep what belongs together in one part by `split: {{group: COLUMN}}`",),
        "A network remembers rows that it was trained on, so that its figures are too good.",
    ),
    "diagnosis-unscaled-inputs": Words(
        DataError,
        "the features of `{layer}` reach {rms} (root mean square), those of `{other}` {least}{effect}",
        ("bring all columns to one scale",),
        "Steps that suit the large features are too small for the others, and first layers saturate or die.",
    ),
    "diagnosis-small-inputs": Words(
        DataError,
        "the features of `{layer}` are no larger than {rms} (root mean square)",
        ("bring the columns to one scale",),
        "The network sees hardly anything but its biases, and learns at a crawl.",
    ),
    "diagnosis-class-imbalance": Words(
        DataError,
        "of `{layer}`, `{rare}` has {rows} of the rows that were looked at, `{most}` {most_rows}",
        ("let all classes count alike, and judge by `metrics: [balanced_accuracy]`",),
        "The loss is small where the rare class is never predicted.",
    ),
    "diagnosis-class-imbalance-not-learned": Words(
        DataError,
        "of `{layer}`, `{rare}` has {rows} rows, `{most}` {most_rows}, and balanced accuracy is {balanced}",
        ("let all classes count alike, and judge by `metrics: [balanced_accuracy]`",),
        "The loss is small where the rare class is never predicted.",
    ),
    "diagnosis-unscaled-targets": Words(
        DataError,
        "the target `{layer}` reaches {rms} (root mean square), and `{output}` gives {given} at the start",
        ("bring the target to the scale of the network; predictions come back in its own unit",),
        "Gradients are as large as the targets are, and weights have a long way to go.",
    ),
    "diagnosis-loss-activation-mismatch": Words(
        SpecError,
        "{loss} takes what comes before {activation}, and gets what comes after it",
        ("leave {activation} out: the loss does that by itself",),
        "Gradients become small where the network is wrong and sure, and the loss cannot reach zero.",
    ),
    "diagnosis-softmax-of-one": Words(
        SpecError,
        "{activation} of one unit is the same number for every row",
        ("take Sigmoid, or leave it out where the loss takes logits",),
        "No gradient comes through, so that nothing is learnt.",
    ),
    "diagnosis-loss-without-logarithm": Words(
        SpecError,
        "{loss} takes logarithms of probabilities, and gets {activation}",
        ("CrossEntropyLoss takes the output of a Linear layer as it is",),
        "Without the logarithm the loss falls for ever, whatever is predicted.",
    ),
    "diagnosis-numbers-for-classes": Words(
        SpecError,
        "{loss} compares classes as if they were amounts",
        ("{instead} is made for classes",),
        "Its gradients are smallest where a class is missed most.",
    ),
    "diagnosis-output-range-mismatch": Words(
        SpecError,
        "{activation} gives {reach}, and {share} of `{target}` lie outside",
        ("end with the Linear layer, or bring the target into that range: `scale: minmax`",),
        "What cannot be given cannot be learnt.",
    ),
    "diagnosis-missing-activation": Words(
        SpecError,
        "nothing between `{layer}` and `{next}` bends their values",
        ("put an activation such as {activation} between them",),
        "Two linear layers in a row are one linear layer with more weights.",
    ),
    "diagnosis-missing-bias": Words(
        SpecError,
        "none of the {layers} layers with weights has a bias, and nothing else is added",
        ("leave `bias: false` out",),
        "Where zeros flow in zeros come out, and a row that is twice another gets about twice its answer.",
    ),
    "diagnosis-lost-input": Words(
        SpecError,
        "`{layer}` steps further than its kernel is wide, and sees {share} of what flows in",
        ("take a smaller stride, or a kernel that is as wide",),
        "What no kernel touches cannot be learnt from.",
    ),
    "diagnosis-narrow-neck": Words(
        SpecError,
        "everything goes through the one unit of `{layer}`, and there are {classes} classes",
        ("make it wider",),
        "One number can hardly tell several classes apart.",
    ),
    "diagnosis-slow-schedule": Words(
        SpecError,
        "with this schedule the {steps} steps of the run come to no more than {whole} with the whole rate",
        ("let it count epochs, be slower, or begin sooner",),
        "The rate is next to nothing for most of the run, and weights stay where they are.",
    ),
    "diagnosis-symmetric-init": Words(
        SpecError,
        "all units of `{layer}` begin with the same weights",
        ("draw initial weights at random, or leave `init:` out",),
        "Units that are alike stay alike, and count as one.",
    ),
    "diagnosis-bad-init-scale": Words(
        SpecError,
        "`{layer}` gives {value} at the start, in {draws} of {of} initialisations (healthy is 0.02 to 9)",
        ("draw initial weights that suit the width and the activation",),
        "What is far too large saturates or explodes in the layers behind; what is far too small fades away.",
    ),
    "diagnosis-saturated-activations": Words(
        SpecError,
        "{share} of the outputs of `{layer}` lie where it is flat",
        ("take an activation that does not become flat, or smaller weights before it",),
        "Where an activation is flat, hardly any gradient passes.",
    ),
    "diagnosis-dead-units": Words(
        SpecError,
        "{dead} of the {units} units of `{layer}` are zero on all {rows} rows that were looked at{since}",
        ("take LeakyReLU or GELU, a lower learning rate, or other initial weights",),
        "A unit that is always zero gets no gradient, and never comes back.",
    ),
    "diagnosis-vanishing-gradients": Words(
        SpecError,
        "the gradient of `{layer}` is {ratio} times that of `{last}`",
        ("take ReLU or GELU, put a BatchNorm or LayerNorm between layers, or fewer layers",),
        "The first layers stay as they were drawn while the last ones learn.",
    ),
    "diagnosis-small-gradients": Words(
        SpecError,
        "the gradient of `{layer}` is {ratio} (root mean square) before any training",
        ("draw larger initial weights, or scale inputs and targets",),
        "With a gradient this small the weights stay as they are.",
    ),
    "diagnosis-exploding-gradients": Words(
        SpecError,
        "the gradient of `{layer}` is {ratio} times that of `{last}`",
        ("clip gradients, draw smaller initial weights, or normalise between layers",),
        "One step throws the first layers far away.",
    ),
    "diagnosis-large-gradients": Words(
        SpecError,
        "the gradient of `{layer}` is {ratio} times as large as its weights",
        ("clip gradients, draw smaller initial weights, and scale inputs and targets",),
        "One step throws the weights far away.",
    ),
    "diagnosis-no-gradient": Words(
        SpecError,
        "no gradient reaches `{layer}`",
        ("look at what stands between it and the loss, or freeze it where that is meant",),
        "A layer without a gradient stays as it was drawn.",
    ),
    "diagnosis-bad-initial-loss": Words(
        SpecError,
        "the first loss is {loss}; one answer for all rows loses {constant}",
        ("look at the scale of inputs, targets and initial weights",),
        "Training begins with undoing what the weights were drawn as.",
    ),
}
