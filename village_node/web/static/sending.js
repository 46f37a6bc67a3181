// Forms that send files, with scripts: each file goes by itself, with how far it is, and again where the line broke. The
// telephone's sends a file as soon as it is chosen; that of the counter (which says where to go then) with its button.
(() => {
  "use strict";

  const form = document.getElementById("send");
  const list = document.getElementById("sending");
  const words = form.dataset;
  const TRIES = 3;
  const PAUSE_MS = 2000;
  const LONGEST_MS = 180000; // for one file: a line that is dead says nothing
  const queue = [];
  const missing = document.createElement("p");
  missing.setAttribute("role", "alert");
  let busy = false;
  let failed = false;
  let replaced = false; // the first file that is taken takes the other's place, and no further one

  document.documentElement.classList.add("scripted");
  document.getElementById("together").hidden = true;

  const inputs = form.querySelectorAll("input[type=file]");
  if (words.then) {
    form.addEventListener("submit", (event) => {
      delete form.dataset.sent; // this page stays: more may be sent from it
      if (![...inputs].some((input) => input.files.length)) return; // the node says what is missing
      const named = [form.elements.namedItem("material"), form.elements.namedItem("other")];
      if (!named.some((each) => each && each.value.trim())) {
        // Each file would go whole, and be refused: what was chosen stays chosen.
        event.preventDefault();
        missing.textContent = words.which;
        list.before(missing);
        return named[0].focus();
      }
      missing.remove();
      event.preventDefault();
      for (const input of inputs) take(input);
    });
  } else {
    document.getElementById("plain-send").hidden = true;
    for (const input of inputs) input.addEventListener("change", () => take(input));
  }
  // What is under way would be lost.
  addEventListener("beforeunload", (event) => { if (busy) event.preventDefault(); });

  function take(input) {
    const fields = new FormData(form);
    fields.delete("files");
    if (input.files.length) replaced = false;
    for (const file of input.files) add(file, fields);
    input.value = "";
    next();
  }

  function add(file, fields) {
    const material = fields.get("other") || fields.get("material");
    const line = document.createElement("li");
    const label = document.createElement("span");
    const size = file.size < 1048576 ? `${Math.ceil(file.size / 1024)} KB` : `${(file.size / 1048576).toFixed(1)} MB`;
    label.textContent = `${material || file.name} · ${size}`;
    const bar = document.createElement("progress");
    bar.max = 100;
    bar.value = 0;
    bar.setAttribute("aria-label", label.textContent);
    const state = document.createElement("strong");
    line.append(label, bar, state);
    list.append(line);
    const job = { file, fields, line, bar, state, tries: 0 };
    if (file.size > Number(words.most)) {
      failed = true;
      return told(job, words.large, false);
    }
    queue.push(job);
  }

  function next() {
    if (busy || queue.length === 0) return;
    busy = true;
    send(queue.shift());
  }

  function send(job) {
    job.tries += 1;
    job.state.textContent = words.sending;
    job.bar.hidden = false;
    const body = new FormData();
    for (const [name, value] of job.fields) if (name !== "replaces" || !replaced) body.append(name, value);
    body.append("files", job.file);
    const call = new XMLHttpRequest();
    call.open("POST", form.getAttribute("action"));
    call.setRequestHeader("Accept", "application/json");
    call.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      job.bar.value = Math.floor(100 * event.loaded / event.total);
      job.state.textContent = `${words.sending} ${job.bar.value} %`;
    });
    call.addEventListener("load", () => answered(job, call));
    call.addEventListener("error", () => broken(job, words.failed));
    call.timeout = LONGEST_MS;
    call.addEventListener("timeout", () => broken(job, words.failed));
    call.send(body);
  }

  function answered(job, call) {
    failed ||= call.status !== 200 && call.status !== 429 && call.status < 500;
    if (call.status === 200) {
      job.bar.value = 100;
      told(job, words.arrived, false);
      replaced = true;
      job.line.classList.add("arrived");
    } else if (call.status === 422) {
      let problems = [];
      try { problems = JSON.parse(call.responseText).problems; } catch { /* not ours: the general words are said */ }
      told(job, problems.join(" ") || words.busy, false);
    } else if (call.status === 403) {
      told(job, words.old, false);
    } else if (call.status === 404) {
      told(job, words.over, false);
    } else if (call.status === 429 || call.status >= 500) {
      return broken(job, words.busy);
    } else {
      told(job, words.busy, true);
    }
    done();
  }

  function broken(job, why) {
    if (job.tries % TRIES !== 0) {
      job.state.textContent = why;
      setTimeout(() => send(job), PAUSE_MS);
      return;
    }
    failed = true;
    told(job, why, true);
    done();
  }

  function done() {
    busy = false;
    next();
    if (busy || !words.then) return;
    if (!failed) location.assign(words.then);
    else document.getElementById("then").hidden = false; // what was said of each file stays to be read
  }

  function told(job, text, again) {
    job.state.textContent = text;
    job.bar.hidden = job.bar.value < 100 || text !== words.arrived;
    if (!again) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = words.then ? "btn btn-plain" : "phone-button plain";
    button.textContent = words.again;
    button.addEventListener("click", () => {
      button.remove();
      queue.push(job);
      next();
    });
    job.line.append(button);
  }
})();
