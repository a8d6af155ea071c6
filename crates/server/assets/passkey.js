// Asks the browser for a passkey and sends its answer with the form. No words here: they are on the page.
(() => {
  "use strict";
  const form = document.querySelector("form[data-passkey]");
  if (!form) return;
  const show = (name) => { for (const part of form.querySelectorAll(`[data-passkey-${name}]`)) part.hidden = false; };
  if (!window.PublicKeyCredential || !navigator.credentials) { show("missing"); return; }
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const question = () => {
    const asked = JSON.parse(form.dataset.passkey).publicKey;
    asked.challenge = bytes(asked.challenge);
    if (asked.user) asked.user.id = bytes(asked.user.id);
    for (const list of [asked.excludeCredentials, asked.allowCredentials]) {
      for (const one of list ?? []) one.id = bytes(one.id);
    }
    return { publicKey: asked };
  };
  const answer = (made) => {
    const response = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (made.response[part]) response[part] = text(made.response[part]);
    }
    return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, extensions: {}, response });
  };

  show("start");
  let busy = false;
  form.querySelector("button[data-passkey-start]").addEventListener("click", async () => {
    if (busy) return;
    busy = true;
    try {
      const made = form.dataset.act === "create"
        ? await navigator.credentials.create(question())
        : await navigator.credentials.get(question());
      form.elements.namedItem("answer").value = answer(made);
      form.submit();
    } catch {
      busy = false;
      show("failed");
    }
  });
})();
