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
r"""Translates any number of pictures, on one machine or many (Apache Beam).

Recipe:

  python -m official.cyclegan.translate_many \
    --model=runs/quickstart/export/g_AB.tflite \
    --input=my_pictures --output=translated

--input is a folder, a glob pattern in quotes or a .txt file with an address in
each line, and --output a folder, on this machine or any of Beam's file systems
(gs://, s3://, hdfs://). Results are called as those of translate, and are the
same. Given again, the command does what is missing: a picture is whole or not
there. The manifest, manifest-*.jsonl, says of each picture where it came from,
the checksum of its result, how long it took, or why there is none.

Without --runner all cores of this machine work, a process each, which need no
TensorFlow for a .tflite file. --beam_options takes Beam's own flags, as those
of Flink, Spark and Dataflow (docs/at-scale.md).
"""

from __future__ import annotations

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import flags
from official.cyclegan.core import search_config

_TRANSLATE = (
  "direction",
  "detail",
  "texture_scale",
  "format",
  "quality",
)

flags.define(
  command_config.CommandConfig,
  "model",
  "checkpoint",
  "raw_generator",
  "size",
  "dry_run",
)
flags.define(config_lib.DataConfig, "background", "max_pixels")
flags.define(command_config.PlacesConfig)
flags.define(command_config.TranslateConfig, *_TRANSLATE)
flags.define(command_config.BeamConfig)
flags.define(command_config.ManyConfig)


def main() -> None:
  """Translates what the flags name."""
  model = flags.require(
    "model", "give a run's folder, a SavedModel or a .tflite file."
  )
  pattern = flags.require(
    "input", "give a folder, a pattern in quotes or a .txt file of addresses."
  )
  output = flags.require("output", "give a folder for the results.")
  options = flags.read(command_config.CommandConfig)
  how = flags.read(command_config.TranslateConfig)
  job = flags.read(command_config.BeamConfig)
  many = flags.read(command_config.ManyConfig)
  reading = flags.read(config_lib.DataConfig)
  selection = flags.selection_from_flags(model)
  if options.dry_run:
    values = search_config.option_values(how)
    command.show(
      {
        "model": model,
        "input": pattern,
        "output": output,
        **{name: values[name] for name in _TRANSLATE},
        **search_config.option_values(job),
        **search_config.option_values(many),
        "size": options.size,
        "background": reading.background,
        "max_pixels": reading.max_pixels,
        "checkpoint": options.checkpoint,
        "raw_generator": options.raw_generator,
      }
    )
    return
  command.require_beam()
  # Imported late: --help and a refused flag do not wait for Beam.
  from official.cyclegan import translate_many_lib
  from official.cyclegan.pipeline import restyling

  settings = restyling.Settings(
    model,
    pattern,
    output,
    how.direction,
    selection,
    options.size,
    how.detail,
    how.texture_scale,
    reading.background,
    reading.max_pixels,
    how.format,
    how.quality,
    many.manifest_shards,
    many.pack,
    many.shard_pictures,
    many.batch_size,
  )
  counts = translate_many_lib.translate(settings, job)
  print(f"{translate_many_lib.describe(counts)}: {output}")


if __name__ == "__main__":
  command.run(main)
