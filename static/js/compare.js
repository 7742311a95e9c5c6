// The before/after slider. The range input is the control (keyboard, assistive technology); a pointer
// anywhere on the picture moves it too. Without this module both pictures stand side by side.
// Listens on the document, so pictures that arrive later in a fragment work as well.

const show = (range, at = Number(range.value)) => {
  range.closest("[data-compare]").style.setProperty("--at", `${at}%`);
  range.setAttribute("aria-valuetext", range.dataset.words.replace("{}", 100 - range.value));
};

const follow = (stage, event) => {
  const box = stage.getBoundingClientRect();
  const range = stage.querySelector("input");
  const at = Math.min(100, Math.max(0, (100 * (event.clientX - box.left)) / box.width));
  range.value = String(at);
  show(range, at);
};

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-compare] input")) show(event.target);
});

document.addEventListener("pointerdown", (event) => {
  const stage = event.target.closest?.("[data-compare]");
  if (!stage || event.button !== 0 || !matchMedia("(scripting: enabled)").matches) return;
  // A finger may be about to scroll the page: then the browser takes the pointer away again.
  if (event.pointerType === "mouse") event.preventDefault();
  const move = (next) => follow(stage, next);
  const done = () => {
    stage.removeEventListener("pointermove", move);
    stage.querySelector("input").focus({ preventScroll: true, focusVisible: false });
  };
  stage.setPointerCapture(event.pointerId);
  stage.addEventListener("pointermove", move);
  stage.addEventListener("pointerup", done, { once: true });
  stage.addEventListener("pointercancel", done, { once: true });
  follow(stage, event);
});
