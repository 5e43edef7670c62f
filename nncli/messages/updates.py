"""Words for updates: what training makes small where it says so itself."""

from __future__ import annotations

from typing import Final

from nncli.errors import SpecError, UsageError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "compute-names": Words(
        SpecError,
        "`compute:` of training gives every value a name",
        ("write `compute: {{score: discriminator(image)}}`",),
        "What a loss reads has a name; an expression without one could not be read.",
    ),
    "compute-without-loss": Words(
        SpecError,
        "nothing reads the values of `compute:`",
        ("write a loss that names them, such as `loss: {{MSELoss: {{}}, from: [score, 1]}}`",),
        "Values of `compute:` are there for a loss with `from:` or `compute:`.",
    ),
    "gradient-form": Words(
        SpecError,
        "`grad` takes two values: what is differentiated, and by what",
        ("write `grad(score, image)`",),
        "`grad(y, x)` is the gradient of the sum of y by x, in the shape of x.",
    ),
    "model-of-updates": Words(
        UsageError,
        "the loss of {file} names its own values, so that nothing says which output answers which target",
        ("write a recipe below `predict:` in the spec, and then `nncli predict RUN FILE --recipe NAME`",),
        "predict, `train --overfit-batch` and `inspect-gradients` of a weights file read networks whose loss "
        "stands between an output and the targets of the data. Recipes say what else is to come out.",
    ),
    "measure-form": Words(
        SpecError,
        "a metric of an update is one name, and what it compares",
        ("write `{{accuracy: {{}}, from: [PREDICTION, TARGET]}}`",),
        "`metrics:` beside `update:` compare values of the update, as its losses do.",
    ),
    "measure-shape": Words(
        SpecError,
        "`{metric}` cannot compare {said} with {true}",
        ("give it values of the same shape; of classes their scores, one for each, or the class itself",),
        "Scores have a class axis behind the rows; two classes are compared as such, as `found: score > 0`.",
    ),
    "metrics-updates": Words(
        SpecError,
        "`metrics` compare an output with a target, and a training of updates says no output",
        ("write `metrics: [{{accuracy: {{}}, from: [PREDICTION, TARGET]}}]` beside `update:`",),
        "In a training with `updates:` each of them has metrics of its own.",
    ),
    "mix-updates": Words(
        SpecError,
        "`{mixer}` mixes images and their targets for one loss, not for updates",
        ("remove `{mixer}`",),
        "MixUp and CutMix belong to a loss between the outputs and the targets of the data.",
    ),
    "network-argument": Words(
        SpecError,
        "`{name}` is a network, and takes values of the batch",
        ("write the name of a value, or make one: `randn(batch, 16)`",),
        "What stands in the brackets of a network flows into it.",
    ),
    "generate-format": Words(
        UsageError,
        "cannot write what was made to `{file}`",
        ("end the name in {known}",),
        "Images go into one PNG, texts into .txt, and everything else into .npz, .safetensors or .csv.",
    ),
    "generate-option": Words(
        UsageError,
        "{options} is for recipes that write text, and `{name}` makes rows",
        ("leave it out",),
        "A recipe with `generate:` writes text; all others make rows, which go into a file.",
    ),
    "recipe-carried": Words(
        SpecError,
        "`{name}` starts as {before}, and a round makes it {after}",
        ("give it the same shape in `start:` and in `compute:`",),
        "What `start:` names goes from one round to the next, so that its shape stays.",
    ),
    "recipe-form": Words(
        SpecError,
        "a recipe of `predict:` says what it computes",
        ("write `predict: {{sample: {{compute: {{image: generator(randn(batch, 100))}}}}}}`",),
        "`predict:` holds recipes by name, each with `compute:`; also `start:`, `repeat:` and `outputs:`.",
    ),
    "recipe-makes-rows": Words(
        UsageError,
        "the recipe `{name}` makes rows by itself, and predict gives it some",
        ("type `nncli generate {run} --recipe {name}`",),
        "predict runs recipes that read columns of the data, generate those that read none.",
    ),
    "recipe-none": Words(
        UsageError,
        "{file} has no recipes to run",
        ("write one below `predict:` in the spec, as docs/training.md shows, and train it",),
        "generate runs a recipe that the spec gives below `predict:`.",
    ),
    "recipe-not-chosen": Words(
        UsageError,
        "{file} has several recipes, or none that reads no rows: {known}",
        ("choose one with `{choice}`",),
        "Where one recipe makes rows by itself, it is taken; else one is named.",
    ),
    "recipe-outputs": Words(
        SpecError,
        "the recipe computes no `{name}`",
        ("did you mean `{nearest}`? known here: {known}", "known here: {known}"),
        "`outputs:` of a recipe names values of its `start:` and `compute:`, each once.",
    ),
    "recipe-reads-rows": Words(
        UsageError,
        "the recipe `{name}` reads {inputs} of the data, and generate gives it no rows",
        ("type `nncli predict {run} FILE --recipe {name}`",),
        "generate runs recipes that make rows by themselves.",
    ),
    "recipe-round": Words(
        SpecError,
        "`{name}` in `repeat:` of a recipe is no number",
        ("write numbers: `repeat: {{step: $(range(99, -1, -1))}}`",),
        "The rounds of a recipe are run with numbers that its expressions read by name.",
    ),
    "recipe-rows": Words(
        SpecError,
        "`{name}` {shape} has no rows",
        ("give it one row for each of the batch",),
        "What a recipe gives has the rows first.",
    ),
    "recipe-shape": Words(
        UsageError,
        "`{name}` has {shape} numbers in each row, which is no cell of a table",
        ("write `--format jsonl`",),
        "A table has one number in a cell; lists of lists go into JSON.",
    ),
    "recipe-unknown": Words(
        UsageError,
        "there is no recipe `{name}`",
        ("did you mean `{nearest}`? known here: {known}", "known here: {known}"),
        "`--recipe` names an entry of `predict:`.",
    ),
    "term-form": Words(
        SpecError,
        "a term of a loss is one loss of torch.nn with `from:`, or `compute:`",
        ("write `{{MSELoss: {{}}, from: [PREDICTION, TARGET]}}`, or `{{compute: mean(a * a)}}`",),
        "A loss that names its values is a term, or a list of them that are added up.",
    ),
    "term-from": Words(
        SpecError,
        "`from:` of a loss names two values: the prediction, then the target",
        ("write `from: [PREDICTION, TARGET]`; the target may be a number",),
        "A loss of torch.nn stands between a prediction and a target.",
    ),
    "term-name-twice": Words(
        SpecError,
        "two terms of this loss are called `{name}`",
        ("give each a name of its own",),
        "The name of a term is that of its figure.",
    ),
    "term-number": Words(
        SpecError,
        "{loss} cannot be compared with that number",
        ("name a column with classes, or take a loss of numbers, such as BCEWithLogitsLoss",),
        "A written number stands for a value of the same shape as the prediction; classes are none.",
    ),
    "term-result": Words(
        SpecError,
        "the term `{term}` gives {shape}, and a loss is one number",
        ("take its mean: `mean(…)`",),
        "The terms of a loss are added up, so that each has to be one number.",
    ),
    "term-shape": Words(
        SpecError,
        "{loss} compares `{prediction}` {given} with `{target}`, which arrives as {wanted}",
        ("give both the same shape",),
        "A prediction and its target have equal shapes; they are never broadcast.",
    ),
    "term-weight": Words(
        SpecError,
        "the weight `{text}` is no number",
        ("write a number, or an expression of `step` and `epoch`",),
        "A term is multiplied with one number.",
    ),
    "update-network": Words(
        SpecError,
        "there is no network `{name}` to update",
        ("did you mean `{nearest}`? known here: {known}", "known here: {known}"),
        "`update:` names networks of the file, each once.",
    ),
    "update-repeat": Words(
        SpecError,
        "`repeat` of an update is a whole number from 1 to 1000",
        (),
        "An update runs as often in a step, each time on a new batch.",
    ),
    "update-unmoved": Words(
        SpecError,
        "the loss of this update does not depend on `{network}`",
        ("call `{network}` in `compute:`, and do not `detach` what it gives",),
        "An update changes the weights of its networks, so that its loss has to come from them.",
    ),
    "update-repeats": Words(
        SpecError,
        "`{network}` is changed by `{first}` and by `{update}`, each with an optimiser of its own",
        ("write their losses as a list in one update, or say `optimizer:` in both",),
        "Two optimisers of the same settings keep moments apart, which is rarely what was meant.",
    ),
    "update-missing": Words(
        SpecError,
        "nothing trains `{network}`: no update names it, and it is not frozen",
        ("write an update of `{network}`, or `freeze: true` beside its layers",),
        "With `updates:`, only the networks that they name learn.",
    ),
    "updates-beside": Words(
        SpecError,
        "`{key}` stands in the updates, where there are any",
        ("move it into an entry of `updates:`",),
        "A training has one loss, or a list of updates with a loss each.",
    ),
    "updates-form": Words(
        SpecError,
        "`updates:` is a list, in which every entry says what it updates and by which loss",
        ("write `updates: [{{update: generator, loss: …}}, …]`",),
        "The updates of a step, in order.",
    ),
}
