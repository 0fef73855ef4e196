// Makes and uses passkeys: asks the service for options, the browser for a credential, and sends it with the form.
// Without this file the pages offer the other ways.
(() => {
  "use strict";
  const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const encode = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list ?? []).map((one) => ({ ...one, id: decode(one.id) }));

  async function ask(form) {
    const body = new URLSearchParams({ csrf: form.querySelector("[name=csrf]").value });
    const answer = await fetch(form.dataset.ask, { method: "POST", body, headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error("refused");
    const options = await answer.json();
    options.challenge = decode(options.challenge);
    if (options.user) options.user.id = decode(options.user.id);
    if (options.excludeCredentials) options.excludeCredentials = known(options.excludeCredentials);
    if (options.allowCredentials) options.allowCredentials = known(options.allowCredentials);
    return options;
  }

  function plain(made) {
    const given = made.response;
    const response = { clientDataJSON: encode(given.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"])
      if (given[name]) response[name] = encode(given[name]);
    return { id: made.id, rawId: encode(made.rawId), type: made.type, clientExtensionResults: made.getClientExtensionResults(), response };
  }

  async function go(form, button) {
    button.disabled = true;
    try {
      const publicKey = await ask(form);
      const making = form.dataset.passkey === "create";
      const made = await (making ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey }));
      form.querySelector("[name=credential]").value = JSON.stringify(plain(made));
      form.submit();
    } catch {
      button.disabled = false;
      form.querySelector("[data-passkey-none]").hidden = false;
    }
  }

  if (!window.PublicKeyCredential) return;
  for (const form of document.querySelectorAll("[data-passkey]")) {
    const button = form.querySelector("[data-passkey-go]");
    button.hidden = false;
    form.querySelector("[data-passkey-none]").hidden = true;
    button.addEventListener("click", () => go(form, button));
  }
})();
