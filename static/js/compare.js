// The before/after slider. The range input is the control (keyboard, assistive technology); a pointer
// anywhere on the picture moves it too. Where the page offers tools for it, both pictures zoom and pan
// in step: buttons, + − 0, Shift and arrows, two fingers, Ctrl and the wheel, a double click.
// Without this module both pictures stand side by side. Listens on the document, so pictures that
// arrive later in a fragment work as well.

const MOST = 8;
const CLOSE = 1.4; // from here on the preview is too coarse: the larger picture is fetched
const STEP = 1.5;
const NEAR_PX = 28; // a finger this near the line means the line
const views = new WeakMap(); // of each stage: its zoom, and the picture's corner in stage widths and heights

const between = (least, value, most) => Math.min(most, Math.max(least, value));
const viewOf = (stage) => views.get(stage) ?? { zoom: 1, x: 0, y: 0 };
const toolsOf = (stage) => stage.parentElement.querySelector("[data-zoom-tools]");

const showLine = (range, at = Number(range.value)) => {
  range.closest("[data-compare]").style.setProperty("--at", `${at}%`);
  range.setAttribute("aria-valuetext", range.dataset.words.replace("{}", Math.round(100 - at)));
};

const moveLine = (stage, event) => {
  const box = stage.getBoundingClientRect();
  const at = between(0, (100 * (event.clientX - box.left)) / box.width, 100);
  const range = stage.querySelector("input");
  range.value = String(at);
  showLine(range, at);
};

const showView = (stage, { zoom, x, y }) => {
  const view = { zoom, x: between(1 - zoom, x, 0), y: between(1 - zoom, y, 0) };
  views.set(stage, view);
  stage.style.setProperty("--zoom", zoom);
  stage.style.setProperty("--x", `${100 * view.x}%`);
  stage.style.setProperty("--y", `${100 * view.y}%`);
  stage.toggleAttribute("data-zoomed", zoom > 1);
  toolsOf(stage).querySelector("output").value = `${Math.round(100 * zoom)} %`;
  if (zoom >= CLOSE) for (const image of stage.querySelectorAll("[data-closer]")) lookCloser(image);
};

const lookCloser = async (image) => {
  const larger = new Image();
  larger.src = image.dataset.closer;
  delete image.dataset.closer;
  await larger.decode().then(() => (image.src = larger.src), () => {});
};

// Keeps what lies under the point (in stage widths and heights) where it is.
const zoomTo = (stage, wanted, at = { x: 0.5, y: 0.5 }) => {
  const { zoom, x, y } = viewOf(stage);
  const next = between(1, wanted, MOST);
  const ratio = next / zoom;
  showView(stage, { zoom: next, x: at.x - (at.x - x) * ratio, y: at.y - (at.y - y) * ratio });
};

const pan = (stage, x, y) => {
  const view = viewOf(stage);
  showView(stage, { zoom: view.zoom, x: view.x + x, y: view.y + y });
};

const pointOf = (stage, event) => {
  const box = stage.getBoundingClientRect();
  return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
};

const isNearLine = (stage, event) => {
  const box = stage.getBoundingClientRect();
  const line = box.left + (box.width * Number(stage.querySelector("input").value)) / 100;
  return Math.abs(event.clientX - line) < NEAR_PX;
};

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-compare] input")) showLine(event.target);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-zoom]");
  if (!button) return;
  const stage = button.closest(".compare").querySelector("[data-compare]");
  const factor = { in: STEP, out: 1 / STEP, fit: 0 }[button.dataset.zoom];
  zoomTo(stage, viewOf(stage).zoom * factor);
});

document.addEventListener("keydown", (event) => {
  const stage = event.target.closest?.("[data-compare]");
  if (!stage || !toolsOf(stage) || event.ctrlKey || event.metaKey || event.altKey) return;
  const { zoom } = viewOf(stage);
  const to = { "+": zoom * STEP, "=": zoom * STEP, "-": zoom / STEP, 0: 1 }[event.key];
  const by = { ArrowLeft: [0.1, 0], ArrowRight: [-0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] };
  if (to !== undefined) zoomTo(stage, to);
  else if (event.shiftKey && event.key in by) pan(stage, ...by[event.key]);
  else return;
  event.preventDefault();
});

document.addEventListener(
  "wheel",
  (event) => {
    const stage = event.target.closest?.("[data-compare]");
    if (!stage || !toolsOf(stage) || !event.ctrlKey) return;
    event.preventDefault();
    zoomTo(stage, viewOf(stage).zoom * Math.exp(-event.deltaY / 200), pointOf(stage, event));
  },
  { passive: false },
);

document.addEventListener("dblclick", (event) => {
  const stage = event.target.closest?.("[data-compare]");
  if (!stage || !toolsOf(stage)) return;
  zoomTo(stage, viewOf(stage).zoom > 1 ? 1 : 3, pointOf(stage, event));
});

document.addEventListener("pointerdown", (event) => {
  const stage = event.target.closest?.("[data-compare]");
  if (!stage || event.button !== 0) return;
  // A finger may be about to scroll the page: then the browser takes the pointer away again.
  if (event.pointerType === "mouse") event.preventDefault();
  const fingers = (stage.fingers ??= new Map());
  fingers.set(event.pointerId, event);
  stage.setPointerCapture(event.pointerId);
  if (fingers.size > 1) return;
  const isPanning = viewOf(stage).zoom > 1 && !isNearLine(stage, event);
  const move = (next) => {
    const before = fingers.get(next.pointerId);
    if (!before) return;
    const others = [...fingers.values()].filter((one) => one.pointerId !== next.pointerId);
    fingers.set(next.pointerId, next);
    if (others.length) pinch(stage, others[0], before, next);
    else if (isPanning) {
      const [from, to] = [pointOf(stage, before), pointOf(stage, next)];
      pan(stage, to.x - from.x, to.y - from.y);
    } else moveLine(stage, next);
  };
  const done = (last) => {
    fingers.delete(last.pointerId);
    if (fingers.size) return;
    stage.removeEventListener("pointermove", move);
    stage.removeEventListener("pointerup", done);
    stage.removeEventListener("pointercancel", done);
    stage.querySelector("input").focus({ preventScroll: true, focusVisible: false });
  };
  stage.addEventListener("pointermove", move);
  stage.addEventListener("pointerup", done);
  stage.addEventListener("pointercancel", done);
  if (!isPanning) moveLine(stage, event);
});

const pinch = (stage, resting, before, next) => {
  if (!toolsOf(stage)) return;
  const apart = (one) => Math.hypot(one.clientX - resting.clientX, one.clientY - resting.clientY);
  const [a, b] = [pointOf(stage, resting), pointOf(stage, next)];
  const middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  zoomTo(stage, (viewOf(stage).zoom * apart(next)) / Math.max(apart(before), 1), middle);
};

const offer = (root) => {
  for (const tools of root.querySelectorAll("[data-zoom-tools]")) tools.hidden = false;
};
offer(document);
document.addEventListener("htmx:afterSwap", () => offer(document));
