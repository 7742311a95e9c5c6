// Uploads, one file a request: each with its own progress, so that one that is refused or a line that
// breaks stops no other. What is chosen, dropped, pasted or photographed is sent at once. A file that was
// under way when the line broke, or when somebody paused, is begun anew; the server takes no file twice.
// Without this module the plain form sends all of them together.

const AT_ONCE = 2;
const TRIES = 6; // by itself; then there is a button
const WAIT_SECONDS = (tries) => Math.min(30, 2 ** tries);
const SPEED_MS = 4000; // over which the speed is measured
const REFRESH_MS = 4000;
const OVER = new Set(["taken", "here", "refused", "cancelled"]);

const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const figure = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const sized = (bytes) => (bytes < 1048576 ? `${Math.ceil(bytes / 1024)} KB` : `${figure.format(bytes / 1048576)} MB`);
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const begin = (form) => {
  const part = (name) => form.querySelector(`[data-upload-${name}]`);
  const words = JSON.parse(form.querySelector("#upload-words").textContent);
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const album = form.querySelector("[name=album]")?.value;
  const most = Number(form.dataset.maxBytes);
  const [board, list, template] = [part("board"), part("list"), part("file")];
  const files = [];
  let paused = false;
  let sent = []; // [when, bytes so far], for the speed
  let refreshed = 0; // how many of them the photos below show
  let refreshing = 0;

  const say = (what) => (document.getElementById("announcer").textContent = what);
  const under = (...states) => files.filter((one) => states.includes(one.state));
  const left = () => files.filter((one) => !OVER.has(one.state) && one.state !== "failed");

  // --- What is seen ----------------------------------------------------------------------------
  const show = (one, state, said) => {
    one.state = state;
    const find = (name) => one.item.querySelector(`[data-${name}]`);
    const focused = one.item.contains(document.activeElement);
    one.item.dataset.state = state;
    find("words").textContent = said;
    one.bar.hidden = state !== "sending";
    find("cancel").hidden = OVER.has(state);
    find("again").hidden = !["failed", "lost", "cancelled"].includes(state);
    find("open").hidden = !one.address;
    if (one.address) find("open").href = one.address;
    if (focused) one.item.querySelector("a:not([hidden]), button:not([hidden])")?.focus();
    if (OVER.has(state) || state === "failed") say(`${one.file.name}: ${said}`);
    total();
  };

  const total = () => {
    const counted = files.filter((one) => one.state !== "cancelled");
    const bytes = counted.reduce((sum, one) => sum + one.file.size, 0);
    const done = counted.reduce((sum, one) => sum + (OVER.has(one.state) ? one.file.size : one.loaded), 0);
    const over = counted.filter((one) => OVER.has(one.state)).length;
    const goes = left().length > 0;
    part("progress").max = bytes || 1;
    part("progress").value = done;
    part("pause").hidden = part("stop").hidden = !goes;
    part("again").hidden = !under("failed").length;
    part("clear").hidden = goes;
    const taken = under("taken", "here").length;
    let said = fill(words.total, { done: over, all: counted.length });
    if (!goes) {
      const not = counted.length - taken;
      said = not ? fill(words.finished, { taken, not_taken: not }) : fill(words.all_here, { all: taken });
    } else if (!paused) {
      const now = performance.now();
      sent = [...sent.filter(([when]) => now - when < SPEED_MS), [now, done]];
      const speed = (1000 * (done - sent[0][1])) / (now - sent[0][0] || 1);
      if (speed > 1000) {
        const seconds = Math.ceil((bytes - done) / speed);
        const wait = fill(seconds < 90 ? words.seconds : words.minutes, { n: seconds < 90 ? seconds : Math.round(seconds / 60) });
        said += ` · ${fill(words.speed, { speed: sized(speed), left: wait })}`;
      }
    } else said += ` · ${words.paused}`;
    part("total").textContent = said;
  };

  // --- One file --------------------------------------------------------------------------------
  const add = (file) => {
    const item = template.content.firstElementChild.cloneNode(true);
    const one = { file, item, bar: item.querySelector("progress"), loaded: 0, tries: 0 };
    for (const name of item.querySelectorAll("[data-name]")) name.textContent = file.name;
    item.querySelector("[data-size]").textContent = sized(file.size);
    const image = item.querySelector("img");
    image.parentElement.dataset.kind = /\.(\w{1,5})$/.exec(file.name)?.[1].toUpperCase() ?? "";
    one.picture = image.src = URL.createObjectURL(file);
    image.addEventListener("error", () => image.remove()); // such as a HEIC where it can't be shown
    item.querySelector("[data-cancel]").addEventListener("click", () => cancel(one));
    item.querySelector("[data-again]").addEventListener("click", () => again(one));
    files.push(one);
    list.append(item);
    board.hidden = false;
    if (file.size === 0) show(one, "refused", words.empty);
    else if (file.size > most) show(one, "refused", fill(words.too_large, { size: sized(file.size), most: sized(most) }));
    else show(one, "waiting", words.waiting);
  };

  const halt = (one) => {
    clearTimeout(one.timer);
    one.ticket = null; // whatever still comes back for it is not heard
    one.request?.abort();
    one.request = null;
    one.loaded = 0;
  };

  const cancel = (one) => {
    halt(one);
    show(one, "cancelled", words.cancelled);
    next();
  };

  const again = (one) => {
    halt(one);
    one.tries = 0;
    show(one, "waiting", words.waiting);
    next();
  };

  const ended = (one, state, said) => {
    one.loaded = 0;
    show(one, state, said);
    if (state === "taken") refreshing ||= setTimeout(refresh, REFRESH_MS);
    next();
  };

  // Tried again by itself, later and later; `said` may name the seconds.
  const later = (one, said, seconds) => {
    one.loaded = 0;
    one.tries += 1;
    if (one.tries > TRIES) return ended(one, "failed", words.given_up);
    const wait = Math.max(seconds || 0, WAIT_SECONDS(one.tries));
    show(one, "lost", fill(said, { seconds: wait }));
    one.timer = setTimeout(() => {
      show(one, "waiting", words.waiting);
      next();
    }, 1000 * wait);
    next();
  };

  const answered = (one, status, text, retryAfter) => {
    let said = {};
    try {
      said = JSON.parse(text);
    } catch {
      // A page in place of an answer: of the server in between, or of a request that was too large.
    }
    one.address = said.address;
    if (said.state === "taken") ended(one, "taken", words.taken);
    // After a line that broke it was taken already, and only the answer was lost.
    else if (said.state === "here") ended(one, one.begun > 1 ? "taken" : "here", one.begun > 1 ? words.taken : said.words);
    else if (status === 401) ended(one, "failed", said.words ?? words.signed_out);
    else if (said.state === "refused") ended(one, "refused", said.words);
    else if (status === 413) ended(one, "refused", fill(words.too_large, { size: sized(one.file.size), most: sized(most) }));
    else if (status === 429 || status >= 500) {
      later(one, said.words ? fill(words.later, { words: said.words, seconds: "{seconds}" }) : words.later.replace("{words}", words.not_understood), Number(retryAfter));
    } else ended(one, "failed", words.not_understood);
  };

  const send = (one) => {
    const body = new FormData();
    body.append("csrfmiddlewaretoken", token);
    if (album) body.append("album", album);
    body.append("files", one.file, one.file.name);
    const request = (one.request = new XMLHttpRequest());
    one.begun = (one.begun ?? 0) + 1;
    request.open("POST", form.dataset.one);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (one.request !== request) return;
      one.loaded = Math.min(event.loaded, one.file.size);
      one.bar.value = event.total ? event.loaded / event.total : 0;
      one.item.querySelector("[data-words]").textContent =
        event.loaded < event.total ? fill(words.sending, { percent: Math.floor(100 * one.bar.value) }) : words.storing;
      total();
    });
    request.addEventListener("load", () => {
      if (one.request !== request) return;
      one.request = null;
      answered(one, request.status, request.responseText, request.getResponseHeader("Retry-After"));
    });
    request.addEventListener("error", () => {
      if (one.request !== request) return;
      one.request = null;
      later(one, words.lost);
    });
    show(one, "sending", fill(words.sending, { percent: 0 }));
    request.send(body);
  };

  // Whether the server has it, before it is sent. Where this can't be asked, sending it tells.
  const isKnown = async (one) => {
    if (!crypto.subtle) return null;
    const body = new FormData();
    body.append("csrfmiddlewaretoken", token);
    if (album) body.append("album", album);
    one.checksum ??= hex(await crypto.subtle.digest("SHA-256", await one.file.arrayBuffer()));
    body.append("sha256", one.checksum);
    const answer = await fetch(form.dataset.known, { method: "POST", body, headers: { Accept: "application/json" } });
    return answer.ok ? (await answer.json()).known[one.checksum] : null;
  };

  const start = async (one) => {
    const ticket = (one.ticket = {});
    if (!one.begun) {
      show(one, "checking", words.checking);
      const known = await isKnown(one).catch(() => null);
      if (one.ticket !== ticket) return;
      if (known) {
        one.address = known.address;
        ended(one, "here", known.words);
        return;
      }
    }
    send(one);
  };

  const next = () => {
    while (!paused && under("checking", "sending").length < AT_ONCE) {
      const [one] = under("waiting");
      if (!one) break;
      start(one);
    }
    total();
    if (files.length && !left().length) finished();
  };

  // --- All of them -----------------------------------------------------------------------------
  // The photos below show what has come, now and then; at the end at once. What asks for all of them
  // waits for what asks for some, which asks again later: neither finds its place gone.
  const refresh = () => {
    clearTimeout(refreshing);
    refreshing = 0;
    refreshed = under("taken", "here").length;
    const gallery = { target: "#gallery", select: "#gallery", swap: "outerHTML" };
    window.htmx?.ajax("GET", location.href, { source: board, ...gallery });
  };

  const finished = () => {
    if (under("taken", "here").length === refreshed) return;
    if (files.length === 1 && !album && files[0].state === "taken") return location.assign(files[0].address);
    say(part("total").textContent);
    refresh();
  };

  const take = (chosen) => {
    for (const file of chosen) add(file);
    next();
  };

  const pause = () => {
    paused = !paused;
    const button = part("pause");
    [button.textContent, button.dataset.other] = [button.dataset.other, button.textContent];
    sent = [];
    if (paused) {
      for (const one of under("checking", "sending", "lost")) {
        halt(one);
        show(one, "waiting", words.paused);
      }
    }
    next();
  };

  part("pause").addEventListener("click", pause);
  part("again").addEventListener("click", () => under("failed").forEach(again));
  part("stop").addEventListener("click", () => left().forEach(cancel));
  part("clear").addEventListener("click", () => {
    for (const one of files.splice(0)) {
      URL.revokeObjectURL(one.picture);
      one.item.remove();
    }
    board.hidden = true;
    refreshed = 0;
    form.querySelector("[data-upload-drop] input").focus();
  });

  for (const input of form.querySelectorAll("input[type=file]")) {
    const choose = () => {
      take([...input.files]);
      input.value = "";
    };
    input.addEventListener("change", choose);
    if (input.files.length) choose(); // before this script was there
  }

  const drop = part("drop");
  const over = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.add("drop--over");
  };
  const out = () => drop.classList.remove("drop--over");
  drop.addEventListener("dragenter", over);
  drop.addEventListener("dragover", over);
  drop.addEventListener("dragleave", out);
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    out();
    take([...event.dataTransfer.files]);
  });

  document.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (!pasted.length || event.target.matches("input[type=text], textarea")) return;
    event.preventDefault();
    take(pasted.map((file) => (file.name ? file : new File([file], words.pasted, { type: file.type }))));
  });

  addEventListener("online", () => {
    for (const one of under("lost")) {
      clearTimeout(one.timer);
      show(one, "waiting", words.waiting);
    }
    next();
  });

  addEventListener("beforeunload", (event) => {
    if (left().length) event.preventDefault();
  });
};

document.querySelectorAll("[data-upload]").forEach(begin);
