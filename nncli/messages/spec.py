"""Words for what is wrong in a spec before the network is compiled."""

from __future__ import annotations

from typing import Final

from nncli.errors import SpecError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "argument-order": Words(
        SpecError,
        "a position comes after a keyword in the arguments of {call}",
        ("write positions first, then keywords, as in `Conv2d: [64, 3, stride: 2]`",),
        "Arguments are a Python call: positions, then keywords.",
    ),
    "call-expected": Words(
        SpecError,
        "expected one name, or one name with its arguments: {wanted}",
        ("the name alone, or `{{NAME: {{argument: value}}}}`",),
        "A loss, optimiser or metric is one name with its arguments.",
    ),
    "call-two-names": Words(
        SpecError,
        "one name is expected here, with its arguments below it; here are {names}",
        (
            "the loss of one target stands under its name: `loss: {{{target}: {named}}}`",
            "arguments stand below the name: `{{{named}: {{{argument}: …}}}}`",
            "keep one of them, such as `{{{named}: {{}}}}`",
            "as in `{{AdamW: {{lr: 1e-3}}}}`",
        ),
        "A loss, optimiser or metric is one name with its arguments.",
    ),
    "from-form": Words(
        SpecError,
        "`from:` takes the name of a value, or a list of names",
        ("`from: NAME`, or `from: [NAME, NAME]`",),
        "What flows into an item is named.",
    ),
    "inputs-form": Words(
        SpecError,
        "an input is a shape without the batch, or {{shape, type, vocabulary}}",
        ("`{{image: [3, 224, 224]}}`, or `{{tokens: {{shape: [128], type: index, vocabulary: 500}}}}`",),
        "Inputs of a network are stated as shapes of positive whole numbers.",
    ),
    "item-form": Words(
        SpecError,
        "an item is one layer, with its arguments and words",
        (
            "a layer and its words ({words}) stand in braces: `{{Linear: 10, name: head}}`",
            "`- Linear: 10`, or `- ReLU`",
        ),
        "A network is a list of items.",
    ),
    "item-two-operations": Words(
        SpecError,
        "an item has exactly one operation; here are {words}",
        (
            "sizes stand in the list of the pattern: `{verb}: [PATTERN, {size}: …]`",
            "did you mean the word `{nearest}`?",
            "another item takes its place: `--set {set}=NAME`, or `--set '{set}={{NAME: …}}'`",
            "start the second one with `- ` on a line of its own",
        ),
        "Each item of a network is one operation with words beside it.",
    ),
    "item-without-operation": Words(
        SpecError,
        "this item has words ({words}) but no layer",
        ("a word stands below its layer without a dash; in [] write `{{Linear: 10, name: head}}`",),
        "An item may not consist of words alone.",
    ),
    "key-missing": Words(
        SpecError, "`{key}` is missing", ("write `{example}`",), "A key that a section needs is not there."
    ),
    "mapping-expected": Words(
        SpecError,
        "`{key}` takes keys with values below it",
        ("`--set {set}.KEY=…` sets one value in it",),
        "A section is a mapping.",
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
        ("`my_{name}` would do",),
        "x, batch, step, epoch, true, false, none and the words of an item are reserved.",
    ),
    "network-inputs-missing": Words(
        SpecError,
        "nothing flows into the network: there is neither `data:` nor `inputs:`",
        ("`data: builtin:digits`, or `network: {{inputs: {{image: [1, 28, 28]}}, layers: […]}}`",),
        "The sizes of a network follow from what flows in.",
    ),
    "network-form": Words(
        SpecError,
        "`network:` is a list of layers, or {{inputs, layers}}",
        (
            "each layer is an item with a dash of its own: `- {layer}`",
            "`network: [Linear: 32, ReLU, Linear: 3]`",
        ),
        "The network is a list that is read from top to bottom.",
    ),
    "set-call": Words(
        SpecError,
        "`{section}` is one call, {there}, and `{key}` cannot stand beside it",
        (
            "another takes its place: `--set {section}={key}`, or `--set '{section}={call}'`",
            "arguments stand below the name: `--set {argument}=…`",
        ),
        "A `--set` puts one value into the spec; a loss or an optimiser is one name with its arguments.",
    ),
    "set-empty": Words(
        SpecError,
        "there is no value behind `{key}=`",
        (
            "it is `{now}` without this `--set`; to take that away, write `--set {set}=null`",
            "write it there: `--set {set}=VALUE`, or `--set {set}=null` for none",
        ),
        "A `--set` without a value would put nothing in the place of something.",
    ),
    "set-path": Words(
        SpecError,
        "the path cannot be reached: {reason}",
        ("did you mean `--set {instead}=…`?", "there are {known}"),
        "A `--set` names no place.",
    ),
    "set-var-unread": Words(
        SpecError,
        "the file has no var `{name}`, and nothing reads it",
        ("did you mean `--set {set_nearest}=…`?", "its vars are {known}"),
        "A `--set` of a var changes what `$name` stands for; one that nothing reads changes nothing.",
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
    "split-keys": Words(
        SpecError,
        "a split goes by one of `stratify`, `group` and `time`, not by several",
        ("keep one of them",),
        "Shares of classes, groups that stay together and an order in time cannot all hold at once.",
    ),
    "split-fold": Words(
        SpecError,
        "`fold` must be from 1 to the number of `folds`",
        ("write `split: {{folds: 5, fold: 2}}`, or on the command line `--fold 2/5`",),
        "One of the folds is the test part.",
    ),
    "value-share": Words(
        SpecError,
        "`{key}` is {received}, but must be a share below 1 or a whole number of rows",
        ("write `{key}: 0.15`, or `{key}: 24` for 24 rows",),
        "Parts are shares of the rows, or numbers of rows.",
    ),
    "split-sum": Words(
        SpecError,
        "the shares of validation and test leave no rows to train on",
        ("together they must be less than 1: `split: {{validation: 0.15, test: 0.15}}`",),
        "What validation and test do not take is trained on.",
    ),
    "training-length": Words(
        SpecError,
        "training needs exactly one of `epochs`, `steps`, `minutes` and `phases`",
        ("{several} are both there: take one of them away", "`epochs: 20`"),
        "How long to train is stated once.",
    ),
    "phases-form": Words(
        SpecError,
        "`phases:` is a list of entries, each with its `epochs:`",
        ('`phases: [{{epochs: 2, freeze: "backbone.*"}}, {{epochs: 5}}]`',),
        "A phase says how many epochs it takes, and what is other in it than in `training:`.",
    ),
    "phases-short": Words(
        SpecError,
        "`epochs` is {epochs}, but the phases before the last one take {before}",
        ("with these phases it has {least} or more: `--epochs {least}`",),
        "Of a run with phases `--epochs` is the length of the whole: the last phase takes what is left.",
    ),
    "unknown-key": Words(
        SpecError,
        "there is no key `{key}` here",
        (
            "did you mean `--set {set_nearest}=…`?",
            "{elsewhere}",
            "did you mean `{nearest}`?",
            "known keys: {known}",
        ),
        "A key that nncli does not know.",
    ),
    "value-choice": Words(
        SpecError,
        "`{key}` is {received}, but must be {expected}",
        ("did you mean `{nearest}`?",),
        "A word that is not among the choices.",
    ),
    "value-duration": Words(
        SpecError,
        "`{key}` is {received}, but must be a time",
        ("`30s`, `5m` or `2h`",),
        "A time with its unit.",
    ),
    "value-missing-policy": Words(
        SpecError,
        "`{key}` is {received}, but must be error, median, mean, flag, keep or {{constant: VALUE}}",
        (
            "did you mean `{key}: {nearest}`?",
            "write `{key}: {constant}`, so that an empty cell counts as that",
            "write `{key}: median`, or `{key}: {{constant: VALUE}}`",
        ),
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
        SpecError,
        "`{key}` is {received}, but must be {expected}",
        (
            "quotes make a word of it: write `{key}: {unquoted}`",
            "did you mean `{key}: {nearest}`?",
            "{instead}",
            "write `{key}: {meant}`",
        ),
        "A value of the wrong type.",
    ),
}
