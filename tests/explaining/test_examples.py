"""Every layer of the installed torch has an example that compiles, the same in both forms."""

from __future__ import annotations

import pytest

from nncli.explaining.examples import SHOWN, VALUES, example_forms, shapes_of
from nncli.network.calls.signatures import layer_classes, signature_of

# Layers that need what another layer hands on.
NOT_ALONE = {"MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d", "RelativePositionBias"}


@pytest.mark.parametrize("name", sorted(set(layer_classes()) - NOT_ALONE))
def test_the_example_of_a_layer_compiles(name: str) -> None:
    forms = example_forms(name, layer_classes()[name])
    # The layers of one and three dimensions are written as those of two.
    shapes = {shapes_of(name, form) for form in (forms[:1] if name.endswith(("1d", "3d")) else forms)}
    assert None not in shapes and len(shapes) == 1


@pytest.mark.parametrize(
    ("name", "forms"),
    {
        "Conv2d": [
            "- Conv2d: [32, 3, stride: 2]",
            "- Conv2d: {out_channels: 32, kernel_size: 3, stride: 2}",
        ],
        "Linear": ["- Linear: 10", "- Linear: {out_features: 10}"],
        "ReLU": ["- ReLU"],
        "Softmax": ["- Softmax: {dim: 1}"],
        "Bilinear": [
            "- Bilinear: 10\n  from: [x, other]",
            "- Bilinear: {out_features: 10}\n  from: [x, other]",
        ],
    }.items(),
)
def test_forms(name: str, forms: list[str]) -> None:
    assert example_forms(name, layer_classes()[name]) == forms


def test_what_is_shown_exists() -> None:
    layers = layer_classes()
    for name, arguments in SHOWN.items():
        if name in layers:
            known = {parameter.name for parameter in signature_of(layers[name]).parameters}
            assert set(arguments) <= known, name
    assert VALUES["kernel_size"] == 3


def test_a_layer_that_does_not_fit_has_no_shapes() -> None:
    assert shapes_of("Conv2d", "- Conv2d: [4, 99]") is None
