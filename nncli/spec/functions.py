"""The one list of functions of tensors that a file may call: all of torch, by torch's own names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

# Where torch keeps a function: `torch.relu`, `torch.nn.functional.pad`, or a method, `torch.Tensor.expand`.
Home = Literal["torch", "torch.nn.functional", "torch.Tensor"]


@dataclass(frozen=True, slots=True)
class Group:
    """Functions of one purpose, all from one part of torch."""

    title: str
    home: Home
    names: tuple[str, ...]


def _group(title: str, home: Home, names: str) -> Group:
    return Group(title, home, tuple(names.split()))


# Left out on purpose: what reads files, sets state, or works in place; dropout and batch_norm, which
# differ in training (layers know which it is); and what has a shape that depends on values, such as
# nonzero, which neither torch.export nor a batch of another size can follow.
GROUPS: Final[tuple[Group, ...]] = (
    _group(
        "Value by value",
        "torch",
        """abs acos acosh add addcdiv addcmul asin asinh atan atan2 atanh ceil clamp copysign cos cosh deg2rad
        digamma div erf erfc erfinv exp exp2 expm1 floor floor_divide fmod frac hypot lerp lgamma log log10
        log1p log2 logaddexp logaddexp2 logit masked_fill maximum minimum mul nan_to_num neg pow rad2deg
        reciprocal remainder round rsqrt sigmoid sign sin sinc sinh sqrt square sub tan tanh trunc where
        xlogy""",
    ),
    _group(
        "Activations",
        "torch.nn.functional",
        """celu elu gelu hardshrink hardsigmoid hardswish hardtanh leaky_relu logsigmoid mish prelu relu relu6
        selu silu softplus softshrink softsign tanhshrink threshold""",
    ),
    _group(
        "Comparison and logic",
        "torch",
        """eq ge gt isclose isfinite isinf isnan le logical_and logical_not logical_or logical_xor lt ne""",
    ),
    _group("Kinds of numbers", "torch.Tensor", "bool float long type_as"),
    _group("Gradients", "torch", "detach"),
    _group(
        "Reductions",
        "torch",
        """all amax amin any argmax argmin count_nonzero kthvalue logsumexp max mean median min nanmean nansum
        norm prod quantile std sum var""",
    ),
    _group(
        "Along an axis",
        "torch",
        """argsort cummax cummin cumprod cumsum diff flip log_softmax logcumsumexp roll rot90 softmax sort
        topk""",
    ),
    _group("Along an axis", "torch.nn.functional", "glu normalize"),
    _group(
        "Shape",
        "torch",
        """broadcast_to flatten movedim permute reshape squeeze swapaxes tile transpose unflatten
        unsqueeze""",
    ),
    _group("Shape", "torch.Tensor", "expand expand_as reshape_as view view_as"),
    _group(
        "Joining and parting",
        "torch",
        "cat chunk repeat_interleave split stack tensor_split unbind",
    ),
    _group(
        "Picking",
        "torch",
        """bucketize diag diag_embed diagonal gather index_add index_select narrow scatter scatter_add
        searchsorted select take_along_dim tril triu""",
    ),
    _group(
        "Linear algebra",
        "torch",
        """addmm baddbmm bmm cdist cross det dot einsum inner inverse kron matmul matrix_exp mm mv outer
        tensordot trace""",
    ),
    _group(
        "New tensors",
        "torch",
        """arange eye full full_like hamming_window hann_window linspace logspace meshgrid ones ones_like
        zeros zeros_like""",
    ),
    _group("New tensors", "torch.nn.functional", "affine_grid one_hot"),
    _group(
        "Random",
        "torch",
        "bernoulli multinomial rand rand_like randint randint_like randn randn_like randperm",
    ),
    _group("Random", "torch.nn.functional", "gumbel_softmax"),
    _group(
        "Normalisation and attention",
        "torch.nn.functional",
        "group_norm layer_norm local_response_norm rms_norm scaled_dot_product_attention",
    ),
    _group("Weights from elsewhere", "torch.nn.functional", "bilinear embedding linear"),
    _group(
        "Convolution",
        "torch.nn.functional",
        "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
    ),
    _group(
        "Pooling",
        "torch.nn.functional",
        """adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d
        adaptive_max_pool3d avg_pool1d avg_pool2d avg_pool3d lp_pool1d lp_pool2d max_pool1d max_pool2d
        max_pool3d""",
    ),
    _group(
        "Images and signals",
        "torch.nn.functional",
        "channel_shuffle fold grid_sample interpolate pad pixel_shuffle pixel_unshuffle unfold",
    ),
    _group("Images and signals", "torch", "istft stft"),
    _group("Distances", "torch.nn.functional", "cosine_similarity pairwise_distance pdist"),
    _group(
        "Losses",
        "torch.nn.functional",
        """binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy
        gaussian_nll_loss hinge_embedding_loss huber_loss kl_div l1_loss margin_ranking_loss mse_loss nll_loss
        poisson_nll_loss smooth_l1_loss soft_margin_loss triplet_margin_loss""",
    ),
)

HOMES: Final[dict[str, Home]] = {name: group.home for group in GROUPS for name in group.names}
FUNCTIONS: Final[frozenset[str]] = frozenset(HOMES)


def names_in(*titles: str) -> frozenset[str]:
    """Names the functions of some groups."""
    return frozenset(name for group in GROUPS if group.title in titles for name in group.names)


# As an item, each of these would need a weight that flows in; in lower case it is a layer, mistyped.
WITH_WEIGHTS: Final = names_in("Convolution", "Weights from elsewhere")
ITEM_FUNCTIONS: Final = FUNCTIONS - WITH_WEIGHTS

# What other tools, and torch's second names, call a function.
KNOWN_ELSEWHERE: Final[dict[str, str]] = {
    "concat": "cat",
    "concatenate": "cat",
    "multiply": "mul",
    "divide": "div",
    "subtract": "sub",
    "negative": "neg",
    "absolute": "abs",
    "swish": "silu",
    "reduce_mean": "mean",
    "reduce_sum": "sum",
    "reduce_max": "amax",
    "expand_dims": "unsqueeze",
}
