// The film of a post: sent in pieces by tus 1.0 while the post is being written, going on after a broken line or, with the
// same file chosen again, after the page was closed. The browser takes a still by itself. Without script the file goes with
// the form.

const piece = 4 << 20;
const version = { "Tus-Resumable": "1.0.0" };

/** What the house says of a film. */
interface FilmState { state: string; text: string; percent: number; poster: string }

/** The mark by which a file chosen again is known. */
function mark(f: File): string {
  return `film:${f.name}:${f.size}:${f.lastModified}`;
}

const words = (s: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(s)));
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Sends one piece and tells how many bytes the house has then; progress is told while it goes. */
function patch(url: string, offset: number, body: Blob, progress: (sent: number) => void): Promise<number> {
  return new Promise((done, failed) => {
    const x = new XMLHttpRequest();
    x.open("PATCH", url);
    x.setRequestHeader("Tus-Resumable", "1.0.0");
    x.setRequestHeader("Upload-Offset", String(offset));
    x.setRequestHeader("Content-Type", "application/offset+octet-stream");
    x.upload.onprogress = (e) => progress(offset + e.loaded);
    x.onerror = () => failed(new Error("line"));
    x.onload = () => {
      if (x.status === 204) done(Number(x.getResponseHeader("Upload-Offset")));
      else failed(new Error(x.status === 409 || x.status === 423 || x.status >= 500 ? "line" : x.responseText.replace(/^ERR_\w+: /, "")));
    };
    x.send(body);
  });
}

/** Takes a still of a local film, a second after its beginning; null when this browser cannot play it. */
async function still(file: File): Promise<Blob | null> {
  const video = document.createElement("video");
  video.muted = true;
  video.preload = "auto";
  video.src = URL.createObjectURL(file);
  try {
    await new Promise<void>((done, failed) => {
      video.onloadeddata = () => (video.currentTime = Math.min(1, (video.duration || 2) / 2));
      video.onseeked = () => done();
      video.onerror = () => failed(new Error("cannot play"));
      setTimeout(() => failed(new Error("too slow")), 15000);
    });
    const scale = Math.min(1, 1600 / Math.max(video.videoWidth, video.videoHeight));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(video.src);
  }
}

class Film {
  private readonly now: HTMLElement;
  private readonly bar: HTMLProgressElement;
  private readonly id: HTMLInputElement;
  private readonly more: HTMLElement | null;
  private busy = false;

  constructor(private readonly box: HTMLElement) {
    this.now = box.querySelector("[data-film-now]")!;
    this.bar = box.querySelector("[data-film-bar]")!;
    this.id = box.querySelector("input[name=video]")!;
    this.more = box.querySelector("[data-film-more]");
    const choose = box.querySelector<HTMLInputElement>("input[name=film]");
    choose?.addEventListener("change", () => {
      const file = choose.files?.[0];
      if (!file) return;
      choose.value = ""; // it goes by pieces, not with the form
      void this.send(file);
    });
    this.extra("still_file", "/anh", "still");
    this.extra("captions_file", "/loi", "captions");
    if (this.id.value) {
      if (this.more) this.more.hidden = false;
      void this.watch();
    }
    const kept = localStorage.getItem("film:last");
    if (kept && !this.id.value) {
      const { name, percent } = JSON.parse(kept) as { name: string; percent: number };
      this.say((box.dataset.tAgain ?? "").replace("{name}", name).replace("{percent}", String(percent)));
    }
  }

  private say(text: string): void {
    const p = document.createElement("p");
    p.textContent = text;
    this.now.replaceChildren(p);
  }

  /** A still or spoken words that a person chose go to the house at once. */
  private extra(name: string, path: string, field: string): void {
    const input = this.box.querySelector<HTMLInputElement>(`input[name=${name}]`);
    input?.addEventListener("change", () => {
      const file = input.files?.[0];
      if (file && this.id.value) void this.post(path, field, file);
    });
  }

