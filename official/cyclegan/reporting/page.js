"use strict";
// Pictures before and after: which step is shown, and where they are divided.
for (const strip of document.querySelectorAll(".strip")) {
  const frames = JSON.parse(strip.querySelector(".frames").textContent);
  const pairs = strip.querySelector(".pairs");
  const after = [...strip.querySelectorAll(".after")];
  const scrub = strip.querySelector(".scrub");
  const split = strip.querySelector(".split");
  const play = strip.querySelector(".play");
  let timer = 0;

  const divide = (percent) => {
    split.value = percent;
    pairs.style.setProperty("--split", `${split.value}%`);
  };
  const show = (index) => {
    after.forEach((image, i) => { image.src = frames.after[index][i]; });
    strip.querySelector(".where").textContent = frames.labels[index];
    scrub.value = index;
    scrub.setAttribute("aria-valuetext", frames.labels[index]);
  };
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  };

  strip.querySelector(".controls").hidden = false;
  split.addEventListener("input", () => divide(split.value));
  pairs.addEventListener("pointermove", (event) => {
    const pair = event.target.closest(".pair");
    if (!pair || (event.pointerType !== "mouse" && !event.buttons)) return;
    const box = pair.getBoundingClientRect();
    divide(100 * (event.clientX - box.left) / box.width);
  });
  if (!scrub) continue;
  scrub.addEventListener("input", () => { stop(); show(Number(scrub.value)); });
  play.addEventListener("click", () => {
    if (timer) { stop(); return; }
    play.textContent = "Stop";
    let index = Number(scrub.value) === frames.labels.length - 1
      ? -1 : Number(scrub.value);
    timer = setInterval(() => {
      index += 1;
      show(index);
      if (index === frames.labels.length - 1) stop();
    }, 300);
  });
}
