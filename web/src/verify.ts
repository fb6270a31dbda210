// The check of a receipt in the reader's own browser: nothing is sent. It does what internal/feedback/receipt does, step for
// step, with the same golden receipts as its test. <div data-verify data-valid="…" …><form>…</form><div data-verdict></div></div>

/** What is wrong; "" when nothing is, "half" when only the signature could not be checked here. */
export type Fault = "" | "half" | "form" | "text" | "leaf" | "batch" | "unlogged" | "key" | "signature" | "inclusion";

export interface Verdict {
  fault: Fault;
  gift?: boolean;
  code?: string;
  at?: string;
  index?: number;
  amount?: number;
  day?: string;
}

interface Proof {
  index: number;
  size: number;
  hashes: string[] | null;
  checkpoint: string;
}

type Receipt = Record<"form" | "id" | "code" | "received_at" | "text" | "salt" | "text_hash" | "leaf" | "log_key", string> & { proof: Proof | null };

interface Batch {
  no: number;
  first: number;
  index: number;
  count: number;
  hashes: string[] | null;
  root: string;
  rows_so_far: number;
  total_so_far: number;
}

/** A receipt of a line of a fund's statement, as internal/fund/giftreceipt makes it. */
type Gift = Record<
  "form" | "id" | "appeal" | "kind" | "day" | "channel" | "purpose" | "about" | "name" | "name_salt" | "name_hash" | "memo" | "memo_salt" | "memo_hash" | "published_at" | "leaf" | "log_key",
  string
> & { amount: number; batch: Batch; proof: Proof | null };

const form = "nhipcau feedback receipt v1";
const giftForm = "nhipcau gift receipt v1";
const giftSize = 1 << 17;
const maxSize = 1 << 20;
const utf8 = new TextEncoder();

async function sha256(...parts: Uint8Array[]): Promise<Uint8Array> {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    all.set(p, at);
    at += p.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", all));
}

const hex = (b: Uint8Array): string => [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((x, i) => x === b[i]);

function unbase64(s: string): Uint8Array | null {
  if (s.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(s)) return null;
  return Uint8Array.from(atob(s), (c) => c.charCodeAt(0));
}

const whole = (...numbers: unknown[]): boolean => numbers.every((n) => Number.isSafeInteger(n));
const hashList = (h: unknown): boolean => Array.isArray(h) && h.every((x) => typeof x === "string");

/** Makes sure that a proof is one. */
function proofFits(p: Proof): boolean {
  p.hashes ??= [];
  return whole(p.index, p.size) && p.index >= 0 && p.size >= 0 && hashList(p.hashes) && typeof p.checkpoint === "string";
}

/** Reads a receipt of a gift; null when the text is none. */
function parseGift(text: string): Gift | null {
  if (utf8.encode(text).length > giftSize) return null;
  let r: Gift;
  try {
    r = JSON.parse(text.replace(/^\uFEFF/, "")) as Gift;
  } catch {
    return null;
  }
  for (const k of ["channel", "purpose", "about", "name", "name_salt", "name_hash", "memo", "memo_salt", "memo_hash", "leaf", "log_key"] as const) r[k] ??= "";
  for (const k of ["id", "appeal", "kind", "day", "channel", "purpose", "about", "name", "name_salt", "name_hash", "memo", "memo_salt", "memo_hash", "published_at"] as const) {
    if (typeof r[k] !== "string" || /[\n\r]/.test(r[k])) return null;
  }
  if (typeof r.leaf !== "string" || typeof r.log_key !== "string") return null;
  if (!r.id || !r.appeal || !r.kind || !r.day || !r.id.startsWith(r.appeal + ".") || !whole(r.amount)) return null;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(r.published_at) || Number.isNaN(Date.parse(r.published_at))) return null;
  const b = r.batch;
  if (typeof b !== "object" || b === null || !whole(b.no, b.first, b.index, b.count, b.rows_so_far, b.total_so_far) || typeof b.root !== "string" || !b.root || /[\n\r]/.test(b.root)) return null;
  b.hashes ??= [];
  if (b.index < 0 || b.count < 0 || !hashList(b.hashes)) return null;
  return r.proof && !proofFits(r.proof) ? null : r;
}

/** Says whether a text is a receipt of a gift, whole or spoiled, rather than of a case. */
function isGift(text: string): boolean {
  try {
    return (JSON.parse(text.replace(/^\uFEFF/, "")) as { form?: unknown }).form === giftForm;
  } catch {
    return false;
  }
}

