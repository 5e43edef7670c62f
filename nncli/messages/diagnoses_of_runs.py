"""Words for what `inspect-gradients` finds in first steps and in runs; see diagnoses.py."""

from __future__ import annotations

from typing import Final

from nncli.errors import DataError, SpecError, UsageError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "diagnosis-lr-too-high": Words(
        SpecError,
        "with {rate} the loss goes from {before} to {after} in {steps} steps, with {better} to "
        "{other}{update}",
        ("lower the learning rate",),
        "Every step jumps over what it was to reach.",
    ),
    "diagnosis-lr-too-low": Words(
        SpecError,
        "with {rate} the loss goes from {before} to {after} in {steps} steps, with {better} to "
        "{other}{update}",
        ("raise the learning rate",),
        "The run ends long before anything is learnt.",
    ),
    "diagnosis-lr-too-low-for-one-batch": Words(
        SpecError,
        "with {rate} the run learned next to nothing; with {better}, {rows} rows are learnt by heart",
        ("raise the learning rate",),
        "The run ends long before anything is learnt.",
    ),
    "diagnosis-batch-size": Words(
        SpecError,
        "the whole run has {steps} steps: {rows} rows in batches of {size}",
        ("take smaller batches or more epochs",),
        "Weights change once a step, and so few steps do not take them far.",
    ),
    "diagnosis-over-regularised": Words(
        SpecError,
        "in {steps} steps the loss comes to {after}, and without `{key}` to {other}",
        ("lower `{key}`",),
        "Weights are pulled to zero harder than the data pull them away.",
    ),
    "diagnosis-clipped-away": Words(
        SpecError,
        "in {steps} steps the loss comes to {after}, and without `{key}` to {other}",
        ("gradients of healthy networks have norms around 1: clip far above what is usual here",),
        "Every step is cut down to next to nothing, whatever the learning rate says.",
    ),
    "diagnosis-strong-dropout": Words(
        SpecError,
        "`{layer}` leaves out {share} of its units in every step",
        ("lower the share",),
        "So little comes through that the layers behind see mostly noise.",
    ),
    "diagnosis-dead-while-training": Words(
        SpecError,
        "all units of `{layer}` are zero on all rows that were looked at{since}",
        ("take a lower learning rate, or LeakyReLU or GELU",),
        "A unit that is always zero gets no gradient, and never comes back.",
    ),
    "diagnosis-diverged": Words(
        SpecError,
        "the run stopped since a number was not finite{after}",
        ("look at the data first, then the loss, then lower the learning rate or set clip_gradients: 1.0",),
        "From there on nothing can be learnt.",
    ),
    "diagnosis-not-finite-in-training": Words(
        SpecError,
        "the {what} of `{layer}` ({type}) was not finite at step {step}, going {direction}; "
        "its batch: {rows}",
        ("{advice}",),
        "From there on nothing can be learnt.",
    ),
    "diagnosis-output-not-finite": Words(
        SpecError,
        "the output of `{layer}` is not finite",
        ("look at the data first, then the loss, then lower the learning rate or set clip_gradients: 1.0",),
        "From there on nothing can be learnt.",
    ),
    "diagnosis-gradient-not-finite": Words(
        SpecError,
        "the gradient of `{layer}` is not finite",
        ("look at the data first, then the loss, then lower the learning rate or set clip_gradients: 1.0",),
        "The next step makes every weight NaN.",
    ),
    "diagnosis-result-not-finite": Words(
        SpecError,
        "what `{layer}` ({type}) gives is not finite, though all that flows into it is",
        ("look at what flows into it: logarithms of zero and divisions by zero are not finite",),
        "The next step makes every weight NaN.",
    ),
    "diagnosis-diverging-loss": Words(
        SpecError,
        "the loss of training was {best} at its best and ended at {late}",
        ("lower the learning rate, or clip gradients",),
        "What was learnt is lost again.",
    ),
    "diagnosis-discriminator-ahead": Words(
        SpecError,
        "the loss of `{layer}` is {loss}, and that of `{other}` rose from {best} to {late}",
        ("lower its learning rate, give it Dropout, or compare what is real with 0.9 in place of 1",),
        "Where it is never in doubt, next to no gradient tells the other network what to do better.",
    ),
    "diagnosis-unstable-loss": Words(
        SpecError,
        "in {share} of {epochs} epochs the loss turned around by a fifth of it, between {low} and {high}",
        ("lower the learning rate, or take larger batches",),
        "Steps go further than the slope holds, so that what one epoch learns the next one loses.",
    ),
    "diagnosis-noisy-gradients": Words(
        SpecError,
        "gradients of {size} rows are mostly chance: as much direction as chance takes {noise}",
        ("take larger batches, or add gradients up with `accumulate:`",),
        "Steps go in all directions, and their mean is slow.",
    ),
    "diagnosis-overfitting": Words(
        SpecError,
        "the loss of validation was {best} after epoch {epoch} and {late} at the end, and that of training "
        "fell",
        ("stop early, regularise, gather more rows, or take fewer units",),
        "From then on the network learns the rows by heart.",
    ),
    "diagnosis-label-noise": Words(
        DataError,
        "training comes to a loss of {train}; on other rows it is no better than one answer for all: "
        "{best} against {constant}",
        ("look whether inputs and `{layer}` belong together, row by row",),
        "What is learnt by heart says nothing of rows that were not seen.",
    ),
    "diagnosis-undertrained": Words(
        SpecError,
        "the loss of training still fell by {fall} in the last {epochs} epochs",
        ("train longer, or raise the learning rate",),
        "The run ended before it was done.",
    ),
    "diagnosis-underfitting": Words(
        SpecError,
        "{rows} rows alone are not learnt by heart: {error} of the error of one answer for all is left",
        ("take more units or layers, or look for what keeps the input from the output",),
        "What cannot be learnt of a few rows cannot be learnt of many.",
    ),
    "diagnosis-hidden-softmax": Words(
        SpecError,
        "`{layer}` is a {activation} inside the network, before `{next}`",
        ("take {instead}: {activation} is for the end of a network",),
        "Its outputs add up to one, so that hardly any of what flows in gets through.",
    ),
    "diagnosis-softmax-over-rows": Words(
        SpecError,
        "`{layer}` runs over axis 0, the rows of the batch",
        ("write `{activation}: 1`",),
        "What is predicted for a row then depends on the rows beside it.",
    ),
    "diagnosis-classes-one-by-one": Words(
        SpecError,
        "{loss} judges each class by itself, and gets what comes after {activation}",
        ("CrossEntropyLoss takes the output of a Linear layer as it is, and judges classes together",),
        "Gradients become small where the network is wrong and sure.",
    ),
    "diagnosis-last-dropout": Words(
        SpecError,
        "`{layer}` leaves out {share} of the predictions themselves",
        ("leave it out, or put it before the last layer with weights",),
        "What is left out of a prediction is counted as an error of the network.",
    ),
    "diagnosis-frozen-at-random": Words(
        SpecError,
        "`{layer}` is frozen as it was drawn",
        ("leave `freeze:` out where no `weights:` are loaded",),
        "A layer that was never trained and never will be hands on noise.",
    ),
    "diagnosis-not-learning": Words(
        SpecError,
        "the loss is {loss}; one answer for all rows loses {constant}",
        ("`nncli train SPEC --overfit-batch` shows whether it can learn at all",),
        "The network does no better than without any input.",
    ),
    "diagnosis-constant-predictions": Words(
        SpecError,
        "predictions spread {value} times as far as the truth",
        ("`nncli train SPEC --overfit-batch` shows whether it can learn at all",),
        "The network answers the same whatever flows in.",
    ),
    "diagnosis-one-class": Words(
        SpecError,
        "{value} of the predictions are one class, which {true} of the rows have",
        ("`nncli train SPEC --overfit-batch` shows whether it can learn at all",),
        "The network answers the same whatever flows in.",
    ),
    "diagnosis-train-eval-mismatch": Words(
        SpecError,
        "rows that it was trained on lose {eval} out of training and {train} as they are seen in training",
        ("larger batches, more steps, or another `momentum` let BatchNorm's statistics settle",),
        "What validation and predictions use is not what was trained.",
    ),
    "patch-unwritable": Words(
        SpecError,
        "the patch has no line of its own in `{file}`: {where}",
        ("write it by hand where the layer comes from, such as the file that is included",),
        "Patches are put into the lines of one file; what stands in a file that it includes is not there.",
    ),
    "try-of-updates": Words(
        UsageError,
        "the updates of `{file}` have no predictions whose loss could be compared, with a patch and without",
        ("leave `--try` out; `--write FILE.yaml` writes patches all the same",),
        "`--try` runs some steps with each patch, and compares the loss of predictions.",
    ),
    "patch-without-spec": Words(
        UsageError,
        "`{file}` has no text of a spec that could be changed",
        ("name the spec or the run folder instead",),
        "`--try` and `--write` change the text that a person wrote, which a weights file does not hold.",
    ),
    "diagnosis-needs-start": Words(
        SpecError,
        "initial weights come from a file, the weights are those of a run, or the spec is not there",
        (),
        "Diagnoses of the start draw initial weights again.",
    ),
    "diagnosis-needs-replays": Words(
        SpecError,
        "the first steps were not run again: the run is good, or the loss of a constant is unknown",
        (),
        "Diagnoses of the learning rate and of regularising run the first steps with other values.",
    ),
    "diagnosis-needs-objective": Words(
        SpecError,
        "the spec says its own updates, which have no predictions that could be compared with a target",
        (),
        "Diagnoses of losses and of what was learnt compare outputs with targets.",
    ),
    "diagnosis-needs-run": Words(
        SpecError,
        "nothing was trained yet",
        (),
        "Diagnoses of the end look at trained weights and at the history of a run.",
    ),
}
