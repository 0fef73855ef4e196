// What a device holds of visits: sealed with a key made from a code that only the nurse knows, gone after a day.
(() => {
  "use strict";
  const DAY = 24 * 3600 * 1000;
  const ROUNDS = 600000;
  const CHECK = "visit";
  let key = null;

  function opened() {
    return new Promise((resolve, reject) => {
      const opening = indexedDB.open("phr-visits", 1);
      opening.onupgradeneeded = () => {
        opening.result.createObjectStore("device", { keyPath: "name" });
        opening.result.createObjectStore("visits", { keyPath: "case" });
        opening.result.createObjectStore("entries", { keyPath: "key" });
      };
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => resolve(opening.result);
    });
  }

  async function act(store, mode, work) {
    const base = await opened();
    try {
      return await new Promise((resolve, reject) => {
        const moving = base.transaction(store, mode);
        const asked = work(moving.objectStore(store));
        moving.oncomplete = () => resolve(asked.result);
        moving.onerror = () => reject(moving.error);
      });
    } finally {
      base.close();
    }
  }
  const all = (store) => act(store, "readonly", (it) => it.getAll());
  const one = (store, name) => act(store, "readonly", (it) => it.get(name));
  const put = (store, value) => act(store, "readwrite", (it) => it.put(value));
  const drop = (store, name) => act(store, "readwrite", (it) => it.delete(name));

  const bytes = (text) => new TextEncoder().encode(text);

  async function made(code, salt) {
    const typed = await crypto.subtle.importKey("raw", bytes(code.normalize("NFKC")), "PBKDF2", false, ["deriveKey"]);
    const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS };
    return crypto.subtle.deriveKey(how, typed, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  }

  async function seal(value, name, secret = key) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const how = { name: "AES-GCM", iv, additionalData: bytes(name) };
    return { iv, box: await crypto.subtle.encrypt(how, secret, bytes(JSON.stringify(value))) };
  }

  async function unseal(sealed, name, secret = key) {
    const how = { name: "AES-GCM", iv: sealed.iv, additionalData: bytes(name) };
    return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(how, secret, sealed.box)));
  }

  // Opens with a code; the first code on an empty device is the one that counts. Tells whether it fits.
  async function unlock(code) {
    const device = await one("device", "key");
    if (!device) {
      const salt = crypto.getRandomValues(new Uint8Array(16));
      const secret = await made(code, salt);
      await put("device", { name: "key", salt, check: await seal(CHECK, "check", secret) });
      key = secret;
      return true;
    }
    const secret = await made(code, device.salt);
    try {
      await unseal(device.check, "check", secret);
    } catch {
      return false;
    }
    key = secret;
    return true;
  }

  // After a day nothing of a person stays; what was written down and not sent stays until it is sent or thrown away.
  async function tidy() {
    const waiting = new Set((await all("entries")).map((entry) => entry.case));
    for (const visit of await all("visits")) {
      if (Date.now() < visit.until) continue;
      if (waiting.has(visit.case)) await put("visits", { case: visit.case, until: visit.until, sealed: null });
      else await drop("visits", visit.case);
    }
    if (!(await all("visits")).length && !waiting.size) await drop("device", "key");
  }

  async function take(pack) {
    await put("visits", { case: pack.case, until: Date.now() + DAY, sealed: await seal(pack, pack.case) });
  }

  async function visits() {
    const found = [];
    for (const visit of await all("visits")) {
      const pack = visit.sealed ? await unseal(visit.sealed, visit.case) : { case: visit.case, name: "", lines: [], version: 0 };
      found.push({ ...pack, until: visit.until, gone: !visit.sealed });
    }
    return found;
  }

  async function entries() {
    const found = [];
    for (const kept of await all("entries")) found.push(await unseal(kept.sealed, kept.key));
    return found.sort((a, b) => a.at.localeCompare(b.at));
  }

  async function note(entry) {
    await put("entries", { key: entry.key, case: entry.case, sealed: await seal(entry, entry.key) });
  }

  // An entry that is done; its visit goes with the last one.
  async function done(entry) {
    await drop("entries", entry.key);
    if (!(await all("entries")).some((kept) => kept.case === entry.case)) await drop("visits", entry.case);
    await tidy();
  }

  // The person is no longer shared with us: what is here of them goes, her own words stay until she has read why.
  async function close(name) {
    const visit = await one("visits", name);
    if (visit) await put("visits", { case: name, until: visit.until, sealed: null });
  }

  const locked = async () => Boolean(await one("device", "key")) && key === null;
  const count = async () => (await all("visits")).length;
  window.visitStore = { unlock, tidy, take, visits, entries, note, done, close, locked, count };
})();
