// The packer's page: the camera reads the code of a box and the form is sent by itself; the large answer changes in place.
// Without camera or script the code is typed and the page works the same. Scanning a box twice does no harm: the house
// writes each act once. Without network a scan is kept on the phone and sent when the network is back, in the order in which
// the boxes were scanned.

export type Reader = (video: HTMLVideoElement) => Promise<string>;

interface Detector {
  detect(source: CanvasImageSource): Promise<{ rawValue: string }[]>;
}

/** Chooses how codes are read: by the browser itself where it can, else by a package that is fetched then. */
async function reader(): Promise<Reader> {
  const own = (window as unknown as { BarcodeDetector?: { new (o: { formats: string[] }): Detector; getSupportedFormats(): Promise<string[]> } }).BarcodeDetector;
  if (own && (await own.getSupportedFormats()).includes("qr_code")) {
    const detector = new own({ formats: ["qr_code"] });
    return async (video) => (await detector.detect(video))[0]?.rawValue ?? "";
  }
  const jsqr = (await import("jsqr")).default;
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    if (!pen || !video.videoWidth) return "";
    const scale = Math.min(1, 640 / video.videoWidth); // an old phone reads a small picture quickly
    canvas.width = video.videoWidth * scale;
    canvas.height = video.videoHeight * scale;
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    const image = pen.getImageData(0, 0, canvas.width, canvas.height);
    return jsqr(image.data, image.width, image.height, { inversionAttempts: "dontInvert" })?.data ?? "";
  };
}

const form = document.querySelector<HTMLFormElement>("form[data-scan-form]");
const said = document.getElementById("scan-said");
const code = form?.querySelector<HTMLInputElement>("input[name=code]");
let busy = false;

/** Says something in the place of the answer that did not come from the house. */
function say(text: string, how = "offline"): void {
  if (!said) return;
  const box = document.createElement("div");
  box.className = "scan-answer " + (how === "kept" ? "t-wait" : "t-late");
  box.dataset.scan = how;
  const b = document.createElement("b");
  b.textContent = text;
  box.append(b);
  said.replaceChildren(box);
}

/** Asks the outbox (outbox.ts) to keep the scan on this device; tells whether it did. */
function keep(): Promise<boolean> {
  return new Promise((resolve) => {
    if (!form || !code?.value.trim()) return resolve(false);
    form.addEventListener("outbox:kept", () => resolve(true), { once: true });
    setTimeout(() => resolve(false), 3000);
    form.dispatchEvent(new CustomEvent("outbox:keep"));
  });
}

/** Sends one code and shows the answer. It waits for the answer before the next code is taken. */
async function send(): Promise<void> {
  if (!form || !said || !code || busy) return;
  busy = true;
  said.setAttribute("aria-busy", "true");
  try {
    const body = new URLSearchParams();
    new FormData(form).forEach((v, k) => body.append(k, String(v)));
    const r = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await r.text(), "text/html");
    const answer = page.getElementById("scan-said");
    if (!answer) { // signed out, or a page of trouble: let the person see it
      form.submit();
      return;
    }
    said.replaceChildren(...answer.childNodes);
    const how = said.querySelector<HTMLElement>("[data-scan]")?.dataset.scan;
    navigator.vibrate?.(how === "ok" ? 80 : [60, 60, 60]);
    if (how !== "refused") code.value = "";
    code.select();
  } catch {
    const what = code.value.trim();
    if (await keep()) {
      say((form.dataset.kept ?? "").replace("{code}", what), "kept");
      navigator.vibrate?.([80, 60, 80]);
      code.select();
    } else {
      say(form.dataset.offline ?? "");
      navigator.vibrate?.([200, 80, 200]);
    }
  } finally {
    said.removeAttribute("aria-busy");
    busy = false;
  }
}

/** Adds the button of the camera. */
function camera(): void {
  const view = form?.querySelector<HTMLElement>("[data-scan-view]");
  if (!form || !view || !code || !navigator.mediaDevices?.getUserMedia) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn";
  button.textContent = form.dataset.camera ?? "";
  form.append(button); // below the red button, which stays where a thumb reaches it
  let stream: MediaStream | undefined;
  const stop = () => {
    stream?.getTracks().forEach((t) => t.stop());
    stream = undefined;
    view.replaceChildren();
    view.hidden = true;
    button.textContent = form.dataset.camera ?? "";
  };
  button.addEventListener("click", async () => {
    if (stream) return stop();
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      const read = await reader();
      const video = document.createElement("video");
      video.playsInline = true;
      video.muted = true;
      video.srcObject = stream;
      view.replaceChildren(video);
      view.hidden = false;
      button.textContent = form.dataset.stop ?? "";
      await video.play();
      let last = "";
      let at = 0;
      const look = async () => {
        if (!stream) return;
        const found = busy ? "" : await read(video).catch(() => "");
        // A box stays before the camera for a while: the same code counts again only after three seconds.
        if (found && (found !== last || Date.now() - at > 3000)) {
          last = found;
          at = Date.now();
          code.value = found;
          await send();
        }
        setTimeout(() => void look(), 150);
      };
      void look();
    } catch {
      stop();
      say(form.dataset.noCamera ?? "");
    }
  });
  window.addEventListener("pagehide", stop);
}

form?.addEventListener("submit", (e) => {
  e.preventDefault();
  void send();
});
camera();
code?.focus();
