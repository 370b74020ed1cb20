/* square.js - a square of probabilities that can be edited: the mirrored cell
   follows, the diagonal is one half */

/* root becomes the grid; names: of rows and columns; changed(P) after each
   edit.  extra(row) adds cells at the end of a row. */
function editableSquare(root, names, changed, columns = []) {
  const k = names.length, P = upTo(k).map(() => Array(k).fill(0.5));
  const cells = [], extras = [];
  let focus = [0, Math.min(1, k - 1)];

  root.textContent = '';
  root.classList.add('square');
  root.setAttribute('role', 'grid');
  root.style.justifyContent = 'start';
  root.style.gridTemplateColumns =
    `minmax(2.4rem, max-content) repeat(${k}, minmax(2.4rem, 4.4rem)) ${columns.map(c => c.width).join(' ')}`;
  const row = () => element(root, 'div', { role: 'row', style: 'display:contents' });
  const top = row();
  element(top, 'span', { role: 'columnheader' });
  for (const n of names) element(top, 'span', { role: 'columnheader', class: 'name' }, n);
  for (const c of columns) element(top, 'span', { role: 'columnheader', class: 'name' }, c.title);
  for (let i = 0; i < k; i++) {
    const line = row();
    element(line, 'span', { role: 'rowheader', class: 'name' }, names[i]);
    cells.push(names.map((_, j) => {
      const box = element(line, 'span', { role: 'gridcell' });
      const cell = element(box, 'span', i === j
        ? { class: 'cell self', role: 'img', 'aria-label': `${names[i]} with itself: one half` }
        : { class: 'cell', role: 'spinbutton', tabindex: -1, 'aria-valuemin': 0, 'aria-valuemax': 1,
          'aria-label': `probability that ${names[i]} is preferred to ${names[j]}` });
      if (i !== j) edit(cell, i, j);
      return cell;
    }));
    extras.push(columns.map(() => element(line, 'span', { role: 'gridcell' })));
  }
  cells[focus[0]][focus[1]].tabIndex = 0;

  function show() {
    for (let i = 0; i < k; i++)
      for (let j = 0; j < k; j++) {
        const p = P[i][j], cell = cells[i][j];
        cell.textContent = i === j ? '\u00bd' : p.toFixed(2);
        cell.style.setProperty('--cell-colour', p < 0.5 ? 'var(--down)' : 'var(--up)');
        cell.style.setProperty('--strength', 2 * Math.abs(p - 0.5));
        if (i !== j) cell.setAttribute('aria-valuenow', p.toFixed(2));
      }
    changed(P, extras);
  }
  function set(i, j, p) {
    P[i][j] = clamp(Math.round(100 * p) / 100, 0, 1);
    P[j][i] = Math.round(100 * (1 - P[i][j])) / 100;
    show();
  }
  function edit(cell, i, j) {
    let from = 0, was = 0;
    cell.addEventListener('focus', () => {
      cells[focus[0]][focus[1]].tabIndex = -1;
      focus = [i, j];
      cell.tabIndex = 0;
    });
    cell.addEventListener('pointerdown', e => {
      from = e.clientX;
      was = P[i][j];
      cell.setPointerCapture(e.pointerId);
    });
    cell.addEventListener('pointermove', e => {
      if (cell.hasPointerCapture(e.pointerId)) set(i, j, was + (e.clientX - from) / 160);
    });
    cell.addEventListener('keydown', e => {
      const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0],
        ArrowDown: [1, 0] }[e.key];
      const by = { '+': 0.05, '=': 0.05, PageUp: 0.05, '-': -0.05, PageDown: -0.05 }[e.key];
      if (move) {
        let [a, b] = [i + move[0], j + move[1]];
        if (a === b) { a += move[0]; b += move[1]; }     // over the diagonal
        if (cells[a] && cells[a][b]) cells[a][b].focus();
      } else if (/^[0-9]$/.test(e.key)) set(i, j, +e.key / 10);
      else if (by) set(i, j, P[i][j] + by);
      else if (e.key === 'Home' || e.key === 'End') set(i, j, e.key === 'End' ? 1 : 0);
      else return;
      e.preventDefault();
    });
  }
  return {
    P,
    fill(f) {                            // f(i, j) for i < j
      for (let i = 0; i < k; i++)
        for (let j = i + 1; j < k; j++) {
          P[i][j] = f(i, j);
          P[j][i] = 1 - P[i][j];
        }
      show();
    }
  };
}

/* ---- chapter 5: win rates ---- */

const judged = { win: [0.7, 0.6, 0.5, 0.4, 0.3], changed() {} };

engineHere.then(E => {
  const K = 5, scores = [0.9, 0.4, 0, -0.2, -0.8];
  const JUDGES = {
    scores: (i, j) => 1 / (1 + Math.exp(scores[j] - scores[i])),
    order: () => 1,
    circle: (i, j) => j - i <= 2 ? 0.9 : 0.1,
    tie: () => 0.5
  };
  const room = { win: E.doubles(K), P: E.doubles(K * K) };
  let extras, P;

  function winRates() {
    room.P.all().set(P.flat());
    E.raw.win_rates(room.win.at, room.P.at, K);
    return [...room.win.all()];
  }
  function update() {
    const all = winRates();
    const win = $('win-self').checked ? all
      : all.map(w => (w * K - 0.5) / (K - 1));
    const best = win.indexOf(Math.max(...win)), worst = win.lastIndexOf(Math.min(...win));
    const even = win[best] - win[worst] < 1e-9;
    win.forEach((w, i) => {
      const aim = E.raw.target(eta.get(), w, 0.5 * eta.get());
      const [rate, target, tag] = extras[i];
      rate.textContent = w.toFixed(3);
      rate.className = 'rate';
      target.textContent = fixed(aim, 2);
      target.className = `rate ${aim > 5e-3 ? 'up' : aim < -5e-3 ? 'down' : ''}`;
      tag.textContent = even ? '' : i === best ? 'best' : i === worst ? 'worst' : '';
      tag.className = i === best ? 'up' : 'down';
    });
    Object.assign(judged, { win, best, worst });
    const factor = i => {
      const f = Math.exp(E.raw.target(eta.get(), win[i], 0.5 * eta.get()));
      return f >= 10 ? Math.round(f) : f.toFixed(f < 0.1 ? 3 : 2);
    };
    $('win-says').textContent = even
      ? 'All win rates are 1/2 and all targets 0: from this prompt the policy learns nothing, however sure the judge is.'
      : `Answer ${best + 1} should become ${factor(best)} times as probable as it was, answer ${worst + 1} only ${factor(worst)} times.`;
    judged.changed();
  }
  const square = editableSquare($('win-square'), upTo(K).map(i => `y${i + 1}`),
    (now, e) => { P = now; extras = e; if (eta) update(); },
    [{ title: 'win rate', width: '5rem' }, { title: 'target', width: '5rem' },
      { title: '', width: '4rem' }]);
  const eta = dial('win-eta', 1, update);
  square.fill(JUDGES.scores);
  $('win-self').addEventListener('change', update);
  for (const b of document.querySelectorAll('[data-judge]'))
    b.addEventListener('click', () => square.fill(JUDGES[b.dataset.judge]));
});
