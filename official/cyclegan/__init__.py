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
"""CycleGAN: from two unpaired piles of pictures to a model on a phone.

The data flow, one module per noun:
  config, common_flags         what a run is asked to do
  scene_datasets, image_files, folders  pictures, drawn or from disk
  sources                      data sets found and checked
  dataset, preprocessing       batches of unpaired images in [-1, 1]
  networks, losses, image_pool the parts of the model
  model, checkpoints, train_lib  one training step; many; kept on disk
  validation, evaluate_lib     translations judged, with the truth or without
  survey, prepare_lib          pictures looked through and packed
  tune_lib, search_oracles     loss weights and architectures searched
  export_lib, tflite_convert   SavedModel and TFLite
  translate_lib, video, web_page  pictures in and out
The binaries prepare, train, distill, tune, evaluate, export, translate and demo
only read flags and call a library.
"""
