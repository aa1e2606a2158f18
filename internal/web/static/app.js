// What pages gain when scripts run. Without them everything works the same,
// by reloading.
"use strict";

// The wire says that there is news and leaves the reader's place alone; only
// what must not be used any more is marked at once.
(() => {
  const bar = document.querySelector("[data-live]");
  if (!bar || !window.EventSource) return;
  const link = bar.querySelector("a");
  const title = document.title;
  const source = new EventSource(bar.dataset.live);
  let news = "";
  const show = (text) => {
    link.textContent = text;
    bar.hidden = text === "";
  };
  source.onmessage = (event) => {
    const message = JSON.parse(event.data);
    news = message.new || "";
    show(news);
    document.title = news ? "● " + title : title;
    for (const stop of message.stopped || []) {
      const line = document.querySelector(`[data-key="${CSS.escape(stop.key)}"]`);
      if (!line) continue;
      line.className = line.className.replace(/\bis-\w+/, "is-" + stop.state);
      const words = document.createElement("strong");
      words.textContent = stop.words;
      line.querySelector("[data-state]").replaceChildren(words);
    }
  };
  let lost = 0;
  source.onerror = () => {
    clearTimeout(lost);
    lost = setTimeout(() => {
      if (source.readyState !== EventSource.OPEN) show(bar.dataset.lost);
    }, 5000);
  };
  source.onopen = () => {
    clearTimeout(lost);
    show(news);
  };
})();

// A form with unsaved words asks before the page is left.
for (const form of document.querySelectorAll("form[data-guard]")) {
  let touched = false;
  form.addEventListener("input", () => { touched = true; });
  form.addEventListener("submit", () => { touched = false; });
  form.addEventListener("saved", () => { touched = false; });
  window.addEventListener("beforeunload", (event) => {
    if (touched) event.preventDefault();
  });
}

// "/" goes to the search, as on most wires.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const field = [...document.querySelectorAll("input[type=search]")].find((f) => f.offsetParent);
  if (field) {
    event.preventDefault();
    field.focus();
  }
});

// Passkeys: the browser asks the authenticator, and its answer is posted like
// any other form.
for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON) continue;
  form.hidden = false;
  const said = form.querySelector("[role=alert]");
  form.addEventListener("submit", async (event) => {
    if (form.elements.response.value) return; // answered: go on
    event.preventDefault();
    said.hidden = true;
    try {
      const begun = await fetch(form.dataset.begin, { method: "POST" });
      if (!begun.ok) throw new Error(begun.statusText);
      const { ticket, options } = await begun.json();
      const creates = form.dataset.passkey === "create";
      const publicKey = creates
        ? PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey)
        : PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey);
      const answer = await navigator.credentials[form.dataset.passkey]({ publicKey });
      form.elements.ticket.value = ticket;
      form.elements.response.value = JSON.stringify(answer);
      form.submit();
    } catch {
      said.textContent = form.dataset.failed;
      said.hidden = false;
    }
  });
}
