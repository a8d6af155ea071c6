// Shortens the way; every page works without it. No words here: they come in data attributes.
(() => {
  "use strict";
  const all = (selector) => document.querySelectorAll(selector);
  const live = document.getElementById("live");
  const announce = (text) => { if (live) live.textContent = text; };

  // An answer to an app that travels as a form is sent at once.
  document.querySelector("form[data-send]")?.submit();

  // An error summary gets the focus, so that it is read first.
  document.querySelector("[data-focus]")?.focus();

  // A password can be shown; it is hidden again before it is sent.
  for (const button of all("[data-reveal]")) {
    const input = document.getElementById(button.dataset.reveal);
    if (!input) continue;
    const show = (yes) => {
      input.type = yes ? "text" : "password";
      button.textContent = yes ? button.dataset.hide : button.dataset.show;
      button.setAttribute("aria-label", yes ? button.dataset.hideLabel : button.dataset.showLabel);
    };
    button.hidden = false;
    button.addEventListener("click", () => { show(input.type === "password"); input.focus(); });
    input.form?.addEventListener("submit", () => show(false));
  }

  // A pasted code loses its spaces. Nothing is cut and nothing is sent by itself.
  for (const input of all("[data-digits]")) {
    const tidy = () => {
      const digits = input.value.normalize("NFKC").replace(/[\s-]/g, "");
      if (digits !== input.value) input.value = digits;
    };
    input.addEventListener("input", (event) => { if (!event.isComposing) tidy(); });
    input.addEventListener("compositionend", tidy);
  }

  // How much of a new password is still missing, counted as the server counts.
  for (const left of all("[data-left]")) {
    const input = document.getElementById(left.dataset.left);
    input?.addEventListener("input", () => {
      const length = [...input.value.normalize("NFC")].length;
      const missing = Number(left.dataset.least) - length;
      left.hidden = length === 0 || missing <= 0;
      left.textContent = left.dataset.words.replace("#", missing);
    });
  }

  // What is to be said against a new password, once it is long enough. The server judges in any case when the form is sent.
  for (const list of all("[data-judge]")) {
    const input = document.getElementById(list.dataset.judge);
    let pause;
    const ask = async (typed) => {
      const name = document.getElementById("name")?.value ?? "";
      const address = `/password/check?ui_locales=${document.documentElement.lang}`;
      // Whose password it is to be: the form says of which sign-in or link it is.
      const { csrf, token } = input.form?.elements ?? {};
      const body = new URLSearchParams({ password: typed, name, csrf: csrf?.value ?? "", token: token?.value ?? "" });
      const answer = await fetch(address, { method: "POST", body });
      const { reasons = [] } = answer.ok ? await answer.json() : {};
      if (input.value !== typed) return;
      list.replaceChildren(...reasons.map((reason) => {
        const item = document.createElement("li");
        item.textContent = reason;
        return item;
      }));
      list.hidden = reasons.length === 0;
    };
    input?.addEventListener("input", () => {
      clearTimeout(pause);
      list.hidden = true;
      const typed = input.value;
      if ([...typed.normalize("NFC")].length < Number(list.dataset.least)) return;
      pause = setTimeout(() => ask(typed).catch(() => {}), 500);
    });
  }

  // Text to quote can be copied.
  for (const button of all("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(source.textContent.trim());
        button.textContent = button.dataset.done;
        announce(button.dataset.done);
      } catch {
        getSelection().selectAllChildren(source);
      }
    });
  }

  // Says when a code can be asked for again. The server keeps the time in any case.
  for (const button of all("[data-wait]")) {
    const label = button.textContent;
    const end = performance.now() + 1000 * Number(button.dataset.wait);
    const tick = () => {
      const left = Math.ceil((end - performance.now()) / 1000);
      if (left > 0) {
        button.textContent = button.dataset.waiting.replace("#", left);
        setTimeout(tick, 1000);
      } else {
        button.textContent = label;
        button.removeAttribute("aria-disabled");
        announce(button.dataset.ready);
      }
    };
    button.addEventListener("click", (event) => {
      if (button.getAttribute("aria-disabled") === "true") event.preventDefault();
    });
    if (Number(button.dataset.wait) > 0) {
      button.setAttribute("aria-disabled", "true");
      tick();
    }
  }
})();
