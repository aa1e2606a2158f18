// Files of a draft are uploaded in parts (tus 1.0): after a broken line, or on
// another day, the same file goes on where it stopped. Without this script the
// form sends them whole.
for (const form of document.querySelectorAll("form[data-upload]")) {
  const part = 4 << 20; // bytes
  const input = form.querySelector("input[type=file]");
  const list = form.querySelector(".uploads");
  const tus = { "Tus-Resumable": "1.0.0" };
  form.closest("[data-media]").hidden = false;

  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  class Refused extends Error {}

  const call = async (method, url, headers, body) => {
    const answer = await fetch(url, { method, headers: { ...tus, ...headers }, body });
    if (answer.status >= 500 || answer.status === 409 || answer.status === 423) throw new Error(answer.statusText); // tried again
    return answer;
  };

  const create = async (file) => {
    const answer = await call("POST", form.dataset.upload, { "Upload-Length": String(file.size), "Upload-Metadata": "filename " + base64(file.name) });
    if (answer.status !== 201) throw new Refused(await answer.text());
    return answer.headers.get("Location");
  };

  // digestOf asks what became of an upload that is whole.
  const digestOf = async (at) => {
    const answer = await call("GET", at, {});
    if (!answer.ok) throw new Refused(await answer.text());
    const { digest, refused } = await answer.json();
    if (refused) throw new Refused(refused);
    return digest;
  };

  const send = async (file, show) => {
    const key = "upload:" + [file.name, file.size, file.lastModified].join(":");
    for (let tries = 0; ; ) {
      try {
        let at = localStorage.getItem(key);
        let offset = 0;
        if (at) {
          const answer = await call("HEAD", at, {});
          if (answer.ok) offset = Number(answer.headers.get("Upload-Offset"));
          else at = null;
        }
        if (!at) {
          at = await create(file);
          localStorage.setItem(key, at);
        }
        let digest = "";
        while (offset < file.size) {
          show(offset / file.size, false);
          const answer = await call("PATCH", at, { "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" }, file.slice(offset, offset + part));
          if (answer.status !== 204) throw new Refused(await answer.text());
          offset = Number(answer.headers.get("Upload-Offset"));
          digest = answer.headers.get("Jisr-Digest") || digest;
          tries = 0;
        }
        digest = digest || await digestOf(at);
        localStorage.removeItem(key);
        show(1, false);
        return digest;
      } catch (problem) {
        if (problem instanceof Refused) {
          localStorage.removeItem(key);
          throw problem;
        }
        show(-1, true); // the line is broken: wait, longer each time
        await pause(Math.min(1000 * 2 ** tries++, 30000));
      }
    }
  };

  const row = (file) => {
    const li = document.createElement("li");
    const name = document.createElement("bdi");
    name.textContent = file.name;
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", form.dataset.progress + " " + file.name);
    const said = document.createElement("span");
    said.className = "small";
    li.append(name, bar, said);
    list.append(li);
    return {
      show(share, waiting) {
        if (share >= 0) bar.value = share;
        said.textContent = waiting ? form.dataset.waiting : share === 1 ? form.dataset.done : Math.floor(bar.value * 100) + " %";
      },
      refuse(why) {
        bar.remove();
        said.className = "warn";
        said.textContent = form.dataset.refused + " " + why;
      },
    };
  };

  const start = async () => {
    const files = [...input.files];
    if (!files.length) return;
    input.value = "";
    list.replaceChildren();
    const taken = [];
    let refused = false;
    for (const file of files) {
      const shown = row(file);
      try {
        taken.push([await send(file, shown.show), file.name]);
      } catch (problem) {
        refused = true;
        shown.refuse(problem.message);
      }
    }
    if (!taken.length) return;
    const id = await flushed();
    if (!id) return;
    const body = new URLSearchParams({ id });
    for (const [digest, name] of taken) {
      body.append("digest", digest);
      body.append("filename", name);
    }
    const answer = await fetch(form.action, { method: "POST", body });
    if (answer.ok && !refused) location.assign("/draft/" + id + "?done=media_added#media");
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    start();
  });
  input.addEventListener("change", start);
}

// flushed has what is being written saved, and returns the draft's id.
async function flushed() {
  const draft = document.querySelector("form[data-autosave]");
  if (!draft) return "";
  const saving = [];
  draft.dispatchEvent(new CustomEvent("flush", { detail: saving }));
  await Promise.all(saving);
  return draft.elements.id.value;
}

for (const form of document.querySelectorAll("form[data-flush]")) {
  let ready = false;
  form.addEventListener("submit", async (event) => {
    if (ready) return;
    event.preventDefault();
    const by = event.submitter;
    await flushed();
    ready = true;
    form.requestSubmit(by);
  });
}
