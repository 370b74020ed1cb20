/* bowl.js - chapter 6: one answer rolls to its target; a sign can be flipped.
   The two lines of code are evaluated as they stand in their fields. */

engineHere.then(E => {
  const ETA = 4, X = r => 50 + 540 * (r + 2) / 4, Y = l => 330 - 300 * l / 13;
  const svg = $('bowl-picture'), name = E.name('point'), grad = E.doubles(2);
  const lines = { gap: $('bowl-gap'), slope: $('bowl-slope') };
  const asPrinted = { gap: lines.gap.value, slope: lines.slope.value };
  let ratio = -0.6;

  /* the header's own loss and slope */
  const target = () => E.raw.target(ETA, win.get(), 0.5 * ETA);
  const header = r => {
    const loss = E.raw.pair_loss(name, r, 0, win.get(), ETA, grad.at);
    return { loss, slope: grad.all()[0] };
  };
  /* the reader's: loss is gap squared, as in the header's last line */
  function reader(r) {
    const names = ['ratio', 'target'];
    const gap = Function(...names, `return (${lines.gap.value});`)(r, target());
    const slope = Function(...names, 'gap', `return (${lines.slope.value});`)(r, target(), gap);
    if (typeof gap !== 'number' || typeof slope !== 'number') throw new Error('not a number');
    return { loss: gap * gap, slope };
  }
  const difference = (f, r, h = 1e-5) => (f(r + h).loss - f(r - h).loss) / (2 * h);

  /* what each test of the header looks at */
  const near = (a, b, tolerance = 1e-6) => Math.abs(a - b) <= tolerance * (1 + Math.abs(b));
  const at = [-1.3, -0.4, 0.2, 0.9];
  const TESTS = {
    'test-slope': () => at.every(r => near(reader(r).slope, difference(reader, r))),
    'test-value': () => at.every(r => near(reader(r).loss, header(r).loss)),
    'test-zero': () => near(reader(target()).loss, 0) && near(reader(target()).slope, 0),
    'test-first': () => near(reader(0).slope, -2 * target())
  };

  draw(svg, 'path', { class: 'grid', d: 'M50 330H590' });
  for (const r of [-2, -1, 0, 1, 2])
    draw(svg, 'text', { x: X(r), y: 352, 'text-anchor': 'middle', class: 'quiet' }, minus(r));
  draw(svg, 'text', { x: 590, y: 376, 'text-anchor': 'end', class: 'quiet' }, 'log-ratio');
  draw(svg, 'text', { x: 36, y: 24, class: 'quiet' }, 'loss');
  const aim = draw(svg, 'path', { class: 'soft-line' });
  const sayAim = draw(svg, 'text', { y: 46, class: 'say-up' });
  const curve = draw(svg, 'path', { class: 'up-line' });
  const arrow = draw(svg, 'path', { class: 'cross', 'stroke-width': 3 });
  const sayArrow = draw(svg, 'text', {});
  const ball = draw(svg, 'circle', { r: 8.5, class: 'up-dot' });

  function picture() {
    const points = [], t = target(), now = reader(ratio);
    for (let r = -2; r <= 2.001; r += 0.05)
      if (reader(r).loss <= 13.3) points.push([X(r), Y(reader(r).loss)]);
    put(curve, { d: path(points) });
    put(aim, { d: `M${X(t)} 32V330` });
    const left = X(t) > 420;
    put(sayAim, { x: X(t) + (left ? -9 : 9), 'text-anchor': left ? 'end' : 'start' });
    sayAim.textContent = `target ${fixed(t, 2)}`;
    const x = X(ratio), y = Y(Math.min(now.loss, 13)), way = -Math.sign(now.slope);
    put(ball, { cx: x, cy: y });
    const tip = clamp(x + way * (14 + clamp(Math.abs(now.slope) * 26, 0, 150)), 14, 626);
    const flat = Math.abs(now.slope) < 0.04;
    put(arrow, { d: flat ? '' : `M${x + way * 14} ${y}H${tip}m${-way * 9} -7l${way * 9} 7l${-way * 9} 7` });
    put(sayArrow, { class: way > 0 ? 'say-up' : 'say-down', x: x + way * 14, y: y - 15,
      'text-anchor': way > 0 ? 'start' : 'end' });
    sayArrow.textContent = flat ? '' : way > 0 ? 'more probable' : 'less probable';
    $('bowl-coded').textContent = fixed(now.slope, 6);
    $('bowl-difference').textContent = fixed(difference(reader, ratio), 6);
    $('bowl-header').textContent = fixed(header(ratio).slope, 6);
  }
  function update() {
    let words = '';
    try {
      picture();
    } catch (e) {
      words = `These lines are not an expression: ${e.message}.`;
    }
    const good = {};
    for (const id in TESTS) {
      try { good[id] = TESTS[id](); } catch (e) { good[id] = false; }
      const verdict = $(id).firstElementChild;
      verdict.textContent = good[id] ? 'passed' : 'FAILED';
      verdict.className = good[id] ? 'up' : 'down';
    }
    if (!words)
      words = Object.values(good).every(Boolean)
        ? 'All is well: the slope that is coded is the slope of the loss, and its zero is at the target.'
        : good['test-slope']
          ? 'The bowl stands in the wrong place. Loss and slope are wrong together, so the slope agrees with the differences; the checks that know the formula or the target fail.'
          : 'The slope is not that of the loss: the differences see it at once.';
    $('bowl-says').textContent = words;
  }
  const win = dial('bowl-win', 2, update);
  const place = dial('bowl-ratio', 2, v => { ratio = v; update(); });
  const go = r => { ratio = clamp(r, -2, 2); place.set(ratio); update(); };
  $('bowl-step').addEventListener('click', () => {
    try { go(ratio - 0.15 * reader(ratio).slope); } catch (e) { update(); }
  });
  $('bowl-begin').addEventListener('click', () => go(0));
  $('bowl-best').addEventListener('click', () => { win.set(clamp(Math.max(...judged.win), 0.1, 0.9)); update(); });
  $('bowl-worst').addEventListener('click', () => { win.set(clamp(Math.min(...judged.win), 0.1, 0.9)); update(); });
  for (const key in lines) {
    lines[key].addEventListener('input', update);
    $(`bowl-flip-${key}`).addEventListener('click', () => {
      const text = lines[key].value;
      lines[key].value = key === 'gap'
        ? text.includes('-') ? text.replace('-', '+') : text.replace('+', '-')
        : text.startsWith('-') ? text.slice(1) : `-${text}`;
      update();
    });
  }
  $('bowl-restore').addEventListener('click', () => {
    for (const key in lines) lines[key].value = asPrinted[key];
    update();
  });
  svg.addEventListener('pointerdown', e => { svg.setPointerCapture(e.pointerId); drag(e); });
  svg.addEventListener('pointermove', e => { if (svg.hasPointerCapture(e.pointerId)) drag(e); });
  function drag(e) {
    const q = new DOMPoint(e.clientX, e.clientY).matrixTransform(svg.getScreenCTM().inverse());
    go(Math.round(100 * ((q.x - 50) / 540 * 4 - 2)) / 100);
  }
  update();
});
