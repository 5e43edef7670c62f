"""Words for the text of a spec: its encoding, YAML, and arithmetic."""

from __future__ import annotations

from typing import Final

from nncli.errors import SpecError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
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
    "dash-missing": Words(
        SpecError,
        "`{text}`{where} has no dash",
        ("each item of a list starts with one: write `- {text}`, in column {column}",),
        "A list with dashes has one before each of its items.",
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
        "`{text}` would become a word: arithmetic stands in `$(…)`",
        ("write `{meant}`",),
        "`$name` inside a longer word becomes text. For the text `32-1` write `$(width)-1`.",
    ),
    "escape-unknown": Words(
        SpecError,
        "YAML does not know this escape",
        ("use single quotes, in which a backslash is a backslash",),
        "Inside double quotes a backslash starts an escape.",
    ),
    "expression-syntax": Words(
        SpecError,
        "the expression cannot be read: {reason}",
        ("write {write}",),
        "An arithmetic or tensor expression has a mistake.",
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
    "indent-wrong": Words(
        SpecError,
        "this line does not line up with line {line}",
        ("start it in column {column}",),
        "What belongs together starts in the same column.",
    ),
    "key-form": Words(
        SpecError,
        "a key is one word, and this is none",
        ("write `key: value`",),
        "Keys of a spec are words, not lists, mappings or nothing.",
    ),
    "key-repeated": Words(
        SpecError,
        "`{key}` stands here and on line {line}",
        ("each layer is an item with a dash of its own: `- {layer}`", "keep one of them"),
        "A key stands twice.",
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
    "name-unknown": Words(
        SpecError,
        "there is no `{name}` here",
        (
            "write the number: `{number}`",
            "did you mean `{nearest}`?",
            "declare it too: `{option} vars.{name}=…`",
            "a block sees its own: write `{name}` into `args:` of `{block}:`, and `{name}: …` at its call",
            "known here: {known}",
            "declare it under `vars:`",
        ),
        "An expression reads a name that is not declared.",
    ),
    "number-too-large": Words(
        SpecError,
        "the number `{text}…` is too large",
        ("at most 400 digits, and below 1.8e308",),
        "A number of a spec fits into 400 digits, or into a 64-bit float.",
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
    "tab-indent": Words(
        SpecError, "a tab cannot indent YAML", ("use spaces",), "YAML is indented with spaces only."
    ),
    "text-invalid": Words(
        SpecError,
        "the file is not plain UTF-8 text: {reason} (byte {byte})",
        ("save it as UTF-8",),
        "A spec is UTF-8 text without control characters.",
    ),
    "value-continues": Words(
        SpecError,
        "a value that starts with `{character}` ends where that one closes",
        ("quote the whole value",),
        "Text stands behind the end of a quoted value, a list or a mapping.",
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
