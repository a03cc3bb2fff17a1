// Scores by labels and by cost, and the courses of training.

// placeOf puts label budgets on a logarithmic axis; "all labels" has no number and
// stands one step behind the others.
function placeOf(budgets) {
  const known = budgets.filter((b) => b > 0).map(Math.log10);
  const last = known.length ? Math.max(...known) : 0;
  const step = known.length > 1 ? (last - Math.min(...known)) / (known.length - 1) : 0.5;
  return (labels) => (labels > 0 ? Math.log10(labels) : last + step);
}

function metricSelect(set, redraw) {
  return select('Score', set.metrics.map((m, i) => [i, m.title]), (i) => redraw(set.metrics[i]));
}

// scoreRange is that of everything drawn; fractions do not leave 0 to 1.
function scoreRange(metric, points) {
  const values = points.flatMap((p) => [p.mean, ...(p.runs || []), ...(p.interval ? [p.interval.lo, p.interval.hi] : [])]);
  const scale = metric.percent ? 100 : 1;
  return range(values.map((v) => v * scale), 0, metric.percent ? 100 : undefined);
}

const scoreName = (metric) => metric.title + (metric.percent ? ', %' : '') + (metric.lower ? ' (lower is better)' : '');

function scoreTip(metric, point, ...more) {
  return () => tip(point.arm, ...more, valueText(point.mean, metric.percent) + ' ' + intervalText(point.interval, metric.percent),
    point.n + (point.n === 1 ? ' run' : ' runs'));
}

function efficiency(block, evaluation, set) {
  let metric = set.metrics[0];
  const keys = legend(() => evaluation.arms.map((name) => ({ name, look: lookOfArm(name) })), () => drawn.draw());
  const drawn = chart('Score by labels per class, one line per arm', () => (narrow() ? 320 : 420), () => {
    const budgets = unique(metric.points.map((p) => p.labels));
    const place = placeOf(budgets);
    const places = budgets.map(place);
    const width = Math.max(...places) - Math.min(...places) || 1;
    const scale = metric.percent ? 100 : 1;
    const arms = evaluation.arms.filter(keys.has);
    const series = arms.flatMap((arm, i) => {
      // Arms stand beside each other, so that their intervals can be seen.
      const x = (p) => place(p.labels) + (i - (arms.length - 1) / 2) * width * Math.min(0.014, 0.09 / arms.length);
      return scoreSeries(metric, arm, metric.points.filter((p) => p.arm === arm), x, scale);
    });
    return {
      grid: frame(),
      xAxis: axis('labels per class (logarithmic)', Object.assign(
        { min: Math.min(...places) - 0.08 * width, max: Math.max(...places) + 0.08 * width },
        ticksAt(places, (x) => labelsShort(budgets[nearest(places, x)])))),
      yAxis: axis(scoreName(metric), Object.assign({ y: true }, scoreRange(metric, metric.points.filter((p) => keys.has(p.arm))))),
      series,
    };
  });
  block.append(controls(metricSelect(set, (m) => { metric = m; drawn.draw(); })), keys.list, drawn.box);
}

const nearest = (places, x) => places.reduce((best, p, i) => (Math.abs(p - x) < Math.abs(places[best] - x) ? i : best), 0);

// scoreSeries are the line, the intervals and the runs of one arm.
function scoreSeries(metric, arm, points, x, scale) {
  const style = lookOfArm(arm);
  const item = { color: style.colour };
  return [
    {
      type: 'line', name: arm, z: 3, symbol: style.symbol, symbolSize: 9, itemStyle: item,
      lineStyle: { color: style.colour, width: 2, type: style.dash },
      data: points.map((p) => ({ value: [x(p), p.mean * scale], tip: scoreTip(metric, p, labelsText(p.labels)) })),
    },
    whiskers(arm, points.filter((p) => p.interval).map((p) => [x(p), p.interval.lo * scale, p.interval.hi * scale]), style),
    {
      type: 'scatter', name: arm, z: 1, symbol: style.symbol, symbolSize: 5, silent: true, itemStyle: { color: style.colour, opacity: 0.35 },
      data: points.flatMap((p) => (p.runs || []).map((v) => [x(p), v * scale])),
    },
  ];
}

