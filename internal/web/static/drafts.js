// What is typed into a draft is not lost: it is saved while it is written, and
// kept in the browser as long as the node cannot be reached.
"use strict";

for (const form of document.querySelectorAll("form[data-autosave]")) {
  const said = form.querySelector("[data-autosaved]");
  const kept = () => "draft:" + (form.elements.id.value || "new");
  const quiet = 2000; // ms without a key before it is saved
  let timer = 0;
  let saving = false;
  let changed = false;
  let leaving = false;

  const values = () => new URLSearchParams([...new FormData(form)].filter(([, v]) => typeof v === "string"));

  const keep = (why) => {
    try {
      localStorage.setItem(kept(), JSON.stringify({ at: Date.now(), values: [...values()] }));
    } catch { /* no room in the browser: the page still has it */ }
    said.textContent = why + " " + form.dataset.kept;
    form.dispatchEvent(new CustomEvent("saved")); // leaving loses nothing
  };

  const save = async () => {
    if (saving || leaving) return;
    saving = true;
    changed = false;
    const before = kept();
    try {
      const answer = await fetch(form.dataset.autosave, { method: "POST", body: values(), signal: AbortSignal.timeout(15000) });
      const said_ = await answer.json();
      if (!answer.ok) {
        keep(said_.problem);
        return;
      }
      if (!form.elements.id.value) history.replaceState(null, "", "/draft/" + said_.id + location.search);
      form.elements.id.value = said_.id;
      form.elements.revision.value = said_.revision;
      said.textContent = said_.saved;
      localStorage.removeItem(before);
      form.dispatchEvent(new CustomEvent("saved"));
    } catch {
      keep("");
      timer = setTimeout(save, 10000);
    } finally {
      saving = false;
      if (changed) timer = setTimeout(save, quiet);
    }
  };

  form.addEventListener("input", () => {
    changed = true;
    clearTimeout(timer);
    timer = setTimeout(save, quiet);
    lock();
  });
  // Another form of the page wants what was typed to be saved first.
  form.addEventListener("flush", (event) => {
    if (changed || !form.elements.id.value) {
      clearTimeout(timer);
      event.detail.push(save());
    }
  });
  form.addEventListener("submit", () => {
    leaving = true;
    clearTimeout(timer);
  });
  // A submit that was refused by the browser itself leaves nothing.
  window.addEventListener("pageshow", () => { leaving = false; });

  // Who writes holds the draft, as long as the page is open.
  let locked = 0;
  async function lock() {
    const id = form.elements.id.value;
    if (!id || form.dataset.locked === "true" || Date.now() - locked < 120000) return;
    locked = Date.now();
    try {
      const answer = await fetch("/draft/" + id + "/lock", { method: "POST" });
      if (!answer.ok) said.textContent = (await answer.json()).problem;
    } catch { /* the next key tries again */
      locked = 0;
    }
  }

  // What an earlier visit could not save is offered, not put in unasked.
  const stored = localStorage.getItem(kept());
  if (stored) {
    const { at, values: before } = JSON.parse(stored);
    const offer = document.createElement("button");
    offer.type = "button";
    offer.textContent = form.dataset.restore + " " + new Date(at).toLocaleString(document.documentElement.lang);
    offer.addEventListener("click", () => {
      for (const [name, value] of before) {
        const field = form.elements[name];
        if (!field || name === "revision" || name === "id") continue;
        if (name === "html") form.querySelector("[data-editor]").dispatchEvent(new CustomEvent("restore", { detail: value }));
        else if ("value" in field) field.value = value;
      }
      offer.remove();
      form.dispatchEvent(new Event("input", { bubbles: true }));
    });
    said.after(offer);
  }
}
