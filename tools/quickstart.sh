#!/usr/bin/env bash
# From a bare machine to a .tflite file: installs, trains on a built-in data
# set, exports, translates the test pictures and says how good they are.
#
#   tools/quickstart.sh [--dataset=photo2painting_scenes] [--run_dir=FOLDER]
#
# Two to seven minutes on two cores with AVX-512 the first time, eleven with AVX2
# only. Run again after an interruption it goes on; run again after a finished run
# it starts a new one.
# Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
set -euo pipefail
started=$SECONDS
cd "$(dirname "$0")/.."
source tools/env.sh

dataset=apple2orange_scenes
run_dir=
for argument in "$@"; do
  case $argument in
    --dataset=?*) dataset=${argument#*=} ;;
    --run_dir=?*) run_dir=${argument#*=} ;;
    *) fail "unexpected argument $argument." \
      "Usage: tools/quickstart.sh [--dataset=NAME] [--run_dir=FOLDER]" ;;
  esac
done
case $dataset in
  apple2orange_scenes) run_dir=${run_dir:-runs/quickstart} ;;
  photo2painting_scenes) run_dir=${run_dir:-runs/quickstart_painting} ;;
  *) fail "--dataset=$dataset: the quickstart measures against a known truth," \
    "which only apple2orange_scenes and photo2painting_scenes have." \
    "Train on other pictures with python -m official.cyclegan.train." ;;
esac

make_env .venv package
python=.venv/bin/python

if [[ -f $run_dir/summary.json ]]; then
  rm -r "$run_dir"
fi
$python -m official.cyclegan.train --model_dir="$run_dir" \
  --flagfile=official/cyclegan/configs/quickstart.flags --dataset="$dataset"
$python -m official.cyclegan.export --model_dir="$run_dir" \
  --output_dir="$run_dir/export"
$python tools/checks/write_test_pictures.py --model_dir="$run_dir" \
  --output_dir="$run_dir/test"
$python -m official.cyclegan.translate --direction=AtoB \
  --model="$run_dir/export/g_AB.tflite" \
  --input="$run_dir/test/A" --output="$run_dir/test/translated"
$python tools/checks/summarize_translation.py --test_dir="$run_dir/test" \
  --output_dir="$run_dir" --started_seconds_ago=$((SECONDS - started))
echo "Model for a phone: $run_dir/export/g_AB.tflite"
