// The editor of drafts: it stands in for the plain field of a form and posts
// HTML beside it. Without it the plain field does the same work.
import { Editor } from "@tiptap/core";
import StarterKit from "@tiptap/starter-kit";
import { TableKit } from "@tiptap/extension-table";
import { cleanPaste } from "./paste.js";

// Readers take this many words a minute; a rule of thumb that desks use.
const wordsPerMinute = 180;

const tools = [
  ["bold", "B", (c) => c.toggleBold(), "bold"],
  ["italic", "I", (c) => c.toggleItalic(), "italic"],
  ["heading", "H2", (c) => c.toggleHeading({ level: 2 }), ["heading", { level: 2 }]],
  ["subheading", "H3", (c) => c.toggleHeading({ level: 3 }), ["heading", { level: 3 }]],
  ["bullets", "•", (c) => c.toggleBulletList(), "bulletList"],
  ["numbers", "1.", (c) => c.toggleOrderedList(), "orderedList"],
  ["quote", "❝", (c) => c.toggleBlockquote(), "blockquote"],
  ["link", "↗", null, "link"],
  ["table", "▦", (c) => c.insertTable({ rows: 3, cols: 3, withHeaderRow: true }), "table"],
  ["rule", "—", (c) => c.setHorizontalRule(), null],
  ["undo", "↶", (c) => c.undo(), null],
  ["redo", "↷", (c) => c.redo(), null],
];

for (const plain of document.querySelectorAll("textarea[data-editor]")) start(plain);

function start(plain) {
  const words = JSON.parse(plain.dataset.words);
  const form = plain.form;
  const html = document.createElement("input");
  html.type = "hidden";
  html.name = "html";
  html.disabled = true; // as long as nothing was changed, the stored markup stays as it is

  const frame = document.createElement("div");
  frame.className = "editor";
  const bar = document.createElement("div");
  bar.className = "editor-bar";
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", words.toolbar);
  const page = document.createElement("div");
  const count = document.createElement("output");
  count.className = "editor-count";
  frame.append(bar, page, count);
  plain.after(frame, html);
  plain.hidden = true;

  const label = form.querySelector(`label[for="${CSS.escape(plain.id)}"]`);
  if (label) label.id ||= plain.id + "-label";
  let buttons = []; // made once the editor is there, which reports before that
  const editor = new Editor({
    element: page,
    content: plain.dataset.html,
    injectCSS: false, // the content security policy lets no style in
    textDirection: "auto",
    extensions: [
      StarterKit.configure({
        heading: { levels: [2, 3, 4] },
        link: { openOnClick: false, protocols: ["mailto"], defaultProtocol: "https" },
      }),
      TableKit.configure({ table: { resizable: false } }),
    ],
    editorProps: {
      attributes: {
        role: "textbox",
        "aria-multiline": "true",
        ...(label && { "aria-labelledby": label.id }),
        ...(plain.lang && { lang: plain.lang }),
        spellcheck: "true",
        class: "editor-page",
      },
      transformPastedHTML: cleanPaste,
    },
    onUpdate: () => {
      html.disabled = false;
      html.value = editor.getHTML();
      tally();
      form.dispatchEvent(new Event("input", { bubbles: true }));
    },
    onSelectionUpdate: () => mark(),
    onTransaction: () => mark(),
  });

  buttons = tools.map(([name, sign, act, active]) => {
    const b = document.createElement("button");
    b.type = "button";
    b.textContent = sign;
    b.title = words[name];
    b.setAttribute("aria-label", words[name]);
    b.tabIndex = -1;
    b.addEventListener("mousedown", (event) => event.preventDefault()); // the text keeps its selection
    b.addEventListener("click", () => (name === "link" ? link() : act(editor.chain().focus()).run()));
    bar.append(b);
    return [b, active];
  });
  buttons[0][0].tabIndex = 0;
  // One stop of the tab key; arrows go along the bar, as readers of toolbars
  // expect (WAI-ARIA Authoring Practices, toolbar).
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const list = buttons.map(([b]) => b);
    const along = getComputedStyle(bar).direction === "rtl" ? -step : step;
    const next = list[(list.indexOf(document.activeElement) + along + list.length) % list.length];
    for (const b of list) b.tabIndex = b === next ? 0 : -1;
    next.focus();
  });

  function mark() {
    for (const [b, active] of buttons) {
      if (active) b.setAttribute("aria-pressed", String(editor.isActive(...[active].flat())));
    }
  }

  function link() {
    const before = editor.getAttributes("link").href ?? "";
    const address = window.prompt(words.link_ask, before || "https://");
    if (address === null) return;
    const chain = editor.chain().focus().extendMarkRange("link");
    if (address.trim() === "" || address.trim() === "https://") chain.unsetLink().run();
    else chain.setLink({ href: address.trim() }).run();
  }

  const numbers = new Intl.NumberFormat(document.documentElement.lang);
  const segments = new Intl.Segmenter(plain.lang || document.documentElement.lang, { granularity: "word" });
  function tally() {
    const text = editor.getText({ blockSeparator: "\n" });
    let n = 0;
    for (const s of segments.segment(text)) if (s.isWordLike) n++;
    const letters = [...text.replaceAll("\n", "")].length;
    const minutes = Math.max(1, Math.round(n / wordsPerMinute));
    count.textContent = words.count
      .replace("{words}", numbers.format(n))
      .replace("{letters}", numbers.format(letters))
      .replace("{minutes}", numbers.format(minutes));
  }
  tally();
  mark();
  // What was kept in the browser comes back through the form's own event.
  plain.addEventListener("restore", (event) => editor.commands.setContent(event.detail, { emitUpdate: true }));
}
