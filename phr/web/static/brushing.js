// A timer for brushing teeth, without camera or sound. Without this file the buttons work all the same.
(() => {
  "use strict";
  for (const box of document.querySelectorAll("[data-timer]")) {
    const whole = Number(box.dataset.timer);
    const bar = box.querySelector("progress");
    const said = box.querySelector("[data-done]");
    let ticking = 0;
    box.hidden = false;
    box.querySelector("button").addEventListener("click", () => {
      const begun = performance.now();
      clearInterval(ticking);
      said.textContent = "";
      bar.value = 0;
      ticking = setInterval(() => {
        const gone = Math.min(whole, (performance.now() - begun) / 1000);
        bar.value = gone;
        if (gone >= whole) {
          clearInterval(ticking);
          said.textContent = said.dataset.done;
        }
      }, 500);
    });
  }
})();
