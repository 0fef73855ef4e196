// Sends a file in pieces that go on where they stopped (tus 1.0), and looks how far the list is.
// Without this file the form sends the file in one piece and the page is loaded again by itself.
(() => {
  "use strict";
  const PIECE = 8 * 1024 * 1024;
  const LONGEST_WAIT = 30000;
  const TUS = { "Tus-Resumable": "1.0.0" };
  const form = document.querySelector("[data-upload]");
  const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); addEventListener("online", done, { once: true }); });
  const base64 = (bytes) => btoa(Array.from(new Uint8Array(bytes), (b) => String.fromCharCode(b)).join(""));
  const words = new Map([...(document.querySelector("[data-words]")?.content.querySelectorAll("[data-word]") ?? [])].map((w) => [w.dataset.word, w.textContent]));
  let sending = false;

  // The digest is of the beginning: to know the same file again, gigabytes need not be read.
  async function fingerprint(file) {
    const start = await file.slice(0, 65536).arrayBuffer();
    const about = new TextEncoder().encode(`${file.name}|${file.size}|${file.lastModified}|`);
    const all = new Uint8Array(about.length + start.byteLength);
    all.set(about); all.set(new Uint8Array(start), about.length);
    if (!crypto.subtle) return `${file.size}-${file.lastModified}`;
    return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", all)), (b) => b.toString(16).padStart(2, "0")).join("");
  }

  class Refused extends Error {}

  function start() {
    const box = form.querySelector("[data-sending]");
    const bar = box.querySelector("progress");
    const percent = box.querySelector("[data-percent]");
    const saying = box.querySelector("[data-say]");
    const button = form.querySelector("[type=submit]");
    const token = form.querySelector("[name=csrf]").value;
    let address = "";
    let ended = false;
    let request = null;
    let outcome = "sent";

    const say = (word) => { const text = words.get(word) ?? words.get("signed-out"); if (saying.textContent !== text) saying.textContent = text; };
    const show = (share) => { bar.value = share; percent.textContent = `${Math.floor(share * 100)}%`; };

    async function ask(method, where, headers, body) {
      request = new AbortController();
      const answer = await fetch(where, { method, headers: { ...TUS, "X-CSRF-Token": token, ...headers }, body, signal: request.signal, redirect: "manual", cache: "no-store" });
      if (answer.type === "opaqueredirect" || answer.status === 401) throw new Refused("signed-out");
      if (answer.status >= 500 && answer.status !== 507) throw new TypeError("later");
      return answer;
    }

    async function announce(file) {
      const text = (value) => base64(new TextEncoder().encode(value));
      const about = `filename ${text(file.name)},fingerprint ${text(await fingerprint(file))}`;
      const answer = await ask("POST", "/connect/files/parts", { "Upload-Length": String(file.size), "Upload-Metadata": about });
      if (answer.status !== 201) throw new Refused(await answer.text());
      address = answer.headers.get("Location");
      return Number(answer.headers.get("Upload-Offset"));
    }

    async function where() {
      const answer = await ask("HEAD", address, {});
      if (answer.status !== 200 || answer.headers.get("X-Upload-State") === "failed") throw new Refused("cancelled");
      return Number(answer.headers.get("Upload-Offset"));
    }

    async function piece(file, offset) {
      const body = await file.slice(offset, offset + PIECE).arrayBuffer();
      const headers = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset) };
      if (crypto.subtle) headers["Upload-Checksum"] = `sha256 ${base64(await crypto.subtle.digest("SHA-256", body))}`;
      const answer = await ask("PATCH", address, headers, body);
      if (answer.headers.get("X-Upload-Error")) outcome = "refused";
      if (answer.status === 204) return Number(answer.headers.get("Upload-Offset"));
      if ([409, 423, 460].includes(answer.status)) throw new TypeError("ask where it ends");
      throw new Refused(answer.status === 404 ? "cancelled" : await answer.text());
    }

    // Goes on until the whole file is there; a lost line is waited for, longer each time.
    async function send(file) {
      let offset = null;
      let wait = 1000;
      while (!ended) {
        try {
          if (offset === null) {
            offset = address ? await where() : await announce(file);
            say(offset ? "resuming" : "sending");
          }
          show(offset / file.size);
          if (offset >= file.size) return;
          offset = await piece(file, offset);
          wait = 1000;
        } catch (problem) {
          if (problem instanceof Refused || ended) throw problem;
          offset = null;
          say("lost");
          await sleep(wait);
          wait = Math.min(wait * 2, LONGEST_WAIT);
        }
      }
    }

    form.addEventListener("submit", async (event) => {
      const file = form.querySelector("[type=file]").files[0];
      event.preventDefault();
      if (!file || sending) return;
      address = ""; ended = false; sending = true;
      button.disabled = true; box.hidden = false;
      show(0); say("sending");
      try {
        await send(file);
        sending = false;
        if (!ended) location.assign(`/connect/files?notice=${outcome}`);
      } catch (problem) {
        if (!ended) say(problem.message);
        button.disabled = false;
      }
      sending = false;
    });

    box.querySelector("[data-stop]").addEventListener("click", async () => {
      const there = address;
      ended = true; sending = false;
      request?.abort();
      try { if (there) await ask("DELETE", there, {}); } catch { /* it is ended by itself after a day */ }
      location.assign(there ? "/connect/files?notice=cancelled" : "/connect/files");
    });
  }

  // While something is read, the list is fetched anew; what has the focus is left alone.
  async function look() {
    const list = document.getElementById("uploads");
    if (list?.dataset.busy !== undefined && !list.contains(document.activeElement)) {
      try {
        const answer = await fetch("/connect/files/list", { redirect: "manual", cache: "no-store" });
        if (answer.ok) {
          const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("uploads");
          if (fresh) list.replaceWith(fresh);
        }
      } catch { /* the next look may succeed */ }
    }
    setTimeout(look, 3000);
  }

  addEventListener("beforeunload", (event) => { if (sending) event.preventDefault(); });
  if (form) start();
  setTimeout(look, 3000);
})();
