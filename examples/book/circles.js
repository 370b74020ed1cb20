/* circles.js - chapters 1 to 4: scores, lesson 00, the game, every exact
   method, the half.  All numbers are the header's. */

const DRINKS = ['tea', 'coffee', 'cocoa'];
const square3 = (ab, bc, ca) => [[0.5, ab, 1 - ca], [1 - ab, 0.5, bc], [ca, 1 - bc, 0.5]];
const GAMES = {                          // tea before coffee before cocoa before tea
  circle: square3(1, 1, 1),
  uneven: square3(0.9, 0.9, 0.8),
  faint: square3(0.6, 0.6, 0.6),
  best: square3(0.8, 0.6, 0.3)
};
const small = g => g < 5e-16 ? '0' : g < 9.5e-4 ? minus(g.toExponential(0)) : g.toFixed(3);
const share = p => p > 0 && p < 0.0005 ? '0.000' : p.toFixed(3);

/* A column of arrays in the header's memory, filled from lists. */
function roomFor(E, sizes) {
  const room = {};
  for (const key in sizes) room[key] = E.doubles(sizes[key]);
  room.put = (key, values) => { room[key].all().set(values); return room[key].at; };
  return room;
}
function nashOf(E, P) {
  const n = P.length, room = roomFor(E, { P: n * n, pi: n });
  const found = E.raw.von_neumann(room.pi.at, room.put('P', P.flat()), n);
  const pi = [...room.pi.all()];
  E.raw.leave(room.P.at);
  E.raw.leave(room.pi.at);
  return found ? pi : null;
}

/* ---- chapter 1: scores for a circle ---- */

engineHere.then(E => {
  const svg = $('score-picture'), room = roomFor(E, { P: 9, r: 3, grad: 2 });
  const PLACE = [[300, 62], [470, 318], [130, 318]], R = 44;
  const PAIRS = [[0, 1], [1, 2], [2, 0]];
  const cross = E.name('dno');           // its loss is that cross-entropy
  let turned = false, dials = [];

  const arrows = PAIRS.map(() => ({ line: draw(svg, 'path', { class: 'up-line', fill: 'none' }),
    people: draw(svg, 'text', {}), scores: draw(svg, 'text', {}) }));
  const nodes = PLACE.map(([x, y], i) => {
    draw(svg, 'circle', { cx: x, cy: y, r: R, class: 'frame', style: 'fill: var(--paper)' });
    draw(svg, 'text', { x, y: y - 4, 'text-anchor': 'middle' }, DRINKS[i]);
    return draw(svg, 'text', { x, y: y + 19, 'text-anchor': 'middle', class: 'quiet' });
  });
  const wanted = () => PAIRS.map(([a, b], i) => i === 2 && turned ? [b, a] : [a, b]);

  function missOf(scores) {
    let sum = 0, right = 0;
    for (const [a, b] of wanted()) {
      sum += E.raw.pair_loss(cross, scores[a], scores[b], sure.get(), 1, room.grad.at);
      right += scores[a] - scores[b] > 1e-6;
    }
    return { miss: sum / 3, right };
  }
  function best() {
    const P = [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5];
    for (const [a, b] of wanted()) { P[3 * a + b] = sure.get(); P[3 * b + a] = 1 - sure.get(); }
    E.raw.bradley_terry_fit(room.r.at, room.put('P', P), 3);
    return [...room.r.all()].map(r => Math.abs(r) < 1e-9 ? 0 : r);
  }
  function arrow(shape, [a, b], says, good) {
    const [x1, y1] = PLACE[a], [x2, y2] = PLACE[b], far = Math.hypot(x2 - x1, y2 - y1);
    const ux = (x2 - x1) / far, uy = (y2 - y1) / far;
    const from = [x1 + ux * (R + 6), y1 + uy * (R + 6)], to = [x2 - ux * (R + 8), y2 - uy * (R + 8)];
    put(shape.line, { class: good ? 'up-line' : 'down-line', style: 'opacity: 1; stroke-width: 3',
      d: `M${from}L${to}M${to[0] - 15 * ux + 8 * uy} ${to[1] - 15 * uy - 8 * ux}L${to}` +
        `L${to[0] - 15 * ux - 8 * uy} ${to[1] - 15 * uy + 8 * ux}` });
    const mx = (x1 + x2) / 2, my = (y1 + y2) / 2;
    const flat = Math.abs(uy) < 0.1, left = mx < 300 && !flat;
    const place = { x: flat ? mx : mx + (left ? -26 : 26), 'text-anchor': flat ? 'middle' : left ? 'end' : 'start' };
    put(shape.people, { ...place, y: flat ? my + 32 : my - 8, class: 'quiet' });
    put(shape.scores, { ...place, y: flat ? my + 55 : my + 15, class: good ? 'say-up' : 'say-down' });
    shape.people.textContent = `people ${sure.get().toFixed(2)}`;
    shape.scores.textContent = `scores ${says.toFixed(2)}${good ? '' : ' \u2717'}`;
  }
  function update() {
    if (dials.length < 3) return;
    const scores = dials.map(d => d.get()), mine = missOf(scores), fit = best(), top = missOf(fit);
    wanted().forEach((pair, i) => {
      const says = E.raw.bradley_terry(scores[pair[0]], scores[pair[1]]);
      arrow(arrows[i], pair, says, says > 0.5 + 1e-9);
    });
    nodes.forEach((n, i) => { n.textContent = fixed(scores[i], 1); });
    $('score-mine').textContent = mine.miss.toFixed(3);
    $('score-mine-right').textContent = `${mine.right} of 3`;
    $('score-best').textContent = `${top.miss.toFixed(3)}, with ${fit.map(r => fixed(r, 2)).join(', ')}`;
    $('score-best-right').textContent = `${top.right} of 3`;
    $('score-none').textContent = missOf([0, 0, 0]).miss.toFixed(3);
    $('score-says').textContent = E.raw.cyclic_share(room.P.at, 3) === 0
      ? `No circle any more: ${mine.right} of 3 arrows are right. With the best scores, ` +
        `${fit.map(r => fixed(r, 2)).join(', ')}, all three are.`
      : `${mine.right} of 3 arrows are right, and no scores get all three. The best scores that ` +
        'there are call every comparison a tie: they know nothing of this taste.';
  }
  const sure = dial('score-sure', 2, update);
  dials = upTo(3).map(i => dial(`score-${i}`, 1, update));
  $('score-fit').addEventListener('click', () => {
    best().forEach((r, i) => dials[i].set(Math.round(10 * r) / 10));
    update();
  });
  $('score-turn').addEventListener('click', () => {
    turned = !turned;
    $('score-turn').setAttribute('aria-pressed', turned);
    update();
  });
  update();
});

