// How encoders see images or texts, and which they get wrong.

function embedding(block, evaluation, set) {
  let shown = set.embeddings[set.embeddings.length - 1], projection = 'tsne';
  const classes = unique(set.embeddings.flatMap((e) => e.points.map((p) => p.class))).sort((a, b) => a - b);
  const nameOf = (c) => set.classes[c] ?? String(c);
  const keys = legend(() => classes.map((c) => ({ name: nameOf(c), look: lookOfClass(c) })), () => drawn.draw());
  const drawn = chart('Embedding of test ' + set.noun + ', coloured by class', (box) => Math.min(560, Math.max(320, 0.62 * (box.clientWidth || 600))), () => ({
    grid: { left: 1, right: 1, top: 4, bottom: 1, show: true, borderColor: colour('line'), borderWidth: 1 },
    xAxis: { type: 'value', scale: true, show: false },
    yAxis: { type: 'value', scale: true, show: false },
    series: classes.filter((c) => keys.has(nameOf(c))).map((c) => pointsOf(set, shown, projection, c)),
  }));
  const neighbours = el('div');
  const change = () => { drawn.draw(); neighbours.replaceChildren(...neighbourRows(set, shown)); };
  const arm = select('Arm', set.embeddings.map((e, i) => [i, e.arm]), (i) => { shown = set.embeddings[i]; change(); });
  arm.querySelector('select').value = set.embeddings.indexOf(shown);
  block.append(
    controls(arm, select('Projection', [['tsne', 't-SNE'], ['pca', 'principal components']], (p) => { projection = p; drawn.draw(); })),
    keys.list, drawn.box, neighbours);
  neighbours.replaceChildren(...neighbourRows(set, shown));
}

function pointsOf(set, embedding, projection, c) {
  const style = lookOfClass(c);
  const many = embedding.points.length > 400;
  return {
    type: 'scatter', symbol: style.symbol, symbolSize: many ? 7 : 9,
    itemStyle: { color: style.colour, opacity: 0.85, borderColor: colour('paper'), borderWidth: 0.75 },
    data: embedding.points.filter((p) => p.class === c).map((p) => ({
      value: p[projection],
      tip: () => {
        const node = tip(set.classes[c] ?? String(c));
        node.prepend(example(set, p.picture) ?? '');
        return node;
      },
    })),
  };
}

// neighbourRows show some examples with those that are nearest to them.
function neighbourRows(set, embedding) {
  const rows = embedding.neighbours || [];
  if (!rows.length || !(set.pictures || set.texts)) return [];
  const frame = (i, kind) => {
    const point = embedding.points[i];
    const node = example(set, point.picture);
    node.classList.add('framed', kind);
    node.title = set.classes[point.class] ?? '';
    if (set.pictures) node.setAttribute('aria-label', node.title);
    return node;
  };
  const list = el('div', { class: set.pictures ? 'neighbours' : 'neighbours texts' }, ...rows.map(({ of, nearest }) => {
    const own = embedding.points[of].class;
    const same = nearest.filter((i) => embedding.points[i].class === own).length;
    return el('div', {},
      el('div', { class: 'row' }, frame(of, 'query'), ...nearest.map((i) => frame(i, embedding.points[i].class === own ? 'same' : 'other'))),
      el('p', {}, (set.classes[own] ?? own) + ': ' + same + ' of ' + nearest.length + ' in the same class'));
  }));
  const key = (kind, text) => [el('span', { class: 'key framed ' + kind }), text];
  return [
    el('h4', {}, 'Nearest neighbours'),
    el('p', { class: 'how' }, 'Some of the test ' + set.noun + ', each before those with the most similar embedding, the nearest first.'),
    el('p', { class: 'keys' }, ...key('same', 'same class'), ...key('other', 'another class')),
    list,
  ];
}

function mistakes(block, evaluation, set) {
  const tiles = el('div', { class: set.texts ? 'tiles texts' : 'tiles' });
  const choice = chooser(evaluation, set, (d) => (d.mistakes || []).length > 0, (detail) => show(detail));
  const show = (detail) => {
    const list = (detail && detail.mistakes) || [];
    tiles.replaceChildren(...list.map((m) => el('figure', { class: 'tile' },
      example(set, m.picture),
      el('div', {}, set.classes[m.truth] + ' → ', el('b', {}, set.classes[m.predicted])),
      (100 * m.probability).toFixed(1) + ' %')));
    if (!list.length) tiles.append('None.');
  };
  show(choice.now());
  block.append(choice.controls, tiles);
}
