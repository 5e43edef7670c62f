"""Words, keys and codes explained from the tables of the language; needs no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from nncli.explaining.explanations import Explanation, Part
from nncli.messages.catalogue import CATALOGUE
from nncli.spec.functions import ITEM_FUNCTIONS
from nncli.spec.reference_files import ENTRIES

if TYPE_CHECKING:
    from nncli.spec.keys import Key


def explain_words(word: str) -> Iterator[Explanation]:
    """Explains what the language itself means by a word: items, structures, files, values, metrics."""
    # `builtin:digits` is asked for as it is written.
    word = word.partition(":")[0] if word.startswith("builtin:") else word
    for entry in ENTRIES:
        names = [entry.name, entry.name.rpartition(".")[2]]
        if entry.group == "concept":
            # One or several, whatever was asked.
            names += [entry.name.removesuffix("s"), f"{entry.name}s"]
        if word in names:
            parts = tuple(Part(form, text=meaning) for form, meaning in entry.forms)
            yield Explanation(entry.name, entry.group, entry.text, (), parts, entry.example)


def explain_keys(word: str) -> Iterator[Explanation]:
    """Explains keys of data: and training:, by a path or by its end."""
    from nncli.spec.keys import find_keys

    return (_explain_key(key) for key in find_keys(word))


def _explain_key(key: Key) -> Explanation:
    from nncli.explaining.annotations import in_words
    from nncli.spec.keys import SECTIONS

    is_section = key.path in SECTIONS
    parent = key.path.partition(".")[0]
    facts = [("takes", key.takes or in_words(key.annotation, key.metadata))]
    if not is_section and key.model is None:
        facts.append(("default", "required" if key.required else written(key.default)))
    facts = [(label, value) for label, value in facts if value]
    kind = "section of a file" if is_section else f"key of {parent}"
    return Explanation(key.path, kind, key.text, tuple(facts), tuple(_parts_below(key)), key.example)


def _parts_below(key: Key) -> Iterator[Part]:
    from nncli.spec.keys import all_keys

    below = {each.path: each for each in all_keys()}
    for path in key.keys:
        each = below[path]
        default = "required" if each.required else written(each.default)
        yield Part(path.rpartition(".")[2], default=default if each.model is None else "", text=each.text)


def written(value: object) -> str:
    """Writes a default as YAML would; empty where there is nothing to say."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(written(item) for item in value)}]"
    if isinstance(value, Mapping) and value:
        return f"{{{', '.join(f'{key}: {written(item)}' for key, item in value.items())}}}"
    if isinstance(value, str):
        return value or '""'
    if isinstance(value, (int, float)):
        return f"{value:g}" if isinstance(value, float) else str(value)
    # None: nothing is set; and what stands for a whole section says itself by its keys.
    return ""


def explain_code(word: str) -> Iterator[Explanation]:
    """Explains an error code by its rule and hints, as docs/errors.md does."""
    words = CATALOGUE.get(word)
    if words is None:
        return
    facts = [("says", _braces(words.message)), *(("hint", _braces(hint)) for hint in words.hints)]
    exit_code = words.error.exit_code
    yield Explanation(word, f"error code, exit {int(exit_code)}", words.about.rstrip("."), tuple(facts))


def _braces(template: str) -> str:
    return template.replace("{{", "{").replace("}}", "}")


def function_names() -> tuple[str, ...]:
    """Names the functions of tensors that can be items."""
    return tuple(sorted(ITEM_FUNCTIONS))


def word_groups() -> Mapping[str, list[str]]:
    """Lists what can be asked without torch, by groups."""
    from nncli.spec.keys import all_keys

    groups: dict[str, list[str]] = {}
    for entry in ENTRIES:
        groups.setdefault(entry.group, []).append(entry.name)
    for key in all_keys():
        groups.setdefault(f"key of {key.path.partition('.')[0]}", []).append(key.path)
    groups["error code"] = sorted(CATALOGUE)
    return groups


def known_words() -> list[str]:
    """Lists every word that can be asked without torch, keys also by their ends."""
    words = [word for group in word_groups().values() for word in group]
    return list(dict.fromkeys([*words, *(word.rpartition(".")[2] for word in words)]))
