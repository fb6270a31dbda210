// Forms with data-outbox are never lost for want of a network: what was filled in, files included, is kept on this device
// and sent by itself when the network is back. Each carries an offline_id, so that the server takes it once however often it
// comes. The service worker (sw.ts) keeps the pages of such forms, so that they open without network as well.

interface Entry {
  id: string; // the offline_id
  at: number;
  who: string; // whoever filled it in; nobody else's session sends it
  name: string; // which form
  title: string; // for the list of what waits
  page: string; // where the form stands
  action: string;
  fields: [string, string | File][];
  refused?: string; // what the server said; the person must look at it
}

type Words = Record<"kept" | "waiting" | "sent" | "refused" | "signin" | "edit" | "drop" | "sure", string>;

const sendEvery = 60_000;

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const r = indexedDB.open("nhipcau.outbox", 1);
    r.onupgradeneeded = () => r.result.createObjectStore("entries", { keyPath: "id" });
    r.onsuccess = () => resolve(r.result);
    r.onerror = () => reject(r.error);
  });
}

/** Runs one request in a transaction of its own and waits until it is stored. */
async function store<T>(mode: IDBTransactionMode, ask: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const tx = db.transaction("entries", mode);
      const r = ask(tx.objectStore("entries"));
      tx.oncomplete = () => resolve(r.result);
      tx.onabort = tx.onerror = () => reject(tx.error);
    });
  } finally {
    db.close();
  }
}

const all = async () => (await store<Entry[]>("readonly", (s) => s.getAll())).sort((a, b) => a.at - b.at);
const put = (e: Entry) => store("readwrite", (s) => s.put(e));
const drop = (id: string) => store("readwrite", (s) => s.delete(id));

/** A random UUID, also where the page came without TLS and crypto.randomUUID is missing. */
function uuid(): string {
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6]! & 0x0f) | 0x40;
  b[8] = (b[8]! & 0x3f) | 0x80;
  const h = [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
  return [h.slice(0, 8), h.slice(8, 12), h.slice(12, 16), h.slice(16, 20), h.slice(20)].join("-");
}

const holder = () => document.querySelector<HTMLElement>("[data-outbox-words]");
const words = (): Words => JSON.parse(holder()?.dataset.outboxWords ?? "{}") as Words;
const me = () => holder()?.dataset.who ?? "";
const count = (text: string, n: number) => text.replace("{n}", String(n));

function body(e: Entry): FormData {
  const d = new FormData();
  for (const [k, v] of e.fields) d.append(k, v);
  return d;
}

function encode(form: HTMLFormElement, d: FormData): FormData | URLSearchParams {
  if (form.enctype === "multipart/form-data") return d;
  return new URLSearchParams([...d].map(([k, v]) => [k, String(v)]));
}

/** The sentence in which the server refused: the list of errors, or the page of the problem. */
function refusal(html: string): string {
  const page = new DOMParser().parseFromString(html, "text/html");
  const at = page.querySelector("#errors li") ?? page.querySelector(".problem .lead") ?? page.querySelector("h1");
  return at?.textContent?.trim() ?? "";
}

type Outcome = "taken" | "wait" | "signin" | "refused";

async function send(e: Entry): Promise<Outcome> {
  let res: Response;
  const multipart = e.fields.some(([, v]) => v instanceof File);
  const data = multipart ? body(e) : new URLSearchParams(e.fields.map(([k, v]) => [k, String(v)]));
  try {
    res = await fetch(e.action, { method: "POST", body: data, credentials: "same-origin" });
  } catch {
    return "wait";
  }
  if (res.status >= 500 || res.status === 429) return "wait";
  if (res.status === 401 || (res.redirected && new URL(res.url).pathname === "/dang-nhap")) return "signin";
  if (res.ok) return "taken";
  e.refused = refusal(await res.text()) || String(res.status);
  return "refused";
}

let sending = false;

/** Sends what waits, oldest first, one tab at a time; draws what is left. */
async function flush(): Promise<void> {
  if (sending) return;
  sending = true;
  let sent = 0;
  let signin = false;
  const work = async () => {
    for (const e of await all()) {
      if (e.who !== me() || e.refused) continue;
      const o = await send(e);
      if (o === "taken") {
        await drop(e.id);
        sent++;
      } else if (o === "refused") await put(e);
      else {
        signin = o === "signin";
        break;
      }
    }
  };
  try {
    if (navigator.locks) await navigator.locks.request("nhipcau.outbox", work);
    else await work();
  } finally {
    sending = false;
    await draw(sent, signin);
  }
}

/** Draws what waits on this device: a line for each form that was refused, one line for the rest. */
async function draw(sent: number, signin: boolean): Promise<void> {
  const h = holder();
  if (!h) return;
  const w = words();
  const mine = (await all()).filter((e) => e.who === me());
  const waiting = mine.filter((e) => !e.refused);
  h.textContent = "";
  const line = (text: string, tone: string) => {
    const p = document.createElement("p");
    p.className = "notice t-" + tone;
    p.textContent = text;
    h.append(p);
    return p;
  };
  if (sent > 0) line(count(w.sent, sent), "ok");
  if (waiting.length > 0) line(count(signin ? w.signin : w.waiting, waiting.length), "wait");
  for (const e of mine.filter((x) => x.refused)) {
    const p = line(`${w.refused} ${e.title}: ${e.refused} `, "late");
    const a = document.createElement("a");
    a.href = e.page + "#outbox=" + e.id;
    a.textContent = w.edit;
    a.addEventListener("click", () => {
      if (location.pathname + location.search === e.page) setTimeout(() => location.reload());
    });
    const b = document.createElement("button");
    b.type = "button";
    b.className = "btn btn-link";
    b.textContent = w.drop;
    b.addEventListener("click", async () => {
      if (!confirm(w.sure)) return;
      await drop(e.id);
      await draw(0, false);
    });
    p.append(a, " ", b);
  }
}

