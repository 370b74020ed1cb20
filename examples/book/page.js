/* page.js - what every chapter uses: drawing, the theme, lighting up, the engine */
const $ = id => document.getElementById(id);
const still = matchMedia('(prefers-reduced-motion: reduce)');
const minus = text => String(text).replace('-', '\u2212');
const fixed = (x, n) => minus((Math.abs(x) < 0.5 * 10 ** -n ? 0 : x).toFixed(n));
const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
const upTo = n => [...Array(n).keys()];

function put(e, attributes) {
  for (const key in attributes) e.setAttribute(key, attributes[key]);
  return e;
}
/* draw(parent, 'circle', { r: 4 }, 'text inside') */
function draw(parent, name, attributes, text) {
  const e = put(document.createElementNS('http://www.w3.org/2000/svg', name), attributes);
  if (text !== undefined) e.textContent = text;
  return parent.appendChild(e);
}
function element(parent, name, attributes, text) {
  const e = put(document.createElement(name), attributes || {});
  if (text !== undefined) e.textContent = text;
  return parent.appendChild(e);
}
const path = points => points.map((p, i) =>
  `${i ? 'L' : 'M'}${p[0].toFixed(1)} ${p[1].toFixed(1)}`).join('');

/* ---- light and dark ---- */

const prefersDark = matchMedia('(prefers-color-scheme: dark)');
const themeNow = () => document.documentElement.dataset.theme ||
  (prefersDark.matches ? 'dark' : 'light');
function nameTheme() {
  const other = themeNow() === 'dark' ? 'Light' : 'Dark';
  $('theme').textContent = other;
  $('theme').setAttribute('aria-label', `Change to ${other.toLowerCase()} colours`);
}
$('theme').addEventListener('click', () => {
  document.documentElement.dataset.theme = themeNow() === 'dark' ? 'light' : 'dark';
  nameTheme();
});
prefersDark.addEventListener('change', nameTheme);
nameTheme();

/* ---- the list of chapters: which is in view; closes when one is chosen ---- */

const chapterList = document.querySelector('.chapters');
const inView = new IntersectionObserver(entries => {
  for (const e of entries) {
    const link = chapterList.querySelector(`a[href="#${e.target.id}"]`);
    if (!link) continue;
    if (e.isIntersecting) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
}, { rootMargin: '-45% 0px -50% 0px' });
document.querySelectorAll('.chapter').forEach(c => inView.observe(c));
chapterList.addEventListener('click', e => {
  if (e.target.closest('a')) chapterList.open = false;
});
document.addEventListener('click', e => {
  if (!chapterList.contains(e.target)) chapterList.open = false;
});
chapterList.addEventListener('keydown', e => {
  if (e.key !== 'Escape') return;
  chapterList.open = false;
  chapterList.querySelector('summary').focus();
});

/* ---- symbols: the same thing lights up in text, formula and code ---- */

document.querySelectorAll('.chapter').forEach(chapter => {
  let pinned = null;
  const light = symbol => chapter.querySelectorAll('[data-s]').forEach(e =>
    e.classList.toggle('lit', e.dataset.s === symbol));
  const under = target => {
    const e = target.closest && target.closest('[data-s]');
    return e ? e.dataset.s : null;
  };
  const press = () => chapter.querySelectorAll('.symbols button').forEach(b =>
    b.setAttribute('aria-pressed', b.dataset.s === pinned));
  chapter.addEventListener('pointerover', e => light(under(e.target) || pinned));
  chapter.addEventListener('pointerleave', () => light(pinned));
  chapter.addEventListener('focusin', e => light(under(e.target) || pinned));
  chapter.addEventListener('focusout', () => light(pinned));
  chapter.addEventListener('click', e => {       // a finger has no hover
    const symbol = under(e.target);
    if (!symbol) return;
    pinned = pinned === symbol ? null : symbol;
    press();
    light(pinned || symbol);
  });
  chapter.addEventListener('keydown', e => {
    if (e.key === 'Escape' && pinned) { light(pinned = null); press(); }
  });
  press();
});

/* ---- the header, here and in a worker ---- */

const engineBytes = unpacked($('engine-bytes').textContent);
const engineHere = engineBytes.then(bytes => openEngine(bytes));
const modelFiles = unpacked($('model-bytes').textContent).then(filesOf);

/* A worker that answers jobs: await w.ask('next', { .. }). */
async function startWorker(onProgress) {
  const source = $('engine-code').textContent + $('worker-code').textContent;
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
  const waiting = new Map();
  let last = 0;
  worker.onmessage = ({ data }) => {
    if (data.progress) return onProgress && onProgress(data.progress);
    const { ok, bad } = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error) bad(new Error(data.error)); else ok(data.result);
  };
  worker.onerror = e => waiting.forEach(({ bad }) => bad(new Error(e.message)));
  const ask = (job, data) => new Promise((ok, bad) => {
    waiting.set(++last, { ok, bad });
    worker.postMessage({ id: last, job, ...data });
  });
  const loaded = await ask('load', { engine: await engineBytes, models: await modelFiles });
  return { ask, loaded, end: () => worker.terminate() };
}

/* One for all that is not a run of its own. */
let shared = null;
const sharedWorker = () => shared || (shared = startWorker());

/* A slider with its value beside it: dial(id, digits, value => ..). */
function dial(id, digits, changed) {
  const input = $(id), out = $(`${id}-out`);
  const show = () => { out.value = fixed(+input.value, digits); };
  input.addEventListener('input', () => { show(); changed(+input.value); });
  show();
  return { get: () => +input.value, set(v) { input.value = v; show(); } };
}
