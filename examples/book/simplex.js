/* simplex.js - policies over three answers as points of a triangle */

/* steps of a method of `sppo game`, by the header: points and gaps. */
function playGame(E, { method = 0, eta, alpha = 0, steps, P, start }) {
  const n = start.length;
  const room = { P: E.doubles(n * n), start: E.doubles(n), last: E.doubles(n * steps),
    mean: E.doubles(n * steps), gap: E.doubles(2 * steps) };
  room.P.all().set(P.flat());
  room.start.all().set(start);
  E.raw.play_game(method, eta, alpha, steps, n, room.P.at, room.start.at,
    room.last.at, room.mean.at, room.gap.at);
  const rows = a => upTo(steps).map(t => [...a.all().subarray(n * t, n * t + n)]);
  const gap = [...room.gap.all()];
  const run = { last: rows(room.last), mean: rows(room.mean),
    gapLast: gap.filter((_, i) => i % 2 === 0), gapMean: gap.filter((_, i) => i % 2) };
  for (const key in room) E.raw.leave(room[key].at);
  return run;
}

/* The picture of a run: show(run, n) draws its first n steps.  moved(start) is
   called when the reader drags the first policy elsewhere. */
function simplexPicture(svg, corners, moved) {
  const LEFT = 50, RIGHT = 550, BASE = 462, TOP = 29;
  const at = p => [LEFT + (RIGHT - LEFT) * (p[1] + p[2] / 2), BASE - (BASE - TOP) * p[2]];

  svg.textContent = '';
  draw(svg, 'path', { class: 'frame', d: `M${LEFT} ${BASE}H${RIGHT}L300 ${TOP}Z` });
  const wind = draw(svg, 'path', { class: 'wind' });
  for (const [x, y, anchor, i] of [[LEFT - 6, BASE + 25, 'start', 0],
    [RIGHT + 6, BASE + 25, 'end', 1], [300, TOP - 11, 'middle', 2]])
    draw(svg, 'text', { x, y, 'text-anchor': anchor }, corners[i]);
  const last = draw(svg, 'path', { class: 'down-line' });
  const mean = draw(svg, 'path', { class: 'up-line' });
  const cross = draw(svg, 'path', { class: 'cross' });
  const dotLast = draw(svg, 'circle', { r: 6.5, class: 'down-dot' });
  const dotMean = draw(svg, 'circle', { r: 6.5, class: 'up-dot' });
  const handle = draw(svg, 'g', { class: 'handle', tabindex: 0, role: 'slider',
    'aria-label': `First policy: share of ${corners[0]} in percent`,
    'aria-valuemin': 2, 'aria-valuemax': 96 });
  draw(handle, 'circle', { r: 24, class: 'hit' });
  draw(handle, 'circle', { r: 9.5, class: 'ring' });
  let start = [1 / 3, 1 / 3, 1 / 3];

  function begin(from, nash, step) {
    start = from;
    const [x, y] = at(start);
    put(handle, { transform: `translate(${x} ${y})`,
      'aria-valuenow': Math.round(100 * start[0]),
      'aria-valuetext': corners.map((c, i) => `${c} ${Math.round(100 * start[i])} percent`).join(', ') });
    const c = nash && at(nash);
    put(cross, { d: c ? `M${c[0] - 7} ${c[1]}h14M${c[0]} ${c[1] - 7}v14` : '' });
    let d = '';
    for (let i = 1; step && i < 15; i++)
      for (let j = 1; j < 15 - i; j++) {
        const p = [i / 15, j / 15, (15 - i - j) / 15], a = at(p), b = at(step(p));
        const x = b[0] - a[0], y = b[1] - a[1], n = Math.hypot(x, y) || 1;
        const far = 7 * Math.min(1, n / 1.4) / n;
        d += `M${(a[0] - x * far).toFixed(1)} ${(a[1] - y * far).toFixed(1)}` +
          `L${(a[0] + x * far).toFixed(1)} ${(a[1] + y * far).toFixed(1)}`;
      }
    put(wind, { d });
  }
  function show(run, n) {
    put(last, { d: path(run.last.slice(0, n).map(at)) });
    put(mean, { d: path(run.mean.slice(0, n).map(at)) });
    const [a, b] = [at(run.last[n - 1]), at(run.mean[n - 1])];
    put(dotLast, { cx: a[0], cy: a[1] });
    put(dotMean, { cx: b[0], cy: b[1] });
  }
  function moveTo(p) {                    // none below 2 percent
    const low = 0.02, q = p.map(x => Math.max(0, x)), s = q[0] + q[1] + q[2];
    moved(q.map(x => low + (1 - 3 * low) * x / s));
  }
  handle.addEventListener('pointerdown', e => {
    handle.setPointerCapture(e.pointerId);
    e.preventDefault();
    handle.focus();
  });
  handle.addEventListener('pointermove', e => {
    if (!handle.hasPointerCapture(e.pointerId)) return;
    const q = new DOMPoint(e.clientX, e.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const c = (BASE - q.y) / (BASE - TOP), b = (q.x - LEFT) / (RIGHT - LEFT) - c / 2;
    moveTo([1 - b - c, b, c]);
  });
  handle.addEventListener('keydown', e => {
    const d = { ArrowLeft: [0.02, -0.02, 0], ArrowRight: [-0.02, 0.02, 0],
      ArrowUp: [-0.01, -0.01, 0.02], ArrowDown: [0.01, 0.01, -0.02] }[e.key];
    if (!d) return;
    e.preventDefault();
    moveTo(start.map((x, i) => x + d[i]));
  });
  return { begin, show };
}

/* Gaps over steps, both axes logarithmic; bound(t) or null. */
function gapPicture(svg, steps, bound) {
  const X = t => 44 + 396 * Math.log(t) / Math.log(steps);
  const Y = g => 8 + 84 * clamp(-Math.log10(Math.max(g, 1e-3)), 0, 3) / 3;

  svg.textContent = '';
  for (const [g, word] of [[1, '1'], [0.1, '0.1'], [0.01, '0.01'], [0.001, '']]) {
    draw(svg, 'path', { class: 'grid', d: `M44 ${Y(g)}H440` });
    draw(svg, 'text', { x: 38, y: Y(g) + 5, 'text-anchor': 'end', class: 'quiet' }, word);
  }
  for (let t = 1; t <= steps; t *= 10)
    draw(svg, 'text', { x: X(t), y: 112, class: 'quiet',
      'text-anchor': t > 1 ? 'middle' : 'start' }, t > 1 ? t : 'step 1');
  const promise = draw(svg, 'path', { class: 'soft-line' });
  const last = draw(svg, 'path', { class: 'down-line', style: 'opacity:1' });
  const mean = draw(svg, 'path', { class: 'up-line' });
  const sayLast = draw(svg, 'text', { x: 450, class: 'say-down' });
  const sayMean = draw(svg, 'text', { x: 450, class: 'say-up' });
  const curve = (values, n) => {         // no two points nearer than a pixel
    const points = [];
    for (let t = 1; t <= n; t++)
      if (!points.length || X(t) - points[points.length - 1][0] > 0.8 || t === n)
        points.push([X(t), Y(values[t - 1])]);
    return path(points);
  };
  return {
    show(run, n) {
      if (bound) {
        const points = [];
        for (let t = 1; t <= steps; t *= 1.06) points.push([X(t), Y(bound(Math.round(t)))]);
        put(promise, { d: path(points) });
      }
      put(last, { d: curve(run.gapLast, n) });
      put(mean, { d: curve(run.gapMean, n) });
      const l = run.gapLast[n - 1], m = run.gapMean[n - 1];
      const order = Y(l) <= Y(m), high = Math.min(Y(order ? l : m) + 5, 70);
      const low = Math.max(Y(order ? m : l) + 5, high + 19);
      put(sayLast, { y: order ? high : low });
      put(sayMean, { y: order ? low : high });
      const digits = g => g < 0.0995 ? 3 : 2;
      sayLast.textContent = `last ${l.toFixed(digits(l))}`;
      sayMean.textContent = `average ${m.toFixed(digits(m))}`;
    }
  };
}

/* ---- the first screen ---- */

const CIRCLE = [[0.5, 0, 1], [1, 0.5, 0], [0, 1, 0.5]];   // rock, paper, scissors

engineHere.then(E => {
  const STEPS = 1500, WHOLE = 12000, BEND = 1.8;   // milliseconds; slow at first
  const third = [1 / 3, 1 / 3, 1 / 3];
  let start = [0.56, 0.29, 0.15], run, shown = 1, playing = false, before = 0;
  const picture = simplexPicture($('start-simplex'),
    ['always rock', 'always paper', 'always scissors'], p => { start = p; pause(); begin(STEPS); });
  const gaps = gapPicture($('start-gaps'), STEPS, t =>
    E.raw.gap_bound(-Math.log(Math.min(...start)), eta.get(), t));
  const eta = dial('start-eta', 2, () => { pause(); begin(STEPS); });

  function show(n) {
    shown = clamp(n, 1, STEPS);
    picture.show(run, Math.round(shown));
    gaps.show(run, Math.round(shown));
  }
  function begin(from) {
    run = playGame(E, { eta: eta.get(), steps: STEPS, P: CIRCLE, start });
    picture.begin(start, third, p =>
      playGame(E, { eta: 0.05, steps: 2, P: CIRCLE, start: p }).last[1]);
    show(from);
  }
  function name() {
    $('start-play').textContent = playing ? 'Pause' : 'Play';
    $('start-play').disabled = !playing && shown >= STEPS;
  }
  function pause() { playing = false; name(); }
  function tick(now) {
    if (!playing) return;
    show(STEPS * ((shown / STEPS) ** (1 / BEND) + Math.min(100, now - before) / WHOLE) ** BEND);
    before = now;
    if (shown >= STEPS) pause(); else requestAnimationFrame(tick);
  }
  function go() {
    playing = true;
    name();
    requestAnimationFrame(now => { before = now; tick(now); });
  }
  $('start-play').addEventListener('click', () => { if (playing) pause(); else go(); });
  $('start-again').addEventListener('click', () => { show(1); go(); });
  if (still.matches) { begin(STEPS); name(); } else { begin(1); go(); }
});
