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
import json
import pathlib
import shutil

from official.cyclegan.reporting import export_page
from tests import conftest


def _report():
  found = {
    "psnr": 41.26,
    "ssim": None,
    "relative_l1": 0.40004,
    "milliseconds": {"1": 12.34, "2": 6.0},
    "memory_mb": None,
  }
  return {
    "size": 64,
    "trained_on": "<b>fruits",
    "test_images": 3,
    "keras_relative_l1": {"AtoB": 0.4},
    "picture_rows": {"AtoB": ["input", "Keras"]},
    "files": {
      "g_AB": {"bytes": 30_000},
      "g_AB.tflite": {"bytes": 2_000, "by_size": {"64": found, "96": found}},
    },
  }


def test_a_table_has_a_row_for_each_file_and_size():
  table = export_page.table(_report())
  assert [row[:3] for row in table.rows] == [
    ("g_AB", "any", "30"),
    ("g_AB.tflite", "64", "2"),
    ("g_AB.tflite", "96", "2"),
  ]
  assert table.rows[1][3:] == ("41.3", "", "0.4000", "12.3", "6.0", "")
  assert {len(row) for row in table.rows} == {len(table.headers)}


def test_a_page_without_pictures_is_a_page(tmp_path):
  export_page.write(str(tmp_path), _report())
  text = (tmp_path / "report.html").read_text()
  assert "Export of &lt;b&gt;fruits" in text
  assert "<figure" not in text and "g_AB.tflite" in text


def test_an_export_has_its_page_with_what_each_file_makes(models):
  from official.cyclegan import export_lib

  text = pathlib.Path(models["export"], "report.html").read_text()
  for part in ("float16", "dynamic", 'class="scrub"', "AtoB", "BtoA"):
    assert part in text
  report = json.loads(pathlib.Path(models["export"], "export.json").read_text())
  assert report["pages"] == list(export_lib.PAGES)
  table = export_page.table_of(models["export"])
  assert len(table.rows) == 2 * (1 + 3 * 2)


def test_what_is_no_whole_export_has_no_table(tmp_path):
  assert export_page.table_of(str(tmp_path)) is None
  for text in ("{", "[]", '{"files": {"x": {}}}', '{"files": 3}'):
    (tmp_path / "export.json").write_text(text)
    assert export_page.table_of(str(tmp_path)) is None
  shutil.rmtree(tmp_path)


if __name__ == "__main__":
  conftest.main(__file__)
