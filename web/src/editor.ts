// The article editor: turns <textarea data-editor='{"bold": "Đậm", …}'> into a small word processor. What is written goes back
// into the textarea as HTML at every change, so that the form is sent, kept as a draft and checked like any other.
import { Editor } from "@tiptap/core";
import Image from "@tiptap/extension-image";
import StarterKit from "@tiptap/starter-kit";

type Labels = Record<string, string>;
type Tool = { name: string; sign: string; run: (e: Editor) => void; on?: (e: Editor) => boolean };

const tools: Tool[] = [
  { name: "h2", sign: "H2", run: (e) => e.chain().focus().toggleHeading({ level: 2 }).run(), on: (e) => e.isActive("heading", { level: 2 }) },
  { name: "h3", sign: "H3", run: (e) => e.chain().focus().toggleHeading({ level: 3 }).run(), on: (e) => e.isActive("heading", { level: 3 }) },
  { name: "bold", sign: "B", run: (e) => e.chain().focus().toggleBold().run(), on: (e) => e.isActive("bold") },
  { name: "italic", sign: "I", run: (e) => e.chain().focus().toggleItalic().run(), on: (e) => e.isActive("italic") },
  { name: "bullets", sign: "•", run: (e) => e.chain().focus().toggleBulletList().run(), on: (e) => e.isActive("bulletList") },
  { name: "numbers", sign: "1.", run: (e) => e.chain().focus().toggleOrderedList().run(), on: (e) => e.isActive("orderedList") },
  { name: "quote", sign: "“”", run: (e) => e.chain().focus().toggleBlockquote().run(), on: (e) => e.isActive("blockquote") },
  { name: "undo", sign: "↶", run: (e) => e.chain().focus().undo().run() },
  { name: "redo", sign: "↷", run: (e) => e.chain().focus().redo().run() },
];

function element<K extends keyof HTMLElementTagNameMap>(tag: K, props: Partial<HTMLElementTagNameMap[K]>, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const el = Object.assign(document.createElement(tag), props);
  el.append(...children);
  return el;
}

/** Asks for a few values in a box above the page; gives null when the person changed their mind. */
function ask(title: string, labels: Labels, inputs: HTMLInputElement[], names: string[]): Promise<boolean> {
  return new Promise((done) => {
    const form = element("form", { method: "dialog", className: "form" });
    form.append(element("h2", {}, title));
    inputs.forEach((input, i) => form.append(element("div", { className: "field" }, element("label", {}, names[i], input))));
    const ok = element("button", { className: "btn btn-primary", value: "ok" }, labels.insert);
    const no = element("button", { className: "btn", value: "", formNoValidate: true }, labels.cancel);
    form.append(element("div", { className: "actions" }, ok, no));
    const box = element("dialog", { className: "dialog" }, form);
    box.addEventListener("close", () => {
      done(box.returnValue === "ok");
      box.remove();
    });
    document.body.append(box);
    box.showModal();
  });
}

async function addLink(e: Editor, labels: Labels): Promise<void> {
  const href = element("input", { type: "url", required: true, placeholder: "https://", value: (e.getAttributes("link").href as string) ?? "" });
  if (await ask(labels.link, labels, [href], [labels.address])) e.chain().focus().extendMarkRange("link").setLink({ href: href.value }).run();
}

/** A picture is never without a description: people who cannot see it hear the description instead. */
async function addImage(e: Editor, labels: Labels, upload: string | undefined): Promise<void> {
  const src = upload ? element("input", { type: "file", required: true, accept: "image/*" }) : element("input", { type: "url", required: true, placeholder: "https://" });
  const alt = element("input", { type: "text", required: true, maxLength: 300 });
  if (!(await ask(labels.image, labels, [src, alt], [upload ? labels.file : labels.address, labels.alt])) || alt.value.trim() === "") return;
  let address = src.value;
  if (upload && src.files?.[0]) {
    const body = new FormData();
    body.append("file", src.files[0]);
    const r = await fetch(upload, { method: "POST", body, headers: { Accept: "application/json" } });
    if (!r.ok) {
      await ask(labels.upload_failed, labels, [], []);
      return;
    }
    address = ((await r.json()) as { url: string }).url;
  }
  e.chain().focus().setImage({ src: address, alt: alt.value.trim() }).run();
}

function toolbar(e: Editor, labels: Labels, upload: string | undefined): HTMLElement {
  const bar = element("div", { className: "editor-bar" });
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", labels.toolbar);
  const all: Tool[] = [
    ...tools,
    { name: "link", sign: labels.link, run: () => void addLink(e, labels), on: () => e.isActive("link") },
    { name: "unlink", sign: labels.unlink, run: () => e.chain().focus().unsetLink().run() },
    { name: "image", sign: labels.image, run: () => void addImage(e, labels, upload) },
  ];
  for (const t of all) {
    const sign = element("span", {}, t.sign);
    sign.setAttribute("aria-hidden", "true");
    const b = element("button", { type: "button", title: labels[t.name] }, sign, element("span", { className: "vh" }, labels[t.name]));
    b.addEventListener("click", () => t.run(e));
    if (t.on) {
      const show = () => b.setAttribute("aria-pressed", String(t.on?.(e)));
      e.on("transaction", show);
      show();
    }
    bar.append(b);
  }
  return bar;
}

/** Text typed where there was no editor has lines, not paragraphs: an empty line begins a new paragraph. */
function asHTML(text: string): string {
  if (text.trim() === "" || /<(p|h[1-6]|ul|ol|blockquote|figure|div|table|hr|img)\b/i.test(text)) return text;
  return text
    .split(/\r?\n\s*\n/)
    .map((part) => `<p>${part.trim().replace(/\r?\n/g, "<br>")}</p>`)
    .join("");
}

function start(area: HTMLTextAreaElement): void {
  const labels = JSON.parse(area.dataset.editor || "{}") as Labels;
  const frame = element("div", { className: "editor" });
  area.before(frame);
  const name = document.querySelector(`label[for="${area.id}"]`)?.textContent?.trim() ?? "";
  const editor = new Editor({
    element: frame,
    injectCSS: false, // the security policy allows our own style sheet only
    content: asHTML(area.value),
    extensions: [
      StarterKit.configure({ heading: { levels: [2, 3] }, codeBlock: false, code: false, link: { openOnClick: false, defaultProtocol: "https" } }),
      Image,
    ],
    editorProps: { attributes: { class: "prose", role: "textbox", "aria-multiline": "true", "aria-label": name } },
    onUpdate: ({ editor: e }) => {
      const html = e.isEmpty ? "" : e.getHTML();
      if (html === area.value) return;
      area.value = html;
      own = true;
      area.dispatchEvent(new Event("input", { bubbles: true }));
      own = false;
    },
  });
  let own = false;
  area.addEventListener("input", () => {
    if (!own && area.value !== editor.getHTML()) editor.commands.setContent(asHTML(area.value)); // a restored draft
  });
  frame.prepend(toolbar(editor, labels, area.dataset.upload));
  area.classList.add("editor-source");
  area.required = false; // the browser cannot point at a hidden field; the server checks
}

/** Turns every textarea with data-editor into an editor. */
export function editors(root: ParentNode = document): void {
  for (const area of root.querySelectorAll<HTMLTextAreaElement>("textarea[data-editor]")) {
    if (!area.classList.contains("editor-source")) start(area);
  }
}
