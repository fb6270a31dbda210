// The service worker keeps the pages whose server says "X-Offline: keep" and the files they need, and gives them when there
// is no network. Everything else goes to the network as if the worker were not there. What was kept is forgotten on
// signing out. It also shows the notices that a reader asked for, and follows the browser when it changes its push address.
/// <reference lib="webworker" />
export {};
const sw = self as unknown as ServiceWorkerGlobalScope;

const pages = "nhipcau.pages";
const files = "nhipcau.files";
const noNetwork = "/khong-mang";

async function keep(path: string, parts: string[] = []): Promise<void> {
  const res = await fetch(path, { credentials: "same-origin" });
  if (!res.ok || res.redirected || res.headers.get("X-Offline") !== "keep") return;
  const html = await res.clone().text();
  await (await caches.open(pages)).put(path, res);
  const named = [...html.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((m) => m[1]!);
  const cache = await caches.open(files);
  await Promise.allSettled([...new Set([...named, ...parts])].map(async (f) => (await cache.match(f)) ?? cache.add(f)));
}

/** Files of earlier versions are forgotten once no kept page names them. */
async function tidy(): Promise<void> {
  let text = "";
  const kept = await caches.open(pages);
  for (const req of await kept.keys()) text += await (await kept.match(req))!.text();
  const versions = new Set([...text.matchAll(/\/static\/([0-9a-f]+)\//g)].map((m) => m[1]));
  const cache = await caches.open(files);
  for (const req of await cache.keys()) {
    const v = /\/static\/([0-9a-f]+)\//.exec(req.url)?.[1];
    if (v && !versions.has(v)) await cache.delete(req);
  }
}

async function page(req: Request): Promise<Response> {
  try {
    const res = await fetch(req);
    if (res.ok && !res.redirected && res.headers.get("X-Offline") === "keep") {
      const url = new URL(req.url);
      await (await caches.open(pages)).put(url.pathname + url.search, res.clone());
    }
    return res;
  } catch (err) {
    const cache = await caches.open(pages);
    const found = (await cache.match(req)) ?? (await cache.match(req, { ignoreSearch: true })) ?? (await cache.match(noNetwork));
    if (found) return found;
    throw err;
  }
}

async function file(req: Request): Promise<Response> {
  const found = await (await caches.open(files)).match(req);
  return found ?? fetch(req);
}

sw.addEventListener("install", (e) => {
  e.waitUntil(keep(noNetwork).catch(() => undefined).then(() => sw.skipWaiting()));
});
sw.addEventListener("activate", (e) => e.waitUntil(sw.clients.claim()));
sw.addEventListener("message", (e) => {
  const m = e.data as { keep?: string; parts?: string[] };
  if (m.keep) e.waitUntil(keep(m.keep, m.parts).then(() => keep(noNetwork)).then(tidy).catch(() => undefined));
});
sw.addEventListener("fetch", (e) => {
  const req = e.request;
  const url = new URL(req.url);
  if (url.origin !== sw.location.origin) return;
  if (req.method === "POST" && url.pathname === "/dang-xuat") e.waitUntil(caches.delete(pages));
  if (req.method !== "GET") return;
  if (req.mode === "navigate") e.respondWith(page(req));
  else if (url.pathname.startsWith("/static/")) e.respondWith(file(req));
});

interface Notice {
  title: string;
  body: string;
  url: string;
  tag: string;
}

/** What the house wrote; something to show even when it cannot be read, since a browser wants each push to be shown. */
function notice(e: PushEvent): Notice {
  try {
    return e.data!.json() as Notice;
  } catch {
    return { title: "Mặt trận Tổ quốc", body: "", url: "/", tag: "NB" };
  }
}

sw.addEventListener("push", (e) => {
  const n = notice(e);
  e.waitUntil(sw.registration.showNotification(n.title, { body: n.body, tag: n.tag, data: n.url, lang: "vi" }));
});
sw.addEventListener("notificationclick", (e) => {
  e.notification.close();
  const to = new URL(String(e.notification.data ?? "/"), sw.location.origin);
  if (to.origin === sw.location.origin) e.waitUntil(sw.clients.openWindow(to.href));
});

interface Changed extends ExtendableEvent {
  oldSubscription?: PushSubscription | null;
  newSubscription?: PushSubscription | null;
}

async function moved(e: Changed): Promise<void> {
  const old = e.oldSubscription;
  if (!old) return;
  const sub = e.newSubscription ?? (await sw.registration.pushManager.subscribe(old.options));
  const keys = sub.toJSON().keys;
  const body = new URLSearchParams({ old: old.endpoint, endpoint: sub.endpoint, p256dh: keys?.p256dh ?? "", auth: keys?.auth ?? "" });
  await fetch("/bao-tin/trinh-duyet/doi", { method: "POST", body });
}

sw.addEventListener("pushsubscriptionchange", (e) => (e as ExtendableEvent).waitUntil(moved(e as Changed)));
