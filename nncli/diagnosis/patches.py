"""What to write instead: changes of a spec, as `--set` takes them and as YAML at the right keys."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from nncli.spec.editing import Change, Unwritable, flow_text, with_whole_lists


@dataclass(frozen=True, slots=True)
class Patch:
    """One or more changes of a spec that belong together."""

    changes: tuple[Change, ...]

    @property
    def sets(self) -> tuple[str, ...]:
        """Writes the changes as `--set` takes them; those that add or remove an item have no such form."""
        return tuple(f"{each.path}={flow_text(each.value)}" for each in self.changes if each.how == "set")

    @property
    def yaml(self) -> str:
        """Writes the changes as YAML, each at its key; items of lists say what becomes of them."""
        tree: dict[str, Any] = {}
        lists: dict[str, list[str]] = {}
        for each in self.changes:
            if each.how == "set" and not any(part.isdigit() for part in each.path.split(".")):
                _put(tree, each.path, each.value)
            else:
                owner, line = _line_of_item(each)
                lists.setdefault(owner, []).append(line)
        lines = _lines(tree, 0)
        for owner, items in lists.items():
            lines += [f"{owner.replace('.', ': ')}:" if "." not in owner else _opened(owner)]
            indent = "  " * (owner.count(".") + 1)
            lines += [f"{indent}{item}" for item in items]
        return "\n".join(lines)

    def with_items(self, items: Mapping[str, str]) -> Patch:
        """Gives each item of a list the name that a person knows it by; `items` has them by path."""
        return Patch(tuple(_with_item(each, items) for each in self.changes))

    def document(self, text: str | None = None) -> dict[str, Any]:
        """Gives the patch for scripts: with the text of the spec as one YAML document, and as `--set` takes
        it, lists whole; items that the text does not have stay as a person reads them."""
        changes = [{"path": each.path, "how": each.how, "value": each.value} for each in self.changes]
        whole = self
        if text is not None:
            with suppress(Unwritable):
                whole = Patch(with_whole_lists(text, self.changes))
        return {"yaml": whole.yaml, "set": list(whole.sets), "changes": changes}


def set_to(path: str, value: Any) -> Patch:
    """Makes the patch of one key."""
    return Patch((Change(path, value),))


def _item_of(path: str) -> tuple[str, int, list[str]]:
    """Takes a path apart at its last item: the list, the position in it, and what is inside of the item."""
    parts = path.split(".")
    at = max(number for number, part in enumerate(parts) if part.isdigit())
    return ".".join(parts[:at]), int(parts[at]), parts[at + 1 :]


def _with_item(change: Change, items: Mapping[str, str]) -> Change:
    if not any(part.isdigit() for part in change.path.split(".")):
        return change
    owner, position, _ = _item_of(change.path)
    return replace(change, item=items.get(f"{owner}.{position}", ""))


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split(".")
    for part in above:
        tree = tree.setdefault(part, {})
    tree[last] = value


def _lines(tree: Mapping[str, Any], depth: int) -> list[str]:
    """Writes mappings in lines, and from the third level on one line each."""
    found = []
    for key, value in tree.items():
        start = "  " * depth + f"{key}:"
        if isinstance(value, dict) and depth < 2 and not key[:1].isupper():
            inner = _lines(value, depth + 1)
            is_call = len(value) == 1 and next(iter(value))[:1].isupper()
            found += [f"{start} {flow_text(value)}"] if is_call else [start, *inner]
        else:
            found.append(f"{start} {flow_text(value)}")
    return found


def _line_of_item(change: Change) -> tuple[str, str]:
    """Finds the list that a change is in, and writes what becomes of its item."""
    owner, position, rest = _item_of(change.path)
    # A person counts from 1.
    item = change.item or f"item {position + 1}"
    if change.how == "remove":
        return owner, f"# leave out {item}"
    text = flow_text(change.value)
    shown = text[1:-1] if text.startswith("{") and "," not in text and text.count("{") == 1 else text
    if change.how == "after":
        return owner, f"- {shown}  # new, behind {item}"
    inside = ": ".join([*rest, shown])
    if not rest:
        return owner, f"- {inside}  # in place of {item}"
    return owner, f"- {inside}  # {item}" if rest[0][:1].isupper() else f"{inside}  # at {item}"


def _opened(owner: str) -> str:
    return "\n".join("  " * depth + f"{part}:" for depth, part in enumerate(owner.split(".")))
