// Says aloud (to screen readers) when a job's state has changed. The fragment is swapped every two
// seconds; only a new state is worth hearing.

const heard = new Map();

const remember = (job) => {
  const before = heard.get(job.id);
  heard.set(job.id, job.dataset.jobState);
  return before !== undefined && before !== job.dataset.jobState;
};

document.querySelectorAll("[data-job-state]").forEach(remember);

document.addEventListener("htmx:afterSwap", () => {
  for (const job of document.querySelectorAll("[data-job-state]")) {
    if (remember(job)) document.getElementById("announcer").textContent = job.dataset.jobWords;
  }
});
