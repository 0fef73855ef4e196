// Lets a device of one's own keep what the server allows, and leaves nothing on a shared one or after signing out.
(() => {
  "use strict";
  const said = document.querySelector('meta[name="phr-device"]');
  const [device, role] = said ? said.content.split(" ") : [];
  const able = "serviceWorker" in navigator && "caches" in window;

  async function forget() {
    if ("caches" in window) await caches.delete("phr-kept");
  }

  // How many visits were written down here and not sent yet.
  async function unsent() {
    const known = indexedDB.databases ? await indexedDB.databases() : [];
    if (!known.some((one) => one.name === "phr-visits")) return 0;
    return new Promise((resolve) => {
      const opening = indexedDB.open("phr-visits");
      opening.onerror = () => resolve(0);
      opening.onsuccess = () => {
        const base = opening.result;
        if (!base.objectStoreNames.contains("entries")) {
          base.close();
          resolve(0);
          return;
        }
        const counting = base.transaction("entries").objectStore("entries").count();
        counting.onsuccess = () => {
          base.close();
          resolve(counting.result);
        };
      };
    });
  }

  async function leave(form) {
    const waiting = await unsent();
    if (waiting && form.dataset.unsent && !window.confirm(form.dataset.unsent.replace("#", String(waiting)))) return;
    await forget();
    indexedDB.deleteDatabase("phr-visits");
    form.submit();
  }

  for (const form of document.querySelectorAll('form[action="/session/end"]')) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      leave(form);
    });
  }

  async function stay() {
    await navigator.serviceWorker.register("/service_worker.js");
    const ready = await navigator.serviceWorker.ready;
    if (role === "resident" && !navigator.serviceWorker.controller) ready.active.postMessage("keep");
  }

  async function go() {
    await forget();
    for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
    if (!(await unsent())) indexedDB.deleteDatabase("phr-visits");
  }

  const signedOut = ["out", "idle"].includes(new URLSearchParams(location.search).get("done"));
  if (able && device === "own") stay().catch(() => {});
  else if (able && (device === "shared" || signedOut)) go().catch(() => {});
})();

// A page that waits for something comes again by itself; without scripts its head says so.
for (const waiting of document.querySelectorAll("[data-renew]")) {
  setTimeout(() => location.reload(), 1000 * Number(waiting.dataset.renew));
}
