// Keeps a resident's last two pages and the empty visit page for times without network, as the server's answers allow.
"use strict";
importScripts("/static/push_worker.js");

const KEPT = "phr-kept"; // the resident's pages; goes with another session, at sign-out and after three days
const SHELL = "phr-shell"; // pages that say nothing about anybody, and what pages are made of
const LONGEST = 72 * 3600 * 1000;
const SHELLS = ["/offline", "/visit"];
const PAGES = { "/": "today", "/today": "today", "/emergency": "emergency" };
const RULE = "X-PHR-Keep";
const AT = "X-Kept-At";
const OWNER = "/owner-of-what-is-kept";

self.addEventListener("install", (event) => {
  event.waitUntil(Promise.all(SHELLS.map(keepShell)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

self.addEventListener("message", (event) => {
  if (event.data === "keep") event.waitUntil(keepBoth());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/static/") && url.searchParams.has("v")) event.respondWith(asset(request));
  else if (request.mode === "navigate") event.respondWith(page(event, url));
});

async function asset(request) {
  return (await caches.match(request, { cacheName: SHELL })) || fetch(request);
}

async function page(event, url) {
  let answer;
  try {
    answer = await fetch(event.request);
  } catch {
    return withoutNetwork(url);
  }
  event.waitUntil(obey(url, answer.clone()));
  return answer;
}

// What the server says of an answer is done; where it says nothing, nothing changes.
async function obey(url, answer) {
  if (answer.ok && url.pathname === "/visit") await keepShellFrom("/visit", answer.clone());
  const rule = answer.headers.get(RULE);
  if (rule === null) return;
  if (rule === "no") {
    await caches.delete(KEPT);
    return;
  }
  const [name, mark] = rule.split(" ");
  let cache = await caches.open(KEPT);
  const owner = await cache.match(OWNER);
  if (!owner || (await owner.text()) !== mark) {
    await caches.delete(KEPT);
    cache = await caches.open(KEPT);
    await cache.put(OWNER, new Response(mark));
  }
  if (name === "none") return;
  const text = await withoutTokens(answer);
  await keepAssets(text);
  await cache.put(`/${name}`, again(text, answer, { [AT]: String(Date.now()) }));
  if (name === "today" && !(await cache.match("/emergency"))) await fetchAndObey("/emergency");
}

async function keepBoth() {
  await fetchAndObey("/today");
}

async function fetchAndObey(path) {
  const answer = await fetch(path, { credentials: "same-origin", redirect: "manual" });
  await obey(new URL(path, self.location.origin), answer);
}

async function keepShell(path) {
  const answer = await fetch(path, { credentials: "same-origin" });
  if (answer.ok && !answer.redirected) await keepShellFrom(path, answer);
}

async function keepShellFrom(path, answer) {
  const text = await withoutTokens(answer);
  await keepAssets(text);
  const cache = await caches.open(SHELL);
  await cache.put(path, again(text, answer, {}));
}

// A form's token is of no use without network, and of use to a thief.
async function withoutTokens(answer) {
  return (await answer.text()).replace(/(name="csrf" value=")[^"]*/g, "$1");
}

// The same answer with all its headers, the policy among them, around another text.
function again(text, answer, more) {
  const headers = new Headers(answer.headers);
  for (const name of ["Content-Encoding", "Content-Length"]) headers.delete(name);
  for (const [name, value] of Object.entries(more)) headers.set(name, value);
  return new Response(text, { status: 200, headers });
}

async function keepAssets(text) {
  const cache = await caches.open(SHELL);
  const named = new Set(Array.from(text.matchAll(/\/static\/[^"'#\s]+\?v=[0-9a-f]+/g), (hit) => hit[0]));
  for (const address of named) {
    if (!(await cache.match(address))) await cache.add(address);
  }
}

async function withoutNetwork(url) {
  const name = PAGES[url.pathname];
  const kept = name && (await keptPage(name));
  if (kept) return kept;
  const shell = await caches.open(SHELL);
  const found = url.pathname === "/visit" ? await shell.match("/visit") : undefined;
  return found || (await shell.match("/offline")) || Response.error();
}

async function keptPage(name) {
  const cache = await caches.open(KEPT);
  const found = await cache.match(`/${name}`);
  if (!found) return undefined;
  const at = Number(found.headers.get(AT));
  if (!(Date.now() - at < LONGEST)) {
    await caches.delete(KEPT);
    return undefined;
  }
  const text = await found.text();
  const language = (/<html lang="([^"]+)"/.exec(text) || [])[1] || "ja";
  const clock = { month: "long", day: "numeric", hour: "numeric", minute: "2-digit" };
  const when = new Intl.DateTimeFormat(language, clock).format(at);
  const said = text
    .replace("data-kept hidden", "data-kept")
    .replace("<time data-kept-at></time>", `<time data-kept-at datetime="${new Date(at).toISOString()}">${when}</time>`);
  return again(said, found, {});
}