/** Reads a receipt; null when the text is none. */
function parse(text: string): Receipt | null {
  if (utf8.encode(text).length > maxSize) return null;
  let r: Receipt;
  try {
    r = JSON.parse(text.replace(/^\uFEFF/, "")) as Receipt;
  } catch {
    return null;
  }
  if (typeof r !== "object" || r === null || r.form !== form) return null;
  for (const k of ["id", "code", "received_at", "salt"] as const) {
    if (typeof r[k] !== "string" || r[k] === "" || /[\n\r]/.test(r[k])) return null;
  }
  for (const k of ["text", "text_hash", "leaf", "log_key"] as const) {
    r[k] ??= "";
    if (typeof r[k] !== "string") return null;
  }
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(r.received_at) || Number.isNaN(Date.parse(r.received_at))) return null;
  return r.proof && !proofFits(r.proof) ? null : r;
}

interface Key {
  name: string;
  hash: Uint8Array;
  raw: Uint8Array;
}

/** Reads a signed-note verification key: name+hash+base64(1, Ed25519 public key). */
async function readKey(s: string): Promise<Key | null> {
  const m = /^([^+\s]+)\+([0-9a-f]{8})\+(.+)$/.exec(s.trim());
  const key = m && unbase64(m[3]);
  if (!m || !key || key.length !== 33 || key[0] !== 1) return null;
  const hash = (await sha256(utf8.encode(m[1] + "\n"), key)).slice(0, 4);
  return hex(hash) === m[2] ? { name: m[1], hash, raw: key.slice(1) } : null;
}

/** Checks the Ed25519 signature; null when this browser cannot. */
async function ed25519(key: Uint8Array, sig: Uint8Array, text: Uint8Array): Promise<boolean | null> {
  try {
    const k = await crypto.subtle.importKey("raw", key as BufferSource, { name: "Ed25519" }, false, ["verify"]);
    return await crypto.subtle.verify({ name: "Ed25519" }, k, sig as BufferSource, text as BufferSource);
  } catch {
    return null;
  }
}

/** Finds size and root in a checkpoint signed with the key; signed is null when that could not be checked here. */
async function readCheckpoint(note: string, key: Key): Promise<{ size: number; root: Uint8Array; signed: boolean | null } | null> {
  const cut = note.lastIndexOf("\n\n");
  if (cut < 0 || !note.endsWith("\n")) return null;
  const text = note.slice(0, cut + 1);
  const lines = text.split("\n");
  const root = unbase64(lines[2] ?? "");
  if (lines[0] !== key.name || !/^(0|[1-9]\d*)$/.test(lines[1] ?? "") || !root || root.length !== 32) return null;
  for (const line of note.slice(cut + 2, -1).split("\n")) {
    const m = /^\u2014 (\S+) (\S+)$/.exec(line);
    const sig = m && unbase64(m[2]);
    if (!m || !sig || sig.length < 5) return null;
    if (m[1] !== key.name || !same(sig.slice(0, 4), key.hash)) continue;
    const signed = sig.length === 68 && (await ed25519(key.raw, sig.slice(4), utf8.encode(text)));
    return signed === false ? null : { size: Number(lines[1]), root, signed };
  }
  return null;
}

/** Follows the proof from the leaf to the root it gives (RFC 9162, 2.1.3.2); null when it does not fit. */
async function rootOf(leaf: Uint8Array, p: Proof): Promise<Uint8Array | null> {
  if (p.index >= p.size) return null;
  let fn = BigInt(p.index);
  let sn = BigInt(p.size - 1);
  let r = await sha256(Uint8Array.of(0), leaf);
  const one = Uint8Array.of(1);
  for (const h of p.hashes ?? []) {
    const v = unbase64(h);
    if (!v || v.length !== 32 || sn === 0n) return null;
    if (fn % 2n === 1n || fn === sn) {
      r = await sha256(one, v, r);
      while (fn % 2n === 0n && fn !== 0n) {
        fn /= 2n;
        sn /= 2n;
      }
    } else {
      r = await sha256(one, r, v);
    }
    fn /= 2n;
    sn /= 2n;
  }
  return sn === 0n ? r : null;
}

/** Checks that a leaf of the log stands under a signed checkpoint; "" or "half" when it does. */
async function inLog(leaf: Uint8Array, p: Proof, key: string): Promise<Fault> {
  const k = await readKey(key);
  if (!k) return "key";
  const c = await readCheckpoint(p.checkpoint, k);
  if (!c) return "signature";
  const root = c.size === p.size ? await rootOf(leaf, p) : null;
  if (!root || !same(root, c.root)) return "inclusion";
  return c.signed === null ? "half" : "";
}

