"""RandAugment and TrivialAugmentWide: a few changes, drawn for each image from a fixed list.

Source: the lists and ranges of torchvision's transforms of these names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias

import torch
from torch import Tensor

from nncli.augmentation import colours
from nncli.augmentation.changes import recoloured
from nncli.augmentation.grids import Affine, Fill, Interpolation, Sampling, moved
from nncli.augmentation.transform import require_fill, sampling_of
from nncli.draws import Draw

Amount: TypeAlias = Callable[[Tensor, int, int], Tensor]


@dataclass(frozen=True, slots=True)
class _Change:
    """One change of a list: its amount at a share of the full strength, height and width, and what it does.

    `colour` changes pixels by the amount; `move` gives the affine map for it. With neither, nothing happens.
    """

    amount: Amount
    is_signed: bool = True
    colour: Callable[[Tensor, Tensor], Tensor] | None = None
    move: Callable[[Tensor, int, int], Affine] | None = None


def _up_to(most: float) -> Amount:
    return lambda share, height, width: share * most


def _affine(
    amount: Tensor,
    *,
    turn: bool = False,
    lean: bool = False,
    rise: bool = False,
    centre: tuple[int, int] = (0, 0),
) -> Affine:
    none = torch.zeros_like(amount)
    shear = torch.rad2deg(torch.atan(amount))
    return Affine(
        amount if turn else none,
        (none, none),
        none + 1,
        (shear if lean else none, shear if rise else none),
        # torchvision shears around the top left corner.
        (-centre[1] / 2, -centre[0] / 2),
    )


def _shift(amount: Tensor, is_across: bool) -> Affine:
    none, pixels = torch.zeros_like(amount), torch.trunc(amount)
    return Affine(none, (pixels, none) if is_across else (none, pixels), none + 1, (none, none))


def _changes(
    shear: float, across: Amount, down: Amount, degrees: float, factor: float, bits: int
) -> Mapping[str, _Change]:
    factors = _up_to(factor)
    return {
        "Identity": _Change(_up_to(0)),
        "ShearX": _Change(_up_to(shear), move=lambda a, h, w: _affine(a, lean=True, centre=(h, w))),
        "ShearY": _Change(_up_to(shear), move=lambda a, h, w: _affine(a, rise=True, centre=(h, w))),
        "TranslateX": _Change(across, move=lambda a, h, w: _shift(a, True)),
        "TranslateY": _Change(down, move=lambda a, h, w: _shift(a, False)),
        "Rotate": _Change(_up_to(degrees), move=lambda a, h, w: _affine(-a, turn=True)),
        "Brightness": _Change(factors, colour=lambda x, a: colours.adjust_brightness(x, 1 + a)),
        "Color": _Change(factors, colour=lambda x, a: colours.adjust_saturation(x, 1 + a)),
        "Contrast": _Change(factors, colour=lambda x, a: colours.adjust_contrast(x, 1 + a)),
        "Sharpness": _Change(factors, colour=lambda x, a: colours.adjust_sharpness(x, 1 + a)),
        "Posterize": _Change(lambda s, h, w: torch.round(8 - s * bits), False, colours.posterize),
        "Solarize": _Change(lambda s, h, w: 255 * (1 - s), False, colours.solarize),
        "AutoContrast": _Change(_up_to(0), False, lambda x, a: colours.autocontrast(x)),
        "Equalize": _Change(_up_to(0), False, lambda x, a: colours.equalize(x)),
    }


_RAND_AUGMENT: Final = _changes(
    0.3, lambda s, h, w: s * w * 150 / 331, lambda s, h, w: s * h * 150 / 331, 30, 0.9, 4
)
_TRIVIAL: Final = _changes(0.99, _up_to(32), _up_to(32), 135, 0.99, 6)


@dataclass(frozen=True, slots=True)
class RandAugment:
    """Makes num_ops changes that are drawn from a list of fourteen, each of a strength of magnitude.

    magnitude is a whole number below num_magnitude_bins. Source: Cubuk et al. 2020.
    """

    num_ops: int = 2
    magnitude: int = 9
    num_magnitude_bins: int = 31
    interpolation: Interpolation = "nearest"
    fill: Fill = 0
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _require_bins(self.num_magnitude_bins)
        if not 1 <= self.num_ops <= 16:
            raise ValueError("num_ops must be from 1 to 16")
        if not 0 <= self.magnitude < self.num_magnitude_bins:
            raise ValueError("magnitude must be from 0 to num_magnitude_bins - 1")
        require_fill(self.fill)

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Changes every image in turn by what was drawn for it."""
        sampling = sampling_of(self.interpolation, self.fill, is_mask)
        chance = draw.uniform(place, 2 * self.num_ops)
        share = torch.full_like(chance[:, 0], self.magnitude / (self.num_magnitude_bins - 1))
        for number in range(self.num_ops):
            kind, sign = chance[:, 2 * number], chance[:, 2 * number + 1]
            values = _one_of(_RAND_AUGMENT, values, (kind, sign, share), sampling, is_mask)
        return values


@dataclass(frozen=True, slots=True)
class TrivialAugmentWide:
    """Makes one change that is drawn from a list of fourteen, of a strength that is drawn as well.

    Source: Müller and Hutter 2021, with its wide ranges.
    """

    num_magnitude_bins: int = 31
    interpolation: Interpolation = "nearest"
    fill: Fill = 0
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _require_bins(self.num_magnitude_bins)
        require_fill(self.fill)

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Changes every image by what was drawn for it."""
        sampling = sampling_of(self.interpolation, self.fill, is_mask)
        kind, sign, strength = draw.uniform(place, 3).unbind(1)
        bins = self.num_magnitude_bins
        share = torch.floor(strength * bins) / (bins - 1)
        return _one_of(_TRIVIAL, values, (kind, sign, share), sampling, is_mask)


def _one_of(
    changes: Mapping[str, _Change],
    values: Tensor,
    drawn: tuple[Tensor, Tensor, Tensor],
    sampling: Sampling,
    is_mask: bool,
) -> Tensor:
    """Changes each image by one of a list; only the images that a change fell on go through it."""
    chance, sign, share = drawn
    height, width = values.shape[2:]
    kind = torch.floor(chance * len(changes))
    for number, change in enumerate(changes.values()):
        amount = change.amount(share, height, width)
        amount = torch.where(sign < 0.5, -amount, amount) if change.is_signed else amount
        if change.move is not None:
            numbers = (kind == number).nonzero()[:, 0]
            if len(numbers):
                affine = change.move(amount[numbers], height, width)
                values = values.index_copy(0, numbers, moved(values[numbers], affine, sampling))
        elif change.colour is not None and not is_mask:
            values = recoloured(values, kind == number, _by(change.colour, amount))
    return values


def _by(change: Callable[[Tensor, Tensor], Tensor], amounts: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda images, numbers: change(images, amounts[numbers])


def _require_bins(count: int) -> None:
    if not 2 <= count <= 1000:
        raise ValueError("num_magnitude_bins must be from 2 to 1000")
