// What comes from a word processor is brought into the few elements that news
// uses: its styles go, its lists become lists.

// cleanPaste returns the pasted HTML without what only its program understands.
export function cleanPaste(html) {
  const doc = new DOMParser().parseFromString(html.replace(/<!--[\s\S]*?-->/g, ""), "text/html");
  for (const gone of doc.querySelectorAll("style, script, meta, link, title, xml, img[src^='file:']")) gone.remove();
  lists(doc);
  for (const e of [...doc.body.querySelectorAll("*")]) {
    const emphasis = emphasisOf(e);
    for (const a of [...e.attributes]) {
      if (!["href", "dir", "lang", "colspan", "rowspan"].includes(a.name)) e.removeAttribute(a.name);
    }
    if (e.localName.includes(":") || e.localName === "font" || e.localName === "span") {
      const parts = [...e.childNodes];
      if (emphasis && parts.length > 0) {
        const strong = doc.createElement(emphasis);
        strong.append(...parts);
        e.replaceWith(strong);
      } else {
        e.replaceWith(...parts);
      }
    }
  }
  for (const p of doc.querySelectorAll("p")) {
    if (p.textContent.trim() === "" && !p.querySelector("img, br")) p.remove();
  }
  return doc.body.innerHTML;
}

// emphasisOf reads bold and italic out of a style: out of its text, because the
// content security policy keeps the browser from reading it.
function emphasisOf(e) {
  const style = e.getAttribute("style") ?? "";
  if (/font-weight:\s*(bold|[6-9]00)/i.test(style)) return "strong";
  if (/font-style:\s*italic/i.test(style)) return "em";
  return "";
}

// lists makes lists of Word's paragraphs that only look like them.
function lists(doc) {
  for (const p of [...doc.querySelectorAll("p[class*=MsoListParagraph], p[style*=mso-list]")]) {
    const bullet = p.querySelector("[style*='mso-list:Ignore'], [style*='mso-list: Ignore']");
    const ordered = /^\s*[\dA-Za-z٠-٩]+[.)]/.test(bullet?.textContent ?? "");
    bullet?.remove();
    const kind = ordered ? "ol" : "ul";
    let list = p.previousElementSibling;
    if (list?.localName !== kind || list.dataset.made !== "1") {
      list = doc.createElement(kind);
      list.dataset.made = "1";
      p.before(list);
    }
    const item = doc.createElement("li");
    item.append(...p.childNodes);
    p.remove();
    list.append(item);
  }
}
