#!/usr/bin/env bash
# Formats and lints the tree, mending what can be mended, and checks types.
# Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/env.sh
make_env .venv-test package dev
.venv-test/bin/ruff format .
.venv-test/bin/ruff check --fix .
check_types .venv-test