/* ---- chapter 1: lesson 00, line by line ---- */

engineHere.then(() => {
  const WORDS = [...DRINKS, 'please'], LAST = 400, K = 5;
  const LINES = ['the answers', 'the comparisons', 'win rates and targets', 'the fit'];
  const picture = simplexPicture($('micro-simplex'), DRINKS, () => {});
  const gaps = gapPicture($('micro-gaps'), LAST, null);
  $('micro-simplex').querySelector('.handle').remove();    // nothing to drag
  const third = [1 / 3, 1 / 3, 1 / 3];
  let E, x = 0, t, line, runs, running = 0, loss;
  const rows = upTo(K).map(() => {
    const row = element($('micro-rows'), 'tr');
    element(row, 'th', { scope: 'row' });
    return [...row.children, ...upTo(K + 3).map(() => element(row, 'td'))];
  });
  const drink = p => {                   // of 16 answers the shares of the drinks
    const s = DRINKS.map((_, i) => p.slice(4 * i, 4 * i + 4).reduce((a, b) => a + b));
    const all = s[0] + s[1] + s[2];
    return s.map(v => v / all);
  };

  async function begin() {
    running++;
    E = await openEngine(await engineBytes);
    E.raw.micro_begin();
    t = 0;
    runs = upTo(2).map(() => ({ last: [], mean: [], gapLast: [], gapMean: [] }));
    drawAnswers();
    show();
  }
  function drawAnswers() {               // lines 3 to 5; the table shows them one by one
    t = E.raw.micro_draw();
    line = 1;
    runs.forEach((run, i) => {
      run.last.push(drink(upTo(16).map(y => E.raw.micro_probability(i, y))));
      run.mean.push(drink(upTo(16).map(y => E.raw.micro_average(i, y))));
      run.gapLast.push(E.raw.micro_gap(i, 0));
      run.gapMean.push(E.raw.micro_gap(i, 1));
    });
  }
  function next() {
    if (line < 3) line++;
    else if (line === 3) { loss = E.raw.micro_fit(); line = 4; }
    else if (t < LAST) drawAnswers();
  }
  function iterate() {
    while (line < 4) next();
    if (t < LAST) drawAnswers();
  }
  function sentence() {
    const win = upTo(K).map(i => E.raw.micro_win(x, i)), at = `Iteration ${t}`;
    const top = win.indexOf(Math.max(...win));
    return [
      `${at}, line 3: the policy has answered five times. The same answer may come twice.`,
      `${at}, line 4: the judge has compared every two of them. An answer against one like it is a tie.`,
      `${at}, line 5: y${top + 1} has the highest win rate, ${win[top].toFixed(2)}; ` +
        `its target is ${fixed(E.raw.micro_target(x, top), 3)}.`,
      `${at}, line 6: twenty steps on all 64 prompts, from a loss of ${(loss || 0).toFixed(4)}. ` +
        'The log-ratios are near their targets, not at them: one table serves all answers.'
    ][line - 1];
  }
  function show() {
    rows.forEach((cells, i) => {
      const y = E.raw.micro_answer(x, i);
      cells[0].textContent = `y${i + 1} ${WORDS[y >> 2]} ${WORDS[y & 3]}`;
      upTo(K).forEach(j => { cells[1 + j].textContent = line > 1 ? E.raw.micro_judge(x, i, j).toFixed(2) : '\u00b7'; });
      cells[K + 1].textContent = line > 2 ? E.raw.micro_win(x, i).toFixed(2) : '\u00b7';
      cells[K + 2].textContent = line > 2 ? fixed(E.raw.micro_target(x, i), 3) : '\u00b7';
      cells[K + 3].textContent = line > 3 ? fixed(E.raw.micro_ratio(x, i), 3) : '\u00b7';
      cells[K + 2].className = line > 2 ? E.raw.micro_target(x, i) < 0 ? 'down' : 'up' : '';
    });
    picture.begin(third, x ? null : third);
    picture.show(runs[x], t);
    gaps.show(runs[x], t);
    $('micro-printed').textContent = E.text(E.raw.micro_printed());
    const run = runs[x];
    $('micro-says').textContent = t === LAST
      ? `After ${LAST} iterations the last policy's gap is ${run.gapLast[t - 1].toFixed(3)}, ` +
        `that of the average ${run.gapMean[t - 1].toFixed(3)}: ` +
        (x ? 'in the evening both find the best answer.' : 'in the morning only the average comes to rest.')
      : sentence();
    for (const id of ['line', 'one', 'ten', 'all'])
      $(`micro-${id}`).disabled = t >= LAST && (id !== 'line' || line === 4);
  }
  function runTo(end) {
    const mine = ++running;
    const some = () => {
      if (mine !== running) return;
      for (let i = 0; i < 10 && t < end; i++) iterate();
      show();
      if (t < end) requestAnimationFrame(some);
    };
    some();
  }
  $('micro-line').addEventListener('click', () => { running++; next(); show(); });
  $('micro-one').addEventListener('click', () => runTo(Math.min(LAST, t + 1)));
  $('micro-ten').addEventListener('click', () => runTo(Math.min(LAST, t + 10)));
  $('micro-all').addEventListener('click', () => runTo(LAST));
  $('micro-again').addEventListener('click', begin);
  for (const [i, id] of ['micro-morning', 'micro-evening'].entries())
    $(id).addEventListener('click', () => {
      x = i;
      $('micro-morning').setAttribute('aria-pressed', !i);
      $('micro-evening').setAttribute('aria-pressed', !!i);
      show();
    });
  begin();
});

