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
"""Made by tools/generate.py from the list in `__init__.py`."""

from official.cyclegan.core.command_config import (
  EvaluateConfig as EvaluateConfig,
)
from official.cyclegan.core.command_config import ExportConfig as ExportConfig
from official.cyclegan.core.command_config import (
  GeneratorSelection as GeneratorSelection,
)
from official.cyclegan.core.config import Config as Config
from official.cyclegan.core.config import DataConfig as DataConfig
from official.cyclegan.core.config import DeviceConfig as DeviceConfig
from official.cyclegan.core.config import DistillConfig as DistillConfig
from official.cyclegan.core.config import LossConfig as LossConfig
from official.cyclegan.core.config import ModelConfig as ModelConfig
from official.cyclegan.core.config import ResolvedConfig as ResolvedConfig
from official.cyclegan.core.config import TrainConfig as TrainConfig
from official.cyclegan.core.config_checks import resolve as resolve
from official.cyclegan.core.errors import UserError as UserError
from official.cyclegan.core.options import Choices as Choices
from official.cyclegan.core.options import Range as Range
from official.cyclegan.core.search_config import SearchConfig as SearchConfig
from official.cyclegan.data.dataset import training_batches as training_batches
from official.cyclegan.data.dataset_audit import audit as audit
from official.cyclegan.data.sources import open_source as open_source
from official.cyclegan.data.sources import Source as Source
from official.cyclegan.evaluation.distribution_distance import fid as fid
from official.cyclegan.evaluation.distribution_distance import kid as kid
from official.cyclegan.evaluation.distribution_distance import (
  sliced_wasserstein as sliced_wasserstein,
)
from official.cyclegan.evaluation.features import (
  random_features as random_features,
)
from official.cyclegan.evaluation.image_quality import (
  edge_correlation as edge_correlation,
)
from official.cyclegan.evaluation.image_quality import (
  grid_strength as grid_strength,
)
from official.cyclegan.evaluation.image_quality import (
  masked_psnr as masked_psnr,
)
from official.cyclegan.evaluation.image_quality import (
  masked_ssim as masked_ssim,
)
from official.cyclegan.evaluation.image_quality import (
  pooled_psnr as pooled_psnr,
)
from official.cyclegan.evaluation.image_quality import psnr as psnr
from official.cyclegan.evaluation.image_quality import ssim as ssim
from official.cyclegan.evaluation.paired_metrics import l1 as l1
from official.cyclegan.evaluation.paired_metrics import masked_l1 as masked_l1
from official.cyclegan.evaluation.paired_metrics import (
  match_histograms as match_histograms,
)
from official.cyclegan.evaluation.paired_metrics import (
  relative_l1 as relative_l1,
)
from official.cyclegan.evaluation.paired_metrics import (
  transport_colors as transport_colors,
)
from official.cyclegan.evaluation.validation import Evaluator as Evaluator
from official.cyclegan.evaluation.validation import TestSet as TestSet
from official.cyclegan.modeling.adam import FusedAdam as FusedAdam
from official.cyclegan.modeling.discriminators import (
  build_discriminator as build_discriminator,
)
from official.cyclegan.modeling.generators import (
  build_generator as build_generator,
)
from official.cyclegan.modeling.image_pool import ImagePool as ImagePool
from official.cyclegan.modeling.layers import BorderConv2D as BorderConv2D
from official.cyclegan.modeling.layers import (
  CheckpointedDropout as CheckpointedDropout,
)
from official.cyclegan.modeling.layers import DepthToSpace as DepthToSpace
from official.cyclegan.modeling.layers import (
  PartialDepthwiseConv2D as PartialDepthwiseConv2D,
)
from official.cyclegan.modeling.layers import (
  XnnpackUpSampling2D as XnnpackUpSampling2D,
)
from official.cyclegan.modeling.model import build_model as build_model
from official.cyclegan.modeling.model import CycleGAN as CycleGAN
from official.cyclegan.modeling.normalization import (
  InstanceNormalization as InstanceNormalization,
)
from official.cyclegan.modeling.schedules import (
  ConstantThenDecay as ConstantThenDecay,
)
from official.cyclegan.scenes.scene_datasets import (
  Apple2orangeScenes as Apple2orangeScenes,
)
from official.cyclegan.scenes.scene_datasets import (
  Photo2paintingScenes as Photo2paintingScenes,
)
from official.cyclegan.serving.image_translator import (
  ImageTranslator as ImageTranslator,
)
from official.cyclegan.serving.image_translator import open_model as open_model
from official.cyclegan.serving.image_translator import (
  translate_image as translate_image,
)
from official.cyclegan.serving.serving_module import (
  ServingModule as ServingModule,
)
from official.cyclegan.serving.tflite_convert import convert as convert
from official.cyclegan.training.checkpoints import (
  load_generator as load_generator,
)
from official.cyclegan.tune_lib import search as search

PUBLIC: dict[str, tuple[str, ...]]
