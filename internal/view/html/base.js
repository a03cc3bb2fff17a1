// Small helpers: elements, numbers, colours. Text goes into the page as text
// nodes only, so that no name can be markup.

const data = JSON.parse(document.getElementById('report-data').textContent);

function el(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(properties || {})) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

function svg(tag, attributes, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// colour reads a variable of the style sheet, which follows the theme.
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
}

const colours = 8;
const symbols = ['circle', 'rect', 'triangle', 'diamond'];
const dashes = ['solid', 'dashed', 'dotted'];

// look is how number i of many is drawn: colour, shape, and lines that are broken
// where colours begin again.
function look(i) {
  return {
    colour: colour('c' + (i % colours)),
    symbol: symbols[(i + Math.floor(i / colours)) % symbols.length],
    dash: dashes[Math.floor(i / colours) % dashes.length],
  };
}

function lookOfArm(arm) {
  return look(data.arms.indexOf(arm));
}

// lookOfClass leaves out the colour of the text, which is that of a baseline.
function lookOfClass(i) {
  const n = colours - 1;
  return { colour: colour('c' + (1 + (i % n))), symbol: symbols[Math.floor(i / n) % symbols.length], dash: 'solid' };
}

const shapes = {
  circle: () => svg('circle', { cx: 8, cy: 6, r: 4.5 }),
  rect: () => svg('rect', { x: 4, y: 2, width: 8, height: 8 }),
  triangle: () => svg('path', { d: 'M8 1.5 L12.5 10.5 H3.5 Z' }),
  diamond: () => svg('path', { d: 'M8 1 L12.5 6 L8 11 L3.5 6 Z' }),
};

function swatch({ colour, symbol }) {
  const shape = shapes[symbol]();
  shape.setAttribute('fill', colour);
  return svg('svg', { class: 'swatch', width: 16, height: 12, 'aria-hidden': 'true' }, shape);
}

const minus = (text) => text.replace('-', '\u2212');

// valueText writes a value of a metric, in percent where it is a fraction.
function valueText(x, percent) {
  return minus(percent ? (100 * x).toFixed(1) : x.toFixed(3)) + (percent ? ' %' : '');
}

function intervalText(interval, percent) {
  if (!interval) return '';
  const end = (x) => minus(percent ? (100 * x).toFixed(1) : x.toFixed(3));
  return '[' + end(interval.lo) + ', ' + end(interval.hi) + ']';
}

const labelsShort = (labels) => (labels === 0 ? 'all' : labels.toLocaleString('en'));
const labelsText = (labels) => (labels === 0 ? 'all labels' : labels === 1 ? '1 label per class' : labelsShort(labels) + ' labels per class');

function flopsText(x) {
  const prefixes = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z'];
  let i = 0;
  for (; x >= 999.5 && i < prefixes.length - 1; i++) x /= 1000;
  return String(Number(x.toPrecision(3))) + ' ' + prefixes[i] + 'FLOP';
}

const unique = (list) => [...new Set(list)];

// select is a labelled choice; options are [value, text].
function select(label, options, onchange) {
  const node = el('select', { onchange: () => onchange(node.value) }, ...options.map(([value, text]) => el('option', { value }, text)));
  return el('label', {}, label, node);
}

const controls = (...children) => el('div', { class: 'controls' }, ...children);

// example is an example of a test set as a person sees it: its picture or its text;
// nothing where neither was kept.
function example(set, number) {
  if (set.pictures) return picture(set.pictures, number);
  if (set.texts) return el('span', { class: 'text' }, set.texts[number]);
  return null;
}

// picture is one of a sprite, as large as its place.
function picture(pictures, number) {
  const at = (i, n) => (n > 1 ? (100 * i) / (n - 1) : 0) + '%';
  const node = el('span', { class: 'picture ' + pictures.class, role: 'img' });
  node.style.aspectRatio = pictures.width + ' / ' + pictures.height;
  node.style.backgroundSize = 100 * pictures.columns + '% ' + 100 * pictures.rows + '%';
  node.style.backgroundPosition =
    at(number % pictures.columns, pictures.columns) + ' ' + at(Math.floor(number / pictures.columns), pictures.rows);
  return node;
}