/* ---- chapter 2: the policy that nothing beats ---- */

engineHere.then(E => {
  const room = roomFor(E, { P: 9, pi: 3, win: 3 }), svg = $('hunt-bars');
  const picture = simplexPicture($('hunt-simplex'), DRINKS.map(d => `always ${d}`),
    p => { pi = p; update(); });
  let pi = [0.6, 0.2, 0.2], game = 'circle', shown = false;
  const X = w => 90 + 400 * w;
  const bars = DRINKS.map((d, i) => {
    draw(svg, 'text', { x: 78, y: 52 + 58 * i, 'text-anchor': 'end' }, d);
    return { bar: draw(svg, 'rect', { x: X(0), y: 26 + 58 * i, height: 40 }),
      says: draw(svg, 'text', { y: 52 + 58 * i }) };
  });
  draw(svg, 'path', { class: 'cross', d: `M${X(0.5)} 14V196` });
  draw(svg, 'text', { x: X(0.5), y: 214, 'text-anchor': 'middle', class: 'quiet' }, 'one half');

  function matrix(P) {
    $('hunt-matrix').textContent = '';
    P.forEach((line, i) => {
      const row = element($('hunt-matrix'), 'tr');
      element(row, 'th', { scope: 'row' }, DRINKS[i]);
      line.forEach(p => element(row, 'td', { class: p > 0.5 ? 'up' : p < 0.5 ? 'down' : '' }, p.toFixed(2)));
    });
  }
  function update() {
    const P = GAMES[game], nash = nashOf(E, P);
    E.raw.exact_win_rates(room.win.at, room.put('P', P.flat()), room.put('pi', pi), 3);
    const win = [...room.win.all()], gap = E.raw.duality_gap(room.P.at, room.pi.at, 3);
    picture.begin(pi, shown ? nash : null);
    picture.show({ last: [pi], mean: [pi] }, 1);
    const way = win.map(w => w > 0.5 + 1e-9 ? 'up' : w < 0.5 - 1e-9 ? 'down' : '');
    bars.forEach(({ bar, says }, i) => {
      put(bar, { width: Math.max(1, X(win[i]) - X(0)),
        style: `fill: var(--${way[i] || 'soft'}); opacity: 0.85` });
      put(says, { x: X(win[i]) + 8, class: way[i] ? `say-${way[i]}` : 'quiet' });
      says.textContent = win[i].toFixed(3);
    });
    matrix(P);
    const best = win.indexOf(Math.max(...win));
    $('hunt-says').textContent = `Your policy: ${DRINKS.map((d, i) => `${d} ${pi[i].toFixed(2)}`).join(', ')}. ` +
      (gap < 0.02 ? `Its gap is ${small(gap)}: nothing beats it by more than a hundredth.`
        : `The best reply is always ${DRINKS[best]}, which wins ${win[best].toFixed(3)}: a gap of ${gap.toFixed(3)}.`) +
      (shown && nash ? ` The equilibrium is ${nash.map(v => v.toFixed(3)).join(', ')}; against it your policy wins ${
        E.raw.exact_value(room.P.at, room.pi.at, room.put('win', nash), 3).toFixed(3)}.` : '');
    for (const b of document.querySelectorAll('[data-hunt]'))
      b.setAttribute('aria-pressed', b.dataset.hunt === game);
  }
  for (const b of document.querySelectorAll('[data-hunt]'))
    b.addEventListener('click', () => { game = b.dataset.hunt; shown = false; update(); });
  $('hunt-show').addEventListener('click', () => { shown = true; update(); });
  update();
});

