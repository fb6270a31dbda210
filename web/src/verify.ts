// The check of a receipt in the reader's own browser: nothing is sent. It does what internal/feedback/receipt does, step for
// step, with the same golden receipts as its test. <div data-verify data-valid="…" …><form>…</form><div data-verdict></div></div>

/** What is wrong; "" when nothing is, "half" when only the signature could not be checked here. */
export type Fault = "" | "half" | "form" | "text" | "leaf" | "unlogged" | "key" | "signature" | "inclusion";

export interface Verdict {
  fault: Fault;
  code?: string;
  at?: string;
  index?: number;
}

interface Proof {
  index: number;
  size: number;
  hashes: string[] | null;
  checkpoint: string;
}

type Receipt = Record<"form" | "id" | "code" | "received_at" | "text" | "salt" | "text_hash" | "leaf" | "log_key", string> & { proof: Proof | null };

const form = "nhipcau feedback receipt v1";
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
  const p = r.proof;
  if (p) {
    p.hashes ??= [];
    if (!Number.isSafeInteger(p.index) || !Number.isSafeInteger(p.size) || p.index < 0 || p.size < 0) return null;
    if (!Array.isArray(p.hashes) || p.hashes.some((h) => typeof h !== "string") || typeof p.checkpoint !== "string") return null;
  }
  return r;
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

/** Judges the text of a receipt file with the verification key; with an empty key it takes the one in the file. */
export async function check(text: string, key: string): Promise<Verdict> {
  const f = parse(text);
  if (!f) return { fault: "form" };
  const say = (fault: Fault): Verdict => ({ fault, code: f.code, at: f.received_at, index: f.proof?.index });
  if (hex(await sha256(utf8.encode(f.salt + "\n" + f.text))) !== f.text_hash) return say("text");
  const leaf = await sha256(utf8.encode([form, f.id, f.code, f.received_at, f.text_hash, f.salt].join("\n")));
  if (hex(leaf) !== f.leaf) return say("leaf");
  if (!f.proof) return say("unlogged");
  const k = await readKey(key.trim() || f.log_key);
  if (!k) return say("key");
  const c = await readCheckpoint(f.proof.checkpoint, k);
  if (!c) return say("signature");
  const root = c.size === f.proof.size ? await rootOf(leaf, f.proof) : null;
  if (!root || !same(root, c.root)) return say("inclusion");
  return say(c.signed === null ? "half" : "");
}

/** Puts the verdict into the page, with the words that the page carries. */
function show(box: HTMLElement, v: Verdict): void {
  const words = box.dataset;
  const into = box.querySelector<HTMLElement>("[data-verdict]");
  if (!into) return;
  const when = v.at ? new Date(v.at).toLocaleString(document.documentElement.lang || "vi", { timeZone: "Asia/Ho_Chi_Minh" }) : "";
  const fill = (s = "") => s.replace("{code}", v.code ?? "").replace("{at}", when).replace("{index}", String(v.index ?? ""));
  const title = v.fault === "" ? words.valid : v.fault === "half" ? words.half : words.invalid;
  const text = v.fault === "" ? fill(words.validText) : v.fault === "half" ? words.halfText : words[v.fault];
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
