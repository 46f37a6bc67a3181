// What pages do beyond plain HTML: everything works without this file.
(() => {
  "use strict";

  // The sync strip renews itself. The request does not count as a sign of life of the person in front of the screen.
  const REFRESH_MS = 15000;
  for (const part of document.querySelectorAll("[data-refresh]")) {
    setInterval(async () => {
      if (document.hidden || part.contains(document.activeElement)) return;
      try {
        const answer = await fetch(part.dataset.refresh, { credentials: "same-origin", redirect: "error" });
        if (!answer.ok) return;
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-refresh]");
        if (fresh) part.replaceChildren(...fresh.children);
      } catch {
        // The node is restarting; the next round asks again.
      }
    }, REFRESH_MS);
  }

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  // A second click while the first is under way would only be refused.
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
  }
  // Coming back with the browser's back button, the form may be sent again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
})();
