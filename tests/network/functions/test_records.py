from __future__ import annotations

from types import ModuleType

import pytest
import torch

from nncli.network.functions import axes, records
from nncli.network.functions.environment import OPERATORS
from nncli.network.functions.expressions import compute
from nncli.network.graph import remedies
from nncli.network.graph.values import Value
from nncli.spec.functions import FUNCTIONS
from tests.network.flowing import Flow, parsed

X, Y = (torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
MASK = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]]).bool()
OTHER = torch.tensor([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]]).bool()
# Padding holds what would be seen at once.
PADDED = X.masked_fill(~MASK[..., None], 1e6)


# What calls are labelled with that are no functions of the list.
LABELS = {*OPERATORS, "and", "residual"}


@pytest.mark.parametrize("module", [axes, records, remedies])
def test_tables_name_what_can_be_called(module: ModuleType) -> None:
    tables = {name: value for name, value in vars(module).items() if name.strip("_").isupper()}
    named = {name: set(table) for name, table in tables.items() if isinstance(table, (frozenset, dict))}
    assert named
    assert {
        name: names - FUNCTIONS - LABELS for name, names in named.items() if names - FUNCTIONS - LABELS
    } == {}


def flow() -> Flow:
    made = Flow(
        x=PADDED,
        y=Y,
        mask=MASK,
        other=OTHER,
        image=torch.randn(2, 3, 6, 6),
        cls=torch.randn(3, 1, 5),
        w=torch.randn(5, 7),
    )
    made.record("x", channels=2, time=1, mask=made.one("mask"))
    made.record("image", channels=1)
    return made


def lowered(text: str) -> tuple[Value, Flow]:
    made = flow()
    result = compute(parsed(text), made)
    assert isinstance(result, Value)
    return result, made


@pytest.mark.parametrize(
    ("text", "channels", "time", "has_mask"),
    [
        ("x + y", 2, 1, True),
        ("relu(x) * 2 > 0", 2, 1, True),
        ("x * y[:, :1]", 2, 1, True),
        ("y + 1", None, None, False),
        ("image * image", 1, None, False),
        ("permute(x, 0, 2, 1)", 1, 2, True),
        ("transpose(x, 1, 2)", 1, 2, True),
        ("transpose(x, 0, 1)", 2, 0, False),
        ("movedim(x, 2, 1)", 1, 2, True),
        ("mean(x, 2)", None, 1, True),
        ("mean(x, 1)", 1, None, False),
        ("mean(x, -2, keepdim=true)", 2, None, False),
        ("sum(image, [2, 3])", 1, None, False),
        ("max(x, 2)[0]", None, 1, True),
        ("maximum(x, y)", 2, 1, True),
        ("max(x, y)", 2, 1, True),
        ("softmax(x, dim=-1)", 2, 1, True),
        ("softmax(x, dim=1)", 2, 1, True),
        ("cumsum(x, 1)", 2, 1, True),
        ("flip(x, 1)", 2, 1, False),
        ("flip(x, 2)", 2, 1, True),
        ("roll(x, 1, 1)", 2, 1, False),
        ("sort(x, 1)[0]", 2, 1, False),
        ("unsqueeze(x, 1)", 3, 2, True),
        ("x[:, None]", 3, 2, True),
        ("unsqueeze(x, -1)", 2, 1, True),
        ("squeeze(x[:, :, None], 2)", 2, 1, True),
        ("flatten(image, 2)", 1, None, False),
        ("flatten(x, 1)", 1, None, False),
        ("unflatten(x, 2, [5, 1])", None, 1, True),
        ("cat([x, x], 2)", 2, 1, True),
        ("cat([y, x], 1)", 2, 1, True),
        ("cat([x, y], 1)", 2, 1, False),
        ("stack([x, y], 1)", 3, 2, True),
        ("chunk(x, 5, -1)[0]", 2, 1, True),
        ("split(x, 2, 1)[0]", 2, 1, False),
        ("unbind(x, 2)[0]", None, 1, True),
        ("x @ w", 2, 1, True),
        ("x @ transpose(y, 1, 2)", None, 1, True),
        ("transpose(y, 1, 2) @ x", 2, None, False),
        ("x[:, 1:]", 2, 1, True),
        ("x[:, 0]", 1, None, False),
        ("x[..., 0]", None, 1, True),
        ("x[0]", 1, 0, False),
        ("x[1:]", 2, 1, False),
        ("x[:, [1, 2]]", None, None, False),
        ("reshape(x, batch, -1)", 1, None, False),
        ("conv1d(image[:, :, 0], image[:, :, 0])", 1, None, False),
        ("x[..., 1:, :]", 2, 1, True),
        ("x[:2]", 2, 1, False),
        ("transpose(x, 1, 2) @ y", 1, None, False),
        ("layer_norm(x, [5])", 2, 1, True),
        ("where(x > 0, x, y)", 2, 1, True),
        ("masked_fill(x, y > 0, 0)", 2, 1, True),
        ("expand(x[:, :1], -1, 4, -1)", 2, 1, False),
    ],
)
def test_axes_and_masks_go_where_the_function_puts_them(
    text: str, channels: int | None, time: int | None, has_mask: bool
) -> None:
    result, _ = lowered(text)
    assert (result.channels, result.time, result.mask is not None) == (channels, time, has_mask)


