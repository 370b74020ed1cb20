/* prompt.js - chapter 7: one prompt, its answers, their square, and the fit */

(function onePrompt() {
  const K = 5, EPOCHS = 40, say = text => { $('one-says').textContent = text; };
  const buttons = { sample: $('one-sample'), fit: $('one-fit') };
  const svg = $('one-picture');
  let worker, round, square, P, wanted, history, busy = false;

  const settings = () => ({ eta: eta.get(), k: K, iterations: 1, batch: 1, epochs: EPOCHS,
    'prompts-per-iteration': 1, 'keep-all': $('one-all').checked ? 1 : 0,
    lr: 1e-4, warmup: 0.25, clip: 1, seed: 1 + Math.floor(1e6 * Math.random()), 'max-tokens': 40 });

  /* axes: steps to the right, log-ratios upwards */
  function picture() {
    const most = Math.max(1, ...wanted.map(Math.abs), ...history.flat().map(Math.abs));
    const X = t => 50 + 470 * t / EPOCHS, Y = r => 165 - 145 * r / most;
    svg.textContent = '';
    draw(svg, 'path', { class: 'grid', d: `M50 ${Y(0)}H520` });
    for (const r of [most, 0, -most])
      draw(svg, 'text', { x: 42, y: Y(r) + 5, 'text-anchor': 'end', class: 'quiet' }, fixed(r, 1));
    draw(svg, 'text', { x: 520, y: 338, 'text-anchor': 'end', class: 'quiet' }, `step ${history.length - 1} of ${EPOCHS}`);
    draw(svg, 'text', { x: 50, y: 338, class: 'quiet' }, 'log-ratio');
    wanted.forEach((w, i) => {
      const kept = trained(i);
      const up = w >= 0, line = history.map((h, t) => [X(t), Y(h[i])]);
      if (kept) draw(svg, 'path', { class: 'soft-line', d: `M50 ${Y(w)}H520` });
      draw(svg, 'path', { class: !kept ? 'frame' : up ? 'up-line' : 'down-line',
        d: path(line), style: 'opacity:1' });
      draw(svg, 'text', { x: 526, y: Y(kept ? w : history[history.length - 1][i]) + 5,
        class: !kept ? 'quiet' : up ? 'say-up' : 'say-down' }, `y${i + 1}${kept ? ' target' : ''}`);
    });
  }
  const trained = i => $('one-all').checked || i === round.winner || i === round.loser;

  function answers() {
    const body = $('one-answers');
    body.textContent = '';
    round.responses.forEach((text, i) => {
      const row = element(body, 'tr');
      element(row, 'th', { scope: 'row' }, `y${i + 1}`);
      element(row, 'td', {}, text || '(nothing)');
    });
  }
  async function sample() {
    worker = worker || await startWorker();
    const prompt = `${$('one-prompt').value.trim()}\n`;
    await worker.ask('begin', { settings: settings(), prompts: [prompt], judge: 'model', reset: true });
    await worker.ask('next', {});                           // line 3
    await worker.ask('next', {});                           // line 4
    [round] = await worker.ask('round', { first: 0, count: 1 });
    answers();
    square.fill((i, j) => Math.round(100 * round.P[i * K + j]) / 100);
    buttons.fit.disabled = false;
    say('The judge, a tiny preference model, has filled the square. Edit it if you know better; then fit.');
  }
  async function fit() {
    await worker.ask('edit', { P: P.flat() });
    await worker.ask('next', {});                           // line 5
    [round] = await worker.ask('round', { first: 0, count: 1 });
    const E = await engineHere, start = await worker.ask('logps', {});
    wanted = round.win.map(w => E.raw.target(eta.get(), w, 0.5 * eta.get()));
    history = [Array(K).fill(0)];
    picture();
    for (let phase = 3; phase === 3;) {                     // line 6
      ({ phase } = await worker.ask('next', { steps: true }));
      const now = await worker.ask('logps', {});
      history.push(now.map((l, i) => l - start[i]));
      picture();
    }
    const end = history[history.length - 1];
    const far = i => `answer ${i + 1} has come from 0 to ${fixed(end[i], 1)}, its target is ${fixed(wanted[i], 1)}`;
    say(`After ${EPOCHS} steps ${far(round.winner)}, and ${far(round.loser)}.` +
      ($('one-all').checked ? '' : ' The grey answers were not trained on and moved all the same: they share their weights with the others.'));
    buttons.fit.disabled = true;
  }
  const guarded = work => async () => {
    if (busy) return;
    busy = true;
    for (const b in buttons) buttons[b].disabled = true;
    try { await work(); } catch (e) { say(`That did not work: ${e.message}.`); }
    busy = false;
    buttons.sample.disabled = false;
  };
  const eta = dial('one-eta', 0, () => square && square.fill((i, j) => P[i][j]));
  engineHere.then(E => {
    const room = { win: E.doubles(K), P: E.doubles(K * K) };
    square = editableSquare($('one-square'), upTo(K).map(i => `y${i + 1}`), (now, extras) => {
      P = now;
      room.P.all().set(P.flat());
      E.raw.win_rates(room.win.at, room.P.at, K);
      [...room.win.all()].forEach((w, i) => {
        const aim = E.raw.target(eta.get(), w, 0.5 * eta.get());
        Object.assign(extras[i][0], { textContent: w.toFixed(3), className: 'rate' });
        Object.assign(extras[i][1], { textContent: fixed(aim, 2),
          className: `rate ${aim > 5e-3 ? 'up' : aim < -5e-3 ? 'down' : ''}` });
      });
    }, [{ title: 'win rate', width: '5rem' }, { title: 'target', width: '5rem' }]);
    square.fill(() => 0.5);
  });
  buttons.sample.addEventListener('click', guarded(sample));
  buttons.fit.addEventListener('click', guarded(fit));
  buttons.fit.disabled = true;
}());
