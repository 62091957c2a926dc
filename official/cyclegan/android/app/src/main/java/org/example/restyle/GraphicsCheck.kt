// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
package org.example.restyle

import kotlin.math.abs
import kotlin.math.max
import kotlin.math.sin

/**
 * Finds out whether a graphics processor computes what the processor does.
 *
 * Drivers differ: some are right in the first run only, some give nothing but
 * zeros, exchange channels, or overflow in half precision. Pictures are floats
 * in [0, 1], size times size pixels of `channels` each.
 */
class GraphicsCheck(private val size: Int, private val channels: Int) {
  private var due = 0L
  // Test pictures with what the processor makes of them, from `compare` on.
  private var known = listOf<Pair<FloatArray, FloatArray>>()
  private var repeated = 0
  private var repeatDue = 0L

  /**
   * Compares on several pictures, the first of them again after the others.
   *
   * @param graphics Runs the model there.
   * @param processor Runs it here.
   * @return What is wrong, in words; empty if nothing is.
   */
  fun compare(
    graphics: (FloatArray) -> FloatArray,
    processor: (FloatArray) -> FloatArray
  ): String {
    known = testPictures().map { Pair(it, processor(it)) }
    for (i in intArrayOf(0, 1, 2, 0)) {
      val (given, expected) = known[i]
      val found = fault(graphics(given), expected)
      if (found.isNotEmpty()) return found
    }
    return ""
  }

  /**
   * Runs one of these pictures again, at most once a second: that costs one run
   * on the graphics processor, where a comparison takes one on the processor.
   *
   * @param now Milliseconds of a clock that only goes forwards.
   * @return What is wrong, in words; empty if nothing is, or it is not time.
   */
  fun repeat(graphics: (FloatArray) -> FloatArray, now: Long): String {
    if (now < repeatDue || known.isEmpty()) return ""
    repeatDue = now + INTERVAL
    val (given, expected) = known[repeated++ % known.size]
    return fault(graphics(given), expected)
  }

  /**
   * Says whether a result has to be compared before it is shown.
   *
   * @param now Milliseconds of a clock that only goes forwards.
   */
  fun isDue(made: FloatArray, given: FloatArray, now: Long): Boolean =
    now >= due || !made.all(::isNumber) || (isFlat(made) && !isFlat(given))

  /** Notes a comparison and how many milliseconds it took. */
  fun compared(milliseconds: Long, now: Long) {
    due = now + max(INTERVAL, SHARE * milliseconds)
  }

  /** Says in words what is wrong with a result; empty if nothing is. */
  fun fault(made: FloatArray, expected: FloatArray): String {
    if (!made.all(::isNumber)) return "it gives what is no number"
    var sum = 0.0
    var far = 0
    for (i in made.indices) {
      val levels = 255 * abs(made[i] - expected[i])
      sum += levels
      if (levels > FAR) far++
    }
    val mean = sum / made.size
    if (mean > TOLERANCE) return "it is off by ${mean.toInt()} of 255 levels"
    if (far <= MAX_SHARE * made.size) return ""
    return "a part of it is off by more than $FAR of 255 levels"
  }

  /** Three pictures that are unlike one another and colourful. */
  fun testPictures(): List<FloatArray> =
    listOf<(Float, Float) -> FloatArray>(
      { x, y ->
        floatArrayOf(0.9f - 0.7f * x, 0.3f + 0.4f * y, 0.1f + 0.3f * x * y)
      },
      { x, y ->
        val block = (x * 6).toInt() * 7 + (y * 6).toInt() * 13
        floatArrayOf(block % 5 / 4f, block % 3 / 2f, block % 11 / 30f)
      },
      { x, y ->
        val wave = 0.1f * sin(40 * x + 25 * y)
        val away = (x - 0.4f) * (x - 0.4f) + (y - 0.45f) * (y - 0.45f)
        if (away < 0.08f) floatArrayOf(0.2f, 0.35f + wave, 0.85f)
        else floatArrayOf(0.8f, 0.5f + wave, 0.2f * x)
      }
    ).map { draw ->
      val picture = FloatArray(size * size * channels)
      for (i in 0 until size * size) {
        val colour = draw(i % size / size.toFloat(), i / size / size.toFloat())
        for (c in 0 until channels) picture[i * channels + c] = colour[c]
      }
      picture
    }

  private companion object {
    /** Largest mean difference, levels; half precision gives 0.1. */
    const val TOLERANCE = 2.0
    /**
     * A dead part changes the mean by little: no more than such a share of the
     * values may be off by more than so many levels.
     */
    const val MAX_SHARE = 0.005
    const val FAR = 32
    /** Milliseconds between two comparisons while pictures are translated. */
    const val INTERVAL = 1000L
    /** Comparisons take at most one part in so many of the time. */
    const val SHARE = 20L

    fun isNumber(value: Float): Boolean = !value.isNaN() && !value.isInfinite()

    fun isFlat(values: FloatArray): Boolean = values.all { it == values[0] }
  }
}
