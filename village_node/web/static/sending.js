// Forms that send files, with scripts: each file goes by itself, in pieces, and goes on from where the line broke, also when
// the page was loaded anew and the same file is chosen again. What is said of it is what the node has on its disk. The
// telephone's sends a file as soon as it is chosen; that of the counter (which says where to go then) with its button.
(() => {
  "use strict";

  const form = document.getElementById("send");
  const list = document.getElementById("sending");
  const words = form.dataset;
  const MB = 1048576;
  const TRIES = 5; // without anything getting through
  const PAUSE_MS = 2000; // and twice as long each time
  const LONGEST_MS = 180000; // for one request: a line that is dead says nothing
  const LEAST = Number(words.least); // bytes of a piece
  const QUICK_MS = 4000;
  const SLOW_MS = 15000;
  const queue = [];
  const missing = document.createElement("p");
  missing.setAttribute("role", "alert");
  let piece = 2 * LEAST; // the next one's bytes: few where the line is slow
  let ceiling = Number(words.piece); // and no more of them after a break than got through before it
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
        // Each file would be refused: what was chosen stays chosen.
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
  // What is under way would stop, and wait until the same file is chosen again.
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
    label.textContent = `${material || file.name} · ${file.size < MB ? `${Math.ceil(file.size / 1024)} KB` : `${mb(file.size)} MB`}`;
    const bar = document.createElement("progress");
    bar.max = file.size || 1;
    bar.value = 0;
    bar.setAttribute("aria-label", label.textContent);
    const state = document.createElement("strong");
    line.append(label, bar, state);
    list.append(line);
    // offset: how much the node has; null where it is to be asked. begun: whether it knows of the file.
    const job = { file, fields, line, bar, state, digest: "", offset: null, begun: false };
    if (file.size > Number(words.most)) {
      failed = true;
      return told(job, words.large, false);
    }
    queue.push(job);
  }

  async function next() {
    if (busy) return;
    busy = true;
    while (queue.length) await send(queue.shift());
    busy = false;
    if (!words.then) return;
    if (!failed) location.assign(words.then);
    else document.getElementById("then").hidden = false; // what was said of each file stays to be read
  }

  async function send(job) {
    job.bar.hidden = false;
    progress(job, words.sending);
    try {
      job.digest ||= await sha256(job.file);
    } catch {
      failed = true;
      return told(job, words.unreadable, false);
    }
    for (let tries = 0, anew = false, far = -1; ;) {
      const before = job.offset;
      const finishing = before === job.file.size;
      if (finishing) job.state.textContent = words.checking;
      const call = await step(job, finishing);
      const { status } = call;
      const offset = Number(call.getResponseHeader("Upload-Offset") ?? NaN);
      if (finishing && status === 200) return arrived(job);
      if (!finishing && status >= 200 && status <= 409 && offset >= 0) {
        job.offset = offset;
        job.begun = true;
        progress(job, words.sending);
        if (offset > far) [far, tries] = [offset, 0];
        else if (before !== null && ++tries === TRIES) return refused(job, words.busy, true);
      } else if (job.begun && (status === 404 || (finishing && status === 409))) {
        // It is gone there, or was not what was announced: begun once more, unless that was done before.
        if (anew) return refused(job, status === 404 ? words.over : words.busy, status !== 404);
        [anew, job.begun, job.offset, far] = [true, false, null, -1];
      } else if (status === 0 || status === 429 || status >= 500) {
        tries += 1;
        if (before !== null && !finishing) ceiling = piece = Math.max(piece / 2, LEAST); // of a piece, and of nothing else
        const why = status ? said(call) || words.busy : words.broken;
        if (tries === TRIES) return refused(job, progress(job, status ? why : words.failed), true);
        progress(job, why);
        if (!finishing) job.offset = null;
        await new Promise((resolve) => { setTimeout(resolve, PAUSE_MS * 2 ** (tries - 1)); });
      } else {
        return refused(job, status === 404 ? words.over : said(call) || words.old, false);
      }
    }
  }

  // The next request of a file: how much of it is there, one more piece, or the form once all of it is.
  async function step(job, finishing) {
    const address = `${form.getAttribute("action")}/uploads/${job.digest}`;
    if (finishing) return ask("POST", form.getAttribute("action"), fieldsOf(job, "upload", job.digest));
    if (job.offset === null && job.begun) return ask("HEAD", address, null);
    if (job.offset === null) return ask("POST", address, fieldsOf(job, "size", job.file.size));
    const began = performance.now();
    const content = job.file.slice(job.offset, job.offset + piece);
    const call = await ask("PATCH", address, content, {
      "Content-Type": "application/partial-upload",
      "Form-Token": job.fields.get("token"),
      "Upload-Offset": job.offset,
    });
    const took = performance.now() - began;
    if (call.status === 200 && took < QUICK_MS) piece = Math.min(2 * piece, ceiling);
    if (took > SLOW_MS) piece = Math.max(piece / 2, LEAST);
    return call;
  }

  // One request: what came of it, with status 0 where the line broke.
  function ask(method, address, body, head = {}) {
    return new Promise((resolve) => {
      const call = new XMLHttpRequest();
      call.open(method, address);
      call.setRequestHeader("Accept", "application/json");
      for (const [name, value] of Object.entries(head)) call.setRequestHeader(name, value);
      call.timeout = LONGEST_MS;
      for (const end of ["load", "error", "timeout"]) call.addEventListener(end, () => resolve(call));
      call.send(body);
    });
  }

  function fieldsOf(job, name, value) {
    const body = new FormData();
    for (const [each, text] of job.fields) if (each !== "replaces" || !replaced) body.append(each, text);
    body.append(name, value);
    return body;
  }

  function said(call) {
    try { return JSON.parse(call.responseText).problems.join(" "); } catch { return ""; } // not ours
  }

  function mb(bytes) {
    return (bytes / MB).toFixed(1);
  }

  function progress(job, text) {
    if (job.offset !== null) job.bar.value = job.offset;
    const here = words.here.replace("{here}", mb(job.bar.value)).replace("{size}", mb(job.file.size));
    job.state.textContent = text.replace("{here}", here);
    return job.state.textContent;
  }

  function arrived(job) {
    told(job, words.arrived, false);
    replaced = true;
    job.line.classList.add("arrived");
  }

  function refused(job, text, again) {
    failed = true;
    job.offset = null;
    told(job, text, again);
  }

  function told(job, text, again) {
    job.state.textContent = text;
    job.bar.hidden = text !== words.arrived && !again;
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
