"""Words for how items of a network are wired, shared, joined and finished."""

from __future__ import annotations

from typing import Final

from nncli.errors import SpecError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "block-inputs-missing": Words(
        SpecError,
        "{block} takes {inputs}, and nothing flows into {missing}",
        ("say what does, below it: `from: {{{missing}: NAME}}`",),
        "A block gets a value for each of its `inputs:`.",
    ),
    "call-refused": Words(
        SpecError,
        "{call} does not fit {received}: {reason}",
        ("{fix}",),
        "A layer, function or operator does not fit what it gets; the reason is torch's.",
    ),
    "checkpoint-unfit": Words(
        SpecError,
        "`checkpoint:` lets what stands under a name run again, and this {operation} {reason}",
        ("put it beside a layer, a block, a network, or a structure with `name:`",),
        "Checkpoints keep nothing inside of layers, blocks, networks and named structures.",
    ),
    "flow-number": Words(
        SpecError,
        "{layer} takes a value of the network, not {received}",
        ("write the name of a value in `from:`",),
        "Only functions and losses take plain numbers in `from:`, and only `mask:` takes none.",
    ),
    "flow-several": Words(
        SpecError,
        "{layer} takes one value, and {count} flow in",
        ("name them where they come from, `name: [a, b]`, and say which: `from: a`; or `take: 0` there",),
        "An item with several results does not say which of them flows on.",
    ),
    "init-without-weight": Words(
        SpecError,
        "{layer} has no `weight` that {call} could fill",
        ('initial values by pattern stand in the network: `init: [{{match: "*.weight", {call}: {{}}}}]`',),
        "`init:` beside an item fills its `weight`; beside a Parameter, the Parameter itself.",
    ),
    "initialiser-refused": Words(
        SpecError,
        "{call} cannot fill {name}: {reason}",
        (),
        "An initialiser failed on the shape of a weight; the reason is torch's.",
    ),
    "initialiser-unknown": Words(
        SpecError,
        "there is no initialiser `{name}` in torch.nn.init",
        (
            "did you mean `{nearest}`?",
            "initialisers are the functions of torch.nn.init, such as kaiming_normal_ or zeros_",
        ),
        "Initialisers are the functions of torch.nn.init, by their own names.",
    ),
    "input-unused": Words(
        SpecError,
        "nothing takes the input `{name}`",
        ("take it out, or say where it flows in: `from: {name}`",),
        "An input that no item takes is most often forgotten; a warning.",
    ),
    "input-unknown": Words(
        SpecError,
        "{layer} has no input `{input}`",
        ("did you mean `{nearest}`? its inputs: {known}", "its inputs: {known}"),
        "`from:` as a mapping uses the names of a layer's forward, or of a block's `inputs:`.",
    ),
    "join-axis": Words(
        SpecError,
        "nobody knows along which axis these branches are joined: {shapes}",
        (
            "their channels lie on axes {axes}: `rearrange` one like the other",
            "say it: `join: {{cat: {{dim: 1}}}}`",
        ),
        "`join: cat` joins along the channel axis, where all branches agree on it.",
    ),
    "mask-form": Words(
        SpecError,
        "{received} is no mask of {value} {shape}",
        ("a mask is bool, [batch, steps], and true where a step is valid: `compute: tokens != 0`",),
        "`from: {mask: NAME}` gives a value another padding mask.",
    ),
    "join-empty": Words(
        SpecError,
        "nothing is there to join",
        ("a repeat beside `join:` has at least one repetition that is there",),
        "Repetitions side by side become one value, so that one of them has to be there.",
    ),
    "mask-missing": Words(
        SpecError,
        "{value} has no {part}",
        ("an input gets one with `mask: true` beside its `shape:`",),
        "`.mask` and `.length` travel beside padded sequences only.",
    ),
    "output-several": Words(
        SpecError,
        "the output `{name}` is several values",
        ("name them where they come from, `name: [a, b]`, and list them in `outputs:`",),
        "Each output is one tensor.",
    ),
    "output-without-rows": Words(
        SpecError,
        "an output has the shape {shape}, without one row for each row of the batch",
        ("reductions leave the batch alone with a dim: `- mean: {{dim: 1}}`",),
        "The first dimension of every output is the batch.",
    ),
    "part-unknown": Words(
        SpecError,
        "`{value}` leads nowhere: there is no `{part}`",
        (
            "did you mean `{nearest}`?",
            "inside there are: {known}",
            "nothing inside has a name: write `name: {part}` below the item that you mean",
        ),
        "A path leads inward through named items, results and repetitions.",
    ),
    "parametrization-unknown": Words(
        SpecError,
        "weights cannot go through `{name}`",
        ("did you mean `{nearest}`?", "spectral_norm or weight_norm, as in torch.nn.utils.parametrizations"),
        "Norms of weights have the names that torch.nn.utils.parametrizations gives them.",
    ),
    "parametrize-refused": Words(
        SpecError,
        "{call} cannot be put on {name}: {reason}",
        (),
        "A norm of weights failed on their shape or on its arguments; the reason is torch's.",
    ),
    "parametrize-unfit": Words(
        SpecError,
        "{name} cannot go through {call}: {reason}",
        ("say which weights are meant: `match: NAME.weight`, or `parametrize:` beside the layer",),
        "Weights that are shared, recurrent or read row by row have no norm.",
    ),
    "parametrize-without-weight": Words(
        SpecError,
        "{layer} has no `{name}` that {call} could be put on",
        ('inside of it, name them in the network: `parametrize: [{{match: "*.weight", {call}: {{}}}}]`',),
        "`parametrize:` beside an item is of its `weight`, or of another tensor by `name:`.",
    ),
    "pattern-matches-nothing": Words(
        SpecError,
        "no weight has a name that matches `{pattern}`",
        ("did you mean `{nearest}`?", "names are such as {known}"),
        "Patterns are compared with the names of the weights; `*` stands for anything between dots.",
    ),
    "residual-shape": Words(
        SpecError,
        "the residual adds {body} to {around}",
        (
            "write `{fix}` beside it",
            "the layers inside lose {padding} along an axis: pad them, `padding: same`",
            "both have to be of one shape",
        ),
        "The result of a residual's body is added to what flows in; shapes are never broadcast.",
    ),
    "result-unused": Words(
        SpecError,
        "nothing uses the result of {layer}",
        ("take the item out, or name it and use its name in `from:`",),
        "An item whose result leads to no output does nothing.",
    ),
    "rows-fixed": Words(
        SpecError,
        "{call} fits a batch of 2 rows, and no other: {received}",
        (
            "{fix}",
            "a batch has any number of rows: write -1 in the place of 2, or `batch` in an expression",
        ),
        "A network runs on two rows while it is compiled, and on three: no size may stand for the rows.",
    ),
    "rows-lost": Words(
        SpecError,
        "{call} gives {shape}, which is not one row for each that flows in",
        (
            "a reduction leaves the batch alone with a dim: `- {whole}: {{dim: 1}}`",
            "the first axis is the batch: leave it whole, as in `x[:, 0]`, or name another axis with `dim`",
        ),
        "The first dimension of every output is the batch.",
    ),
    "share-differs": Words(
        SpecError,
        "{layer} has the weights of `{name}`, but other {arguments}",
        ("write the same arguments, or leave out `share:`",),
        "Where weights are shared, every layer is built alike.",
    ),
    "share-other-kind": Words(
        SpecError,
        "`{name}` is {other}, and cannot lend its weights to {layer}",
        ("single weights can be shared: `share: {{weight: NAME.weight}}`",),
        "`share: NAME` uses a layer again, so that both are of one kind.",
    ),
    "share-shape": Words(
        SpecError,
        "{name} is {own}, {owner} is {other}: they cannot be the same weight",
        ("{fix}", "make both of one shape"),
        "A shared parameter has one shape.",
    ),
    "share-unknown": Words(
        SpecError,
        "there are no weights called `{name}` above",
        ("name a layer, `share: NAME`, or a weight in it: `share: {{weight: NAME.weight}}`",),
        "`share:` names an item above that has weights.",
    ),
    "share-with-arguments": Words(
        SpecError,
        "{layer} shares the weights of `{name}`, and takes no arguments of its own",
        ("write `{layer}:` without any",),
        "A shared layer is the same layer again.",
    ),
    "take-unknown": Words(
        SpecError,
        "{layer} has no result `{take}`",
        ("did you mean `{nearest}`?", "it has {known}", "it has one result: leave out `take:`"),
        "`take:` picks one of several results of an item; `last` is the last valid step.",
    ),
    "unpack-count": Words(
        SpecError,
        "{names} name more or fewer results than there are: {count}",
        ("one name is enough for one result: `name: a`",),
        "`name: [a, b]` gives every result of an item a name.",
    ),
    "value-absent": Words(
        SpecError,
        "`{name}` on line {line} is not there: its `when:` is false",
        ("put the same `when:` here",),
        "An item whose `when:` is false gives no value.",
    ),
    "value-later": Words(
        SpecError,
        "`{name}` is made further down, on line {line}",
        ("values flow from top to bottom: move this item below it",),
        "`from:` names what stands above.",
    ),
}
