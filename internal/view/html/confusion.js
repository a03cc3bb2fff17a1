// Which classes are taken for which, and whether probabilities hold.

const detailOf = (set, arm, labels) => set.details.find((d) => d.arm === arm && d.labels === labels);

// chooser has selects for arm and label budget; changed gets the detail.
function chooser(evaluation, set, having, changed) {
  const details = set.details.filter(having);
  const arms = evaluation.arms.filter((arm) => details.some((d) => d.arm === arm));
  const budgets = unique(details.map((d) => d.labels)).sort((a, b) => (b || Infinity) - (a || Infinity));
  let arm = arms[arms.length - 1], labels = budgets[0];
  const now = () => detailOf(set, arm, labels);
  const arm_ = select('Arm', arms.map((a) => [a, a]), (a) => { arm = a; changed(now()); });
  arm_.querySelector('select').value = arm;
  const labels_ = select('Labels per class', budgets.map((b) => [b, labelsShort(b)]), (b) => { labels = Number(b); changed(now()); });
  return { controls: controls(arm_, labels_), now };
}

function errors(block, evaluation, set) {
  const choice = chooser(evaluation, set, () => true, () => { matrix.draw(); diagram.draw(); title(); });
  const heading = el('h4');
  const ece = (set.metrics || []).find((m) => m.name === 'ece');
  const title = () => {
    const d = choice.now();
    const point = d && ece && ece.points.find((p) => p.arm === d.arm && p.labels === d.labels);
    heading.textContent = 'Reliability' + (point ? ', calibration error ' + valueText(point.mean, true) : '');
  };
  const matrix = chart('Confusion matrix', (box) => Math.min(box.clientWidth || 600, 680) * 0.92, (box) => matrixOption(set, choice.now(), box));
  const diagram = chart('Reliability diagram', (box) => Math.min(box.clientWidth || 400, 420), () => reliabilityOption(choice.now()));
  title();
  block.append(choice.controls, el('div', { class: 'pair' },
    el('div', {}, el('h4', {}, 'Confusion matrix: true classes down, predicted across'), matrix.box), el('div', {}, heading, diagram.box)));
}

function matrixOption(set, detail, box) {
  const n = set.classes.length;
  const cell = ((box.clientWidth || 600) - 110) / n;
  const cells = detail ? (detail.confusion || []).flatMap((row, truth) => {
    const sum = row.reduce((a, b) => a + b, 0);
    const all = row.map((count, predicted) => matrixCell(set, truth, predicted, count, sum, cell));
    return n > 40 ? all.filter((c) => c.value[2] > 0) : all; // thousands of empty cells are slow
  }) : [];
  const names = (extra) => axis('', Object.assign({
    type: 'category', data: set.classes, axisTick: { show: false }, splitLine: { show: false }, axisLine: { show: false },
    axisLabel: { color: colour('muted'), fontSize: cell > 34 ? 12 : 10, width: narrow() ? 64 : 92, overflow: 'truncate', interval: cell < 11 ? 'auto' : 0, rotate: extra.rotate },
  }, extra));
  return {
    grid: frame({ top: 8, right: 8, bottom: 8 }),
    xAxis: names({ rotate: 45 }),
    yAxis: names({ inverse: true, rotate: 0 }),
    visualMap: { show: false, min: 0, max: 100, dimension: 2, inRange: { color: [colour('paper'), colour('heat')] } },
    series: [{ type: 'heatmap', data: cells, itemStyle: { borderColor: colour('line'), borderWidth: n > 40 ? 0 : 1 }, emphasis: { disabled: true } }],
  };
}

function matrixCell(set, truth, predicted, count, sum, size) {
  const percent = sum ? (100 * count) / sum : 0;
  const rounded = percent >= 0.5 ? percent.toFixed(0) : '';
  return {
    value: [predicted, truth, percent],
    label: {
      show: size > 19 && count > 0, color: percent > 80 ? colour('paper') : colour('ink'),
      fontSize: size > 40 ? 12 : 10, lineHeight: 14, formatter: size > 40 ? count.toLocaleString('en') + '\n' + (rounded || '<1') + ' %' : rounded,
    },
    tip: () => tip(set.classes[truth], truth === predicted ? 'recognised' : 'taken for ' + set.classes[predicted],
      count.toLocaleString('en') + ' of ' + sum.toLocaleString('en') + ' (' + percent.toFixed(1) + ' %)'),
  };
}

function reliabilityOption(detail) {
  const bins = (detail && detail.bins) || [];
  const most = Math.max(1, ...bins.map((b) => b.count));
  const all = bins.reduce((sum, b) => sum + b.count, 0);
  const filled = bins.filter((b) => b.count > 0);
  const percent = (name, extra) => axis(name, Object.assign({ min: 0, max: 100, interval: 20 }, extra));
  return {
    grid: frame(),
    xAxis: percent('probability of the predicted class, %', {}),
    yAxis: percent('right, %', { y: true }),
    series: [
      bars(bins.map((b) => [100 * b.lo, 100 * b.hi, (25 * b.count) / most])),
      { type: 'line', silent: true, symbol: 'none', lineStyle: { color: colour('muted'), type: 'dashed', width: 1 }, data: [[0, 0], [100, 100]] },
      {
        type: 'line', symbol: 'circle', symbolSize: 7, itemStyle: { color: colour('c1') }, lineStyle: { color: colour('c1'), width: 2 },
        data: filled.map((b) => ({
          value: [100 * b.confidence, 100 * b.accuracy],
          tip: () => tip('predicted with ' + (100 * b.confidence).toFixed(0) + ' %', (100 * b.accuracy).toFixed(0) + ' % right',
            b.count.toLocaleString('en') + ' predictions (' + ((100 * b.count) / all).toFixed(0) + ' %)'),
        })),
      },
    ],
  };
}

// bars show how many predictions are in each bin: data [from, to, height].
function bars(points) {
  const fill = colour('line');
  return {
    type: 'custom', silent: true, z: 0, data: points,
    renderItem(_, api) {
      const [x, y] = api.coord([api.value(0), api.value(2)]);
      const [right, bottom] = api.coord([api.value(1), 0]);
      return { type: 'rect', shape: { x: x + 1, y, width: Math.max(1, right - x - 2), height: bottom - y }, style: { fill } };
    },
  };
}
