// Home visits: takes a case along, writes down without network, sends later, and shows both sides where they differ.
(() => {
  "use strict";
  const store = window.visitStore;
  const find = (name, within = document) => within.querySelector(`[data-${name}]`);
  const words = find("words").dataset;
  const said = find("said");
  const say = (text) => {
    said.hidden = false;
    said.textContent = text;
  };

  async function open(form) {
    const code = form.elements.code.value;
    if (code.length < 8) return say(words.short);
    if (form.elements.again && form.elements.again.value !== code) return say(words.differ);
    if (!(await store.unlock(code))) return say(words.wrong);
    form.reset();
    return true;
  }

  function prepare(place) {
    const form = find("take");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      await store.tidy();
      if ((await open(form)) !== true) return;
      const lines = Array.from(document.querySelectorAll("[data-line]"), (line) => line.innerText.replace(/\s+/g, " ").trim());
      const { case: name, version, person } = place.dataset;
      await store.take({ case: name, version: Number(version), name: person, lines });
      form.hidden = true;
      find("ready").hidden = false;
      say(words.taken);
    });
  }

  const numbers = ["systolic", "diastolic", "pulse", "weight"];

  function read(form) {
    const values = {};
    for (const name of numbers) {
      const text = form.elements[name].value.normalize("NFKC").replace(",", ".").trim();
      if (text === "") continue;
      if (!/^\d{1,3}(\.\d{1,2})?$/.test(text)) return null;
      values[name] = Number(text);
    }
    const half = ("systolic" in values) !== ("diastolic" in values);
    if (half || ("pulse" in values && !("systolic" in values)) || values.systolic <= values.diastolic) return null;
    return values;
  }

  function told(entry) {
    const { systolic, diastolic, pulse, weight } = entry.values;
    const parts = [new Date(entry.at).toLocaleString(document.documentElement.lang), words[entry.outcome === "reached" ? "reached" : "missed"]];
    if (systolic) parts.push(`${words.pressure} ${systolic}/${diastolic}${pulse ? ` (${pulse})` : ""}`);
    if (weight) parts.push(`${words.weight} ${weight} kg`);
    if (entry.note) parts.push(entry.note);
    return parts.join(" ");
  }

  function row(entry) {
    const made = find("row").content.cloneNode(true).firstElementChild;
    find("ours", made).textContent = told(entry);
    if (!entry.answer) return made;
    const { result, since = [], holder = "", field = "" } = entry.answer;
    find("state", made).textContent = `${words[result]} ${field}`.trim();
    find("both", made).hidden = false;
    const theirs = find("theirs", made);
    for (const line of holder ? [`${words.holder} ${holder}`, ...since] : since) {
      theirs.append(Object.assign(document.createElement("li"), { textContent: line }));
    }
    find("theirside", made).hidden = theirs.children.length === 0;
    const again = find("again", made);
    again.hidden = result !== "changed";
    again.addEventListener("click", async () => {
      await store.note({ ...entry, version: entry.answer.version, answer: null });
      await send();
    });
    find("drop", made).addEventListener("click", async () => {
      await store.done(entry);
      await show();
    });
    return made;
  }

  function visit(pack, entries) {
    const made = find("visit").content.cloneNode(true).firstElementChild;
    find("name", made).textContent = pack.name || words.expired;
    find("until", made).textContent = new Date(pack.until).toLocaleString(document.documentElement.lang);
    for (const line of pack.lines) find("lines", made).append(Object.assign(document.createElement("li"), { textContent: line }));
    for (const entry of entries) find("entries", made).append(row(entry));
    const form = find("entry", made);
    form.hidden = pack.gone;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const values = read(form);
      const outcome = form.elements.outcome.value;
      if (values === null || (outcome !== "reached" && Object.keys(values).length)) return say(words.numbers);
      const at = new Date().toISOString().replace(/\.\d+Z$/, "Z");
      const note = form.elements.note.value.trim();
      await store.note({ key: crypto.randomUUID(), case: pack.case, version: pack.version, at, outcome, note, values, answer: null });
      await show();
      say(words.kept);
      if (navigator.onLine) await send();
    });
    return made;
  }

  async function show() {
    const visits = await store.visits();
    const entries = await store.entries();
    find("list").replaceChildren(...visits.map((pack) => visit(pack, entries.filter((entry) => entry.case === pack.case))));
    find("none").hidden = visits.length > 0;
    find("send").hidden = !entries.some((entry) => !entry.answer);
  }

  async function token() {
    const answer = await fetch("/staff/visits/form-token", { redirect: "manual", cache: "no-store" });
    return answer.ok ? (await answer.json()).token : "";
  }

  // One entry; its name makes it count once, however often it is sent. Tells whether the next may follow.
  async function post(entry, secret) {
    const { key, version, at, outcome, note, values } = entry;
    const answer = await fetch(`/staff/visits/${encodeURIComponent(entry.case)}/entries`, {
      method: "POST",
      redirect: "manual",
      headers: { "Content-Type": "application/json", "X-PHR-Form": secret },
      body: JSON.stringify({ key, version, at, outcome, note, values }),
    });
    if (![200, 404, 409, 422].includes(answer.status)) return words.trouble;
    const found = await answer.json().catch(() => null);
    if (!found || !found.result) return words.trouble;
    if (answer.status === 200) {
      await store.done(entry);
      for (const other of found.version ? await store.entries() : []) {
        if (other.case === entry.case && !other.answer) await store.note({ ...other, version: found.version });
      }
      const lost = found.refused || found.apart;
      return [words.sent, lost ? words.lost : "", found.warned ? words.warned : ""].filter(Boolean).join(" ");
    }
    if (found.result === "gone") await store.close(entry.case);
    await store.note({ ...entry, answer: found });
    return words.differs;
  }

  let sending = false;
  async function send() {
    if (sending) return;
    sending = true;
    try {
      const secret = await token();
      if (!secret) {
        find("signin").hidden = false;
        say(words.signin);
        return;
      }
      const results = [];
      for (const { key } of await store.entries()) {
        const entry = (await store.entries()).find((one) => one.key === key && !one.answer);
        if (entry) results.push(await post(entry, secret));
      }
      if (results.length) say(Array.from(new Set(results)).join(" "));
    } catch {
      say(words.offline);
    } finally {
      sending = false;
      await show();
    }
  }

  async function unlocked() {
    find("unlock").hidden = true;
    await show();
    if (navigator.onLine && (await store.entries()).some((entry) => !entry.answer)) await send();
  }

  async function list() {
    await store.tidy();
    if (!(await store.count())) {
      find("none").hidden = false;
      return;
    }
    const form = find("unlock");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if ((await open(form)) === true) await unlocked();
    });
    find("send").addEventListener("click", send);
    window.addEventListener("online", async () => {
      if (!(await store.locked())) await send();
    });
  }

  const place = find("prepare");
  if (place) prepare(place);
  else if (find("unlock")) list();
})();
