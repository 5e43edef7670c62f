"""Words for what the compiler refuses."""

from __future__ import annotations

from typing import Final

from nncli.errors import ResourceError, SpecError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "argument-layer": Words(
        SpecError,
        "`{layer}` takes a layer as its argument `{argument}`, and no argument of a spec is a layer",
        ("make that layer in the constructor of `{layer}`, from numbers and words",),
        "Arguments are numbers, words, truths, lists and mappings of them.",
    ),
    "argument-missing": Words(
        SpecError,
        "{call} needs {missing}",
        ("write {example}", "add `{added}`; its arguments: {signature}", "its arguments: {signature}"),
        "A required argument of a layer, loss or optimiser is not there.",
    ),
    "argument-range": Words(
        SpecError,
        "{argument} of {call} is {received}, but must be {allowed}",
        ("{smaller}",),
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
        (
            "{instead}",
            "leave out {filled}, which nncli fills in: positions start behind it",
        ),
        "An argument has a type that torch does not take.",
    ),
    "argument-unknown": Words(
        SpecError,
        "{call} has no argument `{argument}`",
        (
            "`{word}:` stands beside `{call}:`, in the same column",
            "{instead}",
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
        (
            "write `type: index, vocabulary: 1000` beside the `shape:` of `{input}`",
            "name a category with `from: NAME`",
        ),
        "An embedding needs the index of a category or token.",
    ),
    "inputs-count": Words(
        SpecError,
        "{layer} takes {takes}, but {given}",
        (
            "it takes {inputs}, in this order: `from: {names}`",
            "make one of them: `- cat: {{dim: 1}}` with this `from:`, then `- {one}`",
            "its inputs: {inputs}",
        ),
        "A layer gets more or fewer values than its forward takes.",
    ),
    "layer-inputs-unnamed": Words(
        SpecError,
        "the forward of `{layer}` names no input",
        ("write `def forward(self, x)` in {file}, with a name for each input",),
        "What flows into a layer is given to its forward by name; `*args` has none.",
    ),
    "layer-lazy": Words(
        SpecError,
        "`{layer}` holds lazy layers, whose sizes are not known when it is made",
        ("take the size as an argument: a required `in_features` or `in_channels` is filled in",),
        "Lazy layers of torch find their sizes at the first batch; here sizes are known before training.",
    ),
    "layer-not-allowed": Words(
        SpecError,
        "{layer} cannot stand in a network: {reason}",
        ("take it out, and write `loss: {loss}` below `training:`", "take it out"),
        "A class of torch.nn that is no layer.",
    ),
    "layer-raised": Words(
        SpecError,
        "`{layer}` raised at {where}: {reason}",
        ("it was given {received}",),
        "The constructor or the forward of a class of `--code` failed.",
    ),
    "layer-refused": Words(
        SpecError,
        "torch refuses these arguments of {layer}: {reason}",
        ("{fix}", "its arguments: {signature}"),
        "The layer's own checks failed; the message is torch's.",
    ),
    "layer-state": Words(
        SpecError,
        "`{layer}` keeps `{name}`, which is no tensor, and a weights file holds tensors only",
        ("make it a buffer, or leave get_extra_state out of the class",),
        "Weights files and checkpoints hold parameters and buffers, and nothing that could be code.",
    ),
    "layer-unknown": Words(
        SpecError,
        "there is no layer `{layer}` in torch.nn",
        (
            "write `- {meant}`: arguments stand behind a colon",
            "did you mean `{nearest}`?",
            "did you mean the word `{word}`? it stands beside a layer, below its `- `",
            "layers are the classes of torch.nn; your own come in by `--code FILE.py`",
        ),
        "Layers are the classes of the installed torch.nn by their own names, and those of `--code`.",
    ),
    "memory-too-small": Words(
        ResourceError,
        "the weights up to `{layer}` need {needed}, {free} are free",
        ("make the layer smaller",),
        "The weights do not fit into this machine's memory; nothing was allocated.",
    ),
    "name-of-input": Words(
        SpecError,
        "`{name}` is the name of {what} already",
        ("`{name}_layer` would do",),
        "A layer cannot have the name of an input, a constant, or a network that is a layer beside it.",
    ),
    "name-repeated": Words(
        SpecError,
        "the name `{name}` is taken by line {line}",
        ("give this one another name",),
        "A name stands once in its scope.",
    ),
    "name-taken": Words(
        SpecError,
        "`{name}` cannot be a layer's name: torch's modules have an attribute of this name",
        ("`{name}_layer` would do",),
        "Names of layers become attributes of a module and must not hide what it has.",
    ),
    "network-input-unknown": Words(
        SpecError,
        "the data have no input `{name}`",
        ("did you mean `{nearest}`? known here: {known}", "known here: {known}"),
        "A network names inputs of the data, or states others with their shapes: `{name: [16]}`.",
    ),
    "network-empty": Words(
        SpecError,
        "the network has no layers",
        ("write at least one, such as `- Linear: 10`",),
        "A network needs at least one layer.",
    ),
    "padding-counted": Words(
        SpecError,
        "{layer} would count the padding of {value}",
        ("{fix}",),
        "What flows in has a padding mask, and this layer or function cannot leave padding out.",
    ),
    "positions-refused": Words(
        SpecError,
        "{inferred} of {layer} is inferred, and a number here would set {first}",
        ("leave it out, or write the argument's name: `{{{first}: …}}`",),
        "Where the size that people mean is inferred, arguments are written by name.",
    ),
    "positions-shifted": Words(
        SpecError,
        "nncli fills in {inferred} of {layer}, and positions do not count it",
        ("write `{meant}`, or the names of the arguments if you mean these",),
        "Counted as in torch, with the size that is left out here, positions would set other arguments.",
    ),
    "result-not-tensor": Words(
        SpecError,
        "{layer} returns no tensor",
        ("a layer returns a tensor, or several as a tuple",),
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
        "{layer} does not fit {received}: {reason}",
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
        (
            "write `{word}: …` beside the `shape:` of `{input}`, or state it: `{argument}: …`",
            "state it: `{argument}: …`",
        ),
        "A size that is usually inferred must be stated here.",
    ),
    "size-outside": Words(
        SpecError,
        "size({dimension}) is outside of what flows in, whose dimensions are 1 to {last}",
        ("{received} flows in: `size(1)` is {first}",),
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
        (
            "write the number: `{number}`",
            "did you mean `{nearest}`?",
            "a block sees its own: `inputs: [x, {name}]` in `{block}:`, `from: {{{name}: …}}` at its call",
            "known here: {known}",
        ),
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
