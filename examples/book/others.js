/* others.js - chapter 8: the plane of two log-ratios, each loss a bowl over it;
   chapter 9: three preference heads learn the reader's square. */

/* ---- chapter 8 ---- */

/* The lines of a level through a grid of values: f[j][i] at (x(i), y(j)). */
function contour(f, level, x, y) {
  const cut = (a, b) => (level - a) / (b - a);
  let d = '';
  for (let j = 0; j + 1 < f.length; j++)
    for (let i = 0; i + 1 < f[j].length; i++) {
      const [a, b, c, e] = [f[j][i], f[j][i + 1], f[j + 1][i + 1], f[j + 1][i]];
      const ends = [];
      if (a < level !== b < level) ends.push([i + cut(a, b), j]);
      if (b < level !== c < level) ends.push([i + 1, j + cut(b, c)]);
      if (e < level !== c < level) ends.push([i + cut(e, c), j + 1]);
      if (a < level !== e < level) ends.push([i, j + cut(a, e)]);
      for (let k = 0; k + 1 < ends.length; k += 2)
        d += `M${x(ends[k][0]).toFixed(1)} ${y(ends[k][1]).toFixed(1)}` +
          `L${x(ends[k + 1][0]).toFixed(1)} ${y(ends[k + 1][1]).toFixed(1)}`;
    }
  return d;
}

/* slopes: as in the header, in the page's language, for the reader to break */
const PLANE_LOSSES = {
  pair: { title: 'SPPO, Eq 4.12', soft: true,
    slopes: ['2 * (r_w - eta * (p - 0.5))', '2 * (r_l - eta * ((1 - p) - 0.5))'] },
  hard: { title: 'SPPO, sure label, Sec 4.5',
    slopes: ['2 * (r_w - eta * 0.5)', '2 * (r_l + eta * 0.5)'] },
  dpo: { title: 'DPO, Eq 4.13',
    slopes: ['-sigma(-(r_w - r_l) / eta) / eta', 'sigma(-(r_w - r_l) / eta) / eta'] },
  ipo: { title: 'IPO, Eq 4.14',
    slopes: ['2 * (r_w - r_l - eta)', '-2 * (r_w - r_l - eta)'] },
  kto: { title: 'KTO, Eq 4.15, c = 0',
    slopes: ['-sigma(-r_w / eta) * sigma(r_w / eta) / eta',
      'sigma(r_l / eta) * sigma(-r_l / eta) / eta'] },
  gap: { title: 'REBEL\u2019s difference', soft: true,
    slopes: ['2 * (r_w - r_l - eta * (2 * p - 1))', '-2 * (r_w - r_l - eta * (2 * p - 1))'] },
  dno: { title: 'DNO\u2019s cross-entropy', soft: true,
    slopes: ['(sigma((r_w - r_l) / eta) - p) / eta', '(p - sigma((r_w - r_l) / eta)) / eta'] }
};