/* ---- chapter 3: any judge, every method ---- */

engineHere.then(E => {
  const STEPS = 2000, room = roomFor(E, { P: 9, r: 3 });
  const SAYS = {
    mwu: 'Eq 4.1', 'sppo-half': 'what Eq 4.6 reaches, chapter 4',
    optimistic: 'adds the trend of the win rates', 'nash-md': 'meets a mixture with the first policy',
    inpo: 'pulled to the first policy', comal: 'pulled; that policy moves up every 50',
    extragradient: 'pulled; looks one step ahead', 'mirror-prox': 'the same, its own step in the tool',
    rlhf: 'away from the first policy, by rewards'
  };
  const methods = [];
  for (let i = 0, name; (name = E.text(E.raw.method_name(i))); i++)
    methods.push({ name, pulled: !!E.raw.method_is_pulled(i) });
  const picture = simplexPicture($('lab-simplex'), DRINKS.map(d => `always ${d}`),
    p => { start = p; update(); });
  const gaps = gapPicture($('lab-gaps'), STEPS, t =>
    E.raw.gap_bound(-Math.log(Math.min(...start)), eta.get(), t));
  let start = [0.6, 0.2, 0.2], P, method = 0, run, eta, alpha, later;
  function compare(i, r) {
    [r.gapLast, r.gapMean].forEach((g, j) => {
      const end = g[STEPS - 1], cell = rows[i].cells[j];
      cell.textContent = small(end);
      cell.className = end < 0.02 ? 'up' : end > 0.1 ? 'down' : '';
    });
  }
  function about(m, end, bound) {
    if (m.name === 'mwu') return `Theorem 4.1 promises the average at most ${bound.toFixed(3)} and says nothing of the last.`;
    if (m.name === 'rlhf') {
      E.raw.bradley_terry_fit(room.r.at, room.put('P', P.flat()), 3);
      return `The rewards that fit best are ${[...room.r.all()].map(r => fixed(r, 2)).join(', ')}.`;
    }
    if (m.name === 'comal') return 'The policy that pulls moves up every 50 steps, so the last one can reach the cross.';
    if (m.pulled) return `The pull of ${alpha.get().toFixed(2)} leads to an equilibrium of its own, near the cross if it is weak.`;
    return end < 0.02 ? 'Here the last policy itself comes to rest.' : 'The last policy has not come to rest.';
  }
  const rows = methods.map((m, i) => {
    const row = element($('lab-methods'), 'tr');
    const name = element(element(row, 'th', { scope: 'row' }), 'button', { type: 'button' }, m.name);
    name.addEventListener('click', () => { method = i; update(); });
    const cells = upTo(2).map(() => element(row, 'td'));
    element(row, 'td', {}, SAYS[m.name] || '');
    return { name, cells };
  });
  const play = (i, steps, from) => playGame(E,
    { method: i, eta: eta.get(), alpha: alpha.get(), steps, P, start: from });

  function update() {
    if (!alpha) return;
    const nash = nashOf(E, P);
    run = play(method, STEPS, start);
    rows.forEach(({ name }, i) => name.setAttribute('aria-pressed', i === method));
    compare(method, run);
    clearTimeout(later);                 // the others when nothing moves
    later = setTimeout(() => methods.forEach((m, i) => {
      if (i !== method) compare(i, play(i, STEPS, start));
    }), 150);
    picture.begin(start, nash, p => play(method, 2, p).last[1]);
    $('lab-gaps').querySelector('.soft-line').style.visibility = method ? 'hidden' : 'visible';
    show();
    const end = run.gapLast[STEPS - 1], mean = run.gapMean[STEPS - 1], m = methods[method];
    const bound = E.raw.gap_bound(-Math.log(Math.min(...start)), eta.get(), STEPS);
    $('lab-says').textContent = `${m.name}, ${STEPS} steps: the last policy's gap is ${small(end)}, the average's ${small(mean)}. ` +
      about(m, end, bound) +
      (nash ? ` The equilibrium: ${nash.map(v => v.toFixed(2)).join(', ')}.` : '');
  }
  function show() {
    const n = clamp(Math.round(STEPS ** ($('lab-shown').value / 100)), 1, STEPS);
    $('lab-shown-out').value = n;
    picture.show(run, n);
    gaps.show(run, n);
  }
  const square = editableSquare($('lab-square'), DRINKS, now => { P = now; update(); });
  const set = name => square.fill((i, j) => GAMES[name][i][j]);
  set('circle');
  eta = dial('lab-eta', 2, update);
  alpha = dial('lab-alpha', 2, update);
  $('lab-shown').addEventListener('input', show);
  for (const b of document.querySelectorAll('[data-lab]'))
    b.addEventListener('click', () => set(b.dataset.lab));
  update();
});

