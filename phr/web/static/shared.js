// On a shared device: counts the idle time down where it can be seen, keeps it up while somebody types, and leaves at its end.
(() => {
  "use strict";
  const bar = document.querySelector("[data-left]");
  if (!bar) return;
  const text = bar.querySelector("[data-left-text]");
  const said = bar.querySelector("[data-left-said]");
  const token = bar.querySelector('input[name="csrf"]').value;
  const SOON = 60;
  const PAUSE = 20; // seconds between two words to the server while somebody uses the page
  let end = performance.now() + Number(bar.dataset.left) * 1000;
  let told = performance.now();

  // A page that comes out of the browser's memory is asked for anew: it is nobody's any more after signing out.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });

  function leave() {
    location.replace("/sign-in?done=idle&shared=1");
  }

  function show() {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    const minutes = Math.floor(left / 60);
    const rest = left % 60;
    const words = `${minutes ? minutes + text.dataset.minute : ""}${rest || !minutes ? rest + text.dataset.second : ""}`;
    text.textContent = text.dataset.leftText.replace("#", words);
    const soon = left <= SOON;
    if (soon && said.textContent === "") said.textContent = said.dataset.leftSaid;
    if (!soon) said.textContent = "";
    bar.classList.toggle("bar--soon", soon);
    if (left === 0) leave();
  }

  async function stay() {
    told = performance.now();
    try {
      const answer = await fetch("/session/stay", {
        method: "POST",
        body: new URLSearchParams({ csrf: token }),
        redirect: "error",
      });
      if (!answer.ok) return leave();
      end = performance.now() + (await answer.json()).left * 1000;
      show();
    } catch {
      show(); // without network the countdown goes on
    }
    return undefined;
  }

  bar.querySelector("[data-stay]").addEventListener("click", (event) => {
    event.preventDefault();
    stay();
  });
  for (const kind of ["input", "pointerdown", "keydown"]) {
    document.addEventListener(kind, () => {
      if (performance.now() - told > PAUSE * 1000) stay();
    });
  }
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) show();
  });
  show();
  setInterval(show, 1000);
})();