engineHere.then(E => {
  const ETA = 1, LOW = -2.5, HIGH = 1.5, N = 48, RATE = 0.05;
  const SIDE = 500, LEFT = 56, TOP = 14;
  const X = r => LEFT + SIDE * (r - LOW) / (HIGH - LOW);
  const Y = r => TOP + SIDE * (HIGH - r) / (HIGH - LOW);
  const svg = $('plane-picture'), room = E.doubles(2);
  const names = Object.fromEntries(Object.keys(PLANE_LOSSES).map(k => [k, E.name(k)]));
  const theta = E.doubles(2), shared = E.doubles(3);
  const lines = [$('plane-slope-w'), $('plane-slope-l')];
  let at = [0, 0], trail = [[0, 0]], rolling = 0;

  const which = $('plane-loss');
  for (const key in PLANE_LOSSES)
    element(which, 'option', { value: key }, PLANE_LOSSES[key].title);
  const tied = () => $('plane-shared').checked;

  /* the header's loss and gradient */
  function header(w, l) {
    const loss = which.value === 'kto'
      ? E.raw.kto_loss(w, l, 0, ETA, room.at)
      : E.raw.pair_loss(names[which.value], w, l, p.get(), ETA, room.at);
    const [gw, gl] = room.all();
    return { loss, grad: [gw, gl] };
  }

  /* ---- the picture, from the back to the front ---- */
  const clip = draw(draw(svg, 'defs', {}), 'clipPath', { id: 'plane-inside' });
  draw(clip, 'rect', { x: LEFT, y: TOP, width: SIDE, height: SIDE });
  const inside = draw(svg, 'g', { 'clip-path': 'url(#plane-inside)' });
  draw(inside, 'path', { class: 'frame', d: `M${X(0)} ${TOP}v${SIDE}M${LEFT} ${Y(0)}h${SIDE}` });
  const levels = draw(inside, 'path', { class: 'wind' });
  const floor = draw(inside, 'path', { class: 'soft-line' });
  const wind = draw(inside, 'path', { class: 'cross', opacity: 0.55 });
  const walked = draw(inside, 'path', { class: 'up-line' });
  draw(svg, 'rect', { x: LEFT, y: TOP, width: SIDE, height: SIDE, class: 'frame' });
  for (let r = -2; r <= 1; r++) {
    draw(svg, 'text', { x: X(r), y: TOP + SIDE + 22, 'text-anchor': 'middle', class: 'quiet' }, minus(r));
    draw(svg, 'text', { x: LEFT - 8, y: Y(r) + 5, 'text-anchor': 'end', class: 'quiet' }, minus(r));
  }
  draw(svg, 'text', { x: LEFT + SIDE, y: TOP + SIDE + 46, 'text-anchor': 'end', class: 'quiet' },
    'log-ratio of the winner');
  draw(svg, 'text', { x: 14, y: TOP, 'text-anchor': 'end', class: 'quiet',
    transform: `rotate(-90 14 ${TOP})` }, 'log-ratio of the loser');
  draw(svg, 'text', { x: X(1.46), y: Y(-2.4), 'text-anchor': 'end', class: 'say-up' },
    'winner up, loser down');
  const ball = draw(svg, 'g', { class: 'handle', tabindex: 0, role: 'slider',
    'aria-label': 'The two log-ratios: arrows move them', 'aria-valuemin': LOW,
    'aria-valuemax': HIGH });
  draw(ball, 'circle', { r: 24, class: 'hit' });
  draw(ball, 'circle', { r: 9.5, class: 'ring' });

  function bowl() {
    const value = i => LOW + (HIGH - LOW) * i / N, all = [];
    for (let j = 0; j <= N; j++)
      all.push(upTo(N + 1).map(i => header(value(i), value(j)).loss));
    const least = Math.min(...all.flat()), most = Math.max(...all.flat());
    const draws = level => contour(all, level, i => X(value(i)), j => Y(value(j)));
    put(levels, { d: upTo(11).map(i =>
      draws(least + (most - least) * ((i + 1) / 11.5) ** 2)).join('') });
    put(floor, { d: draws(least + (most - least) * 0.0012) });
    let d = '';
    for (let i = 1; i < 12; i++)
      for (let j = 1; j < 12; j++) {
        const w = LOW + (HIGH - LOW) * i / 12, l = LOW + (HIGH - LOW) * j / 12;
        const g = header(w, l).grad, n = Math.hypot(...g);
        if (n < 0.012) continue;
        const far = 17 * Math.min(1, 0.35 + n / 3) / n;
        const x = X(w), y = Y(l), dx = -g[0] * far, dy = g[1] * far;
        d += `M${x.toFixed(1)} ${y.toFixed(1)}l${dx.toFixed(1)} ${dy.toFixed(1)}` +
          `m${(-dx * 0.35 - dy * 0.22).toFixed(1)} ${(-dy * 0.35 + dx * 0.22).toFixed(1)}` +
          `l${(dx * 0.35 + dy * 0.22).toFixed(1)} ${(dy * 0.35 - dx * 0.22).toFixed(1)}` +
          `l${(-dx * 0.35 + dy * 0.22).toFixed(1)} ${(-dy * 0.35 - dx * 0.22).toFixed(1)}`;
      }
    put(wind, { d });
  }

  function say() {
    const [w, l] = at, g = header(...at).grad, title = PLANE_LOSSES[which.value].title;
    const [gw, gl] = header(0.3, 0.9).grad;      // only the difference counts?
    const times = r => Math.exp(r).toFixed(2);
    const where = `The winner is ${times(w)} times as probable as it was, the loser ${times(l)} times${
      Math.min(w, l) < LOW || Math.max(w, l) > HIGH ? ', beyond the picture' : ''}.`;
    if (w === 0 && l === 0)
      return g[0] < 0 && g[1] > 0
        ? `${title}, at the beginning: the winner is pushed up and the loser down. Every loss here begins so; roll, and see where each ends.`
        : `${title}: with P = 1/2 there is nothing to learn, and the two stay.`;
    if (Math.hypot(...g) > 1e-3)
      return `${where} Slope in the winner ${fixed(g[0], 3)}, in the loser ${fixed(g[1], 3)}${
        Math.abs(gw + gl) < 1e-9 ? ': as much one way as the other, for only the difference counts' : ''}.`;
    return Math.abs(gw + gl) < 1e-9
      ? `${where} The slope is gone, all along the valley: only the difference counts, ${fixed(w - l, 2)}, not where the two are.`
      : `${where} The slope is gone: this is where the loss wants the two, and no other place will do.`;
  }
  function place() {
    const [w, l] = at.map(r => clamp(r, LOW, HIGH));
    put(ball, { transform: `translate(${X(w)} ${Y(l)})`, 'aria-valuenow': fixed(at[0], 2),
      'aria-valuetext': `winner ${fixed(at[0], 2)}, loser ${fixed(at[1], 2)}` });
    put(walked, { d: trail.length > 1 ? path(trail.map(([a, b]) => [X(a), Y(b)])) : '' });
    $('plane-at').textContent = `${fixed(at[0], 3)}, ${fixed(at[1], 3)}`;
    const now = header(...at);
    $('plane-value').textContent = fixed(now.loss, 4);
    check(now);
    $('plane-says').textContent = say();
  }

  /* ---- the reader's slopes against finite differences of the header's loss ---- */
  const sigma = x => E.raw.sigmoid(x);
  const reader = (k, w, l) => {
    const value = Function('r_w', 'r_l', 'eta', 'p', 'sigma', `return (${lines[k].value});`)(
      w, l, ETA, p.get(), sigma);
    if (typeof value !== 'number') throw new Error('not a number');
    return value;
  };
  const difference = (k, w, l, h = 1e-5) => k === 0
    ? (header(w + h, l).loss - header(w - h, l).loss) / (2 * h)
    : (header(w, l + h).loss - header(w, l - h).loss) / (2 * h);
  const PLACES = [[-1.3, 0.4], [0.2, -0.7], [0.9, 0.6], [-0.4, -1.9]];
  function check() {
    for (const k of [0, 1]) {
      const id = 'wl'[k];
      let good = false, coded = 'no number';
      try {
        coded = fixed(reader(k, ...at), 6);
        good = [at, ...PLACES].every(([w, l]) =>
          Math.abs(reader(k, w, l) - difference(k, w, l)) < 1e-6);
      } catch (e) { coded = `no expression: ${e.message}`; }
      $(`plane-coded-${id}`).textContent = coded;
      $(`plane-difference-${id}`).textContent = fixed(difference(k, ...at), 6);
      const verdict = $(`plane-test-${id}`);
      verdict.textContent = good ? 'passed' : 'FAILED';
      verdict.className = good ? 'up' : 'down';
    }
  }

  /* ---- moving ---- */
  function step() {
    const g = header(...at).grad;
    if (tied()) {
      room.all().set(g);
      E.raw.shared_step(theta.at, room.at, RATE);
      E.raw.shared_ratios(theta.at, shared.at);
      at = [...shared.all().slice(0, 2)];
    } else at = at.map((r, k) => r - RATE * g[k]);
    trail.push(at);
    if (trail.length > 4000) trail = trail.filter((_, i) => i % 2 === 0);
  }
  function stop() {
    cancelAnimationFrame(rolling);
    rolling = 0;
    $('plane-roll').textContent = 'roll';
  }
  function go(to) {
    stop();
    theta.all().fill(0);
    at = to;
    trail = [to];
    place();
  }
  function roll(left) {
    for (let i = 0; i < 8 && left > 0; i++, left--) step();
    place();
    if (left > 0 && Math.hypot(...header(...at).grad) > 1e-4)
      rolling = requestAnimationFrame(() => roll(left));
    else stop();
  }
  $('plane-step').addEventListener('click', () => { stop(); step(); place(); });
  $('plane-roll').addEventListener('click', () => {
    if (rolling) return stop();
    if (still.matches) {
      for (let i = 0; i < 3000; i++) step();
      return place();
    }
    $('plane-roll').textContent = 'stop';
    roll(3000);
  });
  $('plane-begin').addEventListener('click', () => go([0, 0]));
  $('plane-low').addEventListener('click', () => {
    $('plane-shared').checked = false;
    go([-1.5, -1.2]);
  });
  $('plane-shared').addEventListener('change', () => go([0, 0]));

  ball.addEventListener('keydown', e => {
    const d = { ArrowLeft: [-0.05, 0], ArrowRight: [0.05, 0], ArrowUp: [0, 0.05],
      ArrowDown: [0, -0.05] }[e.key];
    if (!d) return;
    e.preventDefault();
    $('plane-shared').checked = false;
    go(at.map((r, k) => Math.round(100 * clamp(r + d[k], LOW, HIGH)) / 100));
  });
  ball.addEventListener('pointerdown', e => {
    ball.setPointerCapture(e.pointerId);
    e.preventDefault();
    ball.focus();
  });
  ball.addEventListener('pointermove', e => {
    if (!ball.hasPointerCapture(e.pointerId)) return;
    const q = new DOMPoint(e.clientX, e.clientY).matrixTransform(svg.getScreenCTM().inverse());
    $('plane-shared').checked = false;
    go([LOW + (HIGH - LOW) * (q.x - LEFT) / SIDE, HIGH - (HIGH - LOW) * (q.y - TOP) / SIDE]
      .map(r => Math.round(100 * clamp(r, LOW, HIGH)) / 100));
  });

  function restore() {
    lines.forEach((line, k) => { line.value = PLANE_LOSSES[which.value].slopes[k]; });
  }
  function choose() {
    $('plane-p').disabled = !PLANE_LOSSES[which.value].soft;
    restore();
    bowl();
    go([0, 0]);
  }
  which.addEventListener('change', choose);
  const p = dial('plane-p', 2, () => { bowl(); go([0, 0]); });
  lines.forEach((line, k) => {
    line.addEventListener('input', place);
    $(`plane-flip-${'wl'[k]}`).addEventListener('click', () => {
      const text = line.value, all = text.match(/^-\((.*)\)$/);
      line.value = all ? all[1] : `-(${text})`;
      place();
    });
  });
  $('plane-restore').addEventListener('click', () => { restore(); place(); });
  choose();
});

