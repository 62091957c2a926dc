// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
plugins {
  // From 9 on it brings Kotlin along. It needs Gradle 9.1 and a JDK 17.
  id("com.android.application") version "9.0.1" apply false
}
