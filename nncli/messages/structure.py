"""Words for what is wrong in the structure of a network: items, blocks, loops, includes."""

from __future__ import annotations

from typing import Final

from nncli.errors import SpecError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "arguments-beside-layer": Words(
        SpecError,
        "`{name}` is a whole layer here, and takes no arguments",
        ("leave the arguments out, or write them where the layer is written",),
        "An argument that is a layer with its arguments is used as it is.",
    ),
    "block-arguments-form": Words(
        SpecError,
        "arguments of a block are a list, as in a Python signature",
        ("`args: [channels, kernel: 3, act: ReLU]`",),
        "Names first, then names with their defaults.",
    ),
    "block-arguments-order": Words(
        SpecError,
        "`{name}` has no default, but stands behind one that has",
        ("write arguments without a default first",),
        "Arguments of a block are a Python signature.",
    ),
    "block-argument-unused": Words(
        SpecError,
        "nothing in the block `{block}` reads its argument `{name}`",
        ("use it as `${name}`, or take it out",),
        "An argument that a block does not read changes nothing; a warning.",
    ),
    "block-form": Words(
        SpecError,
        "the block `{block}` is keys with values: args, inputs, vars, layers, outputs",
        ("`{block}: {{layers: [Linear: 32, ReLU]}}`",),
        "A block is a mapping with its layers.",
    ),
    "block-inputs-form": Words(
        SpecError,
        "inputs of a block are a list of names",
        ("`inputs: [x, memory]`",),
        "A block names what flows into it; left out, it is `x`.",
    ),
    "block-recursion": Words(
        SpecError,
        "`{name}` is made of itself: {chain}",
        ("write one of them out, or use `repeat:`",),
        "Blocks and networks are expanded, and none can hold itself.",
    ),
    "block-repeated": Words(
        SpecError,
        "the block `{name}` is also defined in {file}, line {line}",
        ("give one of them another name",),
        "Blocks of included files share their names with those of the spec.",
    ),
    "einops-form": Words(
        SpecError,
        "`{verb}:` takes a pattern, then sizes by name",
        ("`rearrange: [b c (h p) w -> b (c p) h w, p: 2]`",),
        "A pattern of einops says the axes before and after.",
    ),
    "block-unused": Words(
        SpecError,
        "nothing calls the block `{name}`",
        ("call it, `- {name}`, or take it out",),
        "A block that nobody calls adds nothing; a warning.",
    ),
    "expression-form": Words(
        SpecError,
        "a tensor expression is expected here",
        ("`compute: x * sigmoid(x)`",),
        "An expression is one line of text.",
    ),
    "formula-misplaced": Words(
        SpecError,
        "`{text}` waits for sizes or for the data, but what the network is made of must be known now",
        ("use a var or an argument that is a number",),
        "Layers and names must be known when the file is read.",
    ),
    "freeze-form": Words(
        SpecError,
        "`freeze:` of a network is true, or patterns over the names of its weights",
        ('`freeze: "backbone.*"`',),
        "Frozen weights are named by patterns.",
    ),
    "include-circle": Words(
        SpecError,
        "these files include each other: {chain}",
        ("move what both need into a third file",),
        "An included file may not include itself.",
    ),
    "include-form": Words(
        SpecError,
        "`include:` takes the name of a file with `blocks:`, or a list of them",
        ("`include: blocks/resnet.yaml`",),
        "Blocks of other files come in by their file's name.",
    ),
    "include-outside": Words(
        SpecError,
        "`{file}` is not below the folder of the spec",
        ("copy the file next to the spec",),
        "Included files lie below the spec's folder, links followed.",
    ),
    "include-too-many": Words(
        SpecError, "included files hold more than {limit}", (), "Includes are bounded."
    ),
    "include-unreadable": Words(
        SpecError,
        "`{file}` cannot be included: {reason}",
        ("did you mean `{nearest}`?", "paths start at the folder of the file that includes"),
        "An included file is a readable regular file.",
    ),
    "init-form": Words(
        SpecError,
        "`init:` of a network is a list of patterns, each with one initialiser",
        ('`init: [{{match: "*.weight", normal_: {{std: 0.02}}}}]`',),
        "Initial values are stated by pattern.",
    ),
    "parametrize-form": Words(
        SpecError,
        "`parametrize:` of a network is a list of patterns, each with spectral_norm or weight_norm",
        ('`parametrize: [{{match: "*.weight", spectral_norm: {{}}}}]`',),
        "Norms of weights are stated by pattern.",
    ),
    "join-form": Words(
        SpecError,
        "`join:` is a function, `none`, or an expression over the branches",
        ("did you mean `{nearest}`?", "one of {known}, or such as `a * b`"),
        "How values that stand side by side become one.",
    ),
    "join-missing": Words(
        SpecError,
        "`parallel:` needs `join:` beside it",
        ("`join: cat`, `add`, `mul`, `stack`, or `none` for several results",),
        "What becomes of the branches' results is always said.",
    ),
    "layers-form": Words(
        SpecError,
        "`{key}:` takes a list of layers",
        ("each layer is an item with a dash of its own: `- {layer}`", "`{key}: [LayerNorm, Linear: 32]`"),
        "A structure holds a list of items.",
    ),
    "name-missing": Words(
        SpecError,
        "a Parameter needs a name",
        ("write `name:` below it, so that something can use it",),
        "A Parameter leaves the flow alone, and is read by its name.",
    ),
    "name-of-network": Words(
        SpecError,
        "`{name}` is the name of a network already",
        ("give one of them another name",),
        "Blocks and networks are called by name, and share one set of names.",
    ),
    "name-twice": Words(
        SpecError,
        "`{name}` is given twice, here and on line {line}",
        ("give one of them another name",),
        "A name stands once in its place.",
    ),
    "network-arguments": Words(
        SpecError,
        "`{name}` is a network, and takes no arguments",
        ("write `- {name}`, with `from:` for what flows in",),
        "A network that is a layer of another stands by its name.",
    ),
    "networks-form": Words(
        SpecError,
        "`networks:` is networks by name",
        ("`networks: {{generator: […], discriminator: […]}}`",),
        "Several networks stand below their names.",
    ),
    "networks-twice": Words(
        SpecError,
        "a file has `network:` or `networks:`, not both",
        ("move the one below `networks:`, under a name of its own",),
        "One network, or several by name.",
    ),
    "operation-unknown": Words(
        SpecError,
        "there is no operation `{name}`",
        (
            "did you mean `{nearest}`?",
            "did you mean the word `{word}:`? it stands beside a layer, in the same column",
            "layers have torch.nn's names in capitals, functions torch's names; blocks stand below `blocks:`",
        ),
        "An operation is a layer, a function of tensors, a block, a network, or one of nncli's words.",
    ),
    "outputs-form": Words(
        SpecError,
        "`outputs:` is a list of values, or names with values",
        ("`outputs: {{class: head, embedding: pooled}}`",),
        "Results of a network or block are named.",
    ),
    "parallel-form": Words(
        SpecError,
        "`parallel:` takes branches by name, each a list of layers",
        ("`parallel: {{left: [Linear: 8], right: []}}`",),
        "Branches stand side by side under their names.",
    ),
    "parameter-form": Words(
        SpecError,
        "a Parameter is its shape, in whole numbers",
        ("write `${name}`: without `$` it is the word", "`Parameter: [1, 1, 64]`"),
        "A learned tensor has a shape of positive whole numbers.",
    ),
    "path-form": Words(
        SpecError,
        "`{text}` is not the path of a value",
        ("names with dots between them: `lstm.state`, `layers.2.skip`, `layers.*.skip`",),
        "Values are named by paths that lead inward.",
    ),
    "reduction-missing": Words(
        SpecError,
        "`reduce:` says how, behind its pattern: {known}",
        ("`reduce: [b c h w -> b c, mean]`",),
        "What a reduction does with the values is always said.",
    ),
    "repeat-form": Words(
        SpecError,
        "`repeat:` is a number, names with lists, a table, or a list of these",
        (
            "write `${name}`: without `$` it is the word",
            "{fraction} is not whole: divide by `//`, or write `$(round(…))`",
            "`repeat: 3`, or `repeat: {{width: [64, 128]}}`",
        ),
        "A loop counts, or walks through lists.",
    ),
    "repeat-lengths": Words(
        SpecError,
        "{names} has {count} values, but {other} has {others}",
        ("lists beside each other are walked in step, and have one length",),
        "Names of one loop are walked in step.",
    ),
    "repeat-row": Words(
        SpecError,
        "this row has {count} values, for {expected} names: {names}",
        ("write one value for each name",),
        "Rows of a table have a value for each name.",
    ),
    "repeat-waits": Words(
        SpecError,
        "`repeat:` must be known now, but `{text}` waits for sizes or for the data",
        ("use a var or a number",),
        "How many layers there are does not depend on the data.",
    ),
    "share-form": Words(
        SpecError,
        "`share:` takes the name of a layer, parameters by name, or true beside `repeat:`",
        ("`share: embedding`, or `share: {{weight: embedding.weight}}`",),
        "Whose weights are used is said by name.",
    ),
    "spec-too-large": Words(
        SpecError,
        "this expands to more than {limit}",
        ("a smaller `repeat:`, or fewer blocks inside blocks",),
        "What a file expands to is bounded, so that no file can fill the memory.",
    ),
    "take-form": Words(
        SpecError,
        "`take:` is the name of one result, such as `last`",
        (),
        "Which of several results is meant.",
    ),
    "var-unused": Words(
        SpecError,
        "nothing reads the var `{name}`",
        ("use it as `${name}`, or take it out",),
        "A var that nothing reads changes nothing; a warning.",
    ),
    "word-misplaced": Words(
        SpecError,
        "`{word}:` stands beside {homes}, not beside `{operation}:`",
        ("leave it out",),
        "Some words belong to some operations only.",
    ),
}
