// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
package org.example.restyle

import android.Manifest
import android.content.pm.PackageManager
import android.graphics.Bitmap
import android.graphics.ImageDecoder
import android.graphics.Matrix
import android.net.Uri
import android.os.Build
import android.os.Bundle
import android.os.SystemClock
import android.provider.MediaStore
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
import java.util.concurrent.Executors
import kotlin.math.max
import kotlin.math.roundToInt

/** Restyles what the camera sees, or a picture that is chosen. */
class MainActivity : ComponentActivity() {
  // The models are made, used and closed here only.
  private val worker = Executors.newSingleThreadExecutor()
  private var restyler: Restyler? = null
  private var camera: ProcessCameraProvider? = null

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
      val permission = Manifest.permission.CAMERA
      if (ContextCompat.checkSelfPermission(this, permission) ==
        PackageManager.PERMISSION_GRANTED
      ) {
        startCamera()
      } else {
        askForCamera.launch(permission)
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
  }

  override fun onDestroy() {
    camera?.unbindAll()
    worker.execute { restyler?.close() }
    worker.shutdown()
    super.onDestroy()
  }

  private fun open(direction: String) = worker.execute {
    restyler?.close()
    restyler = Restyler(applicationContext, direction)
    runOnUiThread { status.text = restyler?.place }
  }

  private fun startCamera() {
    val asked = ProcessCameraProvider.getInstance(this)
    asked.addListener(
      {
        val frames = ImageAnalysis.Builder()
          .setBackpressureStrategy(ImageAnalysis.STRATEGY_KEEP_ONLY_LATEST)
          .setOutputImageFormat(ImageAnalysis.OUTPUT_IMAGE_FORMAT_RGBA_8888)
          .build()
        frames.setAnalyzer(worker) { frame -> frame.use { show(upright(it)) } }
        camera = asked.get().apply {
          unbindAll()
          bindToLifecycle(
            this@MainActivity, CameraSelector.DEFAULT_BACK_CAMERA, frames
          )
        }
      },
      ContextCompat.getMainExecutor(this)
    )
  }

  private fun restyle(picture: Uri) {
    camera?.unbindAll()
    worker.execute { show(read(picture)) }
  }

  /** Translates a picture and shows it; on the worker. */
  private fun show(picture: Bitmap) {
    val restyler = restyler ?: return
    val started = SystemClock.elapsedRealtime()
    val made = restyler.translate(picture)
    val milliseconds = SystemClock.elapsedRealtime() - started
    runOnUiThread {
      shown.setImageBitmap(made)
      status.text =
        getString(R.string.status, restyler.place, milliseconds.toInt())
    }
  }

  private fun upright(frame: ImageProxy): Bitmap {
    val bitmap = frame.toBitmap()
    val turn = Matrix().apply {
      postRotate(frame.imageInfo.rotationDegrees.toFloat())
    }
    return Bitmap.createBitmap(
      bitmap, 0, 0, bitmap.width, bitmap.height, turn, true
    )
  }

  /** Decodes a picture upright, in sRGB, up to LARGEST pixels on a side. */
  private fun read(picture: Uri): Bitmap {
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
      val source = ImageDecoder.createSource(contentResolver, picture)
      return ImageDecoder.decodeBitmap(source) { decoder, info, _ ->
        decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE // for getPixels
        decoder.setTargetColorSpace(
          android.graphics.ColorSpace.get(
            android.graphics.ColorSpace.Named.SRGB
          )
        )
        val factor =
          LARGEST.toDouble() / max(info.size.width, info.size.height)
        if (factor < 1) {
          decoder.setTargetSize(
            max(1, (info.size.width * factor).roundToInt()),
            max(1, (info.size.height * factor).roundToInt())
          )
        }
      }
    }
    @Suppress("DEPRECATION") // what there is before Android 9
    return MediaStore.Images.Media.getBitmap(contentResolver, picture)
  }

  private companion object {
    const val LARGEST = 2048
  }
}