/* ---- chapter 4: what the half costs ---- */

engineHere.then(E => {
  const N = 5, even = Array(N).fill(1 / N), scores = [0.9, 0.4, 0, -0.2, -0.8];
  const room = roomFor(E, { P: N * N, pi: N, win: N, target: N, exact: N, fit: N });
  const JUDGES = {
    order: () => 1,
    scores: (i, j) => E.raw.bradley_terry(scores[i], scores[j]),
    one: i => i === 0 ? 0.9 : 0.5,
    circle: (i, j) => j - i <= 2 ? 0.9 : 0.1
  };
  const curve = $('half-curve'), bars = $('half-bars');
  const X = e => 62 + 516 * (e + 1) / 4, Y = s => 262 - 220 * (s - 0.5) / 0.5;
  let P, eta;

  for (const s of [0.5, 0.75, 1]) {
    draw(curve, 'path', { class: 'grid', d: `M62 ${Y(s)}H578` });
    draw(curve, 'text', { x: 54, y: Y(s) + 5, 'text-anchor': 'end', class: 'quiet' }, s);
  }
  for (const e of [-1, 0, 1, 2, 3])
    draw(curve, 'text', { x: X(e), y: 288, 'text-anchor': 'middle', class: 'quiet' }, 10 ** e);
  draw(curve, 'text', { x: 578, y: 318, 'text-anchor': 'end', class: 'quiet' }, 'step \u03b7');
  draw(curve, 'text', { x: 12, y: 20, class: 'quiet' }, 'log Z / \u03b7');
  draw(curve, 'path', { class: 'soft-line', d: `M62 ${Y(0.5)}H578`, style: 'stroke-width: 2' });
  draw(curve, 'text', { x: 578, y: Y(0.5) - 9, 'text-anchor': 'end', class: 'quiet' }, 'the half');
  const line = draw(curve, 'path', { class: 'up-line' });
  const dot = draw(curve, 'circle', { r: 7, class: 'up-dot' });
  const says = draw(curve, 'text', { class: 'say-up' });

  const B = p => 84 + 400 * p;
  draw(bars, 'path', { class: 'cross', d: `M${B(1 / N)} 20V428` });
  draw(bars, 'text', { x: B(1 / N), y: 450, 'text-anchor': 'middle', class: 'quiet' }, 'before: 0.2');
  const pairs = upTo(N).map(i => {
    draw(bars, 'text', { x: 8, y: 58 + 84 * i }, `y${i + 1}`);
    return ['4.1', '4.6'].map((name, j) => {
      const y = 24 + 84 * i + 34 * j;
      draw(bars, 'text', { x: 76, y: y + 21, 'text-anchor': 'end', class: 'quiet' }, name);
      return { bar: draw(bars, 'rect', { x: B(0), y, height: 28 }), says: draw(bars, 'text', { y: y + 20 }) };
    });
  });

  function update() {
    if (eta === undefined) return;
    E.raw.exact_win_rates(room.win.at, room.put('P', P.flat()), room.put('pi', even), N);
    const win = [...room.win.all()], points = [];
    const shareAt = e => E.raw.log_partition(room.win.at, room.pi.at, 10 ** e, N) / 10 ** e;
    for (let e = -1; e <= 3.001; e += 0.05) points.push([X(e), Y(shareAt(e))]);
    put(line, { d: path(points) });
    const now = shareAt(Math.log10(eta)), x = X(Math.log10(eta));
    put(dot, { cx: x, cy: Y(now) });
    put(says, { x: Math.max(x - 10, 70), y: Math.max(Y(now) - 14, 22), 'text-anchor': x > 150 ? 'end' : 'start' });
    says.textContent = now.toFixed(4);
    room.put('target', win.map(w => E.raw.target(eta, w, 0.5 * eta)));
    E.raw.exact_step(room.exact.at, room.pi.at, room.win.at, eta, N);
    const c = E.raw.exact_fit(room.fit.at, room.pi.at, room.target.at, N);
    const reached = [[...room.exact.all()], [...room.fit.all()]];
    pairs.forEach((pair, i) => pair.forEach(({ bar, says: word }, j) => {
      const p = reached[j][i], up = p >= 1 / N - 1e-9;
      put(bar, { width: Math.max(1, B(p) - B(0)), style: `fill: var(--${up ? 'up' : 'down'}); opacity: ${j ? 0.6 : 0.95}` });
      put(word, { x: B(Math.max(p, 1 / N)) + 8, class: up ? 'say-up' : 'say-down' });
      word.textContent = share(p);
    }));
    const best = win.indexOf(Math.max(...win));
    $('half-says').textContent = Math.max(...win) - 0.5 < 1e-9
      ? 'All win rates are 1/2: log Z is exactly \u03b7/2, the targets are 0, and neither step moves anything.'
      : `\u03b7 = ${+eta.toPrecision(3)}: log Z is ${(now * eta).toPrecision(4)}, the half ${(eta / 2).toPrecision(4)}. ` +
        `y${best + 1} goes from 0.200 to ${share(reached[0][best])} by Eq 4.1, ` +
        `with the half to ${share(reached[1][best])}; c is ${c.toPrecision(3)}.`;
  }
  function setEta(e) {
    $('half-eta').value = e;
    eta = 10 ** e;
    $('half-eta-out').value = +eta.toPrecision(3);
    update();
  }
  const square = editableSquare($('half-square'), upTo(N).map(i => `y${i + 1}`),
    now => { P = now; update(); });
  square.fill(JUDGES.order);
  setEta(1);
  $('half-eta').addEventListener('input', () => setEta(+$('half-eta').value));
  for (const b of document.querySelectorAll('[data-half]'))
    b.addEventListener('click', () => square.fill(JUDGES[b.dataset.half]));
  for (const b of document.querySelectorAll('[data-half-eta]'))
    b.addEventListener('click', () => setEta(+b.dataset.halfEta));
});
