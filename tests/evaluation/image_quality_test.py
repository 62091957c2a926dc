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
import numpy as np
import pytest
import skimage.metrics

from official.cyclegan.evaluation import image_quality
from tests import conftest


@pytest.fixture(scope="module")
def pair():
  """Pictures and noisy versions of them, more than one batch."""
  rng = np.random.default_rng(0)
  pictures = np.stack([conftest.smooth_picture(rng, 40, 36) for _ in range(60)])
  noise = rng.normal(0, 12, pictures.shape)
  noisy = np.clip(pictures + noise, 0, 255).astype(np.uint8)
  return noisy, pictures


def _ssim(image, truth, full=False):
  return skimage.metrics.structural_similarity(
    truth,
    image,
    data_range=255,
    channel_axis=-1,
    gaussian_weights=True,
    sigma=1.5,
    use_sample_covariance=False,
    full=full,
  )


def test_psnr_equals_scikit_images(pair):
  want = np.mean(
    [
      skimage.metrics.peak_signal_noise_ratio(b, a, data_range=255)
      for a, b in zip(*pair)
    ]
  )
  np.testing.assert_allclose(image_quality.psnr(*pair), want, atol=1e-9)


def test_pooled_psnr_is_that_of_one_large_picture(pair):
  noisy, pictures = (images / 255 for images in pair)
  noisy[0] = pictures[0]  # equal: the mean over pictures would be infinite
  want = skimage.metrics.peak_signal_noise_ratio(pictures, noisy, data_range=1)
  got = image_quality.pooled_psnr(noisy, pictures)
  np.testing.assert_allclose(got, want, atol=1e-9)
  assert image_quality.pooled_psnr(pictures, pictures) == np.inf


def test_ssim_equals_scikit_images(pair):
  want = np.mean([_ssim(a, b) for a, b in zip(*pair)])
  np.testing.assert_allclose(image_quality.ssim(*pair), want, atol=1e-4)


def test_grey_pictures_have_both(pair):
  grey = [images[..., :1] for images in pair]
  want = np.mean([_ssim(a, b) for a, b in zip(*grey)])
  np.testing.assert_allclose(image_quality.ssim(*grey), want, atol=1e-4)


def test_masked_measures_look_inside_the_mask_only(pair):
  noisy, pictures = pair
  mask = np.zeros(noisy.shape[:3], bool)
  mask[:, 10:30, 8:28] = True
  mask[3] = False  # a picture without a mask is left out
  want = np.mean(
    [
      skimage.metrics.peak_signal_noise_ratio(b[m], a[m], data_range=255)
      for a, b, m in zip(noisy, pictures, mask)
      if m.any()
    ]
  )
  got = image_quality.masked_psnr(noisy, pictures, mask)
  np.testing.assert_allclose(got, want, atol=1e-4)
  maps = np.stack([_ssim(a, b, full=True)[1] for a, b in zip(noisy, pictures)])
  got = image_quality.masked_ssim(noisy, pictures, mask)
  np.testing.assert_allclose(got, maps[mask].mean(), atol=1e-4)
  spoilt = np.where(mask[..., None], noisy, 0).astype(np.uint8)
  np.testing.assert_allclose(
    image_quality.masked_psnr(spoilt, pictures, mask),
    image_quality.masked_psnr(noisy, pictures, mask),
  )


def test_equal_pictures_are_perfect(pair):
  _, pictures = pair
  mask = np.ones(pictures.shape[:3], bool)
  assert image_quality.psnr(pictures, pictures) == np.inf
  assert image_quality.masked_psnr(pictures, pictures, mask) == np.inf
  np.testing.assert_allclose(image_quality.ssim(pictures, pictures), 1)


def test_what_has_no_answer_is_refused(pair):
  noisy, pictures = pair
  empty = np.zeros(noisy.shape[:3], bool)
  for function in (image_quality.masked_psnr, image_quality.masked_ssim):
    with pytest.raises(ValueError, match="mask is empty"):
      function(noisy, pictures, empty)
  with pytest.raises(ValueError, match="at least 11"):
    image_quality.ssim(noisy[:, :10], pictures[:, :10])


