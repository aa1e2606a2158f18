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
