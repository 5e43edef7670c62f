"""Words for functions of tensors, tensor expressions and einops."""

from __future__ import annotations

from typing import Final

from nncli.errors import SpecError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "axis-missing": Words(
        SpecError,
        "{call} needs {argument}: {reason}",
        ("write `{call}: {{{argument}: 1}}`, in an expression `{call}(…, {argument}=1)`",),
        "Where torch takes the first axis if nothing is said, a spec has to say one.",
    ),
    "condition-varies": Words(
        SpecError,
        "the condition of `if` is no constant",
        ("write `where(condition, a, b)`",),
        "An expression chooses with `if` by a constant, and between tensors with `where`.",
    ),
    "constant-reads": Words(
        SpecError,
        "a constant cannot read `{name}`: it is worked out before anything flows",
        ("earlier constants can be read: {known}",),
        "`constants:` are tensors that are worked out once, without a batch.",
    ),
    "constant-too-large": Words(
        SpecError,
        "the constant `{name}` has more than {limit} values on the way",
        ("make it smaller",),
        "What `constants:` works out is bounded, so that no file can fill the memory.",
    ),
    "constant-varies": Words(
        SpecError,
        "`{call}` is drawn by chance, and a constant is the same in every run",
        ("write it where it is used, in `compute:`",),
        "`constants:` holds no random draws.",
    ),
    "count-arithmetic": Words(
        SpecError,
        "`{sign}` does not work on the number of rows here",
        ("with `batch` work + - * // % and whole numbers; between tensors all operators do",),
        "`batch` is a whole number, and stays one.",
    ),
    "dollar-missing": Words(
        SpecError,
        "there is no value `{name}`, but a constant",
        ("write `${name}`",),
        "In an expression over tensors bare names are values, and constants have a `$`.",
    ),
    "expression-result": Words(
        SpecError,
        "the result of `{text}` is no tensor",
        ("`full(size, value)` makes a tensor of a number",),
        "The result of an expression flows on, so that it has to be a tensor.",
    ),
    "function-unknown": Words(
        SpecError,
        "there is no function `{name}`",
        (
            "`{training}` can be called in `training:` and `predict:` only",
            "did you mean `{nearest}`?",
            "functions are those of torch and torch.nn.functional, such as relu, cat or mean",
        ),
        "An expression calls what is not in the list of functions, and no network.",
    ),
    "index-kind": Words(
        SpecError,
        "an index is a whole number or a value of whole numbers; received {received}",
        ("`long(…)` makes whole numbers",),
        "What stands in `x[…]` is a whole number, a slice, none, `...` or a tensor of whole numbers.",
    ),
    "index-mask": Words(
        SpecError,
        "a tensor of true and false is no index here: how much it picks depends on the values",
        ("write `where(mask, x, 0)` or `masked_fill(x, mask, 0)`",),
        "Sizes of a network are known before it runs.",
    ),
    "index-outside": Words(
        SpecError,
        "index {index} is outside: there are {count}",
        ("they are counted from 0",),
        "An index picks one of several results, and there are fewer.",
    ),
    "operand-kind": Words(
        SpecError,
        "{received} is no value that can be computed with here",
        (),
        "Operators work on tensors and numbers.",
    ),
    "pattern-axes": Words(
        SpecError,
        "`{left}` names {expected}, but {received} has {actual}, from {source}",
        ("the first one is that of the rows",),
        "The left side of a pattern names every axis of what flows in.",
    ),
    "pattern-size": Words(
        SpecError,
        "`{axis}` of the pattern does not fit: {reason}",
        ("{fix}", "the sizes in a group multiply to the axis that they stand for"),
        "The sizes of the axes of a pattern have to multiply to what flows in.",
    ),
    "pattern-syntax": Words(
        SpecError,
        "the pattern cannot be read: {reason}",
        ("a pattern is such as `b c (h p) w -> b (c p) h w`",),
        "Patterns are those of einops: names, brackets, `1`, `...` and one `->`.",
    ),
    "value-several": Words(
        SpecError,
        "{name} is {count} values, and one is needed",
        ("pick one: `[0]`",),
        "A function with several results, or a path with `*`, stands where one value is needed.",
    ),
}
