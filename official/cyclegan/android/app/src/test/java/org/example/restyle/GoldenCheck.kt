// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
package org.example.restyle

import java.io.File
import java.util.Properties
import kotlin.math.abs

/**
 * Compares PictureProcessor and GraphicsCheck with what the export computed.
 *
 * It needs no Android and no test library: `kotlinc` compiles it with the two
 * classes, and `main` takes the folders of the assets and of the pictures.
 */
object GoldenCheck {
  /** Throws AssertionError, which names the file; returns how many agree. */
  fun run(assets: File, pictures: File): Int {
    val options = properties(File(assets, "model.properties"))
    val known = properties(File(pictures, "pictures.properties"))
    val size = options.getProperty("size").toInt()
    val channels = options.getProperty("channels").toInt()
    var count = 0
    for (direction in options.getProperty("directions").split(",")) {
      val guided = options.getProperty("$direction.detail") == "guided"
      val processor = PictureProcessor(size, channels, guided)
      val folder = File(pictures, direction)
      for (name in known.getProperty("names").split(",")) {
        val width = known.getProperty("$name.width").toInt()
        val height = known.getProperty("$name.height").toInt()
        val colours = colours(File(folder, "${name}_picture.u8"), 3)
        check(colours.size == width * height) { "$name has another size" }
        val given = processor.prepare(colours, width, height)
        val stored = floats(File(folder, "${name}_given.u8"))
        near("$direction/$name", given, stored)
        val made = floats(File(folder, "${name}_made.u8"))
        same(
          "$direction/$name",
          processor.finish(colours, width, height, given, made),
          colours(File(folder, "${name}_translated.u8"), channels)
        )
        count++
      }
    }
    faultyGraphics(size, channels)
    return count
  }

  /** A graphics processor that is wrong is found, one that rounds is not. */
  private fun faultyGraphics(size: Int, channels: Int) {
    val check = GraphicsCheck(size, channels)
    val right = { x: FloatArray -> FloatArray(x.size) { 1 - x[it] } }
    val half = { x: FloatArray -> FloatArray(x.size) { 1 - x[it] + 3e-4f } }
    require(check.compare(half, right), false, "half precision")
    var runs = 0
    val faulty = mapOf<String, (FloatArray) -> FloatArray>(
      "zeros" to { x -> FloatArray(x.size) },
      "no numbers" to { x -> FloatArray(x.size) { Float.NaN } },
      "infinity" to { x ->
        right(x).also { it[it.size / 2] = Float.POSITIVE_INFINITY }
      },
      "right once" to { x ->
        if (runs++ == 0) right(x) else FloatArray(x.size) { 0.5f }
      },
      "pixels exchanged" to { x -> right(x).reversedArray() },
      "a dead part" to { x ->
        right(x).also { for (i in 0 until it.size / 80) it[i] += 0.4f }
      }
    )
    for ((name, graphics) in faulty) {
      require(check.compare(graphics, right), true, name)
    }
    stuckLater(size, channels, right)
    val picture = check.testPictures()[0]
    check.compared(10, 5000)
    check(!check.isDue(right(picture), picture, 5500)) { "is due at once" }
    check(check.isDue(right(picture), picture, 6001)) { "is never due" }
    val black = FloatArray(picture.size)
    check(check.isDue(black, picture, 5500)) { "shows black" }
    val none = faulty.getValue("no numbers")(picture)
    check(check.isDue(none, picture, 5500)) { "shows what is no number" }
  }

  /** One that goes wrong later is found by a picture that was known before. */
  private fun stuckLater(
    size: Int, channels: Int, right: (FloatArray) -> FloatArray
  ) {
    val check = GraphicsCheck(size, channels)
    require(check.repeat(right, 0), false, "before a comparison")
    require(check.compare(right, right), false, "right")
    val stuck = right(check.testPictures()[0])
    require(check.repeat(right, 1000), false, "right again")
    require(check.repeat({ stuck }, 1999), false, "not yet its turn")
    require(check.repeat({ stuck }, 2000), true, "stuck")
  }

  private fun require(found: String, isFaulty: Boolean, name: String) =
    check(found.isNotEmpty() == isFaulty) { "graphics, $name: '$found'" }

  /** What the model is given is stored in levels. */
  private fun near(name: String, got: FloatArray, want: FloatArray) {
    check(got.size == want.size) { "$name has ${got.size} numbers" }
    for (i in got.indices) {
      val off = abs(got[i] - want[i]) * 255
      check(off <= 0.55f) { "$name: number $i is off by $off levels" }
    }
  }

  /** At most one level in a channel, and that in one of a hundred pixels. */
  private fun same(name: String, got: IntArray, want: IntArray) {
    check(got.size == want.size) { "$name has ${got.size} pixels" }
    var off = 0
    for (i in got.indices) {
      var most = 0
      for (shift in intArrayOf(0, 8, 16, 24)) {
        val one = got[i] shr shift and 255
        most = maxOf(most, abs(one - (want[i] shr shift and 255)))
      }
      check(most <= 1) { "$name: pixel $i is off by $most levels" }
      off += most
    }
    check(off <= got.size / 100) { "$name: $off pixels are off by a level" }
  }

  private fun properties(file: File): Properties =
    Properties().apply { file.inputStream().use { load(it) } }

  private fun floats(file: File): FloatArray {
    val levels = file.readBytes()
    return FloatArray(levels.size) { (levels[it].toInt() and 255) / 255f }
  }

  private fun colours(file: File, channels: Int): IntArray {
    val levels = file.readBytes()
    return IntArray(levels.size / channels) { i ->
      var colour = 255
      for (c in 0..2) {
        val at = if (channels == 1) i else 3 * i + c
        colour = (colour shl 8) or (levels[at].toInt() and 255)
      }
      colour
    }
  }

  private fun check(right: Boolean, message: () -> String) {
    if (!right) throw AssertionError(message())
  }
}

fun main(args: Array<String>) {
  println("${GoldenCheck.run(File(args[0]), File(args[1]))} pictures agree")
}