def test_edges_survive_new_colours_but_not_new_places():
  rng = np.random.default_rng(1)
  pictures = np.full((3, 32, 32, 3), 60, np.uint8)
  for picture in pictures:
    y, x = rng.integers(4, 14, 2)
    picture[y : y + 10, x : x + 12] = 160
  recoloured = (255 - pictures).astype(np.uint8)
  darker = (pictures * 0.5).astype(np.uint8)
  for same in (pictures, recoloured, darker):
    got = image_quality.edge_correlation(pictures, same)
    np.testing.assert_allclose(got, 1, atol=1e-3)
  moved = np.roll(pictures, 7, axis=(1, 2))
  assert image_quality.edge_correlation(pictures, moved) < 0.5
  flat = np.full_like(pictures, 99)
  assert image_quality.edge_correlation(pictures, flat) == 0
  assert image_quality.edge_correlation(flat, pictures) == 0


@pytest.mark.parametrize("size", [(32, 32), (33, 46), (9, 70)])
@pytest.mark.parametrize("period", [2, 4])
def test_a_grid_has_the_strength_with_which_it_was_drawn(size, period):
  flat = np.full((3, *size, 3), 60, np.uint8)
  drawn = flat.copy()
  drawn[1, ::period, ::period] += 40  # in one picture of three
  want = 40 * (1 / period**2 * (1 - 1 / period**2)) ** 0.5
  got = image_quality.grid_strength(flat, drawn)
  np.testing.assert_allclose(got, want, rtol=0.2)
  assert image_quality.grid_strength(flat, flat) == 0
  assert image_quality.grid_strength(drawn, drawn) < 1e-5
  # What is the input's own is not counted, nor what became of its detail.
  rng = np.random.default_rng(2)
  detailed = rng.integers(60, 160, (3, *size, 3)).astype(np.uint8)
  assert image_quality.grid_strength(detailed, 255 - detailed) == 0
  # What repeats itself at another distance is detail.
  other = flat.copy()
  other[:, ::5, ::3] += 40
  assert image_quality.grid_strength(flat, other) < 0.75 * want


def test_a_grid_that_is_in_one_place_only_counts_as_strong():
  flat = np.full((2, 96, 96, 3), 60, np.uint8)
  drawn = flat.copy()
  drawn[1, 33:57, 41:64][1::2] += 20
  drawn[1, 64:, 64:][::2] += 20  # elsewhere on the other rows
  got = image_quality.grid_strength(flat, drawn)
  # Of five rows two or three are brighter: that leaves 8 of the 10.
  np.testing.assert_allclose(got, 8, rtol=0.1)


def test_grid_strength_is_numpys(pair):
  def fine(channel):
    height, width = channel.shape
    return np.array(
      [
        [
          channel[y, x]
          - channel[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3].mean()
          for x in range(width)
        ]
        for y in range(height)
      ]
    )

  def strength(before, after):
    before, after = fine(before), fine(after)
    places = [after[y::4, x::4].mean() for y in range(4) for x in range(4)]
    return np.std(places) - np.sqrt((before**2).mean())

  _, pictures = pair
  pictures = pictures[:, 3:15, 2:14]
  flat = pictures // 16 + 100
  made = flat + 20 * (np.arange(12) % 4 == 1)[:, None].astype(np.uint8)
  want = max(
    np.mean([strength(a[..., c] / 1.0, b[..., c] / 1.0) for c in range(3)])
    for a, b in zip(flat, made)
  )
  assert want > 1
  got = image_quality.grid_strength(flat, made)
  np.testing.assert_allclose(got, want, rtol=1e-4)


def test_edge_correlation_is_numpys(pair):
  def edges(image):
    luma = np.pad(image.mean(-1), 1, mode="reflect")
    kernel = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])

    def filtered(k):
      windows = np.lib.stride_tricks.sliding_window_view(luma, (3, 3))
      return (windows * k).sum(axis=(-1, -2))

    return np.hypot(filtered(kernel), filtered(kernel.T)).ravel()

  want = np.mean([np.corrcoef(edges(a), edges(b))[0, 1] for a, b in zip(*pair)])
  got = image_quality.edge_correlation(*pair)
  np.testing.assert_allclose(got, want, atol=1e-4)


if __name__ == "__main__":
  conftest.main(__file__)
