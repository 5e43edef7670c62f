"""The structures: what each means, its forms, an example."""

from __future__ import annotations

from typing import Final

from nncli.spec.reference import Entry


def _structure(name: str, text: str, forms: tuple[tuple[str, str], ...], example: str) -> Entry:
    return Entry(name, "structure", text, forms, example)


STRUCTURE_ENTRIES: Final = (
    _structure(
        "Sequential",
        "a list of items as one, so that words can stand beside it",
        (("Sequential: [...]", "items, from first to last"),),
        """\
- Sequential:
    - Conv2d: [16, 3, padding: same]
    - ReLU
  name: stages
  repeat: 2
""",
    ),
    _structure(
        "residual",
        "the result of its items added to what flows in: body(x) + x",
        (("residual: [...]", "the body, a list of items"), ("shortcut: …", "what is added instead of x")),
        """\
- residual:
    - Conv2d: [3, 3, padding: same]
    - ReLU
    - Conv2d: [3, 3, padding: same]
""",
    ),
    _structure(
        "parallel",
        "branches that see the same value, joined into one",
        (
            ("parallel: {a: [...], b: [...]}", "branches by name; [] is the value itself"),
            ("join: cat", "required: how their results become one"),
        ),
        """\
- parallel:
    wide: [Conv2d: [8, 5, padding: same]]
    narrow: [Conv2d: [8, 3, padding: same]]
  join: cat
""",
    ),
    _structure(
        "compute",
        "an expression over tensors: values by name, x for what flows in, $names for constants",
        (
            ("compute: x * sigmoid(x)", "one expression, with functions of torch"),
            ("compute: {a: …, b: …}", "several in order; the last flows on"),
            ('compute: {"mean, log_variance": "chunk(x, 2, 1)"}', "unpacks several results"),
        ),
        """\
- compute: x * sigmoid(1.702 * x)
""",
    ),
    _structure(
        "rearrange",
        "axes moved, merged and split by a pattern of einops",
        (
            ("rearrange: b c h w -> b (h w) c", "a pattern"),
            ("rearrange: [b (c p) l -> b c p l, p: 2]", "with sizes of axes"),
        ),
        """\
- rearrange: b c h w -> b (h w) c
""",
    ),
    _structure(
        "reduce",
        "axes that the pattern of einops leaves out become one value: their mean, largest, sum …",
        (("reduce: [b c h w -> b c, mean]", "mean, max, min, sum or prod"),),
        """\
- reduce: [b c h w -> b c, mean]
- Linear: 10
""",
    ),
    _structure(
        "repeat_axis",
        "values repeated along new axes by a pattern of einops (its repeat)",
        (("repeat_axis: [b c -> b c n, n: 4]", "a pattern with the sizes of new axes"),),
        """\
- repeat_axis: [b c h w -> b c (h n) w, n: 2]
""",
    ),
    _structure(
        "Parameter",
        "a learned tensor; it leaves the flow alone and needs a name",
        (("Parameter: [1, $width]", "its shape"), ("init: zeros_", "its initial values, beside it")),
        """\
- Parameter: [3, 1, 1]
  name: scale
  init: ones_
- compute: scale * x
""",
    ),
)
