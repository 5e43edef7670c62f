"""Entries of `augment:` are read as calls, and every mistake is found where it stands."""

from __future__ import annotations

from typing import Any

import pytest

from nncli.augmentation.transforms import MIXERS, TRANSFORMS
from nncli.columns.augmenting import Change, read_changes, signature_text

KNOWN = {**TRANSFORMS, **MIXERS}


def _read(entry: Any) -> Any:
    (found,) = read_changes((entry,), KNOWN)
    return found


@pytest.mark.parametrize(
    ("entry", "arguments"),
    [
        ("RandomHorizontalFlip", {}),
        ({"RandomHorizontalFlip": None}, {}),
        ({"RandomHorizontalFlip": {}}, {}),
        ({"RandomHorizontalFlip": 0.3}, {"p": 0.3}),
        ({"RandomCrop": {"padding": 4}}, {"padding": 4}),
        ({"RandomCrop": (32, 4)}, {"size": 32, "padding": 4}),
        ({"RandomCrop": (32, {"padding": 4, "fill": 9})}, {"size": 32, "padding": 4, "fill": 9}),
        ({"RandomRotation": (-10, 20)}, {"degrees": (-10, 20)}),
        ({"RandomRotation": [-10, 20]}, {"degrees": (-10, 20)}),
        ({"GaussianBlur": (3, (0.1, 2.0))}, {"kernel_size": 3, "sigma": (0.1, 2.0)}),
        ({"RandomErasing": {"value": "random"}}, {"value": "random"}),
        ({"MixUp": 0.2}, {"alpha": 0.2}),
    ],
)
def test_entries_are_calls(entry: Any, arguments: dict[str, Any]) -> None:
    found = _read(entry)
    assert isinstance(found, Change)
    assert dict(found.arguments) == arguments
    assert type(found.made(KNOWN)).__name__ == found.name


@pytest.mark.parametrize(
    ("entry", "code", "key"),
    [
        ("RandomFlip", "augment-unknown", "augment.0"),
        ({}, "call-expected", "augment.0"),
        ({"RandomCrop": 1, "RandomErasing": 2}, "call-two-names", "augment.0.RandomErasing"),
        ({"RandomCrop": {"pad": 4}}, "argument-unknown", "augment.0.RandomCrop.pad"),
        ({"RandomCrop": {"padding": "x"}}, "argument-type", "augment.0.RandomCrop.padding"),
        ({"RandomCrop": (32, "x")}, "argument-type", "augment.0.RandomCrop.1"),
        ({"RandomCrop": (32, {"size": 3})}, "argument-repeated", "augment.0.RandomCrop.1.size"),
        ({"RandomCrop": ({"padding": 3}, 32)}, "argument-order", "augment.0.RandomCrop.1"),
        ({"RandomHorizontalFlip": (0.1, 2)}, "too-many-arguments", "augment.0.RandomHorizontalFlip"),
        ("GaussianBlur", "argument-missing", "augment.0"),
        ({"RandomHorizontalFlip": 2}, "augment-value", "augment.0.RandomHorizontalFlip"),
        ({"RandomRotation": {"degrees": True}}, "argument-type", "augment.0.RandomRotation.degrees"),
    ],
)
def test_mistakes_are_found_where_they_stand(entry: Any, code: str, key: str) -> None:
    (mistake,) = _read(entry)
    assert (mistake.code, mistake.key) == (code, key)


def test_every_entry_is_read_by_itself() -> None:
    found = read_changes(("RandomFlip", "RandomHorizontalFlip", {"RandomCrop": {"pad": 1}}), KNOWN)
    assert [isinstance(each, Change) for each in found] == [False, True, False]


def test_signatures_say_what_is_needed() -> None:
    assert signature_text(TRANSFORMS["GaussianBlur"]) == "GaussianBlur(kernel_size, sigma=(0.1, 2.0))"


@pytest.mark.parametrize("name", KNOWN)
def test_every_transform_says_what_it_does_and_takes(name: str) -> None:
    assert (KNOWN[name].__doc__ or "").split("\n")[0].endswith(".")
    assert signature_text(KNOWN[name]).startswith(f"{name}(")
