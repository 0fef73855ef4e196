// Draws [data-chart] figures from the rows of their table: the table is the source of the numbers.
// Without this file the page is complete.
(() => {
  "use strict";
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const DAY = 864e5;
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

  function draw(fig) {
    const box = fig.querySelector(".chart__plot");
    const read = fig.querySelector(".chart__read");
    const o = JSON.parse(fig.dataset.chart);
    const data = columns(fig, o.series.map((s) => s.k));
    const col = (name) => css(`--c-chart-${name}`);
    const say = read ? read.textContent : "";
    const font = `14px ${css("--font")}`;
    const days = o.step > 0;
    const half = days ? o.step / 2 : 0;
    const dense = data[0].length > 60;

    const ground = (u) => {
      const { ctx, bbox: b } = u, dpr = devicePixelRatio;
      const X = (v) => u.valToPos(v, "x", true), Y = (v) => u.valToPos(v, "y", true);
      ctx.save();
      ctx.beginPath(); ctx.rect(b.left, b.top, b.width, b.height); ctx.clip();
      if (o.period) {
        ctx.fillStyle = col("band");
        ctx.fillRect(X(x(o.period[0])), b.top, X(x(o.period[1])) - X(x(o.period[0])), b.height);
      }
      for (const z of o.bands) {
        ctx.fillStyle = col("band");
        ctx.fillRect(b.left, Y(z.hi), b.width, Y(z.lo) - Y(z.hi));
      }
      const empty = data[0].map((_, i) => days && data.slice(1).every((s) => s[i] == null));
      for (let i = 0; i < empty.length; i++) {
        let j = i; while (j < empty.length && empty[j]) j++;
        if (j > i) hatch(ctx, X(data[0][i] - half), X(data[0][j - 1] + half) - X(data[0][i] - half), b, dpr);
        i = j;
      }
      ctx.restore();
    };

    const marks = (u) => {
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
      const r = (dense ? 2.4 : u.width < 480 ? 3.6 : 4.6) * dpr;
      o.series.forEach((s, i) => data[i + 1].forEach((v, j) => {
        if (v != null) mark(ctx, s.m, X(data[0][j]), Y(v), col(s.c), css("--c-surface"), r);
      }));
      ctx.restore();
    };

    const size = () => ({ width: box.clientWidth, height: box.clientHeight });
    const range = () => {
      const xs = data[0], pad = days ? Math.max(half, o.step * 0.7) : 0;
      return days ? [xs[0] - pad, xs[xs.length - 1] + pad] : [Math.floor(xs[0]), Math.floor(xs[0]) + 1];
    };
    const xSplits = (_, __, from, to) => {
      const out = [];
      if (!days) { for (let h = 0; h <= 24; h += box.clientWidth < 420 ? 6 : 3) out.push(Math.floor(from) + h / 24); return out; }
      const room = Math.max(2, Math.floor(box.clientWidth / 84));
      const every = Math.max(1, Math.ceil(data[0].length / room)) * o.step;
      for (let d = data[0][0]; d <= to; d += every) out.push(d);
      return out;
    };
    const ySplits = () => {
      const out = [], n = Math.round((o.y[1] - o.y[0]) / o.tick);
      for (let i = 0; i <= n; i++) out.push(o.y[0] + i * o.tick);
      return out;
    };
    const axis = { font, stroke: css("--c-text-2"), grid: { stroke: col("grid"), width: 1 }, ticks: { show: false } };
    const u = new uPlot({
      ...size(),
      padding: [8, o.limits.length ? 52 : 12, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { time: false, range }, y: { range: o.y } },
      axes: [
        { ...axis, size: 32, splits: xSplits, values: (_, v) => v.map(days ? monthDay : (at) => String(Math.round((at - Math.floor(data[0][0])) * 24))) },
        { ...axis, size: 58, splits: ySplits, values: (_, v) => v.map((n) => n.toLocaleString()) },
      ],
      series: [{}, ...o.series.map((s) => ({ stroke: col(s.c), width: 2, spanGaps: !days, dash: s.m === "dot" ? undefined : [6, 4], points: { show: false } }))],
      hooks: {
        drawClear: [ground], draw: [marks],
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
    const watch = new ResizeObserver(() => u.setSize(size()));
    watch.observe(box);
    return () => { watch.disconnect(); u.destroy(); };
  }

  const figures = [...document.querySelectorAll("[data-chart]")];
  let live = figures.map(draw);
  const again = () => { live.forEach((end) => end()); live = figures.map(draw); };
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", again);
})();
