// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
package org.example.restyle

import android.content.Context
import android.graphics.Bitmap
import android.os.Build
import android.os.SystemClock
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.LiteRtException
import java.util.Properties

/**
 * Translates bitmaps in one direction, on the graphics processor if it is right
 * there, else on the processor.
 *
 * All calls, the constructor included, have to come from one thread that is not
 * the main one.
 *
 * @param direction `AtoB` or `BtoA`.
 */
class Restyler(context: Context, direction: String) : AutoCloseable {
  /** Says in words where the model runs, and why. */
  var place = ""
    private set

  private val options = Properties().apply {
    context.assets.open("model.properties").use { load(it) }
  }
  private val size = options.getProperty("size").toInt()
  private val channels = options.getProperty("channels").toInt()
  private val processor = PictureProcessor(
    size, channels, options.getProperty("$direction.detail") == "guided"
  )
  private val check = GraphicsCheck(size, channels)
  private val own = Model(
    context, options.getProperty("$direction.cpu"), Accelerator.CPU
  )
  private var graphics: Model? = null

  // What was found wrong is remembered for this device and these files.
  private val memory = memory(context)
  private val key = listOf(
    direction, options.getProperty("made"), Build.FINGERPRINT
  ).joinToString(" ")

  init {
    place = "Processor."
    val name = options.getProperty("$direction.gpu", "")
    val known = memory.getString(key, "") ?: ""
    if (known.isNotEmpty()) {
      place = "Processor: of the graphics processor, $known."
    } else if (name.isNotEmpty()) {
      // Stays if a driver takes the app with it.
      memory.edit().putString(key, "it ended the app").commit()
      try {
        val model = Model(context, name, Accelerator.GPU)
        graphics = model
        val fault = check.compare(model::run, own::run)
        if (fault.isEmpty()) accept() else refuse(fault)
      } catch (error: LiteRtException) {
        refuse("it does not take the model (${error.message})")
      }
    }
  }

  /**
   * Returns the translated picture, of the same size.
   *
   * @param stays Whether it stays on the screen, and is compared in any case.
   */
  fun translate(picture: Bitmap, stays: Boolean): Bitmap {
    val width = picture.width
    val height = picture.height
    val colours = IntArray(width * height)
    picture.getPixels(colours, 0, width, 0, 0, width, height)
    val given = processor.prepare(colours, width, height)
    val made = processor.finish(
      colours, width, height, given, run(given, stays)
    )
    return Bitmap.createBitmap(made, width, height, Bitmap.Config.ARGB_8888)
  }

  /** Runs the model; what the graphics processor makes is compared at times. */
  private fun run(given: FloatArray, always: Boolean): FloatArray {
    val model = graphics ?: return own.run(given)
    try {
      val made = model.run(given)
      val started = SystemClock.elapsedRealtime()
      val changed = check.repeat(model::run, started)
      if (changed.isNotEmpty()) {
        refuse(changed)
        return own.run(given)
      }
      if (!always && !check.isDue(made, given, started)) return made
      val expected = own.run(given)
      val fault = check.fault(made, expected)
      if (fault.isEmpty()) {
        val now = SystemClock.elapsedRealtime()
        check.compared(now - started, now)
        return made
      }
      refuse(fault)
      return expected
    } catch (error: LiteRtException) {
      refuse("it stopped (${error.message})")
      return own.run(given)
    }
  }

  private fun accept() {
    place = "Graphics processor."
    memory.edit().remove(key).commit()
  }

  private fun refuse(fault: String) {
    place = "Processor: of the graphics processor, $fault."
    memory.edit().putString(key, fault).apply()
    graphics?.close()
    graphics = null
  }

  override fun close() {
    graphics?.close()
    own.close()
  }

  /** A file on one accelerator; of its outputs the one of the right size. */
  private inner class Model(
    context: Context,
    name: String,
    accelerator: Accelerator
  ) : AutoCloseable {
    private val model = CompiledModel.create(
      context.assets, name, CompiledModel.Options(accelerator)
    )
    private val inputs = model.createInputBuffers(SIGNATURE)
    private val outputs = model.createOutputBuffers(SIGNATURE)

    fun run(given: FloatArray): FloatArray {
      inputs[0].writeFloat(given)
      model.run(inputs, outputs, SIGNATURE)
      return outputs.map { it.readFloat() }
        .first { it.size == size * size * channels }
    }

    override fun close() {
      inputs.forEach { it.close() }
      outputs.forEach { it.close() }
      model.close()
    }
  }

  companion object {
    private const val SIGNATURE = "serving_default"

    private fun memory(context: Context) =
      context.getSharedPreferences("graphics", Context.MODE_PRIVATE)

    /** Lets all graphics processors be tried again. */
    fun forget(context: Context) {
      memory(context).edit().clear().apply()
    }

    /** Returns the directions that there are, by what people call them. */
    fun directions(context: Context): Map<String, String> {
      val options = Properties().apply {
        context.assets.open("model.properties").use { load(it) }
      }
      return options.getProperty("directions").split(",")
        .associateBy { options.getProperty("$it.title") }
    }
  }
}