/* ---- chapter 9 ---- */

engineHere.then(E => {
  const HANDS = ['rock', 'paper', 'scissors'], K = 3, HEADS = 3, STEPS = 200;
  const heads = upTo(HEADS).map(h => E.read(E.raw.head_name(h)));
  const room = { label: E.doubles(K), score: E.doubles(K * K), P: E.doubles(K * K) };
  const STARTS = {
    circle: (i, j) => j - i === 1 ? 0.1 : 0.9,
    order: (i, j) => j - i === 1 ? 0.75 : 0.9,
    tie: () => 0.5
  };
  let truth = null, ready = false, steps = 0, running = 0;
  let errors = heads.map(() => []);

  /* a square for each head, the numbers below it */
  const boxes = heads.map(name => {
    const box = element($('heads-said'), 'div');
    element(box, 'h4', { style: 'font: 600 0.92rem/1.4 var(--sans); margin: 0 0 0.4rem' },
      `head ${name}`);
    const grid = element(box, 'div', { class: 'square', role: 'img',
      style: `grid-template-columns: 4.2rem repeat(${K}, minmax(2.4rem, 4rem))` });
    element(grid, 'span');
    for (const hand of HANDS) element(grid, 'span', { class: 'name' }, hand);
    const cells = HANDS.map(hand => {
      element(grid, 'span', { class: 'name' }, hand);
      return HANDS.map(() => element(grid, 'span', { class: 'cell', style: 'cursor: default' }));
    });
    return { grid, cells, words: element(box, 'p', { class: 'ours' }) };
  });

  const svg = $('heads-picture');
  const X = n => 52 + 400 * n / STEPS, Y = e => 158 - 136 * clamp(e, 0, 1);
  for (const e of [0, 0.5, 1]) {
    draw(svg, 'path', { class: 'grid', d: `M52 ${Y(e)}H452` });
    draw(svg, 'text', { x: 44, y: Y(e) + 5, 'text-anchor': 'end', class: 'quiet' }, e);
  }
  draw(svg, 'text', { x: 452, y: 182, 'text-anchor': 'end', class: 'quiet' }, 'steps');
  const stepWord = draw(svg, 'text', { x: 52, y: 182, class: 'quiet' }, '');
  const curves = heads.map(name => ({
    line: draw(svg, 'path', { class: name === 'scalar' ? 'down-line' : 'up-line',
      'stroke-dasharray': name === 'embed' ? '2 6' : 'none',
      'stroke-linecap': 'round' }),
    word: draw(svg, 'text', { x: 458, class: name === 'scalar' ? 'say-down' : 'say-up' }, name)
  }));

  function read(h) {
    if (E.raw.heads_judge(h, room.score.at, room.P.at))
      throw new Error(E.read(E.raw.message()));
    return { P: [...room.P.all()], s: [...room.score.all()] };
  }
  /* the greatest distance of a probability from the reader's */
  const off = P => Math.max(...P.map((x, n) => Math.abs(x - truth[Math.floor(n / K)][n % K])));

  function show() {
    const around = [], now = heads.map((_, h) => read(h));
    now.forEach(({ P, s }, h) => {
      const box = boxes[h];
      P.forEach((x, n) => {
        const cell = box.cells[Math.floor(n / K)][n % K];
        cell.textContent = x.toFixed(2);
        cell.style.setProperty('--cell-colour', x < 0.5 ? 'var(--down)' : 'var(--up)');
        cell.style.setProperty('--strength', 2 * Math.abs(x - 0.5));
      });
      const sum = s[1] + s[K + 2] + s[2 * K];
      around.push(sum);
      put(box.grid, { 'aria-label': `${heads[h]}: ` + HANDS.map((a, i) => HANDS.map((b, j) =>
        i < j ? `${a} against ${b} ${P[i * K + j].toFixed(2)}` : '').filter(Boolean).join(', '))
        .filter(Boolean).join(', ') });
      box.words.textContent = `furthest off ${off(P).toFixed(2)}; scores around the circle add up to ${fixed(sum, 2)}; P + P\u2032 \u2212 1 is ${
        Math.max(...P.map((x, n) => Math.abs(x + P[n % K * K + Math.floor(n / K)] - 1)))}`;
      errors[h][steps] = off(P);
    });
    const last = errors.map(e => e[steps]), places = [];
    curves.forEach(({ line, word }, h) => {
      put(line, { d: path(errors[h].slice(-STEPS - 1).map((e, i) => [X(i), Y(e)])) });
      let y = Y(last[h]) + 5;
      while (places.some(q => Math.abs(q - y) < 19)) y -= 20;
      places.push(y);
      put(word, { y });
    });
    stepWord.textContent = `${steps} steps, error of P`;
    verdict(last, around);
  }
  function verdict(last, around) {
    const worst = heads[last.indexOf(Math.max(...last))];
    const s = heads.indexOf('scalar');
    $('heads-says').textContent = steps === 0
      ? 'Nothing has been learnt yet. The square above is the truth; train, and see which head can say it.'
      : last[s] > 0.05 && Math.max(...last.filter((_, h) => h !== s)) < 0.05
        ? `Pair and embed say what is in the square. Scalar is off by ${last[s].toFixed(2)} and will stay so: its scores around any circle add up to 0, so it has no circle to give.`
        : Math.max(...last) < 0.05
          ? 'All three say what is in the square: there is a number for each hand that explains it.'
          : `After ${steps} steps ${worst} is furthest off, by ${Math.max(...last).toFixed(2)}.`;
  }

  function must(code) {
    if (code) throw new Error(E.read(E.raw.message()));
  }
  function learn(n) {
    room.label.all().set([truth[0][1], truth[1][2], truth[2][0]]);
    for (let i = 0; i < n; i++) {
      heads.forEach((_, h) => {
        must(E.raw.heads_learn(h, 1, room.label.at));
      });
      steps++;
      heads.forEach((_, h) => { errors[h][steps] = off(read(h).P); });
    }
  }
  function stop() {
    cancelAnimationFrame(running);
    running = 0;
    $('heads-train').textContent = 'train 100 steps';
  }
  function train(left) {
    const now = Math.min(left, 4);
    learn(now);
    show();
    if (left > now) running = requestAnimationFrame(() => train(left - now));
    else stop();
  }
  function begin() {
    stop();
    must(E.raw.heads_begin(5));
    steps = 0;
    errors = heads.map(() => []);
    show();
  }
  const square = editableSquare($('heads-square'), HANDS, now => {
    truth = now;
    if (ready) begin();
  });
  square.fill(STARTS.circle);
  ready = true;
  begin();
  $('heads-train').addEventListener('click', () => {
    if (running) return stop();
    if (still.matches) { learn(100); return show(); }
    $('heads-train').textContent = 'stop';
    train(100);
  });
  $('heads-begin').addEventListener('click', begin);
  for (const b of document.querySelectorAll('[data-hands]'))
    b.addEventListener('click', () => square.fill(STARTS[b.dataset.hands]));
});
