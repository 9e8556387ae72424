// Without this the form works too. With it the key stays in its input, and the page where it is.
"use strict";

const form = document.getElementById("try");
const parts = ["answer", "fields", "programs"];

async function show(event) {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!parts.every((id) => page.getElementById(id))) {
      // Sent once more, a wrong key would count twice.
      document.documentElement.replaceWith(page.documentElement);
      return;
    }
    for (const id of parts) document.getElementById(id).replaceWith(page.getElementById(id));
    offerCopies();
    document.getElementById("answer").focus();
  } catch {
    // The browser shows what came, or that nothing did.
    form.submit();
  } finally {
    button.disabled = false;
  }
}

function offerCopies() {
  if (!navigator.clipboard) return;
  for (const text of document.querySelectorAll("pre")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    });
    text.after(button);
  }
}

if (form) form.addEventListener("submit", show);
offerCopies();
