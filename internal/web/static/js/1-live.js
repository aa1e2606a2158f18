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