/** Judges a receipt of a gift: its words, its leaf, its place in the batch, and the batch's place in the log. */
async function checkGift(text: string, key: string): Promise<Verdict> {
  const f = parseGift(text);
  if (!f) return { fault: "form", gift: true };
  const say = (fault: Fault): Verdict => ({ fault, gift: true, code: f.id, at: f.published_at, index: f.proof?.index, amount: f.amount, day: f.day });
  for (const [word, salt, hash] of [[f.name, f.name_salt, f.name_hash], [f.memo, f.memo_salt, f.memo_hash]]) {
    if (word === "" && salt === "") continue;
    if ((word === "" ? "" : hex(await sha256(utf8.encode(salt + "\n" + word)))) !== hash) return say("text");
  }
  const leaf = await sha256(utf8.encode([giftForm, f.id, f.kind, f.day, String(f.amount), f.channel, f.purpose, f.about, f.name_hash, f.memo_hash, f.published_at].join("\n")));
  if (hex(leaf) !== f.leaf) return say("leaf");
  const b = f.batch;
  const top = f.id === f.appeal + "." + String(b.first + b.index) ? await rootOf(leaf, { index: b.index, size: b.count, hashes: b.hashes, checkpoint: "" }) : null;
  if (!top || hex(top) !== b.root) return say("batch");
  if (!f.proof) return say("unlogged");
  const entry = ["nhipcau/gift-batch/1", f.appeal, b.no, b.first, b.count, b.root, b.rows_so_far, b.total_so_far, ""].join("\n");
  return say(await inLog(utf8.encode(entry), f.proof, key.trim() || f.log_key));
}

/** Judges the text of a receipt file with the verification key; with an empty key it takes the one in the file. */
export async function check(text: string, key: string): Promise<Verdict> {
  if (isGift(text)) return checkGift(text, key);
  const f = parse(text);
  if (!f) return { fault: "form" };
  const say = (fault: Fault): Verdict => ({ fault, code: f.code, at: f.received_at, index: f.proof?.index });
  if (hex(await sha256(utf8.encode(f.salt + "\n" + f.text))) !== f.text_hash) return say("text");
  const leaf = await sha256(utf8.encode([form, f.id, f.code, f.received_at, f.text_hash, f.salt].join("\n")));
  if (hex(leaf) !== f.leaf) return say("leaf");
  if (!f.proof) return say("unlogged");
  return say(await inLog(leaf, f.proof, key.trim() || f.log_key));
}

/** Puts the verdict into the page, with the words that the page carries. */
function show(box: HTMLElement, v: Verdict): void {
  const words = box.dataset;
  const into = box.querySelector<HTMLElement>("[data-verdict]");
  if (!into) return;
  const when = v.at ? new Date(v.at).toLocaleString(document.documentElement.lang || "vi", { timeZone: "Asia/Ho_Chi_Minh" }) : "";
  const amount = (v.amount ?? 0).toLocaleString("vi") + " đ";
  const day = (v.day ?? "").split("-").reverse().join("/");
  const fill = (s = "") => s.replace("{code}", v.code ?? "").replace("{amount}", amount).replace("{day}", day).replace("{at}", when).replace("{index}", String(v.index ?? ""));
  const title = v.fault === "" ? words.valid : v.fault === "half" ? words.half : words.invalid;
  const own = v.gift ? words["gift" + v.fault.charAt(0).toUpperCase() + v.fault.slice(1)] : undefined; // some faults have words of their own
  const text = v.fault === "" ? fill(v.gift ? words.giftValidText : words.validText) : v.fault === "half" ? words.halfText : (own ?? words[v.fault]);
  const heading = document.createElement("h2");
  heading.textContent = title ?? "";
  const lines = [text, v.fault === "" ? words.compare : "", words.local].filter(Boolean).map((line) => {
    const p = document.createElement("p");
    p.textContent = line ?? "";
    return p;
  });
  into.replaceChildren(heading, ...lines);
  into.scrollIntoView({ block: "nearest" });
}

/** Makes the form check here instead of sending; without WebCrypto it is sent as ever. */
export function verifying(root: ParentNode): void {
  if (!globalThis.crypto?.subtle) return;
  for (const box of root.querySelectorAll<HTMLElement>("[data-verify]")) {
    box.querySelector("form")?.addEventListener("submit", (e) => {
      e.preventDefault();
      const fields = new FormData(e.target as HTMLFormElement);
      const file = fields.get("receipt");
      const pasted = String(fields.get("text") ?? "").trim();
      const read = file instanceof File && file.size > 0 ? (file.size > maxSize + 3 ? Promise.resolve("") : file.text()) : Promise.resolve(pasted);
      void read.then(async (text) => {
        const into = box.querySelector<HTMLElement>("[data-verdict]");
        if (text === "" && !(file instanceof File && file.size > 0)) {
          if (into) into.textContent = box.dataset.required ?? "";
          return;
        }
        show(box, await check(text, String(fields.get("key") ?? "")));
      });
    });
  }
}

if (typeof document !== "undefined") verifying(document);
