// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
package org.example.restyle

import kotlin.math.abs
import kotlin.math.exp
import kotlin.math.max
import kotlin.math.min

/**
 * What lies between a picture of any size and the model, as `translate` does.
 *
 * Pictures are colours as a Bitmap's getPixels gives them, 0xAARRGGBB, row by
 * row; they are taken for opaque sRGB. The model takes and gives [size] times
 * [size] pixels, floats in [0, 1], red, green and blue side by side, or grey.
 * Nothing of Android is needed here, so that a test on any computer compares
 * this class with what the export computed (GoldenCheck).
 *
 * @param guided Whether the change is brought to a larger picture along its
 *     own edges; else the result is stretched.
 */
class PictureProcessor(
  val size: Int,
  val channels: Int,
  private val guided: Boolean
) {
  /** Returns what the model takes for a picture. */
  fun prepare(colours: IntArray, width: Int, height: Int): FloatArray {
    var levels = toLevels(colours)
    if (width != size || height != size) {
      levels = resize(levels, width, height, size, size)
    }
    for (i in levels.indices) levels[i] = levels[i] / 255f
    return levels
  }

  /**
   * Returns the translated picture.
   *
   * @param colours The picture that `prepare` has got.
   * @param given What that returned.
   * @param made What the model made of it.
   */
  fun finish(
    colours: IntArray,
    width: Int,
    height: Int,
    given: FloatArray,
    made: FloatArray
  ): IntArray {
    if (guided && width.toLong() * height > size.toLong() * size) {
      val change = FloatArray(made.size) { made[it] - given[it] }
      return addChange(colours, width, height, given, change)
    }
    var levels = FloatArray(made.size) { made[it] * 255f }
    if (width != size || height != size) {
      levels = resize(levels, size, size, width, height)
    }
    return toColours(levels)
  }

  private fun toLevels(colours: IntArray): FloatArray {
    val levels = FloatArray(colours.size * channels)
    for (i in colours.indices) {
      if (channels == 1) {
        levels[i] = grey(colours[i]).toFloat()
      } else {
        for (c in 0..2) levels[3 * i + c] = level(colours[i], c).toFloat()
      }
    }
    return levels
  }

  private fun toColours(levels: FloatArray): IntArray =
    IntArray(levels.size / channels) { i ->
      if (channels == 1) {
        opaque(levels[i], levels[i], levels[i])
      } else {
        opaque(levels[3 * i], levels[3 * i + 1], levels[3 * i + 2])
      }
    }

  /** Bicubic with anti-aliasing (Keys, a = -0.5), clipped to [0, 255]. */
  private fun resize(
    levels: FloatArray,
    width: Int,
    height: Int,
    newWidth: Int,
    newHeight: Int
  ): FloatArray {
    val across = Weights(width, newWidth)
    val wide = FloatArray(height * newWidth * channels)
    for (y in 0 until height) {
      for (x in 0 until newWidth) {
        val weights = across.of[x]
        for (c in 0 until channels) {
          var sum = 0.0
          var at = (y * width + across.first[x]) * channels + c
          for (weight in weights) {
            sum += weight * levels[at]
            at += channels
          }
          wide[(y * newWidth + x) * channels + c] = sum.toFloat()
        }
      }
    }
    val down = Weights(height, newHeight)
    val row = newWidth * channels
    val made = FloatArray(newHeight * row)
    for (y in 0 until newHeight) {
      val weights = down.of[y]
      for (i in 0 until row) {
        var sum = 0.0
        var at = down.first[y] * row + i
        for (weight in weights) {
          sum += weight * wide[at]
          at += row
        }
        made[y * row + i] = sum.toFloat().coerceIn(0f, 255f)
      }
    }
    return made
  }

  /** For each new pixel where its old pixels begin, and their weights. */
  private class Weights(old: Int, new: Int) {
    val first = IntArray(new)
    val of: Array<DoubleArray>

    init {
      val scale = old.toDouble() / new
      val stretch = max(scale, 1.0)
      of = Array(new) { i ->
        val centre = (i + 0.5) * scale
        val start = max(0, (centre - 2 * stretch + 0.5).toInt())
        val end = min(old, (centre + 2 * stretch + 0.5).toInt())
        first[i] = start
        val weights = DoubleArray(end - start) { k ->
          bicubic((start + k - centre + 0.5) / stretch)
        }
        val sum = weights.sum()
        for (k in weights.indices) weights[k] /= sum
        weights
      }
    }

    private fun bicubic(distance: Double): Double {
      val x = abs(distance)
      return when {
        x < 1 -> (1.5 * x - 2.5) * x * x + 1
        x < 2 -> -0.5 * (((x - 5) * x + 8) * x - 4)
        else -> 0.0
      }
    }
  }

  /** Adds the change of the small copy (a guided filter, as the page's). */
  private fun addChange(
    colours: IntArray,
    width: Int,
    height: Int,
    guide: FloatArray,
    change: FloatArray
  ): IntArray {
    val n = channels
    val length = (n + 1) * n
    val maps = coefficients(guide, change)
    val down = Places(size, height)
    val across = Places(size, width)
    val made = IntArray(colours.size)
    val row = FloatArray(size * length)
    val levels = FloatArray(n)
    val changed = FloatArray(n)
    for (y in 0 until height) {
      val above = down.before[y] * row.size
      val below = min(down.before[y] + 1, size - 1) * row.size
      for (i in row.indices) {
        row[i] = (1 - down.share[y]) * maps[above + i] +
          down.share[y] * maps[below + i]
      }
      for (x in 0 until width) {
        val colour = colours[y * width + x]
        for (c in 0 until n) {
          levels[c] = (if (n == 1) grey(colour) else level(colour, c)).toFloat()
        }
        val left = across.before[x] * length
        val right = min(across.before[x] + 1, size - 1) * length
        val share = across.share[x]
        for (c in 0 until n) {
          // The factors of the channels, and then the offset.
          var sum = levels[c]
          for (k in 0..n) {
            val at = k * n + c
            val factor = (1 - share) * row[left + at] + share * row[right + at]
            sum += factor * (if (k < n) levels[k] else 255f)
          }
          changed[c] = sum
        }
        made[y * width + x] =
          if (n == 1) opaque(changed[0], changed[0], changed[0])
          else opaque(changed[0], changed[1], changed[2])
      }
    }
    return made
  }

  /** Fits the affine map of colours around each pixel of the small copy. */
  private fun coefficients(guide: FloatArray, change: FloatArray): FloatArray {
    val n = channels
    val meanGuide = smoothed(guide, n)
    val meanChange = smoothed(change, n)
    val own = smoothed(products(guide, guide), n * n)
    val shared = smoothed(products(guide, change), n * n)
    val ownMeans = products(meanGuide, meanGuide)
    val sharedMeans = products(meanGuide, meanChange)
    val length = (n + 1) * n
    val maps = FloatArray(size * size * length)
    val a = DoubleArray(n * n)
    val b = DoubleArray(n * n)
    for (p in 0 until size * size) {
      for (i in 0 until n * n) {
        val at = p * n * n + i
        a[i] = (own[at] - ownMeans[at]).toDouble()
        b[i] = (shared[at] - sharedMeans[at]).toDouble()
      }
      for (i in 0 until n) a[i * n + i] += EPSILON
      solve(a, b, n)
      for (i in 0 until n * n) maps[p * length + i] = b[i].toFloat()
      for (c in 0 until n) {
        var offset = meanChange[p * n + c]
        for (k in 0 until n) {
          offset -= meanGuide[p * n + k] * maps[p * length + k * n + c]
        }
        maps[p * length + n * n + c] = offset
      }
    }
    return smoothed(maps, length)
  }

  /** Averages [size, size, depth] by WINDOW; at borders what is inside. */
  private fun smoothed(values: FloatArray, depth: Int): FloatArray {
    var from = values
    for (step in intArrayOf(size * depth, depth)) {
      val made = FloatArray(values.size)
      for (i in 0 until size * size) {
        val at = if (step == depth) i % size else i / size
        val first = max(-REACH, -at)
        val last = min(REACH, size - 1 - at)
        var total = 0.0
        for (k in first..last) total += WINDOW[k + REACH]
        for (d in 0 until depth) {
          var sum = 0.0
          for (k in first..last) {
            sum += WINDOW[k + REACH] * from[i * depth + d + k * step]
          }
          made[i * depth + d] = (sum / total).toFloat()
        }
      }
      from = made
    }
    return from
  }

  private fun products(one: FloatArray, other: FloatArray): FloatArray {
    val n = channels
    return FloatArray(one.size * n) { i ->
      val p = i / (n * n)
      one[p * n + i / n % n] * other[p * n + i % n]
    }
  }

  /** The old place before each new pixel, and how far that is behind it. */
  private class Places(small: Int, large: Int) {
    val before = IntArray(large)
    val share = FloatArray(large)

    init {
      for (i in 0 until large) {
        val place = ((i + 0.5) * small / large - 0.5)
          .coerceIn(0.0, small - 1.0)
        before[i] = min(place.toInt(), max(small - 2, 0))
        share[i] = (place - before[i]).toFloat()
      }
    }
  }

  private companion object {
    const val REACH = 5
    const val EPSILON = 1e-3
    val WINDOW = DoubleArray(2 * REACH + 1) {
      val k = (it - REACH) / 2.0
      exp(-k * k / 2)
    }

    fun level(colour: Int, channel: Int): Int =
      (colour shr (16 - 8 * channel)) and 255

    /** ITU-R BT.601 luma, in Pillow's whole numbers. */
    fun grey(colour: Int): Int =
      (19595 * level(colour, 0) + 38470 * level(colour, 1) +
        7471 * level(colour, 2) + 0x8000) shr 16

    fun opaque(red: Float, green: Float, blue: Float): Int =
      (255 shl 24) or (rounded(red) shl 16) or (rounded(green) shl 8) or
        rounded(blue)

    fun rounded(level: Float): Int =
      Math.rint(level.toDouble()).toInt().coerceIn(0, 255)

    /** Solves a x = b, [n, n] each, into b; a is symmetric and positive. */
    fun solve(a: DoubleArray, b: DoubleArray, n: Int) {
      for (k in 0 until n) {
        for (i in 0 until n) {
          if (i == k) continue
          val factor = a[i * n + k] / a[k * n + k]
          for (j in 0 until n) {
            a[i * n + j] -= factor * a[k * n + j]
            b[i * n + j] -= factor * b[k * n + j]
          }
        }
      }
      for (k in 0 until n) {
        for (j in 0 until n) b[k * n + j] /= a[k * n + k]
      }
    }
  }
}
