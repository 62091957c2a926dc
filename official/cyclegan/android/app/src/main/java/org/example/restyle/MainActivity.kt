// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
package org.example.restyle

import android.Manifest
import android.content.pm.PackageManager
import android.graphics.Bitmap
import android.graphics.Color
import android.graphics.ColorSpace
import android.graphics.ImageDecoder
import android.graphics.Matrix
import android.graphics.PixelFormat
import android.graphics.PorterDuff
import android.net.Uri
import android.os.Bundle
import android.os.SystemClock
import android.view.View
import android.widget.ArrayAdapter
import android.widget.AdapterView
import android.widget.Button
import android.widget.ImageView
import android.widget.Spinner
import android.widget.TextView
import androidx.activity.ComponentActivity
import androidx.activity.result.PickVisualMediaRequest
import androidx.activity.result.contract.ActivityResultContracts
import androidx.camera.core.CameraSelector
import androidx.camera.core.ImageAnalysis
import androidx.camera.core.ImageProxy
import androidx.camera.lifecycle.ProcessCameraProvider
import androidx.core.content.ContextCompat
import androidx.lifecycle.Lifecycle
import com.google.ai.edge.litert.LiteRtException
import java.util.concurrent.Executors
import kotlin.math.max
import kotlin.math.roundToInt

/** Restyles what the camera sees, or a picture that is chosen. */
class MainActivity : ComponentActivity() {
  // The models are made, used and closed here only.
  private val worker = Executors.newSingleThreadExecutor()
  private var restyler: Restyler? = null
  private var camera: ProcessCameraProvider? = null
  private var frames: ImageAnalysis? = null // while the camera is on
  private var chosen: Uri? = null // the picture that is shown, if one is

  private lateinit var shown: ImageView
  private lateinit var status: TextView

  private val askForCamera =
    registerForActivityResult(ActivityResultContracts.RequestPermission()) {
      if (it) startCamera() else status.setText(R.string.no_camera)
    }
  private val choosePicture =
    registerForActivityResult(ActivityResultContracts.PickVisualMedia()) {
      if (it != null) restyle(it)
    }

  override fun onCreate(state: Bundle?) {
    super.onCreate(state)
    setContentView(R.layout.main)
    shown = findViewById(R.id.shown)
    status = findViewById(R.id.status)
    findViewById<Button>(R.id.choose).setOnClickListener {
      val images = ActivityResultContracts.PickVisualMedia.ImageOnly
      choosePicture.launch(PickVisualMediaRequest(images))
    }
    findViewById<Button>(R.id.camera).setOnClickListener {
      if (mayUseCamera()) {
        startCamera()
      } else {
        askForCamera.launch(Manifest.permission.CAMERA)
      }
    }
    val directions = Restyler.directions(this)
    val titles = directions.keys.toList()
    val spinner = findViewById<Spinner>(R.id.directions)
    spinner.adapter =
      ArrayAdapter(this, android.R.layout.simple_spinner_dropdown_item, titles)
    spinner.onItemSelectedListener =
      object : AdapterView.OnItemSelectedListener {
        override fun onNothingSelected(parent: AdapterView<*>?) = Unit

        override fun onItemSelected(
          parent: AdapterView<*>?,
          view: View?,
          position: Int,
          id: Long
        ) = open(directions.getValue(titles[position]))
      }
    status.setOnLongClickListener {
      Restyler.forget(this)
      open(directions.getValue(titles[spinner.selectedItemPosition]))
      true
    }
    // After a turn of the screen, or when Android had no room for the app.
    chosen = state?.getString(CHOSEN)?.let(Uri::parse)
    if (state?.getBoolean(CAMERA_ON) == true && mayUseCamera()) startCamera()
  }

  override fun onSaveInstanceState(state: Bundle) {
    super.onSaveInstanceState(state)
    state.putString(CHOSEN, chosen?.toString())
    state.putBoolean(CAMERA_ON, frames != null)
  }

  override fun onDestroy() {
    stopCamera()
    worker.execute { restyler?.close() }
    worker.shutdown()
    super.onDestroy()
  }

  /** Takes the model of a direction, and does the chosen picture with it. */
  private fun open(direction: String) {
    val picture = chosen
    worker.execute {
      restyler?.close()
      restyler = null
      try {
        restyler = Restyler(applicationContext, direction)
      } catch (error: LiteRtException) {
        say(getString(R.string.no_model, error.message))
        return@execute
      }
      say(restyler?.place ?: "")
      if (picture != null) showPicture(picture)
    }
  }

