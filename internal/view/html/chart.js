// Charts, and what all of them share.

const charts = [];
const narrow = () => window.innerWidth < 720;

// chart draws option() into a new element, again whenever the theme changes. The
// result's draw() is for changes of what option depends on.
function chart(label, height, option) {
  const box = el('div', { class: 'chart', role: 'img', 'aria-label': label });
  box.style.height = height(box) + 'px';
  const made = {
    box,
    start() {
      made.instance = echarts.init(box, null, { renderer: 'svg' });
      new ResizeObserver(() => made.resize()).observe(box);
      made.draw();
    },
    resize() {
      box.style.height = height(box) + 'px';
      made.instance.resize();
      made.draw();
    },
    draw() {
      made.instance.setOption(Object.assign(common(), option(box)), { notMerge: true });
      // Paper may be narrower than the window: the style sheet scales what has this.
      const drawing = box.querySelector('svg');
      if (drawing) drawing.setAttribute('viewBox', '0 0 ' + drawing.getAttribute('width') + ' ' + drawing.getAttribute('height'));
    },
  };
  charts.push(made);
  return made;
}

function common() {
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: colour('ink') },
    tooltip: {
      backgroundColor: colour('paper'), borderColor: colour('line'), textStyle: { color: colour('ink') },
      confine: true, transitionDuration: 0, formatter: (p) => (p.data && p.data.tip ? p.data.tip() : ''),
    },
  };
}

// tip is what the pointer shows: nodes, never markup.
function tip(title, ...lines) {
  const node = el('div', { class: 'tip' }, el('b', {}, title));
  for (const line of lines) if (line) node.append(el('br'), line);
  return node;
}

// axis has ticks at the places of ticks, or where the library wants them.
function axis(name, extra) {
  const y = extra && extra.y;
  return Object.assign({
    type: 'value', name,
    nameLocation: y ? 'end' : 'middle', nameGap: y ? 12 : 30,
    nameTextStyle: { color: colour('muted'), fontSize: 13, align: y ? 'left' : 'center', padding: 0 },
    axisLine: { show: !y, lineStyle: { color: colour('muted') } },
    axisTick: { show: !y, lineStyle: { color: colour('muted') } },
    axisLabel: { color: colour('muted'), fontSize: 12, hideOverlap: true },
    splitLine: { show: !!y, lineStyle: { color: colour('line') } },
  }, extra);
}

// ticksAt puts ticks at given places of an axis.
function ticksAt(places, text) {
  return {
    axisTick: { show: true, customValues: places, lineStyle: { color: colour('muted') } },
    axisLabel: { color: colour('muted'), fontSize: 12, customValues: places, formatter: text, hideOverlap: true },
  };
}

const frame = (extra) => Object.assign({ left: 8, right: 16, top: 34, bottom: 44, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' }, extra);

// range leaves some air around values, inside of hard limits.
function range(values, lowest, highest) {
  const lo = Math.min(...values), hi = Math.max(...values);
  const air = 0.06 * (hi - lo) || 0.05 * Math.abs(hi) || 0.1;
  const step = niceStep((hi - lo + 2 * air) / 7);
  // Products of a step like 0.05 have digits that no label should show.
  const at = (k) => Number((k * step).toPrecision(12));
  return {
    min: Math.max(lowest ?? -Infinity, at(Math.floor((lo - air) / step))),
    max: Math.min(highest ?? Infinity, at(Math.ceil((hi + air) / step))),
    interval: step,
  };
}

function niceStep(x) {
  const power = 10 ** Math.floor(Math.log10(x));
  return power * [1, 2, 5, 10].find((m) => m * power >= x * 0.999);
}

// whiskers draws vertical intervals: data [x, lo, hi].
function whiskers(name, points, look) {
  return {
    type: 'custom', name, data: points, silent: true, z: 2, clip: true,
    renderItem(_, api) {
      const [x, lo] = api.coord([api.value(0), api.value(1)]);
      const hi = api.coord([api.value(0), api.value(2)])[1];
      const line = (x1, y1, x2, y2) => ({ type: 'line', shape: { x1, y1, x2, y2 }, style: { stroke: look.colour, lineWidth: 1.5 } });
      return { type: 'group', children: [line(x, lo, x, hi), line(x - 4, lo, x + 4, lo), line(x - 4, hi, x + 4, hi)] };
    },
  };
}

// legend is a list of buttons that hide what they name. It is no part of the
// chart, so that it takes the room that it needs and can be reached by keyboard.
function legend(items, redraw) {
  const hidden = new Set();
  const list = el('ul', { class: 'legend' });
  const show = () => {
    list.replaceChildren(...items().map(({ name, look }) => {
      const button = el('button', {
        type: 'button', title: name, 'aria-pressed': String(!hidden.has(name)),
        onclick() {
          if (!hidden.delete(name)) hidden.add(name);
          button.setAttribute('aria-pressed', String(!hidden.has(name)));
          redraw();
        },
      }, swatch(look), el('span', {}, name));
      return el('li', {}, button);
    }));
  };
  themed.push(show);
  return { list, show, has: (name) => !hidden.has(name) };
}

// themed is called when colours have changed.
const themed = [];

function recolour() {
  for (const show of themed) show();
  for (const made of charts) made.draw();
}
