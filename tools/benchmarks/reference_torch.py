# Copyright 2026 The CycleGAN Authors.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""The PyTorch reference's CycleGAN step, as a benchmark's worker.

Written anew from what junyanz/pytorch-CycleGAN-and-pix2pix does: its networks,
its order of work, its image pool; channels first, as by default. Needs torch
and nothing else, so that it may run in an environment of its own:

  echo first | \
    python tools/benchmarks/reference_torch.py 128 32 32 9 1 float32 3
"""

from __future__ import annotations

import itertools
import random
import sys

import bench_worker
import torch
from torch import nn

_LAMBDA_CYCLE, _LAMBDA_IDENTITY = 10.0, 5.0
_POOL = 50
_PICTURES = 8


def _norm(filters: int) -> nn.Module:
  return nn.InstanceNorm2d(filters)


def _generator(n: int, blocks: int) -> nn.Module:
  def conv(first, second, kernel, pad=0, stride=1):
    layers = [nn.ReflectionPad2d(pad)] if pad else []
    padding = 0 if pad else 1
    layers.append(nn.Conv2d(first, second, kernel, stride, padding))
    return [*layers, _norm(second)]

  class Block(nn.Module):
    def __init__(self):
      super().__init__()
      self.body = nn.Sequential(
        *conv(4 * n, 4 * n, 3, 1), nn.ReLU(True), *conv(4 * n, 4 * n, 3, 1)
      )

    def forward(self, x):
      return x + self.body(x)

  layers = [*conv(3, n, 7, 3), nn.ReLU(True)]
  for i in (1, 2):
    layers += [*conv(n * 2 ** (i - 1), n * 2**i, 3, stride=2), nn.ReLU(True)]
  layers += [Block() for _ in range(blocks)]
  for i in (1, 2):
    first, second = 8 * n // 2**i, 4 * n // 2**i
    layers += [
      nn.ConvTranspose2d(first, second, 3, 2, 1, output_padding=1),
      _norm(second),
      nn.ReLU(True),
    ]
  layers += [nn.ReflectionPad2d(3), nn.Conv2d(n, 3, 7), nn.Tanh()]
  return nn.Sequential(*layers)


def _discriminator(n: int, halvings: int) -> nn.Module:
  layers, before = [], 3
  for i in range(halvings + 1):
    filters = n * 2 ** min(i, 3)
    layers.append(nn.Conv2d(before, filters, 4, 2 if i < halvings else 1, 1))
    if i:
      layers.append(_norm(filters))
    layers.append(nn.LeakyReLU(0.2, True))
    before = filters
  return nn.Sequential(*layers, nn.Conv2d(before, 1, 4, 1, 1))


class _Pool:
  def __init__(self):
    self.images = []

  def query(self, images):
    shown = []
    for image in images.detach():
      image = image[None]
      if len(self.images) < _POOL:
        self.images.append(image)
      elif random.random() > 0.5:
        slot = random.randrange(_POOL)
        self.images[slot], image = image, self.images[slot]
      shown.append(image)
    return torch.cat(shown)


def build(
  size: int,
  gen_filters: int,
  disc_filters: int,
  blocks: int,
  batch: int,
  precision: str,
  halvings: int,
):
  """Builds the step; returns a function that runs a number of them."""
  torch.manual_seed(0)
  g_A, g_B = (_generator(gen_filters, blocks) for _ in range(2))
  d_A, d_B = (_discriminator(disc_filters, halvings) for _ in range(2))
  for network in (g_A, g_B, d_A, d_B):
    for parameter in network.parameters():
      nn.init.normal_(parameter, 0.0, 0.02)

  def adam(*networks):
    parameters = itertools.chain(*(n.parameters() for n in networks))
    return torch.optim.Adam(parameters, 2e-4, (0.5, 0.999))

  adam_G, adam_D = adam(g_A, g_B), adam(d_A, d_B)
  squares, distance = nn.MSELoss(), nn.L1Loss()
  pool_A, pool_B = _Pool(), _Pool()
  pictures = [
    2 * torch.rand(2, batch, 3, size, size) - 1 for _ in range(_PICTURES)
  ]

  def score(logits, real):
    return squares(logits, torch.full_like(logits, float(real)))

  def step(real_A, real_B):
    context = torch.autocast(
      "cpu", torch.bfloat16, enabled=precision == "bfloat16"
    )
    with context:
      fake_B = g_A(real_A)
      back_A = g_B(fake_B)
      fake_A = g_B(real_B)
      back_B = g_A(fake_A)
      for network in (d_A, d_B):
        network.requires_grad_(False)
      adam_G.zero_grad()
      loss = score(d_B(fake_B), True) + score(d_A(fake_A), True)
      loss += _LAMBDA_CYCLE * distance(back_A, real_A)
      loss += _LAMBDA_CYCLE * distance(back_B, real_B)
      loss += _LAMBDA_IDENTITY * distance(g_A(real_B), real_B)
      loss += _LAMBDA_IDENTITY * distance(g_B(real_A), real_A)
    loss.backward()
    adam_G.step()
    for network in (d_A, d_B):
      network.requires_grad_(True)
    adam_D.zero_grad()
    for network, real, fake, pool in (
      (d_A, real_A, fake_A, pool_A),
      (d_B, real_B, fake_B, pool_B),
    ):
      shown = pool.query(fake)
      with context:
        loss = score(network(real), True) + score(network(shown), False)
        loss = 0.5 * loss
      loss.backward()
    adam_D.step()

  source = itertools.cycle(pictures)

  def run(steps):
    for _ in range(steps):
      step(*next(source))

  return run


if __name__ == "__main__":
  _size, _gen, _disc, _blocks, _batch = map(int, sys.argv[1:6])
  bench_worker.serve(
    lambda: build(
      _size, _gen, _disc, _blocks, _batch, sys.argv[6], int(sys.argv[7])
    )
  )
