// Offers notifications of this device; without this file, or without the browser's support, the form stays hidden.
(() => {
  "use strict";
  const form = document.querySelector("[data-push]");
  if (!form || !("serviceWorker" in navigator) || !("PushManager" in window)) return;
  form.hidden = false;
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  form.querySelector("button").addEventListener("click", async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      const worker = await navigator.serviceWorker.register(form.dataset.worker.split("?")[0]);
      const key = { userVisibleOnly: true, applicationServerKey: bytes(form.dataset.push) };
      const subscription = await worker.pushManager.subscribe(key);
      form.elements.subscription.value = JSON.stringify(subscription);
      form.submit();
    } catch {
      button.disabled = false;
    }
  });
})();
