// The review desk by keyboard. An element says its key with `data-key`: pressed at once where it has
// `data-press`, else focused, so that Enter confirms. Nothing here decides anything by itself, and
// every button works without a script. Keys rest while somebody types, and with Ctrl, Alt or Meta.

const desk = document.querySelector("[data-review]");
const KEPT_EVERY_MS = 60_000;

const typing = (element) =>
  element.isContentEditable ||
  element.matches("textarea, select, input:not([type=radio], [type=checkbox], [type=submit])");

const say = (words) => {
  document.getElementById("announcer").textContent = words;
};

// --- Keys ------------------------------------------------------------------------------------
const answering = (key) =>
  [...desk.querySelectorAll("[data-key]")].find((one) => one.dataset.key.split(" ").includes(key));

const obey = (element) => {
  if (element.dataset.opens) document.getElementById(element.dataset.opens).showModal();
  else if ("press" in element.dataset) element.click();
  else {
    const folded = element.closest("details");
    if (folded) folded.open = true;
    (element.matches("button, input") ? element : element.querySelector("input, textarea")).focus();
  }
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && typing(event.target)) event.target.blur();
  if (event.key === "Enter" && !event.shiftKey && event.target.matches("[data-enter-sends]")) {
    if (event.isComposing || event.repeat) return;
    event.preventDefault();
    const form = event.target.form;
    form.requestSubmit(form.querySelector("[type=submit]"));
    return;
  }
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  const element = answering(event.key);
  if (!element) return;
  event.preventDefault();
  obey(element);
});

for (const opener of desk.querySelectorAll("[data-opens]")) {
  opener.addEventListener("click", () => document.getElementById(opener.dataset.opens).showModal());
}
for (const part of desk.querySelectorAll("[data-with-script]")) part.hidden = false;

// What is folded up on a phone lies open where there is room.
if (window.matchMedia("(min-width: 60rem)").matches) {
  for (const part of desk.querySelectorAll("[data-open-wide]")) part.open = true;
}

// What the server says instead of doing it, such as that the member has withdrawn.
const refuse = (words) => {
  const notice = desk.querySelector("[data-lost]");
  notice.querySelector("[data-words]").textContent = words;
  notice.hidden = false;
  notice.scrollIntoView({ block: "nearest" });
};

// --- The picture: its opening is written down before its address is given ---------------------
const picture = desk.querySelector("[data-picture]");
if (picture) {
  const image = picture.querySelector("img");
  const form = picture.querySelector("[data-show]");
  const button = form.querySelector("button");
  const veiled = image.parentElement.classList.contains("veil") ? image.src : "";
  const turn = (address) => {
    const shown = Boolean(address);
    image.src = address || veiled;
    image.alt = shown ? image.dataset.title : image.dataset.veiledAlt;
    image.parentElement.classList.toggle("veil", !shown);
    button.textContent = shown ? button.dataset.wordsShown : button.dataset.wordsVeiled;
    say(shown ? button.dataset.saidShown : button.dataset.saidVeiled);
  };
  form.addEventListener("submit", async (event) => {
    if (!veiled) return;
    event.preventDefault();
    if (!image.parentElement.classList.contains("veil")) {
      turn("");
      return;
    }
    const focused = document.activeElement === button;
    button.disabled = true;
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        headers: { Accept: "application/json" },
      });
      const said = await answer.json();
      if (said.problem) refuse(said.problem);
      else turn(said.address);
    } catch {
      form.submit();
    } finally {
      button.disabled = false;
      if (focused) button.focus({ preventScroll: true });
    }
  });
}

// --- Kept in hand while somebody works on it --------------------------------------------------
if (desk.dataset.keep) {
  let asked = Date.now();
  const keep = async () => {
    if (Date.now() - asked < KEPT_EVERY_MS) return;
    asked = Date.now();
    const token = desk.querySelector("[name=csrfmiddlewaretoken]").value;
    try {
      const answer = await fetch(desk.dataset.keep, {
        method: "POST",
        headers: { "X-CSRFToken": token },
      });
      if (answer.status === 409) refuse(await answer.text());
    } catch {
      // Offline: the decision itself will say so.
    }
  };
  for (const sign of ["keydown", "pointerdown", "scroll"]) {
    document.addEventListener(sign, keep, { passive: true });
  }
}
