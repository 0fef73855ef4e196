// Draws [data-chart] figures from the rows of their table: the table is the source of the numbers. A figure with
// [data-fine] is drawn again from all samples of the day, with a closer look. Without this file the page is complete.
(() => {
  "use strict";
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const DAY = 864e5, NEAR = 10 / 1440; // the closest look: ten minutes, in days
  const MARKED = 400; // more points than this are a line without marks
  // Days since 1970 as the city counts them: "2026-11-20" or "2026-11-20T06:42".
  const x = (text) => Date.parse(text.length === 10 ? text + "T00:00Z" : text + "Z") / DAY;
  const two = (n) => String(n).padStart(2, "0");
  const monthDay = (at) => { const t = new Date(Math.floor(at + 1e-6) * DAY); return `${t.getUTCMonth() + 1}/${t.getUTCDate()}`; };
  const hour = (at) => { const t = new Date(Math.round(at * 1440) * 6e4); return `${t.getUTCHours()}:${two(t.getUTCMinutes())}`; };

  function columns(fig, keys) {
    const rows = [...document.getElementById(fig.dataset.from).querySelectorAll("tr[data-x]")]
      .map((tr) => ({ at: x(tr.dataset.x), cells: new Map([...tr.querySelectorAll("[data-k]")].map((c) => [c.dataset.k, +c.dataset.v])) }))
      .sort((a, b) => a.at - b.at);
    return [rows.map((r) => r.at), ...keys.map((k) => rows.map((r) => r.cells.get(k) ?? null))];
  }

  // Columns of samples, in the city's time; a gap becomes a point without a value.
  function samples(told, offset) {
    const n = told.y.length, gaps = new Set(told.gaps), size = n + gaps.size;
    const xs = new Float64Array(size), ys = new Array(size);
    let at = told.from + offset, k = 0;
    for (let i = 0; i < n; i++) {
      at += told.dx[i] * told.unit;
      xs[k] = at / DAY; ys[k++] = told.y[i];
      if (gaps.has(i)) { xs[k] = (at + 1) / DAY; ys[k++] = null; }
    }
    return [xs, ys];
  }

  function mark(ctx, kind, px, py, colour, ground, r) {
    ctx.beginPath();
    if (kind === "dot") ctx.arc(px, py, r, 0, 7);
    else { const q = r * 1.3; ctx.moveTo(px, py - q); ctx.lineTo(px + q, py); ctx.lineTo(px, py + q); ctx.lineTo(px - q, py); ctx.closePath(); }
    ctx.fillStyle = kind === "dot" ? colour : ground;
    ctx.strokeStyle = kind === "dot" ? ground : colour;
    ctx.lineWidth = r * 0.45;
    ctx.fill(); ctx.stroke();
  }

  function hatch(ctx, left, width, box, dpr) {
    ctx.fillStyle = css("--c-chart-gap"); ctx.fillRect(left, box.top, width, box.height);
    ctx.save(); ctx.beginPath(); ctx.rect(left, box.top, width, box.height); ctx.clip();
    ctx.strokeStyle = css("--c-line"); ctx.lineWidth = dpr;
    for (let k = -box.height; k < width; k += 10 * dpr) {
      ctx.beginPath(); ctx.moveTo(left + k, box.top + box.height); ctx.lineTo(left + k + box.height, box.top); ctx.stroke();
    }
    ctx.restore();
  }

  // What lies under the lines: the normal band, the usual band, a shaded period, and stripes where nothing was measured.
  const ground = (o, data, days, half, col) => (u) => {
    const { ctx, bbox: b } = u, dpr = devicePixelRatio;
    const X = (v) => u.valToPos(v, "x", true), Y = (v) => u.valToPos(v, "y", true);
    ctx.save();
    ctx.beginPath(); ctx.rect(b.left, b.top, b.width, b.height); ctx.clip();
    for (const z of o.normal) { ctx.fillStyle = col("band-2"); ctx.fillRect(b.left, Y(z.hi), b.width, Y(z.lo) - Y(z.hi)); }
    if (o.period) {
      ctx.fillStyle = col("band");
      ctx.fillRect(X(x(o.period[0])), b.top, X(x(o.period[1])) - X(x(o.period[0])), b.height);
    }
    for (const z of o.bands) { ctx.fillStyle = col("band"); ctx.fillRect(b.left, Y(z.hi), b.width, Y(z.lo) - Y(z.hi)); }
    for (let i = 0; days && i < data[0].length; i++) {
      let j = i; while (j < data[0].length && data.every((s, n) => n === 0 || s[j] == null)) j++;
      if (j > i) hatch(ctx, X(data[0][i] - half), X(data[0][j - 1] + half) - X(data[0][i] - half), b, dpr);
      i = j;
    }
    ctx.restore();
  };

  // What lies over them: the limits with their numbers, and the marks, whose shapes differ as well as their colours.
  const marks = (o, data, col) => (u) => {
    const { ctx, bbox: b } = u, dpr = devicePixelRatio;
    const X = (v) => u.valToPos(v, "x", true), Y = (v) => u.valToPos(v, "y", true);
    ctx.save();
    ctx.textAlign = "left"; ctx.textBaseline = "alphabetic";
    ctx.font = `${13 * dpr}px ${css("--font")}`;
    for (const l of o.limits) {
      ctx.strokeStyle = col("limit"); ctx.lineWidth = 1.5 * dpr; ctx.setLineDash([6 * dpr, 5 * dpr]);
      ctx.beginPath(); ctx.moveTo(b.left, Y(l.at)); ctx.lineTo(b.left + b.width, Y(l.at)); ctx.stroke();
      ctx.setLineDash([]);
      ctx.fillStyle = css("--c-text"); ctx.fillText(l.t, b.left + b.width + 5 * dpr, Y(l.at) + 5 * dpr);
    }
    if (data[0].length <= MARKED) {
      const r = (data[0].length > 60 ? 2.4 : u.width < 480 ? 3.6 : 4.6) * dpr;
      o.series.forEach((s, i) => data[i + 1].forEach((v, j) => {
        if (v != null) mark(ctx, s.m, X(data[0][j]), Y(v), col(s.c), css("--c-surface"), r);
      }));
    }
    ctx.restore();
  };

  function xSplits(o, data, box) {
    return (_, __, from, to) => {
      const out = [];
      if (!o.step) {
        const room = box.clientWidth < 420 ? 5 : 9;
        const every = [5, 10, 15, 30, 60, 120, 180, 360].find((m) => (to - from) * 1440 / m <= room) ?? 360;
        const first = Math.ceil(from * 1440 / every - 1e-6);
        for (let k = first; k * every / 1440 <= to + 1e-9; k++) out.push(k * every / 1440);
        return out;
      }
      const room = Math.max(2, Math.floor(box.clientWidth / 84));
      const every = Math.max(1, Math.ceil(data[0].length / room)) * o.step;
      for (let d = data[0][0]; d <= to; d += every) out.push(d);
      return out;
    };
  }

  function plot(fig, o, data, fine) {
    const box = fig.querySelector(".chart__plot");
    const read = fig.querySelector(".chart__read");
    const col = (name) => css(`--c-chart-${name}`);
    const say = read ? read.textContent : "";
    const font = `14px ${css("--font")}`;
    const days = o.step > 0, half = days ? o.step / 2 : 0;
    const whole = () => {
      const xs = data[0], pad = days ? Math.max(half, o.step * 0.7) : 0;
      return days ? [xs[0] - pad, xs[xs.length - 1] + pad] : [Math.floor(xs[0]), Math.floor(xs[0]) + 1];
    };
    const size = () => ({ width: box.clientWidth, height: box.clientHeight });
    const ySplits = () => Array.from({ length: Math.round((o.y[1] - o.y[0]) / o.tick) + 1 }, (_, i) => o.y[0] + i * o.tick);
    const axis = { font, stroke: css("--c-text-2"), grid: { stroke: col("grid"), width: 1 }, ticks: { show: false } };
    const close = (at) => { const whole24 = Math.abs((at - Math.floor(data[0][0])) * 24 - 24) < 1e-6; return whole24 ? "24:00" : hour(at); };
    let [from, to] = whole();
    const u = new uPlot({
      ...size(),
      padding: [8, o.limits.length ? 52 : 18, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { time: false, auto: false, range: () => [from, to] }, y: { range: o.y } },
      axes: [
        { ...axis, size: 32, splits: xSplits(o, data, box), values: (_, v) => v.map(days ? monthDay : close) },
        { ...axis, size: 58, splits: ySplits, values: (_, v) => v.map((n) => n.toLocaleString()) },
      ],
      series: [{}, ...o.series.map((s) => ({ stroke: col(s.c), width: fine ? 1.5 : 2, spanGaps: !days && !fine, dash: s.m === "dot" ? undefined : [6, 4], points: { show: false } }))],
      hooks: {
        drawClear: [ground(o, data, days, half, col)], draw: [marks(o, data, col)],
        setCursor: [(c) => {
          if (!read) return;
          const i = c.cursor.idx;
          if (i == null) { read.textContent = say; return; }
          const parts = o.series.map((s, n) => [s.t, data[n + 1][i]]).filter((p) => p[1] != null)
            .map((p) => (o.series.length > 1 ? `${p[0]} ` : "") + p[1].toLocaleString());
          read.textContent = `${days ? monthDay(data[0][i]) : hour(data[0][i])} — ${parts.join(", ") || o.none}`;
        }],
      },
    }, data, box);
    const canvas = box.querySelector("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", fig.dataset.label);
    if (document.getElementById(`${fig.dataset.from}-told`)) canvas.setAttribute("aria-describedby", `${fig.dataset.from}-told`);
    // Shows another stretch of the day, never more than the day.
    const look = (begin, length) => {
      const [first, last] = whole();
      const wide = Math.min(last - first, Math.max(NEAR, length));
      from = Math.min(Math.max(first, begin), last - wide);
      to = from + wide;
      u.setScale("x", { min: from, max: to });
    };
    const watch = new ResizeObserver(() => u.setSize(size()));
    watch.observe(box);
    return { u, look, span: () => [from, to], end: () => { watch.disconnect(); u.destroy(); } };
  }

  // Buttons and dragging for a closer look; the first of them asks for every sample.
  function tools(fig, get, closer) {
    const group = fig.querySelector(".chart__tools");
    const box = fig.querySelector(".chart__plot");
    const move = async (tool) => {
      if (tool === "closer") await closer();
      const [from, to] = get().span(), wide = to - from, middle = (from + to) / 2;
      if (tool === "closer") get().look(middle - wide / 4, wide / 2);
      if (tool === "wider") get().look(middle - wide, wide * 2);
      if (tool === "earlier") get().look(from - wide / 2, wide);
      if (tool === "later") get().look(from + wide / 2, wide);
    };
    group.hidden = false;
    group.onclick = (event) => { const tool = event.target.closest("[data-tool]")?.dataset.tool; if (tool) move(tool); };
    let held = null;
    box.onpointerdown = (event) => { const [from, to] = get().span(); held = { at: event.clientX, from, wide: to - from }; };
    box.onpointermove = (event) => {
      if (!held || !event.buttons) { held = null; return; }
      const pixels = get().u.bbox.width / devicePixelRatio;
      get().look(held.from - (event.clientX - held.at) / pixels * held.wide, held.wide);
    };
    box.onpointerup = box.onpointercancel = () => { held = null; };
  }

  function draw(fig) {
    const o = JSON.parse(fig.dataset.chart);
    const rows = columns(fig, o.series.map((s) => s.k));
    let shown = plot(fig, o, rows, false), ended = false, every = null;
    // The rows say their hour in the city, the samples are instants: how far the city's clock is from UTC.
    const offset = -Date.parse(`1970-01-01T00:00${fig.dataset.zone || "Z"}`);
    const load = async (address) => {
      const answer = await fetch(address, { credentials: "same-origin", redirect: "manual", cache: "no-store" });
      if (!answer.ok || ended) return false;
      const data = samples(await answer.json(), offset);
      if (ended || !data[0].length) return false;
      const [from, to] = shown.span();
      shown.end();
      shown = plot(fig, o, data, true);
      shown.look(from, to - from);
      return true;
    };
    if (fig.dataset.fine) {
      const closer = () => (every ??= load(`${fig.dataset.fine}&every=1`).catch(() => { every = null; }));
      load(fig.dataset.fine).then((done) => { if (done) tools(fig, () => shown, closer); }).catch(() => {});
    }
    return () => { ended = true; shown.end(); };
  }

  let live = [];
  const again = () => { live.forEach((end) => end()); live = [...document.querySelectorAll("[data-chart]")].map(draw); };
  again();
  document.addEventListener("phr:shown", again);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", again);
})();

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
