// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
package org.example.restyle

import java.io.File
import org.junit.Assert.assertTrue
import org.junit.Test

class GoldenTest {
  @Test
  fun picturesAreThoseOfTheExport() {
    // Gradle runs unit tests in the folder of the module.
    val pictures = File("src/test/pictures")
    assertTrue(GoldenCheck.run(File("src/main/assets"), pictures) > 0)
  }
}
