// The upload form, made kinder: drop anywhere on the zone, see the chosen pictures at once, and hear
// of a file that is too large before it is sent. The server checks everything again; without this
// module the plain file picker does the same.

const shown = new Map(); // <form> -> object URLs to give back

const megabytes = (bytes) => `${(bytes / 1048576).toFixed(1)} MB`;

const picture = (file, zone, urls) => {
  const item = document.createElement("li");
  const name = document.createElement("span");
  const tooLarge = file.size > Number(zone.dataset.maxMegabytes) * 1048576;
  item.className = tooLarge ? "pick pick--refused" : "pick";
  name.textContent = `${file.name} (${megabytes(file.size)})`;
  if (tooLarge) name.textContent += ` ${zone.dataset.tooLarge}`;
  if (file.type.startsWith("image/")) {
    const image = document.createElement("img");
    const url = URL.createObjectURL(file);
    urls.push(url);
    image.src = url;
    image.alt = "";
    image.width = image.height = 160;
    image.addEventListener("error", () => image.remove());
    item.append(image);
  }
  item.append(name);
  return item;
};

const refresh = (input) => {
  const zone = input.closest("[data-upload]");
  const list = zone.querySelector("[data-upload-list]");
  for (const url of shown.get(zone) ?? []) URL.revokeObjectURL(url);
  const urls = [];
  const items = [...input.files].map((file) => picture(file, zone, urls));
  shown.set(zone, urls);
  list.replaceChildren(...items);
  list.hidden = items.length === 0;
  const status = zone.querySelector("[data-upload-status]");
  const tooMany = items.length > Number(zone.dataset.maxFiles);
  status.textContent = tooMany ? zone.dataset.tooMany : "";
};

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-upload] input[type=file]")) refresh(event.target);
});

for (const zone of document.querySelectorAll("[data-upload]")) {
  const drop = zone.querySelector("[data-upload-drop]");
  const input = zone.querySelector("input[type=file]");
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
    input.files = event.dataTransfer.files;
    refresh(input);
  });
  zone.addEventListener("submit", () => {
    const button = zone.querySelector("button[type=submit]");
    zone.querySelector("[data-upload-status]").textContent = zone.dataset.sending;
    setTimeout(() => (button.disabled = true)); // after the form has been read
  });
}

// A page that comes back from the browser's memory must not keep its button asleep.
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[data-upload] button[type=submit]")) button.disabled = false;
});
