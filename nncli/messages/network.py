"""Words for what the compiler refuses."""

from __future__ import annotations

from typing import Final

from nncli.errors import ResourceError, SpecError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "argument-missing": Words(
        SpecError,
        "{call} needs {missing}",
        ("write {example}", "its arguments: {signature}"),
        "A required argument of a layer, loss or optimiser is not there.",
    ),
    "argument-range": Words(
        SpecError,
        "{argument} of {call} is {received}, but must be {allowed}",
        (),
        "A number is outside of what makes sense.",
    ),
    "argument-repeated": Words(
        SpecError,
        "{call} gets {argument} twice: by its position and by its name",
        ("remove one of the two",),
        "An argument is given by position and by keyword.",
    ),
    "argument-type": Words(
        SpecError,
        "{argument} of {call} is {received}, but must be {expected}",
        ("leave out {filled}, which nncli fills in: positions start behind it",),
        "An argument has a type that torch does not take.",
    ),
    "argument-unknown": Words(
        SpecError,
        "{call} has no argument `{argument}`",
        (
            "`{word}:` stands beside `{call}:`, in the same column",
            "did you mean `{nearest}`? its arguments: {signature}",
            "its arguments: {signature}",
        ),
        "The installed torch does not know this argument.",
    ),
    "count-unknown": Words(
        SpecError,
        "nothing in the data counts `${name}`",
        ("say which: {known}", "`$classes` counts the classes of a category in `targets:` of `data:`"),
        "`$classes` and `$NAME.classes` stand for what the data counts.",
    ),
    "input-ambiguous": Words(
        SpecError,
        "the first layer could take any of several inputs: {inputs}",
        ("say which with `from: NAME`",),
        "Several inputs flow into the network, and the first layer names none.",
    ),
    "input-dimensions": Words(
        SpecError,
        "{layer} takes {expected}; {received} arrives from {source}",
        ("{fix}",),
        "What flows into a layer has too many or too few dimensions.",
    ),
    "input-index": Words(
        SpecError,
        "{layer} takes numbers; an index arrives from {source}",
        ("put `- Embedding: 16` before it, or use `features`, where categories are one-hot",),
        "A category or token index flows into a layer that computes with numbers.",
    ),
    "input-not-index": Words(
        SpecError,
        "{layer} takes an index; numbers arrive from {source}",
        ("name a category with `from: NAME`",),
        "An embedding needs the index of a category or token.",
    ),
    "inputs-count": Words(
        SpecError,
        "{layer} takes {takes}, but {given}",
        ("name them: `from: {names}`",),
        "A layer gets more or fewer values than its forward takes.",
    ),
    "layer-not-allowed": Words(
        SpecError,
        "{layer} cannot stand in a network: {reason}",
        (),
        "A class of torch.nn that is no layer.",
    ),
    "layer-refused": Words(
        SpecError,
        "torch refuses these arguments of {layer}: {reason}",
        ("its arguments: {signature}",),
        "The layer's own checks failed; the message is torch's.",
    ),
    "layer-unknown": Words(
        SpecError,
        "there is no layer `{layer}` in torch.nn",
        (
            "did you mean `{nearest}`?",
            "did you mean the word `{word}`? it stands beside a layer, below its `- `",
            "layers are the classes of torch.nn, such as Linear, Conv2d, ReLU or LSTM",
        ),
        "Layers are the classes of the installed torch.nn, by their own names.",
    ),
    "memory-too-small": Words(
        ResourceError,
        "the weights up to `{layer}` need {needed}, {free} are free",
        ("make the layer smaller",),
        "The weights do not fit into this machine's memory; nothing was allocated.",
    ),
    "name-of-input": Words(
        SpecError,
        "`{name}` is the name of an input already",
        ("`{name}_layer` would do",),
        "A layer and an input of one network cannot have the same name.",
    ),
    "name-repeated": Words(
        SpecError,
        "the name `{name}` is taken by line {line}",
        ("give this one another name",),
        "Two layers of one network have the same name.",
    ),
    "name-taken": Words(
        SpecError,
        "`{name}` cannot be a layer's name: torch's modules have an attribute of this name",
        ("`{name}_layer` would do",),
        "Names of layers become attributes of a module and must not hide what it has.",
    ),
    "network-empty": Words(
        SpecError,
        "the network has no layers",
        ("write at least one, such as `- Linear: 10`",),
        "A network needs at least one layer.",
    ),
    "positions-refused": Words(
        SpecError,
        "{inferred} of {layer} is inferred, and a number here would set {first}",
        ("leave it out, or write the argument's name: `{{{first}: …}}`",),
        "Where the size that people mean is inferred, arguments are written by name.",
    ),
    "result-not-tensor": Words(
        SpecError,
        "{layer} returns no tensor",
        (),
        "The result of a layer cannot flow on.",
    ),
    "result-too-large": Words(
        ResourceError,
        "two rows of the result of `{layer}` need {needed}, {free} are free",
        ("make its result smaller",),
        "What a layer returns does not fit into this machine's memory; nothing was allocated.",
    ),
    "shape-empty": Words(
        SpecError,
        "{layer} leaves nothing: {received} from {source} becomes {result}",
        ("pool or stride less before it",),
        "A result has a dimension of zero.",
    ),
    "shape-mismatch": Words(
        SpecError,
        "{layer} does not fit {received} from {source}: {reason}",
        ("{fix}",),
        "A layer failed on the shape that flows in; the reason is torch's.",
    ),
    "size-differs": Words(
        SpecError,
        "{argument} of {call} is stated as {stated}, but {size} arrive from {source}",
        ("leave {argument} out, it is inferred",),
        "A stated size is checked against what flows in.",
    ),
    "size-not-inferred": Words(
        SpecError,
        "{argument} of {call} cannot be read from what flows in",
        ("state it: `{argument}: …`",),
        "A size that is usually inferred must be stated here.",
    ),
    "size-outside": Words(
        SpecError,
        "size({dimension}) is outside of what flows in, whose dimensions are 1 to {last}",
        (),
        "size(d) reads a dimension of the value that flows in; 0 is the batch.",
    ),
    "size-unknown": Words(
        SpecError,
        "size({dimension}) is not known",
        (),
        "An earlier mistake hides the size.",
    ),
    "too-many-arguments": Words(
        SpecError,
        "{call} takes at most {most} positions, {given} are given",
        ("its arguments: {signature}",),
        "More arguments by position than the call takes.",
    ),
    "value-unknown": Words(
        SpecError,
        "nothing above is called `{name}`",
        ("did you mean `{nearest}`?", "known here: {known}"),
        "from: names inputs and layers that stand earlier in the list.",
    ),
    "value-unnamed": Words(
        SpecError,
        "`{name}` on line {line} has that name only by its position",
        ("give it a name to refer to: `name: {name}` beside it",),
        "Inserting a layer would change an automatic name, so that `from:` takes only names of the file.",
    ),
    "wrong-axis": Words(
        SpecError,
        "{layer} works on axis {axis}, but {received} from {source} has its channels on axis {actual}",
        ("{fix}",),
        "With sizes inferred, torch would work on the wrong axis in silence.",
    ),
}
