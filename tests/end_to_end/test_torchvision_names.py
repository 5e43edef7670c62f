"""A file with the names of torchvision's resnet18 loads into the shipped spec by renaming alone."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from nncli.preparing.prepared import prepare
from nncli.spec.opening import read_spec

SPEC = Path(__file__).parents[2] / "specs" / "architectures" / "resnet-18.yaml"
STAGE = """
      "layer{layer}.*.conv1.": "stages.{stage}.*.conv_bn.conv2d."
      "layer{layer}.*.bn1.": "stages.{stage}.*.conv_bn.batchnorm2d."
      "layer{layer}.*.conv2.": "stages.{stage}.*.conv_bn_2.conv2d."
      "layer{layer}.*.bn2.": "stages.{stage}.*.conv_bn_2.batchnorm2d."
"""
SHORTCUT = """
      "layer{layer}.0.downsample.0.": "stages.{stage}.0.shortcut.conv_bn.conv2d."
      "layer{layer}.0.downsample.1.": "stages.{stage}.0.shortcut.conv_bn.batchnorm2d."
"""
REST = """
      "conv1.": "conv_bn.conv2d."
      "bn1.": "conv_bn.batchnorm2d."
      "fc.": "linear."
"""


class Block(nn.Module):
    def __init__(self, inputs: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        if stride > 1:
            conv = nn.Conv2d(inputs, channels, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        around = self.downsample(x) if hasattr(self, "downsample") else x
        inside = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(inside + around)


class ResNet(nn.Module):
    """The names of torchvision's resnet18."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        before = 64
        for number, channels in enumerate((64, 128, 256, 512), 1):
            first = Block(before, channels, 1 if number == 1 else 2)
            self.add_module(f"layer{number}", nn.Sequential(first, Block(channels, channels, 1)))
            before = channels
        self.fc = nn.Linear(512, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for number in range(1, 5):
            x = self.get_submodule(f"layer{number}")(x)
        result: Tensor = self.fc(x.mean((2, 3)))
        return result


def test_resnet_18(tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = ResNet().eval()
    save_file(theirs.state_dict(), tmp_path / "resnet18.safetensors")
    rename = "".join(STAGE.format(layer=number + 1, stage=number) for number in range(4))
    rename += "".join(SHORTCUT.format(layer=number + 1, stage=number) for number in range(1, 4))
    words = f"\n  weights:\n    file: resnet18.safetensors\n    rename:{rename}{REST}"
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC.read_text().replace("\nnetwork:\n", f"\nnetwork:{words}"))
    spec, problems = read_spec(path, ("network.inputs.image=[3,64,64]",))
    prepared = prepare(spec, problems)
    assert prepared.warnings == ()
    image = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        mine, other = prepared.network.module.eval()(image), theirs(image)
    assert float((mine - other).abs().max()) <= 1e-5 * float(other.abs().max())