  private async post(path: string, field: string, file: Blob): Promise<void> {
    const body = new FormData();
    body.append(field, file, field + (file.type === "image/jpeg" ? ".jpg" : ""));
    const r = await fetch(this.box.dataset.filmState + this.id.value + path, { method: "POST", body, headers: { Accept: "application/json" } });
    if (r.ok) this.say(((await r.json()) as FilmState).text);
    else this.say(this.box.dataset.tRefused ?? "");
  }

  private async begin(file: File): Promise<string> {
    const unit = this.box.closest("form")?.querySelector<HTMLSelectElement>("select[name=unit]")?.value || this.box.dataset.unit || "";
    const r = await fetch(this.box.dataset.film!, {
      method: "POST",
      headers: { ...version, "Upload-Length": String(file.size), "Upload-Metadata": `unit ${words(unit)},filename ${words(file.name)}` },
    });
    const at = r.headers.get("Location");
    if (r.status !== 201 || !at) throw new Error((await r.text()).replace(/^ERR_\w+: /, "").slice(0, 300));
    return new URL(at, location.href).pathname;
  }

  private async offset(url: string): Promise<number | null> {
    const r = await fetch(url, { method: "HEAD", headers: version });
    return r.ok ? Number(r.headers.get("Upload-Offset")) : null;
  }

  async send(file: File): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.bar.hidden = false;
    try {
      let url = localStorage.getItem(mark(file));
      let at = url ? await this.offset(url) : null;
      if (!url || at === null) {
        url = await this.begin(file);
        at = 0;
        localStorage.setItem(mark(file), url);
      }
      this.id.value = url.slice(url.lastIndexOf("/") + 1);
      this.id.dispatchEvent(new Event("change", { bubbles: true }));
      await this.pieces(file, url, at);
      localStorage.removeItem(mark(file));
      localStorage.removeItem("film:last");
      if (this.more) this.more.hidden = false;
      const picture = await still(file);
      if (picture) await this.post("/anh", "still", picture);
      await this.watch();
    } catch (e) {
      localStorage.removeItem(mark(file));
      this.id.value = "";
      this.say((e as Error).message || this.box.dataset.tRefused || "");
    } finally {
      this.bar.hidden = true;
      this.busy = false;
    }
  }

  /** Sends what is missing, and tries again for as long as the page is open when the line breaks. */
  private async pieces(file: File, url: string, at: number): Promise<void> {
    for (let wait = 1000; at < file.size; ) {
      try {
        at = await patch(url, at, file.slice(at, at + piece), (sent) => this.progress(file, sent));
        wait = 1000;
        this.progress(file, at);
      } catch (e) {
        if ((e as Error).message !== "line") throw e;
        this.say(this.box.dataset.tBroken ?? "");
        await pause(wait);
        wait = Math.min(wait * 2, 30000);
        try {
          const has = await this.offset(url);
          if (has === null) throw new Error("");
          at = has;
        } catch (again) {
          if (!(again instanceof TypeError)) throw again; // a TypeError is the line again
        }
      }
    }
  }

  private progress(file: File, sent: number): void {
    const percent = Math.floor((sent * 100) / file.size);
    this.bar.value = percent;
    this.say(`${this.box.dataset.tSending ?? ""}: ${percent} %`);
    localStorage.setItem("film:last", JSON.stringify({ name: file.name, percent }));
  }

  /** Asks until the house has looked at the film. */
  private async watch(): Promise<void> {
    for (let i = 0; i < 200; i++) {
      const r = await fetch(this.box.dataset.filmState + this.id.value, { headers: { Accept: "application/json" } });
      if (!r.ok) return;
      const s = (await r.json()) as FilmState;
      this.say(s.text);
      if (s.state !== "checking") return;
      await pause(1500);
    }
  }
}

/** Starts the places for films of a page. */
export function films(root: ParentNode): void {
  for (const box of root.querySelectorAll<HTMLElement>("[data-film]")) new Film(box);
}
