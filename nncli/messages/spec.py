"""Words for what is wrong in a spec before the network is compiled."""

from __future__ import annotations

from typing import Final

from nncli.errors import SpecError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "argument-order": Words(
        SpecError,
        "a position comes after a keyword in the arguments of {call}",
        ("write positions first: `{call}: [64, 3, stride: 2]`",),
        "Arguments are a Python call: positions, then keywords.",
    ),
    "arithmetic": Words(
        SpecError, "this cannot be worked out: {reason}", (), "An expression in `$(…)` has no value."
    ),
    "arithmetic-too-large": Words(
        SpecError,
        "the result is larger than {limit}",
        (),
        "Arithmetic in a spec is bounded, so that no file can hang or fill the memory.",
    ),
    "brace-dollar": Words(
        SpecError,
        "`${{` does not work in YAML, where a brace ends a word",
        ("write `$({inside})`",),
        "Arithmetic stands in round brackets: `$(2 * width)`.",
    ),
    "bracket-inside": Words(
        SpecError,
        "a bracket ends the word inside [] or {{}}, but here it belongs to `{value}`",
        ('quote it: "{value}"',),
        "Inside `[]` and `{}` a value that holds a bracket is quoted.",
    ),
    "bracket-open": Words(
        SpecError,
        "this `{opening}` is never closed",
        ("close it with `{closing}`",),
        "A list in `[]` or a mapping in `{}` is not complete.",
    ),
    "call-expected": Words(
        SpecError,
        "expected one name, or one name with its arguments: {wanted}",
        ("`AdamW`, or `{{AdamW: {{lr: 1e-3}}}}`",),
        "A loss, optimiser or metric is one name with its arguments.",
    ),
    "colon-inside": Words(
        SpecError,
        "a value cannot hold a colon followed by a space: `{text}`",
        ('quote it: "{text}"',),
        "A plain value ends at a colon followed by a space.",
    ),
    "colon-missing": Words(
        SpecError,
        "`{layer}` has no colon, so `{word}:` cannot follow it",
        ("put a colon after `{layer}` (line {line})",),
        "An item with words below it is `- LayerNorm:`.",
    ),
    "colon-space": Words(
        SpecError,
        "YAML reads `{text}` as one word",
        ("put a space after the colon: `{meant}`",),
        "A colon separates a key from its value only with a space behind it.",
    ),
    "comma-missing": Words(
        SpecError,
        "expected a comma or `{closing}` here",
        ("separate entries with commas, and quote a value that holds brackets, commas or colons",),
        "Entries of a list in `[]` or a mapping in `{}` are separated by commas.",
    ),
    "comma-splits": Words(
        SpecError,
        "YAML cuts this at the comma or bracket, and reads `{text}`",
        ('quote the whole: "{whole}"',),
        "Inside `[]` and `{}` a comma ends a value, also between the brackets of a call.",
    ),
    "dash-inside": Words(
        SpecError,
        "a list item cannot start on the line of its key",
        ("put `- ` on a line of its own, or write the list in []",),
        "A list with dashes starts on the line below its key.",
    ),
    "dash-space": Words(
        SpecError,
        "a list item needs a space after its dash",
        ("write `{meant}`",),
        "Without the space YAML reads the dash as the first letter of a word.",
    ),
    "dollar-alone": Words(
        SpecError,
        "a `$` without a name in `{text}`",
        ("`$$` writes a dollar",),
        "`$` starts a name or `$(…)`.",
    ),
    "dollar-form": Words(
        SpecError,
        "`{text}` mixes a name with arithmetic",
        ("write `$({name} {rest})`",),
        "Arithmetic stands in `$(…)`.",
    ),
    "escape-unknown": Words(
        SpecError,
        "YAML does not know this escape",
        ("use single quotes, in which a backslash is a backslash",),
        "Inside double quotes a backslash starts an escape.",
    ),
    "expression-syntax": Words(
        SpecError, "the expression cannot be read: {reason}", (), "An expression in `$(…)` has a mistake."
    ),
    "file-too-large": Words(
        SpecError, "the file is larger than {limit}", (), "A spec is at most 1 MiB of text."
    ),
    "formula-in-word": Words(
        SpecError,
        "`{text}` uses what only the data knows, inside a longer word",
        ("let the expression stand alone",),
        "`$classes` and `size(d)` can only be whole values.",
    ),
    "formula-nested": Words(
        SpecError,
        "`{name}` is itself not known yet",
        (),
        "An expression reads another that waits for the data.",
    ),
    "from-form": Words(
        SpecError,
        "`from:` takes the name of a value, or a list of names",
        ("`from: conv2d`",),
        "What flows into an item is named.",
    ),
    "indent-wrong": Words(
        SpecError,
        "this line does not line up with line {line}",
        ("start it in column {column}",),
        "What belongs together starts in the same column.",
    ),
    "inputs-form": Words(
        SpecError,
        "an input is a shape without the batch, or {{shape, type, vocabulary}}",
        (
            "`inputs: {{image: [3, 224, 224]}}`, or `{{tokens: {{shape: [128], type: index, vocabulary: 500}}}}`",
        ),
        "Inputs of a network are stated as shapes of positive whole numbers.",
    ),
    "item-form": Words(
        SpecError,
        "an item is one layer, with its arguments and words",
        ("`- Linear: 10`, or `- ReLU`",),
        "A network is a list of items.",
    ),
    "item-two-operations": Words(
        SpecError,
        "an item has exactly one operation; here are {words}",
        ("did you mean the word `{nearest}`?", "start the second one with `- ` on a line of its own"),
        "Each item of a network is one operation with words beside it.",
    ),
    "item-without-operation": Words(
        SpecError,
        "this item has words ({words}) but no layer",
        ("in a list, `[Linear: 10, name: head]` is two items; write `{{Linear: 10, name: head}}`",),
        "An item may not consist of words alone.",
    ),
    "key-form": Words(
        SpecError,
        "a key is one word, and this is none",
        ("write `key: value`",),
        "Keys of a spec are words, not lists, mappings or nothing.",
    ),
    "key-missing": Words(SpecError, "`{key}` is missing", (), "A key that a section needs is not there."),
    "key-repeated": Words(
        SpecError, "`{key}` stands here and on line {line}", ("keep one of them",), "A key stands twice."
    ),
    "key-without-colon": Words(
        SpecError,
        "`{text}` has no colon",
        ("write `key: value`",),
        "Every line of a mapping is a key with a colon.",
    ),
    "list-and-keys": Words(
        SpecError,
        "a list and keys are mixed",
        ("begin every line of a list with `- `, and no line of a mapping",),
        "A block is either a list or a mapping.",
    ),
    "mapping-expected": Words(
        SpecError, "`{key}` takes keys with values below it", (), "A section is a mapping."
    ),
    "name-form": Words(
        SpecError,
        "`{name}` is not a name: a letter, then up to 63 letters, digits or `_`",
        (),
        "Names in a spec become names in code, and are plain words.",
    ),
    "name-keyword": Words(
        SpecError,
        "`{name}` is a word of Python and cannot name a layer",
        ("`{name}_layer` would do",),
        "Names of layers become attributes of a module.",
    ),
    "name-reserved": Words(
        SpecError,
        "`{name}` has a meaning of its own and cannot be a name",
        (),
        "x, batch, step, epoch, true, false, none and the words of an item are reserved.",
    ),
    "name-unknown": Words(
        SpecError,
        "there is no `{name}` here",
        ("did you mean `{nearest}`?", "known here: {known}", "declare it under `vars:`"),
        "An expression reads a name that is not declared.",
    ),
    "network-form": Words(
        SpecError,
        "`network:` is a list of layers, or {{inputs, layers}}",
        ("`network: [Linear: 32, ReLU, Linear: 3]`",),
        "The network is a list that is read from top to bottom.",
    ),
    "number-too-large": Words(
        SpecError,
        "the number `{text}…` is too large",
        ("at most 400 digits, and below 1.8e308",),
        "A number of a spec fits into 400 digits, or into a 64-bit float.",
    ),
    "operation-unknown": Words(
        SpecError,
        "`{key}` is neither a layer nor a word of an item",
        ("did you mean `{nearest}`?", "layers start with a capital, as in torch.nn"),
        "An item is a class of torch.nn with words beside it.",
    ),
    "parenthesis-open": Words(
        SpecError,
        "`$(` is not closed in `{text}`",
        ('inside [] or {{}}, quote an expression with a comma or colon: "$(max(8, width))"',),
        "`$(` needs its `)`.",
    ),
    "quote-open": Words(
        SpecError,
        "this `{quote}` is never closed",
        ("close it with `{quote}`, and write a `'` inside single quotes twice",),
        "A quoted value has no end.",
    ),
    "set-path": Words(
        SpecError,
        "the path cannot be reached: {reason}",
        ("did you mean `{nearest}`?",),
        "A `--set` names no place.",
    ),
    "spec-form": Words(
        SpecError,
        "a spec is keys with values: data, network, training",
        ("see `nncli init builtin:iris` for one that trains",),
        "The file is YAML, but no mapping.",
    ),
    "spec-name": Words(
        SpecError,
        "`{name}` cannot be a spec's name",
        ("letters, digits, `_`, `.` and `-`, at most 64, starting with a letter or digit",),
        "The name becomes a folder below runs/.",
    ),
    "tab-indent": Words(
        SpecError, "a tab cannot indent YAML", ("use spaces",), "YAML is indented with spaces only."
    ),
    "text-invalid": Words(
        SpecError,
        "the file is not plain UTF-8 text: {reason} (byte {byte})",
        ("save it as UTF-8",),
        "A spec is UTF-8 text without control characters.",
    ),
    "training-length": Words(
        SpecError,
        "training needs exactly one of `epochs` and `steps`",
        ("`epochs: 20`",),
        "How long to train is stated once.",
    ),
    "unknown-key": Words(
        SpecError,
        "there is no key `{key}` here",
        ("did you mean `{nearest}`?", "known keys: {known}"),
        "A key that nncli does not know.",
    ),
    "value-choice": Words(
        SpecError,
        "`{key}` is {received}, but must be {expected}",
        (),
        "A word that is not among the choices.",
    ),
    "value-continues": Words(
        SpecError,
        "a value that starts with `{character}` ends where that one closes",
        ("quote the whole value",),
        "Text stands behind the end of a quoted value, a list or a mapping.",
    ),
    "value-duration": Words(
        SpecError,
        "`{key}` is {received}, but must be a time",
        ("`30s`, `5m` or `2h`",),
        "A time with its unit.",
    ),
    "value-missing-policy": Words(
        SpecError,
        "`{key}` is {received}, but must be error, median, mean or {{constant: VALUE}}",
        (),
        "What to do with an empty cell.",
    ),
    "value-one-character": Words(
        SpecError, "`{key}` is {received}, but must be one character", (), "A delimiter is one character."
    ),
    "value-range": Words(
        SpecError,
        "`{key}` is {received}, which is outside of what is allowed",
        ("at least {ge}", "more than {gt}", "less than {lt}", "at most {le}"),
        "A number outside of its range.",
    ),
    "value-type": Words(
        SpecError, "`{key}` is {received}, but must be {expected}", (), "A value of the wrong type."
    ),
    "value-unquoted": Words(
        SpecError,
        "a value cannot start with `{character}` in YAML",
        ('quote it: "{value}"',),
        "Values that start with *, &, !, %, @, `, |, >, [ or { need quotes.",
    ),
    "yaml-alias-unknown": Words(
        SpecError,
        "`*{name}` stands for nothing above",
        ('quote it, if it is text: "*{name}"',),
        "An alias names an anchor that is closed above it.",
    ),
    "yaml-aliases": Words(SpecError, "more than {limit} aliases", (), "Aliases are bounded."),
    "yaml-directive": Words(
        SpecError, "YAML directives are not used here", (), "`%YAML` and `%TAG` are refused."
    ),
    "yaml-documents": Words(
        SpecError, "a second document starts here", ("remove the `---`",), "A spec is one document."
    ),
    "yaml-empty": Words(
        SpecError,
        "the file is empty",
        ("the smallest spec: {smallest}",),
        "Nothing but comments is in the file.",
    ),
    "yaml-invalid": Words(SpecError, "this is no YAML: {reason}", (), "The YAML library stopped here."),
    "yaml-merge": Words(
        SpecError,
        "merge keys (`<<`) are not used here",
        ("`vars:` shares values",),
        "Merge keys are refused.",
    ),
    "yaml-tag": Words(
        SpecError,
        "tags such as `{tag}` are not used here",
        ("quote a value that starts with `!`",),
        "Tags could name code, and are refused.",
    ),
    "yaml-too-deep": Words(SpecError, "nested more than {limit} deep", (), "Depth is bounded."),
    "yaml-too-large": Words(SpecError, "more than {limit} values", (), "The number of values is bounded."),
}