/** Puts a refused form back on its page; it keeps its offline_id. */
async function restore(form: HTMLFormElement): Promise<void> {
  const id = /#outbox=([\w-]+)/.exec(location.hash)?.[1];
  const e = id && (await all()).find((x) => x.id === id && x.name === form.dataset.outbox);
  if (!e) return;
  for (const el of form.elements) {
    if (!(el instanceof HTMLInputElement || el instanceof HTMLTextAreaElement || el instanceof HTMLSelectElement)) continue;
    const given = e.fields.filter(([k]) => k === el.name).map(([, v]) => v);
    if (given.length === 0 && !(el instanceof HTMLInputElement && el.type === "checkbox")) continue;
    if (el instanceof HTMLInputElement && (el.type === "checkbox" || el.type === "radio")) el.checked = given.includes(el.value);
    else if (el instanceof HTMLInputElement && el.type === "file") {
      const files = new DataTransfer();
      for (const f of given) if (f instanceof File && f.size > 0) files.items.add(f);
      el.files = files.files;
    } else el.value = String(given[0] ?? "");
    el.dispatchEvent(new Event("input", { bubbles: true }));
  }
  idField(form).value = e.id;
  history.replaceState(null, "", location.pathname + location.search);
}

function idField(form: HTMLFormElement): HTMLInputElement {
  return form.querySelector<HTMLInputElement>("input[name=offline_id]")!;
}

/** Keeps a filled form on this device until the network is back, and empties it. */
async function keep(form: HTMLFormElement, data: FormData, action: string): Promise<void> {
  const id = idField(form);
  id.value ||= uuid();
  data.set("offline_id", id.value);
  const title = data.get(form.dataset.outboxTitle ?? "") || document.querySelector("h1")?.textContent || "";
  await put({
    id: id.value, at: Date.now(), who: me(), name: form.dataset.outbox ?? "", title: String(title).trim().slice(0, 80),
    page: location.pathname + location.search, action, fields: [...data],
  });
  form.reset();
  id.value = "";
  form.dispatchEvent(new CustomEvent("outbox:kept", { bubbles: true }));
  await draw(0, false);
}

function watch(form: HTMLFormElement): void {
  const id = idField(form);
  const again = "nhipcau.outbox." + form.dataset.outbox; // the id of a form that the server is about to refuse
  if (document.getElementById("errors")) id.value ||= sessionStorage.getItem(again) ?? "";
  sessionStorage.removeItem(again);
  // A form that another script sends (the packer's scans) says itself when the network is gone.
  form.addEventListener("outbox:keep", () => void keep(form, new FormData(form), form.action));
  if (form.hasAttribute("data-outbox-asked")) return;
  let busy = false;
  form.addEventListener("submit", async (ev) => {
    ev.preventDefault();
    if (busy) return;
    busy = true;
    id.value ||= uuid();
    const by = (ev as SubmitEvent).submitter as HTMLButtonElement | null;
    const data = new FormData(form, by);
    const action = by?.hasAttribute("formaction") ? by.formAction : form.action;
    try {
      const res = await fetch(action, { method: "POST", body: encode(form, data), credentials: "same-origin" });
      if (res.ok) {
        await drop(id.value);
        id.value = "";
        location.assign(res.url);
        return;
      }
      sessionStorage.setItem(again, id.value);
      // Refused: the network is there, so the browser may show the server's own page with all that was typed.
      if (by?.name) {
        const extra = document.createElement("input");
        Object.assign(extra, { type: "hidden", name: by.name, value: by.value });
        form.append(extra);
      }
      form.action = action;
      HTMLFormElement.prototype.submit.call(form);
    } catch {
      await keep(form, data, action);
      const h = holder();
      const p = document.createElement("p");
      p.className = "notice t-ok";
      p.textContent = words().kept;
      h?.prepend(p);
      h?.scrollIntoView({ block: "start" });
      busy = false;
    }
  });
}

/** Asks the service worker to keep this page and what it needs, so that it opens without network. */
async function keepPage(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("/sw.js");
    const ready = await navigator.serviceWorker.ready;
    const parts = performance.getEntriesByType("resource").map((r) => r.name).filter((n) => n.startsWith(location.origin + "/static/"));
    ready.active?.postMessage({ keep: location.pathname + location.search, parts });
  } catch {
    // refused by the browser: the form still keeps what is filled in
  }
}

/** On the page that is shown without network: links to the pages that were kept. */
async function listKept(list: HTMLElement): Promise<void> {
  if (!("caches" in window)) return;
  const cache = await caches.open("nhipcau.pages");
  for (const req of await cache.keys()) {
    const url = new URL(req.url);
    if (url.pathname === location.pathname) continue;
    const page = new DOMParser().parseFromString((await (await cache.match(req))?.text()) ?? "", "text/html");
    const li = document.createElement("li");
    const a = document.createElement("a");
    a.href = url.pathname + url.search;
    a.textContent = page.querySelector("h1")?.textContent?.trim() ?? url.pathname;
    li.append(a);
    list.append(li);
  }
}

async function start(): Promise<void> {
  const kept = document.querySelector<HTMLElement>("[data-kept-pages]");
  if (kept) await listKept(kept);
  if (!("indexedDB" in window) || !holder()) return;
  const forms = [...document.querySelectorAll<HTMLFormElement>("form[data-outbox]")];
  for (const form of forms) {
    await restore(form);
    watch(form);
  }
  if (forms.length > 0) await keepPage();
  addEventListener("online", () => void flush());
  setInterval(() => void (navigator.onLine && document.visibilityState === "visible" && flush()), sendEvery);
  await flush();
}

void start();
