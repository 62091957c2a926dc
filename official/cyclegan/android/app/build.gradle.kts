// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
plugins {
  id("com.android.application")
}

android {
  namespace = "org.example.restyle"
  compileSdk = 36

  defaultConfig {
    applicationId = "org.example.restyle"
    // Android 9, the first with ImageDecoder. LiteRT 2.3 needs 24, CameraX 23.
    minSdk = 28
    targetSdk = 36
    versionCode = 1
    versionName = "1.0"
    testInstrumentationRunner = "androidx.test.runner.AndroidJUnitRunner"
  }

  // The models are read in place.
  androidResources {
    noCompress += "tflite"
  }

  compileOptions {
    sourceCompatibility = JavaVersion.VERSION_17
    targetCompatibility = JavaVersion.VERSION_17
  }
}

dependencies {
  implementation("androidx.activity:activity-ktx:1.11.0")
  implementation("androidx.camera:camera-camera2:1.6.1")
  implementation("androidx.camera:camera-lifecycle:1.6.1")
  implementation("com.google.ai.edge.litert:litert:2.3.0")
  // Without it Accelerator.GPU has nothing to load.
  implementation("com.google.ai.edge.litert:litert-gpu:2.3.0")
  testImplementation("junit:junit:4.13.2")
  androidTestImplementation("androidx.test:runner:1.7.0")
  androidTestImplementation("androidx.test.ext:junit:1.3.0")
}
