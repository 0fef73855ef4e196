// Changes the period of a record without loading the page again. Without this file, and whenever something goes wrong,
// the links do the same.
(() => {
  "use strict";
  const SOON = 250, LONGEST = 15e3; // milliseconds: before it is said that it takes a while; before it is given up
  const note = document.querySelector("[data-records-say]");
  let running = null;
  if (!note) return;
  const say = (text, address) => {
    note.textContent = text;
    if (address) {
      const link = document.createElement("a");
      link.href = address;
      link.textContent = note.dataset.again;
      note.append(" ", link);
    }
    note.classList.toggle("note", Boolean(address));
  };

  async function part(address, signal) {
    const answer = await fetch(address, { credentials: "same-origin", cache: "no-store", signal });
    if (answer.redirected) { location.assign(address); return null; } // signed out meanwhile
    if (!answer.ok) throw new Error(String(answer.status));
    const made = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("records");
    if (!made) throw new Error("no records");
    return made;
  }

  async function show(address, push, key) {
    running?.abort();
    const mine = new AbortController();
    running = mine;
    const old = document.getElementById("records");
    const slow = setTimeout(() => say(note.dataset.loading), SOON);
    const end = setTimeout(() => mine.abort(), LONGEST);
    old.setAttribute("aria-busy", "true");
    try {
      const made = await part(address, mine.signal);
      if (!made || running !== mine) return;
      const link = key && old.querySelector(`[data-swap="${key}"]`);
      const before = link ? link.getBoundingClientRect().top : 0;
      old.replaceWith(document.adoptNode(made));
      if (push) history.pushState(null, "", address);
      say(made.dataset.said);
      document.dispatchEvent(new CustomEvent("phr:shown"));
      const same = key && made.querySelector(`[data-swap="${key}"]`);
      if (same) {
        same.focus({ preventScroll: true });
        scrollBy(0, same.getBoundingClientRect().top - before);
      }
    } catch {
      if (running === mine) say(note.dataset.failed, address);
    } finally {
      clearTimeout(slow);
      clearTimeout(end);
      if (running === mine) document.getElementById("records").removeAttribute("aria-busy");
    }
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("#records a[data-swap]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    show(link.href, true, link.dataset.swap);
  });
  addEventListener("popstate", () => show(location.href, false, ""));
})();
