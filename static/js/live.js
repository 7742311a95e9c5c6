// Follows what still moves on the page. One small question for all of it, ever more rarely while
// nothing happens, at once when the tab is looked at again, and none when all is done. A part that
// has moved is told so ("moved"), and htmx fetches it. The news is also told to screen readers and
// by the tab's title; a clock shows how long it has been so far.

const FIRST_MS = 2000;
const MOST_MS = 60000;
const SLOWER = 1.3;
const COUNTED = 100; // jobs.models.job.PLACES_COUNTED

const title = document.title;
const heard = new Map(); // row -> the state that the page last showed
const followed = new Set(); // rows that moved since all was done last
const begun = new WeakMap(); // clock -> when it stood at nothing
let asked = "", etag = "", known = {};
let wait = FIRST_MS, timer = 0, isAsking = false;

const rows = () => document.querySelectorAll("[data-live]");
const moves = () => document.querySelector("[data-live-moves]") !== null;
const address = () => document.querySelector("[data-live-address]")?.dataset.liveAddress;

const tick = () => {
  for (const clock of document.querySelectorAll("[data-live-clock]")) {
    if (!begun.has(clock)) begun.set(clock, performance.now() - 1000 * Number(clock.dataset.liveClock));
    const seconds = Math.max(0, Math.floor((performance.now() - begun.get(clock)) / 1000));
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    const two = (number) => String(number).padStart(2, "0");
    const late = clock.closest(".live").querySelector("[data-live-late]");
    late.hidden = seconds < Number(late.dataset.liveLate);
    clock.textContent = hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
  }
};

const place = (row, before) => {
  const words = row.querySelector("[data-live-before]");
  if (!words) return;
  const { next, some, many } = words.dataset;
  words.hidden = before === null;
  if (before === 0) words.textContent = next;
  else if (before !== null) words.textContent = before < COUNTED ? some.replace("{n}", before) : many.replace("{n}", COUNTED - 1);
};

const compare = () => {
  for (const row of rows()) {
    const [state, before] = known[row.dataset.live] ?? [];
    if (state === undefined) continue;
    if (state === row.dataset.liveState) place(row, before);
    else row.dispatchEvent(new CustomEvent("moved", { bubbles: true }));
  }
};

const later = () => {
  clearTimeout(timer);
  if (address() !== asked) wait = FIRST_MS;
  timer = moves() && address() ? setTimeout(ask, wait) : 0;
};

const ask = async () => {
  clearTimeout(timer);
  const url = address();
  if (isAsking || !url || !moves()) return;
  if (url !== asked) [asked, etag, known] = [url, "", {}];
  isAsking = true;
  try {
    // The address says who asks: without cookies the house needs no look at the session.
    const answer = await fetch(url, {
      cache: "no-store",
      credentials: "omit",
      headers: etag ? { "If-None-Match": etag } : {},
    });
    if (answer.status === 200) {
      known = (await answer.json()).rows;
      etag = answer.headers.get("ETag") ?? "";
      wait = FIRST_MS;
    } else if (answer.status === 304) {
      wait = Math.min(wait * SLOWER, MOST_MS);
    } else if (answer.status < 500 && answer.status !== 429) {
      for (const words of document.querySelectorAll("[data-live-over]")) words.hidden = false;
      return;
    } else {
      wait = Math.min(wait * 2, MOST_MS);
    }
  } catch {
    wait = Math.min(wait * 2, MOST_MS); // away from the network, or the house is
  } finally {
    isAsking = false;
  }
  compare();
  later();
};

const newTitle = (moving, words) => {
  const done = followed.size - moving;
  const some = document.querySelector("[data-live-some]")?.dataset.liveSome;
  return moving && done && some ? some.replace("{done}", done).replace("{all}", followed.size) : words;
};

const hear = () => {
  const moving = document.querySelectorAll("[data-live-moves][data-live-words]");
  for (const row of moving) followed.add(row.dataset.live);
  for (const row of rows()) {
    const { live, liveState, liveWords, liveTitle } = row.dataset;
    const before = heard.get(live);
    heard.set(live, liveState);
    if (before === undefined || before === liveState || !liveWords) continue;
    document.getElementById("announcer").textContent = liveWords;
    document.title = `${newTitle(moving.length, liveTitle)} · Heirloom`;
  }
  if (!moving.length) followed.clear();
  tick();
  later();
};

document.addEventListener("htmx:afterSettle", hear);
// What somebody sees happen needs no e-mail; a page behind others, or on a sleeping phone, is not seen.
document.addEventListener("htmx:configRequest", (event) => {
  if (!document.hidden) event.detail.headers["X-Looked-At"] = "1";
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  document.title = title;
  wait = FIRST_MS;
  ask();
});
addEventListener("online", ask);
addEventListener("pageshow", (event) => event.persisted && ask());
setInterval(tick, 1000);
hear();
