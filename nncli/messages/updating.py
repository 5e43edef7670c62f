"""Words for what changes weights: optimisers, groups of weights, schedules."""

from __future__ import annotations

from typing import Final

from nncli.errors import SpecError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "all-frozen": Words(
        SpecError,
        "`freeze:` leaves no weight that learns",
        ("name fewer weights, such as `freeze: backbone.*`",),
        "Training changes at least one weight.",
    ),
    "accumulate-unfit": Words(
        SpecError,
        "batches cannot be added up: {reason}",
        ("leave `accumulate` out, and make `batch_size` larger",),
        "With `accumulate: 4` the gradients of four batches make one update.",
    ),
    "average-form": Words(
        SpecError,
        "`average` holds one of `ema:`, a number between 0 and 1, and `swa:`, where it begins",
        ("write `average: {{ema: 0.999}}` or `average: {{swa: 75%}}`",),
        "Weights are averaged with a decay after every step, or alike after the last epochs.",
    ),
    "clip-form": Words(
        SpecError,
        "`clip_gradients` needs `norm:` or `value:`",
        ("write `clip_gradients: 1.0`, or `clip_gradients: {{value: 0.5}}`",),
        "Gradients are clipped by the norm of all together, or each number by its size.",
    ),
    "group-form": Words(
        SpecError,
        "`groups` cannot be read: {fault}",
        ('write `- {{match: "*.bias", weight_decay: 0}}`',),
        "An entry of groups names weights by a pattern, and the arguments that are other for them.",
    ),
    "group-taken": Words(
        SpecError,
        "every weight that {pattern} matches is taken by {earlier} already",
        ("put this entry above the other: the first that matches wins",),
        "Of the entries of groups the first that matches a weight is the one for it.",
    ),
    "nothing-to-learn": Words(
        SpecError,
        "the network has no weights that an optimiser could change",
        ("add a layer with weights, such as `- Linear: 10`",),
        "Training needs at least one weight.",
    ),
    "optimizer-refused": Words(
        SpecError,
        "torch refuses these arguments of {optimizer}: {reason}",
        (),
        "The optimiser's own checks failed; the message is torch's.",
    ),
    "precision-unfit": Words(
        SpecError,
        "`precision: fp16` cannot be used here: {reason}",
        ("`precision: bf16` has the same speed and needs no scale",),
        "Steps in float16 are for GPUs. Gradients are scaled, and a step whose numbers overflow is left out.",
    ),
    "optimizer-sparse": Words(
        SpecError,
        "{optimizer} does not fit the gradients of this network: {reason}",
        ("leave `sparse` out of the Embedding, or use SGD or Adagrad",),
        "An Embedding with `sparse: true` has sparse gradients, which few optimisers take.",
    ),
    "optimizer-unknown": Words(
        SpecError,
        "there is no optimiser `{optimizer}` in torch.optim",
        ("did you mean `{nearest}`?",),
        "Optimisers are the classes of the installed torch.optim, by their own names.",
    ),
    "regularise-form": Words(
        SpecError,
        "`regularise` holds `l1:`, a number above 0, and if you like `match:` with patterns of weights",
        ("write `regularise: {{l1: 1e-5}}`; weight decay is an argument of the optimiser",),
        "The sizes of weights, times this number, are made small with the loss.",
    ),
    "run-length-matters": Words(
        SpecError,
        "{what} is a share of the run, so that one of {now} differs from its first step on",
        ("train a new run, without `--resume`; numbers of epochs and steps let a run be made longer",),
        "A finished run is made longer only where a longer one would have begun in the same way.",
    ),
    "schedule-alone": Words(
        SpecError,
        "{scheduler} works the rate out anew each time, so that the others beside it hardly count",
        ("a list lets one follow the other: `[{{LinearLR: {{}}, for: 5 epochs}}, …]`",),
        "Schedulers that move the rate together each go on from it; some of torch's do not; a warning.",
    ),
    "schedule-beyond": Words(
        SpecError,
        "`{argument}` of {scheduler} is {length} {unit}, but the run is over after {runs}",
        ("leave `{whole}` out: it is then the whole run", "write a number of {unit} that the run has"),
        "A schedule that is cut off leaves the learning rate where it happens to be; a warning.",
    ),
    "schedule-endless": Words(
        SpecError,
        "{what} is a share of the run, and this run ends by the clock",
        (
            "write `{argument}: 20`, or give the run `epochs:` instead of `minutes:`",
            "write `500 steps` or `2 epochs`, or give the run `epochs:` instead of `minutes:`",
        ),
        "A share of a run is counted from its epochs or steps.",
    ),
    "schedule-form": Words(
        SpecError,
        "`schedule` cannot be read: {fault}",
        (
            "did you mean `{word}`?",
            "{instead}",
            "write `schedule: {{CosineAnnealingLR: {{}}, warmup: 5%}}`",
        ),
        "A schedule is a scheduler of torch with words beside it, or a list of them that follow each other.",
    ),
    "schedule-long": Words(
        SpecError,
        "this never begins: {what} {updates} steps, and the run has {steps}",
        ("make `warmup:` or `for:` shorter; a share such as `5%` fits every run",),
        "Parts of a schedule follow each other; the run is over before this one; a warning.",
    ),
    "schedule-negative": Words(
        SpecError,
        "`{argument}` is {value} at {at}, and a rate below zero makes the loss larger",
        ("keep it at zero or more: `max(0, …)`",),
        "A factor of a learning rate is zero or more at every count of the run.",
    ),
    "schedule-over": Words(
        SpecError,
        "{scheduler} gives no rate after `{argument}`, which is {length}, but the run has {runs} {unit}",
        ("leave `{argument}` out: it is then the whole run",),
        "OneCycleLR gives no rate after its last step.",
    ),
    "schedule-refused": Words(
        SpecError,
        "torch refuses these arguments of {scheduler}: {reason}",
        (),
        "The scheduler's own checks failed; the message is torch's.",
    ),
    "schedule-rises": Words(
        SpecError,
        "after {length} of {runs} {unit} the rate of {scheduler} rises again",
        ("leave `{argument}` out: it is then the whole run", "use CosineAnnealingWarmRestarts for restarts"),
        "A cosine is half a wave long; what follows goes up; a warning.",
    ),
    "schedule-unfit": Words(
        SpecError,
        "{scheduler} cannot be used like this",
        ("{instead}",),
        "Some schedulers take others, and some words belong to one of them.",
    ),
    "schedule-unknown": Words(
        SpecError,
        "there is no scheduler `{scheduler}` in torch.optim.lr_scheduler",
        ("did you mean `{nearest}`?",),
        "Schedulers are the classes of the installed torch.optim.lr_scheduler, by their own names.",
    ),
    "span-form": Words(
        SpecError,
        "`{key}` is {received}, but must be a stretch of the run",
        ("write `{number} steps` or `{number} epochs`", "`5%`, `500 steps` or `2 epochs`"),
        "A stretch of a run has a unit: a share of it, steps or epochs.",
    ),
}
