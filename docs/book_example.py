# Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
"""The book's CycleGAN in a notebook.

Each `# %%` begins a cell: open this file in Jupyter (with jupytext), VS Code
or Colab. Foster, "Generative Deep Learning", chapter 5, has the same arguments.
It is run by a test.
"""

# %% The model: two generators, two discriminators, compiled and ready.
import numpy as np
import tensorflow as tf

from official.cyclegan import CycleGAN

SIZE = 32  # the book: 128

gan = CycleGAN.from_book(
  input_dim=(SIZE, SIZE, 3),
  learning_rate=0.0002,
  buffer_max_length=50,
  lambda_validation=1,
  lambda_reconstr=10,
  lambda_id=2,
  generator_type="unet",  # or "resnet"
  gen_n_filters=8,  # the book: 32
  disc_n_filters=8,  # the book: 32
)
print(f"g_AB: {gan.g_AB.count_params():,} parameters")
print(f"d_A: {gan.d_A.count_params():,} parameters")

# %% Images of two domains, unpaired, float32 in [-1, 1]. Any tf.data of pairs
# will do:
# dataset.training_batches makes one from folders and TFDS names.
rng = np.random.default_rng(0)
ramp = np.linspace(-0.5, 0.5, SIZE, dtype=np.float32)


def shaded_images(colour: list[float], count: int = 16) -> np.ndarray:
  """Returns float32 `[count, SIZE, SIZE, 3]`: shaded pictures of one hue."""
  light = np.tile(ramp[:, None, None], (1, SIZE, 1))
  light = light + rng.uniform(-0.3, 0.3, (count, 1, 1, 1))
  return (light + np.float32(colour)).astype(np.float32)


warm = shaded_images([0.3, 0.0, -0.3])
cold = shaded_images([-0.3, 0.0, 0.3])
pairs = tf.data.Dataset.zip(
  tuple(
    tf.data.Dataset.from_tensor_slices(images).shuffle(16)
    for images in (warm, cold)
  )
)

# %% Ordinary Keras from here on.
history = gan.fit(pairs.batch(1), epochs=1, verbose=0)
print({name: round(v[-1], 3) for name, v in history.history.items()})

# %% Translate, there and back.
painted = gan.g_AB(warm[:4])
restored = gan.g_BA(painted)
print("cycle error:", float(np.abs(warm[:4] - restored).mean()))

# %% Keep it.
gan.save_weights("book.weights.h5")
