"""Words for devices, losses, metrics and training; those of optimisers and schedules are in updating.py."""

from __future__ import annotations

from typing import Final

from nncli.errors import DataError, DivergedError, ResourceError, SpecError, UsageError, WeightsError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "batch-of-one": Words(
        SpecError,
        "{why}, but `{layer}` ({type}) needs two rows to normalise over",
        ("write `batch_size: {size}` or more, or take `{layer}` out", "take `{layer}` out"),
        "Batch normalisation computes the deviation over the rows of a batch; one row has none.",
    ),
    "bits-may-differ": Words(
        WeightsError,
        "the machine is not as recorded, so the last bits may differ: {difference}",
        (),
        "Another CPU, device, thread count or torch version can change the last bits of a sum.",
    ),
    "checkpoint-differs": Words(
        WeightsError,
        "the checkpoint does not fit this network: {differing}",
        ("it was written by another spec or version",),
        "Names or shapes of tensors in a checkpoint are not those of the network that should take them.",
    ),
    "compile-checkpoints": Words(
        SpecError,
        "`{network}` has a `checkpoint:`, and is not compiled",
        ("take one of the two out: `compile:` here, or `checkpoint:` there",),
        "torch.compile puts no buffers back, which a layer that runs a second time needs; a warning.",
    ),
    "compile-failed": Words(
        UsageError,
        "torch cannot compile this network: {reason}",
        ("leave `compile: on` out, or install what torch asks for, such as a compiler for C++",),
        "`compile: on` hands the network to torch.compile, which needs a compiler of C++, or Triton.",
    ),
    "device-absent": Words(
        UsageError,
        "{device} was asked for, but torch sees {count} CUDA devices",
        ("use `--device cpu`, or `--device auto` to take CUDA only where it is there",),
        "CUDA was asked for and is not there. nncli never runs on the CPU in silence instead.",
    ),
    "device-unknown": Words(
        UsageError,
        "there is no device `{device}`",
        ("the choices are auto, cpu, cuda and cuda:N",),
        "The words that --device and NNCLI_DEVICE take.",
    ),
    "diverged": Words(
        DivergedError,
        "the {what} of `{layer}` ({type}) is not finite at step {step}, epoch {epoch}, "
        "with a learning rate of {learning_rate}{attempts}; its batch: {rows}",
        ("{advice}",),
        "A loss, gradient or weight became infinite or no number. The weights before it are kept. Named are "
        "the rows in which it began, where that can be told. `on_non_finite:` can say to go on.",
    ),
    "figure-unknown": Words(
        SpecError,
        "there is no figure `{figure}` to watch",
        ("did you mean `{nearest}`? known here: {known}", "known here: {known}"),
        "stop_early.watch and keep_best name a figure of every epoch, such as validation.loss.",
    ),
    "figure-without-rows": Words(
        SpecError,
        "`{figure}` cannot be watched: there are no validation rows",
        ("set `data.split.validation`, or watch train.loss",),
        "A figure of the validation part needs rows in it.",
    ),
    "input-not-in-data": Words(
        SpecError,
        "the network takes `{name}` {shape}, and the data gives {given}",
        ("leave `inputs:` out, so that the data's own inputs flow in",),
        "A network that states its inputs is trained only where the data has these very inputs.",
    ),
    "memory-exhausted": Words(
        ResourceError,
        "the memory is exhausted: {reason}",
        (
            "in a new run: --set training.batch_size={half} --set training.accumulate={accumulate}",
            "a smaller `training.batch_size` needs less",
        ),
        "Memory ran out while the network ran. What was saved before is unharmed.",
    ),
    "padding-before": Words(
        SpecError,
        "`{name}` is padded at the start, and {layer} would read the padding before the text",
        ("write `pad: end`: a recurrent layer stops where the text does",),
        "Recurrent layers leave padding out where it stands behind a row; attention does so on either side.",
    ),
    "class-weights-unfit": Words(
        SpecError,
        "`{word}` needs one target that has a class for each row",
        ("remove it, or write a target of type category or binary",),
        "Classes are weighed and drawn by the one target that has a class for each row.",
    ),
    "class-weights-classes": Words(
        SpecError,
        "`class_weights` does not fit the classes of the target",
        (
            "{unknown} are no classes; they are {known}",
            "a weight is missing for {missing}",
            "a weight is above 0: see {bad}",
        ),
        "Weights of classes name every class of the target, each with a number above 0.",
    ),
    "class-weights-loss": Words(
        SpecError,
        "`{loss}` takes no weights of classes",
        ("use CrossEntropyLoss, NLLLoss or FocalLoss, or BCEWithLogitsLoss for a binary target",),
        "Classes are weighed inside the loss.",
    ),
    "loss-after-layer": Words(
        SpecError,
        "the network ends with {layer}, and {loss} does not expect that: {reason}",
        ("put `- {instead}` in its place", "take {layer} out; predictions are probabilities all the same"),
        "A last layer that the loss does once more makes learning slow or wrong; a warning.",
    ),
    "batch-too-large": Words(
        ResourceError,
        "not even one row trains within {limit}",
        ("take a smaller network, or free memory",),
        "`batch_size: auto` takes half of the memory that is free.",
    ),
    "loss-range": Words(
        SpecError,
        "{loss} takes probabilities, but `{layer}` ({type}) gives any number",
        ("use {instead}, or put `- {activation}` at the end of the network",),
        "The last layer must give what the loss can read.",
    ),
    "loss-reduction": Words(
        SpecError,
        "{loss} must give one number, but its reduction is {reduction}",
        ("leave `reduction` out",),
        "Training makes one number small; `reduction: none` gives one per row.",
    ),
    "loss-outputs": Words(
        SpecError,
        "the network has no output called {missing}; it has {outputs}",
        ("write `outputs: {{{example}}}` behind `layers:`",),
        "Where each target has a loss of its own, the output that it is compared with has the target's name.",
    ),
    "loss-target-missing": Words(
        SpecError,
        "the target `{target}` has no loss",
        ("add it: `{target}: MSELoss`, or take the target out of the data",),
        "Of several targets that have losses of their own each has one.",
    ),
    "loss-several-outputs": Words(
        SpecError,
        "{targets} need an output of the network each",
        ("name the outputs of the network like the targets: `outputs: {{TARGET: LAYER, …}}`",),
        "Targets that are all numbers, or all binary, may stand side by side in one output; classes may not.",
    ),
    "loss-shape": Words(
        SpecError,
        "{loss} on {columns} needs {needed} from the last layer, but `{layer}` gives {given}",
        ("{fix}",),
        "The prediction and the target must have equal shapes; nothing is broadcast.",
    ),
    "loss-target": Words(
        SpecError,
        "{loss} cannot be used on `{column}`, which is a {kind}: {reason}",
        ("use {instead}",),
        "The loss does not fit the kind of the target.",
    ),
    "loss-target-unknown": Words(
        SpecError,
        "there is no target `{target}`",
        ("did you mean `{nearest}`?", "the targets are {known}"),
        "A loss names a target that the data does not have.",
    ),
    "loss-terms-differ": Words(
        SpecError,
        "{losses} need the target in different forms, so they cannot be added",
        (),
        "Some losses compare with a class index, others with numbers.",
    ),
    "loss-unfit": Words(
        SpecError,
        "{loss} cannot be used here: {reason}",
        ("use {instead}",),
        "The loss takes something else than one prediction and one target.",
    ),
    "loss-unknown": Words(
        SpecError,
        "there is no loss `{loss}` in torch.nn",
        ("did you mean `{nearest}`?",),
        "Losses are the classes of the installed torch.nn, by their own names.",
    ),
    "loss-refused": Words(
        SpecError,
        "torch refuses these arguments of {loss}: {reason}",
        (),
        "The loss's own checks failed; the message is torch's.",
    ),
    "metric-kind": Words(
        SpecError,
        "{metric} cannot be computed: it needs {needed}, and the targets are {kinds}",
        ("for these: {known}",),
        "Some metrics are of classes, others of numbers.",
    ),
    "metric-target-unknown": Words(
        SpecError,
        "`metrics:` names a target `{target}` that the data do not have",
        ("did you mean `{nearest}`? the targets are {targets}", "the targets are {targets}"),
        "Metrics by target stand in lists below their names; a list alone is for all targets that it fits.",
    ),
    "metric-unknown": Words(
        SpecError,
        "there is no metric `{metric}`",
        ("did you mean `{nearest}`? the metrics are {known}", "the metrics are {known}"),
        "Metrics have the names of torchmetrics' functions.",
    ),
    "target-outside": Words(
        DataError,
        "{column} has values from {lowest} to {highest} in the {part} part, but {loss} needs {needed}",
        ("{fix}",),
        "A target has values that the loss cannot compare with.",
    ),
    "threads-range": Words(
        UsageError,
        "{received} threads were asked for, but it must be 1 to {most}",
        (),
        "The number of threads of --threads; torch ends the process where the system gives no more.",
    ),
}