  private fun mayUseCamera() = PackageManager.PERMISSION_GRANTED ==
    ContextCompat.checkSelfPermission(this, Manifest.permission.CAMERA)

  private fun startCamera() {
    val asked = ProcessCameraProvider.getInstance(this)
    asked.addListener(
      {
        // Asking takes a while, in which the user may have left.
        if (lifecycle.currentState != Lifecycle.State.DESTROYED) {
          try {
            bind(asked.get())
          } catch (error: Exception) { // CameraX has several for one fault
            stopCamera()
            say(getString(R.string.broken_camera, error.message))
          }
        }
      },
      ContextCompat.getMainExecutor(this)
    )
  }

  private fun bind(provider: ProcessCameraProvider) {
    val made = ImageAnalysis.Builder()
      .setBackpressureStrategy(ImageAnalysis.STRATEGY_KEEP_ONLY_LATEST)
      .setOutputImageFormat(ImageAnalysis.OUTPUT_IMAGE_FORMAT_RGBA_8888)
      .build()
    made.setAnalyzer(worker) { frame -> frame.use { show(upright(it), false) } }
    val back = CameraSelector.DEFAULT_BACK_CAMERA
    val front = CameraSelector.DEFAULT_FRONT_CAMERA
    camera = provider
    provider.unbindAll()
    provider.bindToLifecycle(
      this, if (provider.hasCamera(back)) back else front, made
    )
    frames = made
    chosen = null
    // What changes with each frame is not read out.
    status.accessibilityLiveRegion = View.ACCESSIBILITY_LIVE_REGION_NONE
  }

  private fun stopCamera() {
    camera?.unbindAll()
    frames = null
  }

  private fun restyle(picture: Uri) {
    stopCamera()
    chosen = picture
    status.accessibilityLiveRegion = View.ACCESSIBILITY_LIVE_REGION_POLITE
    worker.execute { showPicture(picture) }
  }

  /** Reads, translates and shows a picture; on the worker. */
  private fun showPicture(picture: Uri) {
    val bitmap =
      try {
        read(picture)
      } catch (error: Exception) { // damaged, unknown, or no longer there
        say(getString(R.string.unreadable, error.message))
        return
      }
    show(bitmap, true)
  }

  /** Translates a picture and shows it; on the worker. */
  private fun show(picture: Bitmap, stays: Boolean) {
    val restyler = restyler ?: return // `open` does the chosen one
    val started = SystemClock.elapsedRealtime()
    val made = restyler.translate(picture, stays)
    val milliseconds = SystemClock.elapsedRealtime() - started
    val place = restyler.place
    runOnUiThread {
      shown.setImageBitmap(made)
      status.text = getString(R.string.status, place, milliseconds.toInt())
      // Turned by 180 degrees the activity is not made anew.
      shown.display?.let { frames?.targetRotation = it.rotation }
    }
  }

  private fun say(text: String) = runOnUiThread { status.text = text }

  private fun upright(frame: ImageProxy): Bitmap {
    val bitmap = frame.toBitmap()
    val turn = Matrix().apply {
      postRotate(frame.imageInfo.rotationDegrees.toFloat())
    }
    return Bitmap.createBitmap(
      bitmap, 0, 0, bitmap.width, bitmap.height, turn, true
    )
  }

  /**
   * Decodes a picture upright, in sRGB, on white where it is transparent, up to
   * LARGEST pixels on a side.
   */
  private fun read(picture: Uri): Bitmap {
    val source = ImageDecoder.createSource(contentResolver, picture)
    return ImageDecoder.decodeBitmap(source) { decoder, info, _ ->
      decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE // for getPixels
      decoder.setTargetColorSpace(ColorSpace.get(ColorSpace.Named.SRGB))
      decoder.setPostProcessor { canvas ->
        canvas.drawColor(Color.WHITE, PorterDuff.Mode.DST_OVER)
        PixelFormat.OPAQUE
      }
      val factor = LARGEST.toDouble() / max(info.size.width, info.size.height)
      if (factor < 1) {
        decoder.setTargetSize(
          max(1, (info.size.width * factor).roundToInt()),
          max(1, (info.size.height * factor).roundToInt())
        )
      }
    }
  }

  private companion object {
    const val LARGEST = 2048
    const val CHOSEN = "chosen"
    const val CAMERA_ON = "camera_on"
  }
}