def test_of_different_masks_both_hold() -> None:
    made = flow()
    made.record("y", channels=2, time=1, mask=made.one("other"))
    result = compute(parsed("x + y"), made)
    assert isinstance(result, Value) and result.mask is not None and result.time == 1
    assert torch.equal(made.ran(result.mask), MASK & OTHER)


def test_a_mask_is_cut_as_its_time_axis_is() -> None:
    result, made = lowered("x[:, 1:3]")
    assert result.mask is not None
    assert torch.equal(made.ran(result.mask), MASK[:, 1:3])


def test_valid_steps_put_before_others_are_valid() -> None:
    result, made = lowered("cat([cls, cls, x], dim=-2)")
    expected = torch.cat((torch.ones(3, 2).bool(), MASK), 1)
    assert result.mask is not None and torch.equal(made.ran(result.mask), expected)


@pytest.mark.parametrize("text", ["cat([x, cls], 1)", "cat([cls, x, cls, x], 1)"])
def test_a_mask_ends_where_padding_would_come_to_stand_before_valid_steps(text: str) -> None:
    assert lowered(text)[0].mask is None


@pytest.mark.parametrize(
    ("text", "arranged"),
    [
        ("permute(x, 0, 2, 1)", True),
        ("relu(transpose(x, 1, 2))", True),
        ("x + 1", False),
        ("x[:, 1:]", False),
        ("x[:, :, none] + 1", True),
        ("transpose(y, 1, 2) @ x", False),
    ],
)
def test_axes_that_the_author_moved_are_arranged(text: str, arranged: bool) -> None:
    assert lowered(text)[0].is_arranged is arranged


# --- What is worked out over time sees valid steps alone


def _by_rows(reduce: object, nothing: float = 0.0) -> torch.Tensor:
    rows = [X[row][MASK[row]] for row in range(3)]
    return torch.stack([reduce(row) if len(row) else torch.full((5,), nothing) for row in rows])  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mean(x, 1)", _by_rows(lambda row: row.mean(0))),
        ("mean(x, 1, keepdim=true)", _by_rows(lambda row: row.mean(0))[:, None]),
        ("mean(x, [1, 2])", _by_rows(lambda row: row.mean(0)).mean(1)),
        ("mean(x)", X[MASK].mean()),
        ("mean(x, [0, 1])", X[MASK].mean(0)),
        ("sum(x, 1)", _by_rows(lambda row: row.sum(0))),
        ("sum(x)", X[MASK].sum()),
        ("prod(x, 1)", _by_rows(lambda row: row.prod(0), 1.0)),
        ("amax(x, 1)", _by_rows(lambda row: row.amax(0))),
        ("amin(x, 1)", _by_rows(lambda row: row.amin(0))),
        ("amin(x, [1, 2])", _by_rows(lambda row: row.amin(0)).amin(1)),
        ("max(x, 1)[0]", _by_rows(lambda row: row.amax(0))),
        ("min(x, 1, keepdim=true)[0]", _by_rows(lambda row: row.amin(0))[:, None]),
        ("max(x)", X[MASK].max()),
        ("argmax(x, 1)[:2]", torch.stack([X[0, :2].argmax(0), X[1].argmax(0)])),
        ("norm(x, dim=1)", _by_rows(lambda row: row.norm(dim=0))),
        ("logsumexp(x, 1)[:2]", _by_rows(lambda row: row.logsumexp(0))[:2]),
        ("sum(softmax(x, 1), 1)", torch.tensor([1.0, 1.0, 0.0])[:, None].expand(3, 5)),
        ("softmax(x, 1)[0, :2]", X[0, :2].softmax(0)),
        ("log_softmax(x, 1)[0, :2]", X[0, :2].log_softmax(0)),
        ("any(x > 1e5, 1)", torch.zeros(3, 5).bool()),
        ("mean(x[:, 1:], 1)[:1]", X[0, 1:2]),
    ],
)
def test_functions_over_time_see_valid_steps_alone(text: str, expected: torch.Tensor) -> None:
    result, made = lowered(text)
    assert torch.allclose(made.ran(result), expected, atol=1e-5)


def test_without_time_in_it_a_function_is_torchs_own() -> None:
    result, made = lowered("mean(x, 2)")
    assert torch.equal(made.ran(result), PADDED.mean(2))