// cost shows accuracy, whose most expensive part is at the largest budget.
function cost(block, evaluation, set) {
  const metric = set.metrics[0];
  const most = metric.points[metric.points.length - 1].labels;
  const points = metric.points.filter((p) => p.labels === most && set.flops[p.arm]);
  if (!points.length) return;
  const keys = legend(() => points.map((p) => ({ name: p.arm, look: lookOfArm(p.arm) })), () => drawn.draw());
  const drawn = chart('Accuracy against training operations', () => (narrow() ? 300 : 360), () => {
    const shown = points.filter((p) => keys.has(p.arm));
    const x = (p) => Math.log10(set.flops[p.arm]);
    const places = (shown.length ? shown : points).map(x);
    const air = Math.max(0.15, 0.08 * (Math.max(...places) - Math.min(...places)));
    const min = Math.min(...places) - air, max = Math.max(...places) + air;
    return {
      grid: frame({ right: 36 }),
      xAxis: axis('training operations, pre-training included (logarithmic)', Object.assign({ min, max }, ticksAt(decades(min, max), (v) => flopsText(10 ** v)))),
      yAxis: axis(scoreName(metric) + ', ' + labelsText(most), Object.assign({ y: true }, scoreRange(metric, shown.length ? shown : points))),
      series: shown.flatMap((p) => {
        const [line, bars] = scoreSeries(metric, p.arm, [p], x, 100);
        line.data[0].tip = scoreTip(metric, p, flopsText(set.flops[p.arm]));
        return [Object.assign(line, { symbolSize: 12 }), bars];
      }),
    };
  });
  block.append(keys.list, drawn.box);
}

// decades are places for ticks on a logarithmic axis, finer where it is short.
function decades(min, max) {
  const steps = max - min > 3 ? [1] : max - min > 1.2 ? [1, 3] : [1, 2, 5];
  const ticks = [];
  for (let d = Math.floor(min); d <= max; d++) for (const s of steps) ticks.push(d + Math.log10(s));
  return ticks.filter((t) => t >= min && t <= max);
}

function pretraining(block) {
  const runs = (data.pretrainings || []).filter((p) => p.epochs && p.epochs.length);
  const stages = unique(runs.map((p) => p.stage));
  const names = unique(['loss', ...runs.flatMap((p) => p.epochs.flatMap((e) => Object.keys(e.values)))]);
  let name = names[0];
  const has = (stage) => runs.some((p) => p.stage === stage && p.epochs.some((e) => name in e.values));
  const keys = legend(() => stages.filter(has).map((stage) => ({ name: stage, look: look(1 + stages.indexOf(stage)) })), () => drawn.draw());
  const drawn = chart('Values by epoch of pre-training', () => (narrow() ? 300 : 360), () => {
    const lines = runs.filter((p) => keys.has(p.stage)).map((p) => ({
      name: p.stage, look: look(1 + stages.indexOf(p.stage)), title: p.unit,
      points: p.epochs.filter((e) => name in e.values).map((e) => [e.epoch, e.values[name]]),
    }));
    return courses(lines, 'epoch', name, {});
  });
  block.append(controls(select('Value', names.map((n) => [n, n]), (n) => { name = n; keys.show(); drawn.draw(); })), keys.list, drawn.box);
}

function training(block, evaluation) {
  const runs = evaluation.trainings;
  const arms = evaluation.arms.filter((arm) => runs.some((r) => r.arm === arm));
  const budgets = unique(runs.map((r) => r.labels)).sort((a, b) => (a || Infinity) - (b || Infinity));
  let labels = budgets[0];
  const keys = legend(() => arms.map((name) => ({ name, look: lookOfArm(name) })), () => drawn.draw());
  const drawn = chart('Validation accuracy by step of training', () => (narrow() ? 300 : 360), () => {
    const lines = runs.filter((r) => r.labels === labels && keys.has(r.arm)).map((r) => ({
      name: r.arm, look: lookOfArm(r.arm), title: r.arm + ', seed ' + r.seed, best: r.best,
      points: (r.curve || []).map(([step, accuracy]) => [step, 100 * accuracy]),
    }));
    return courses(lines, 'step', 'Validation accuracy, %', { highest: 100 });
  });
  block.append(controls(select('Labels per class', budgets.map((b) => [b, labelsShort(b)]), (b) => { labels = Number(b); drawn.draw(); })), keys.list, drawn.box);
}

// courses are thin lines over time, with a dot at the best point.
function courses(lines, xName, yName, { highest }) {
  const all = lines.flatMap((l) => l.points);
  const last = Math.max(1, ...all.map((p) => p[0]));
  const first = Math.min(last, ...all.map((p) => p[0]));
  return {
    grid: frame({ right: 24 }),
    xAxis: axis(xName, { min: first === last ? first - 1 : first, max: first === last ? last + 1 : last, minInterval: 1 }),
    yAxis: axis(yName, Object.assign({ y: true }, all.length ? range(all.map((p) => p[1]), undefined, highest) : {})),
    series: lines.map((l) => ({
      type: 'line', name: l.name, lineStyle: { color: l.look.colour, width: 1.25, opacity: 0.75, type: l.look.dash },
      itemStyle: { color: l.look.colour }, symbol: l.look.symbol, clip: false,
      data: l.points.map(([x, y]) => ({
        value: [x, y], symbolSize: x === l.best ? 9 : l.points.length > 1 ? 3 : 7,
        tip: () => tip(l.title, xName + ' ' + x.toLocaleString('en'), yName + ': ' + minus(String(Number(y.toPrecision(4))))),
      })),
    })),
  };
}
