// What pages do beyond plain HTML: everything works without this file.
(() => {
  "use strict";

  // Whether the person in front of the screen did something since we last asked the node, and typed something at all.
  let here = false;
  let typed = false;
  for (const kind of ["keydown", "pointerdown", "wheel", "touchstart"]) {
    addEventListener(kind, () => { here = true; }, { passive: true });
  }
  addEventListener("input", () => { typed = true; });

  // The sync strip renews itself. Asking does not count as a sign of life; what the person did since, does. When the
  // session has ended, a page that nobody is typing into goes away: it may show personal data.
  // While an exchange is under way it looks more often, for what comes of it.
  const REFRESH_MS = 15000;
  const SOON_MS = 2000;
  const renewals = [];
  for (const part of document.querySelectorAll("[data-refresh]")) {
    const signedIn = part.querySelector("[data-person]") !== null;
    const said = () => part.querySelector("strong")?.textContent;
    const first = said();
    const buttons = () => [...part.querySelectorAll("a, button")];
    const round = async (asked) => {
      const held = buttons().indexOf(document.activeElement);
      if (document.hidden || (part.contains(document.activeElement) && !asked && !document.activeElement.matches("[data-sync]"))) return;
      try {
        const address = part.dataset.refresh + (here ? "?here=1" : "");
        here = false;
        const answer = await fetch(address, { credentials: "same-origin", redirect: "error" });
        if (!answer.ok) return;
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-refresh]");
        if (!fresh) return;
        if (signedIn && !fresh.querySelector("[data-person]") && !typed) {
          location.reload();
          return;
        }
        part.replaceChildren(...fresh.children);
        if (said() !== first) for (const each of document.querySelectorAll("[data-outdated]")) each.hidden = false;
        if (held >= 0) (buttons()[held] || document.getElementById("main")).focus({ preventScroll: true });
      } catch {
        // The node is restarting; the next round asks again.
      }
    };
    let timer;
    const wait = () => {
      clearTimeout(timer);
      const soon = part.querySelector("[data-soon]") !== null;
      timer = setTimeout(() => round().finally(wait), soon ? SOON_MS : Number(part.dataset.every) || REFRESH_MS);
    };
    wait();
    renewals.push(() => round(true).finally(wait));
  }

  // The buttons of the frame leave the page as it is: an exchange is begun and the strip renewed, letters grow in place.
  // Another language is another page: what was typed here is put into it, and lies nowhere once that page stands. A form
  // that keeps a draft has it kept first.
  const TYPED = "sanji-typed";
  const touched = new Set();
  const settled = [];
  const frame = document.querySelector("form[data-frame]");
  const fields = () => [...document.querySelectorAll("main :is(input, select, textarea)[name]")];
  const drawers = () => [...document.querySelectorAll("main details")];
  addEventListener("input", (event) => touched.add(event.target));
  const put = () => {
    const said = [];
    fields().forEach((each, at) => {
      if (!touched.has(each) || ["password", "file", "hidden"].includes(each.type)) return;
      said.push([at, each.name, "checked" in each && each.type !== "text" ? each.checked : each.value]);
    });
    if (!said.length) return;
    const open = drawers().flatMap((each, at) => each.open ? [at] : []);
    sessionStorage.setItem(TYPED, JSON.stringify({ path: location.pathname, said, open }));
  };
  const take = () => {
    const kept = JSON.parse(sessionStorage.getItem(TYPED) || "null");
    sessionStorage.removeItem(TYPED);
    if (!kept || kept.path !== location.pathname) return;
    const all = fields(), parts = drawers();
    for (const at of kept.open) if (parts[at]) parts[at].open = true;
    for (const [at, name, value] of kept.said) {
      if (!all[at] || all[at].name !== name) continue;
      if (typeof value === "boolean") all[at].checked = value; else all[at].value = value;
      for (const kind of ["input", "change"]) all[at].dispatchEvent(new Event(kind, { bubbles: true }));
    }
  };
  const send = (address) => fetch(address, {
    method: "POST",
    body: new URLSearchParams({ token: frame.elements.token.value }),
    credentials: "same-origin",
    redirect: "manual",
  }).catch(() => {}); // the node is restarting: the strip says so soon enough
  if (frame) {
    let chosen = Promise.resolve();
    const letters = frame.querySelector("[aria-pressed]");
    for (const each of [frame, ...document.querySelectorAll("[data-sync]")]) each.hidden = false;
    frame.addEventListener("submit", async (event) => {
      if (!event.submitter) return; // an old browser sends the form as without scripts
      event.preventDefault();
      const pressed = event.submitter;
      if (pressed.matches("[data-sync]")) {
        await send("/sync-now");
        for (const renew of renewals) renew();
        return;
      }
      if (pressed === letters) {
        const big = document.documentElement.classList.toggle("big");
        const said = letters.querySelector("[data-other]");
        [said.textContent, said.dataset.other] = [said.dataset.other, said.textContent];
        letters.ariaPressed = String(big);
        chosen = send(`/display?big=${big ? "big" : ""}`);
        return;
      }
      for (const settle of settled) await settle();
      await chosen;
      put();
      if (pressed.hasAttribute("formaction")) frame.action = pressed.formAction;
      else frame.append(Object.assign(document.createElement("input"), { type: "hidden", name: "lang", value: pressed.value }));
      frame.submit();
    });
  }

  // A page of a resident's own goes away when nobody has looked at it for a while, and leaves no entry to go back to.
  for (const part of document.querySelectorAll("[data-leave]")) {
    const leave = () => location.replace(part.dataset.leave);
    let timer = setTimeout(leave, part.dataset.leaveS * 1000);
    for (const kind of ["keydown", "pointerdown", "pointermove", "wheel", "touchstart", "scroll"]) {
      addEventListener(kind, () => {
        clearTimeout(timer);
        timer = setTimeout(leave, part.dataset.leaveS * 1000);
      }, { passive: true });
    }
    // On a screen in a hall whoever has printed takes the paper and goes.
    if ("leavePrinted" in part.dataset) addEventListener("afterprint", leave);
    for (const link of part.querySelectorAll("a")) {
      if (link.getAttribute("href") !== part.dataset.leave) continue;
      link.addEventListener("click", (event) => {
        event.preventDefault();
        leave();
      });
    }
  }

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  // A second click while the first is under way would only be refused.
  // One that opens a page of its own may be sent again: this page stays as it is.
  for (const form of document.querySelectorAll("form[method=post]:not([target]):not([data-frame])")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
  }

  // A file is written in full before it begins to come, and its answer then brings a cookie: until that is here the page
  // says what it waits for, and does not ask a second time.
  const LOOK_MS = 300;
  const ready = () => document.cookie.split("; ").some((each) => each.startsWith("sanji-file="));
  for (const part of document.querySelectorAll("[data-prepares]")) {
    const said = part.querySelector("[data-preparing]");
    let looking = 0;
    const comes = part.dataset.prepares === "now"; // by itself, once the page stands
    const wait = () => {
      clearInterval(looking);
      document.cookie = "sanji-file=; Max-Age=0; Path=/; SameSite=Strict";
      part.ariaBusy = "true";
      said.textContent = said.dataset.preparing;
      looking = setInterval(() => {
        if (!ready()) return;
        clearInterval(looking);
        part.ariaBusy = "false";
        said.textContent = said.dataset.ready;
      }, LOOK_MS);
    };
    part.addEventListener("click", (event) => {
      if (!event.target.closest("a")) return;
      if (part.ariaBusy === "true" && !ready()) event.preventDefault();
      else wait();
    });
    if (comes) wait();
    // Who was asked for a password instead comes back to a page that waits for nothing.
    addEventListener("pageshow", (event) => {
      if (comes && !event.persisted) return;
      clearInterval(looking);
      part.ariaBusy = "false";
      said.textContent = "";
    });
  }

  // A form with a draft keeps it whenever a field is left that was changed: one request at a time, the newest last, and
  // none once the form itself is sent. Nothing is tried again by itself: the next field, or the button, does that.
  for (const form of document.querySelectorAll("form[data-keep]")) {
    const said = form.querySelector("[data-kept]");
    let changed = false;
    let kept = false;
    let asking = null;
    const keep = async () => {
      while (changed && !asking && !form.dataset.sent) {
        changed = false;
        asking = new AbortController();
        try {
          const answer = await fetch(form.dataset.keep, {
            method: "POST",
            body: new URLSearchParams(new FormData(form)),
            credentials: "same-origin",
            redirect: "error",
            signal: asking.signal,
          });
          const plain = (answer.headers.get("Content-Type") || "").startsWith("text/plain");
          said.textContent = plain ? (await answer.text()).trim() : said.dataset.failed;
          kept = answer.ok;
        } catch {
          kept = false;
          if (!form.dataset.sent) said.textContent = said.dataset.failed;
        }
        asking = null;
      }
    };
    form.addEventListener("change", () => { changed = true; keep(); });
    form.addEventListener("submit", () => { if (asking) asking.abort(); });
    settled.push(async () => {
      while (asking) await new Promise((done) => setTimeout(done, 50));
      if (kept && frame.elements.back) frame.elements.back.value = form.dataset.keptAt;
    });
  }
  take();

  // Coming back with the browser's back button, the form may be sent again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
})();
