// A field of concepts: what is typed is looked up, and what is chosen becomes a
// box. Without this script the field's button does the same on the next page.
for (const field of document.querySelectorAll("fieldset[data-picker]")) {
  const input = field.querySelector("input[type=search]");
  const chosen = field.querySelector(".picker-chosen");
  const list = document.createElement("ul");
  list.id = input.id + "-list";
  list.className = "picker-list";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", field.querySelector("legend").textContent);
  list.hidden = true;
  const said = document.createElement("p");
  said.className = "hint";
  said.setAttribute("role", "status");
  input.parentElement.append(list);
  input.parentElement.after(said);
  field.querySelector("button[value=find]").hidden = true;
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", list.id], ["aria-expanded", "false"]]) input.setAttribute(name, value);

  let at = -1;
  let timer = 0;
  let asked = 0;

  const show = (open) => {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) mark(-1);
  };
  const mark = (i) => {
    at = i;
    [...list.children].forEach((option, n) => {
      option.setAttribute("aria-selected", String(n === i));
      if (n === i) option.scrollIntoView({ block: "nearest" });
    });
    if (i < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", list.children[i].id);
  };
  const take = (option) => {
    let box = [...field.querySelectorAll("input[type=checkbox]")].find((b) => b.value === option.dataset.uri);
    if (!box) {
      const label = document.createElement("label");
      label.className = "check";
      box = document.createElement("input");
      box.type = "checkbox";
      box.name = field.dataset.name;
      box.value = option.dataset.uri;
      const name = document.createElement("bdi");
      name.textContent = option.firstChild.textContent;
      label.append(box, " ", name);
      chosen.append(label);
    }
    box.checked = true;
    said.textContent = option.firstChild.textContent;
    input.value = "";
    show(false);
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const look = async () => {
    const text = input.value.trim();
    const mine = ++asked;
    if (text.length < 2) return show(false);
    try {
      const answer = await fetch(field.dataset.picker + "?q=" + encodeURIComponent(text));
      if (!answer.ok || mine !== asked) return;
      const { found } = await answer.json();
      list.replaceChildren(...(found || []).map((one, n) => {
        const option = document.createElement("li");
        option.id = list.id + "-" + n;
        option.dataset.uri = one.uri;
        option.setAttribute("role", "option");
        const name = document.createElement("bdi");
        name.textContent = one.name;
        option.append(name);
        if (one.under) {
          const under = document.createElement("bdi");
          under.className = "small";
          under.textContent = one.under;
          option.append(" ", under);
        }
        return option;
      }));
      said.textContent = list.children.length ? "" : field.dataset.none;
      show(list.children.length > 0);
    } catch { /* no line: the boxes are still there */ }
  };

  input.addEventListener("input", (event) => {
    event.stopPropagation(); // looking is not writing
    clearTimeout(timer);
    timer = setTimeout(look, 150);
  });
  input.addEventListener("keydown", (event) => {
    const n = list.children.length;
    if (event.key === "Enter") {
      event.preventDefault();
      if (!list.hidden && n) take(list.children[Math.max(at, 0)]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      show(false);
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !list.hidden && n) {
      event.preventDefault();
      mark((at + (event.key === "ArrowDown" ? 1 : n - (at < 0 ? 0 : 1))) % n);
    }
  });
  input.addEventListener("keypress", (event) => {
    if (event.key === "Enter") event.preventDefault(); // choosing does not send the form
  });
  input.addEventListener("blur", () => setTimeout(() => show(false), 150));
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const option = event.target.closest("[role=option]");
    if (option) take(option);
  });
}
