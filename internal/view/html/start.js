// Fills the places that the page has for charts.

const kinds = { efficiency, cost, pretraining, training, errors, embedding, mistakes };

document.documentElement.classList.remove('plain');
for (const block of document.querySelectorAll('[data-chart]')) {
  const evaluation = data.evaluations && data.evaluations[block.dataset.evaluation];
  const set = evaluation && block.dataset.set !== undefined ? evaluation.sets[block.dataset.set] : undefined;
  kinds[block.dataset.chart](block, evaluation, set);
}
for (const made of charts) made.start();

// The names in the lists of arms get the mark that they have in the charts.
const marks = document.querySelectorAll('[data-arm]');
themed.push(() => {
  for (const node of marks) node.replaceChildren(swatch(lookOfArm(node.dataset.arm)), el('span', {}, node.dataset.arm));
});
for (const show of themed) show();

for (const media of ['(prefers-color-scheme: dark)', 'print']) matchMedia(media).addEventListener('change', recolour);
