// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
package org.example.restyle

import androidx.test.ext.junit.runners.AndroidJUnit4
import androidx.test.platform.app.InstrumentationRegistry
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.LiteRtException
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Properties
import org.junit.Assert.assertTrue
import org.junit.Assume.assumeTrue
import org.junit.Test
import org.junit.runner.RunWith

/** Runs the golden pictures on the phone, and leaves the outputs on it. */
@RunWith(AndroidJUnit4::class)
class DeviceTest {
  private val tools = InstrumentationRegistry.getInstrumentation()
  private val options = Properties().apply {
    tools.targetContext.assets.open("model.properties").use { load(it) }
  }

  @Test
  fun processorIsRight() = compare("cpu", Accelerator.CPU)

  @Test
  fun graphicsProcessorIsRight() = compare("gpu", Accelerator.GPU)

  private fun compare(place: String, accelerator: Accelerator) {
    val channels = options.getProperty("channels").toInt()
    val faults = mutableListOf<String>()
    for (direction in options.getProperty("directions").split(",")) {
      val name = options.getProperty("$direction.$place", "")
      if (name.isEmpty()) continue
      val out = File(tools.targetContext.getExternalFilesDir(place), direction)
      out.mkdirs()
      val model = open(name, accelerator)
      val inputs = model.createInputBuffers("serving_default")
      val outputs = model.createOutputBuffers("serving_default")
      for (i in 0..2) {
        val given = levels("$direction/${i}_input.u8")
        inputs[0].writeFloat(given)
        model.run(inputs, outputs, "serving_default")
        val made = outputs.map { it.readFloat() }
          .first { it.size == given.size }
        val bytes = ByteBuffer.allocate(4 * made.size)
          .order(ByteOrder.LITTLE_ENDIAN)
        made.forEach { bytes.putFloat(it) }
        File(out, "${i}_output.f32").writeBytes(bytes.array())
        val wanted = golden("$direction/${i}_output")
        val side = options.getProperty("size").toInt()
        val fault = GraphicsCheck(side, channels).fault(made, wanted)
        if (fault.isNotEmpty()) faults.add("$out/$i: $fault")
      }
      model.close()
    }
    // Only now, when all outputs are there for check_device to look at.
    assertTrue(faults.joinToString("; "), faults.isEmpty())
  }

  /** An emulator or a phone may have no graphics processor to compute with. */
  private fun open(name: String, accelerator: Accelerator): CompiledModel {
    try {
      return CompiledModel.create(
        tools.targetContext.assets, name, CompiledModel.Options(accelerator)
      )
    } catch (error: LiteRtException) {
      assumeTrue("$accelerator: $error", accelerator != Accelerator.GPU)
      throw error
    }
  }

  /** Of large pictures the outputs are kept in levels. */
  private fun golden(name: String): FloatArray {
    val folder = name.substringBeforeLast("/")
    val file = "${name.substringAfterLast("/")}.f32"
    if (tools.context.assets.list(folder)?.contains(file) != true) {
      return levels("$name.u8")
    }
    val stored = ByteBuffer.wrap(read("$folder/$file"))
      .order(ByteOrder.LITTLE_ENDIAN)
    return FloatArray(stored.remaining() / 4) { stored.getFloat() }
  }

  private fun levels(name: String): FloatArray {
    val stored = read(name)
    return FloatArray(stored.size) { (stored[it].toInt() and 255) / 255f }
  }

  private fun read(name: String): ByteArray =
    tools.context.assets.open(name).use { it.readBytes() }
}
