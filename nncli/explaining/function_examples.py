"""An example of functions of tensors, on an image of three channels that is also called image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nncli.network.functions.signatures import overloads_of, takes_tensor, takes_tensors

# What is written beside a function that stands as an item, where something has to be.
_WRITTEN: Final[Mapping[str, str]] = {
    "adaptive_avg_pool2d": "1",
    "adaptive_max_pool2d": "1",
    "all": "{dim: 1}",
    "amax": "[2, 3]",
    "amin": "[2, 3]",
    "any": "{dim: 1}",
    "argmax": "{dim: 1}",
    "argmin": "{dim: 1}",
    "avg_pool2d": "2",
    "cat": "{dim: 1}",
    "channel_shuffle": "3",
    "chunk": "[2, dim: 2]",
    "clamp": "{min: 0, max: 1}",
    "count_nonzero": "{dim: 1}",
    "cummax": "{dim: 1}",
    "cummin": "{dim: 1}",
    "cumprod": "{dim: 1}",
    "cumsum": "{dim: 1}",
    "diagonal": "{dim1: 2, dim2: 3}",
    "flatten": "1",
    "flip": "[[2, 3]]",
    "full_like": "{fill_value: 0.5}",
    "group_norm": "3",
    "interpolate": "{scale_factor: 2, mode: bilinear}",
    "kthvalue": "[2, dim: 1]",
    "local_response_norm": "2",
    "log_softmax": "{dim: 1}",
    "logcumsumexp": "{dim: 1}",
    "logsumexp": "{dim: 1}",
    "max_pool2d": "2",
    "mean": "[[2, 3]]",
    "median": "{dim: 1}",
    "movedim": "[1, 3]",
    "nanmean": "{dim: 1}",
    "nansum": "{dim: 1}",
    "narrow": "[2, 0, 4]",
    "norm": "{dim: 1}",
    "pad": "[[1, 1, 1, 1], mode: reflect]",
    "permute": "[0, 2, 3, 1]",
    "pixel_unshuffle": "2",
    "prod": "{dim: 1}",
    "repeat_interleave": "[2, dim: 1]",
    "roll": "[1, dims: 2]",
    "rot90": "{dims: [2, 3]}",
    "select": "[1, 0]",
    "softmax": "{dim: 1}",
    "split": "[4, dim: 2]",
    "stack": "{dim: 1}",
    "squeeze": "{dim: 1}",
    "std": "{dim: 1}",
    "sum": "{dim: 1}",
    "swapaxes": "[1, 2]",
    "threshold": "[0.1, 0]",
    "tile": "[[1, 2, 2]]",
    "topk": "[2, dim: 1]",
    "transpose": "[1, 2]",
    "unbind": "{dim: 1}",
    "unflatten": "[2, [2, -1]]",
    "unfold": "{kernel_size: 3}",
    "unsqueeze": "1",
    "var": "{dim: 1}",
}
# Names of several results.
_NAMES: Final[Mapping[str, str]] = {"chunk": "[upper, lower]", "topk": "[values, indices]"}
# What is mostly written in expressions.
_EXPRESSIONS: Final[Mapping[str, str]] = {
    "addcmul": "addcmul(x, image, image)",
    "arange": "x + arange(3)[:, none, none]",
    "broadcast_to": "x * broadcast_to(mean(x, 1, true), [batch, 3, -1, -1])",
    "det": "det(matmul(x, transpose(x, 2, 3)))",
    "einsum": 'einsum("b c h w, b d h w -> b c d", x, image)',
    "expand": "expand(mean(x, 1, true), [batch, 3, -1, -1])",
    "full": "x + full([3, 1, 1], 0.5)",
    "gather": "gather(x, 1, argmax(x, 1, true))",
    "lerp": "lerp(x, image, 0.5)",
    "linspace": "x * linspace(0, 1, 3)[:, none, none]",
    "masked_fill": "masked_fill(x, x < 0, 0)",
    "ones": "x + ones(3, 1, 1)",
    "rand": "x + rand(batch, 3, 1, 1)",
    "randn": "x + 0.1 * randn(batch, 3, 1, 1)",
    "reshape": "reshape(x, [batch, -1])",
    "scaled_dot_product_attention": "scaled_dot_product_attention(x, image, image)",
    "take_along_dim": "take_along_dim(x, argmax(x, 1, true), 1)",
    "view": "view(x, [batch, -1])",
    "where": "where(x > 0, x, 0.1 * x)",
    "zeros": "x + zeros(3, 1, 1)",
}
# They want other things than images.
_OTHER: Final = frozenset(
    """binary_cross_entropy binary_cross_entropy_with_logits bmm bucketize cross_entropy diag dot grid_sample
    hinge_embedding_loss huber_loss inverse kl_div kron l1_loss meshgrid mm mse_loss mv nll_loss one_hot outer
    pdist pixel_shuffle poisson_nll_loss prelu quantile randint_like searchsorted smooth_l1_loss
    soft_margin_loss tensor_split tensordot trace""".split()
)


def function_example(name: str) -> str:
    """Writes an item with a function, or an expression; empty where it wants other things than an image."""
    if name in _EXPRESSIONS:
        return f"- compute: {_EXPRESSIONS[name]}\n"
    count = _inflows(name)
    if name in _OTHER or (count is None and name not in _WRITTEN):
        return ""
    written = f" {_WRITTEN[name]}" if name in _WRITTEN else ""
    names = f"  name: {_NAMES[name]}\n" if name in _NAMES else ""
    if count == 2:
        return f"- {name}:{written}\n  from: [x, image]\n"
    return f"- {name}:{written}\n{names}" if written else f"- {name}\n"


def _inflows(name: str) -> int | None:
    """Counts the values that have to flow into a function; None where more has to be written."""
    for overload in overloads_of(name):
        required = [each for each in overload.parameters if each.required]
        lists = [each for each in required if takes_tensors(each.annotation)]
        tensors = [each for each in required if takes_tensor(each.annotation)]
        if lists:
            return 2
        if 0 < len(tensors) == len(required) <= 2:
            return len(tensors)
    return None
