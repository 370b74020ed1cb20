/* exercises.js - chapter 14: the exercises in JavaScript, checked by the header.
   The number is that of examples/exercises, whose check in C asks for more. */

const DRILLS = {
  1: { head: 'winRates(P, k)', start: 'return Array(k).fill(0.5);',
    note: 'P[i][j] is how likely answer i is preferred to j; return k win rates',
    make: r => { const P = r.square(4); return [P, 4]; },
    right: (E, P, k) => E.vector(k, at => E.raw.win_rates(at, E.give(P.flat()), k)) },
  2: { head: 'target(eta, win)', start: 'return eta * win;',
    make: r => [r.between(0.5, 30), r.between(0, 1)],
    right: (E, eta, win) => E.raw.target(eta, win, 0.5 * eta) },
  3: { head: 'lossAndSlope(ratio, target)', start: 'const gap = ratio - target;\nreturn [gap, 0];',
    note: 'return [loss, slope]',
    make: r => [r.between(-3, 3), r.between(-3, 3)],
    right(E, ratio, target) {
      let loss;
      const grad = E.vector(1, at => { loss = E.raw.loss_point(ratio, target, at); });
      return [loss, ...grad];
    } },
  4: { head: 'bestAndWorst(win)', start: 'return [0, 0];',
    note: 'return [best, worst], two numbers that differ even where all are equal',
    make: r => [r.pick([[0.5, 0.5, 0.5], [0.7, 0.7, 0.1], [0.2, 0.9, 0.9, 0.2], r.list(5, 0, 1)])],
    right(E, win) {
      const most = Math.max(...win), best = win.indexOf(most);
      const rest = win.map((w, i) => i === best ? Infinity : w);
      return [best, rest.lastIndexOf(Math.min(...rest))];
    } },
  5: { head: 'step(pi, win, eta)', start: 'return pi;', note: 'return the next policy',
    make: r => [r.policy(3), r.list(3, 0, 1), r.between(0.1, 4)],
    right: (E, pi, win, eta) => E.vector(3, at =>
      E.raw.exact_step(at, E.give(pi), E.give(win), eta, 3)) },
  6: { head: 'dualityGap(P, pi)', start: 'return 1;',
    make: r => [r.square(3), r.policy(3)],
    right: (E, P, pi) => E.raw.duality_gap(E.give(P.flat()), E.give(pi), pi.length) },
  7: { head: 'add(mean, pi, t)', start: 'return pi;  // the last policy, which circles',
    note: 'return the mean of t policies, given the mean of the t - 1 before and the t-th',
    make: r => [r.policy(3), r.policy(3), r.whole(1, 9)],
    right: (E, mean, pi, t) => mean.map((m, i) => ((t - 1) * m + pi[i]) / t) },
  8: { head: 'dpoGradient(r_w, r_l, eta)', start: 'return [0, 0];',
    note: 'return the slopes in r_w and r_l',
    make: r => [r.between(-2, 2), r.between(-2, 2), r.between(0.5, 5)],
    right: (E, r_w, r_l, eta) => E.vector(2, at => E.raw.pair_loss(E.name('dpo'), r_w, r_l, 1, eta, at)) },
  9: { head: 'dnoGradient(r, other, q, eta)',
    start: 'const sigma = x => 1 / (1 + Math.exp(-x));\nconst slope = -sigma(-(r - other) / eta) / eta;  // DPO\'s\nreturn [slope, -slope];',
    note: 'q is the label: how likely the first is preferred',
    make: r => [r.between(-2, 2), r.between(-2, 2), r.between(0, 1), r.between(0.5, 5)],
    right: (E, r, other, q, eta) => E.vector(2, at => E.raw.pair_loss(E.name('dno'), r, other, q, eta, at)) },
  10: { head: 's(ab, ba)', start: 'return ab;',
    note: 'ab is g(a, b), ba is g(b, a)',
    make: r => [r.between(-2, 3), r.between(-2, 3)],
    right: (E, ab, ba) => ab - ba },
  11: { head: 'logProbability(logits, token)',
    start: 'let sum = 0;\nfor (const z of logits) sum += Math.exp(z);\nreturn logits[token] - Math.log(sum);',
    make: r => [r.list(5, -3, 3).map(z => Math.fround(z + r.pick([0, 0, 900, -900]))), r.whole(0, 4)],
    right: (E, logits, token) => E.raw.log_softmax(E.give(logits), logits.length, token),
    tolerance: 1e-4 },
  12: { head: 'logitGradient(p, token, upstream)',
    start: 'return p.map((_, v) => v === token ? upstream : 0);',
    make: r => [r.policy(5), r.whole(0, 4), r.between(-2, 2)],
    right: (E, p, token, upstream) => p.map((_, v) => {   // by differences of the header's
      const h = 1e-2, z = p.map(Math.log), move = d => E.raw.log_softmax(
        E.give(z.map((x, i) => i === v ? x + d : x)), 5, token);
      return upstream * (move(h) - move(-h)) / (2 * h);
    }), tolerance: 2e-3 },
  13: { head: 'rmsnormBackward(dout, x, gain, s)',
    start: 'return x.map((_, i) => s * gain[i] * dout[i]);  // as if s stood still',
    note: 'x is what went in',
    make(r) {
      const x = r.list(6, -2, 2);
      return [r.list(6, -1, 1), x, r.list(6, 0.5, 1.5),
        (x.reduce((a, b) => a + b * b, 0) / 6 + 1e-5) ** -0.5];
    },
    right: (E, dout, x, gain, s) => E.vector(6, at => E.raw.rmsnorm_backward(at,
      E.give(dout), E.give(x), E.give(gain), s, 6)), tolerance: 1e-4 },
  15: { head: 'leftOut(P, k, i)', start: 'let sum = 0;\nfor (let j = 0; j < k; j++) sum += P[i][j];\nreturn sum / k;',
    note: 'the win rate of answer i against the other k - 1',
    make: r => [r.square(4), 4, r.whole(0, 3)],
    right: (E, P, k, i) => (E.vector(k, at => E.raw.win_rates(at, E.give(P.flat()), k))[i] * k - 0.5) / (k - 1) }
};

(function exercises() {
  let state = 1;
  const next = () => {                     // the same inputs every time
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
  const random = {
    between: (low, high) => low + (high - low) * next(),
    whole: (low, high) => low + Math.floor((high - low + 1) * next()),
    pick: list => list[Math.floor(list.length * next())],
    list: (n, low, high) => upTo(n).map(() => random.between(low, high)),
    policy(n) {
      const p = random.list(n, 0.1, 1), sum = p.reduce((a, b) => a + b);
      return p.map(x => x / sum);
    },
    square(n) {
      const P = upTo(n).map(() => Array(n).fill(0.5));
      for (let i = 0; i < n; i++)
        for (let j = i + 1; j < n; j++) P[j][i] = 1 - (P[i][j] = next());
      return P;
    }
  };
  const short = x => Array.isArray(x) ? `[${x.map(short).join(', ')}]`
    : typeof x === 'number' ? minus(+x.toFixed(4)) : String(x);
  const differs = (yours, right, tolerance) => Array.isArray(right)
    ? !Array.isArray(yours) || yours.length !== right.length ||
      right.some((r, i) => differs(yours[i], r, tolerance))
    : !(Math.abs(yours - right) <= tolerance * (1 + Math.abs(right)));

  function check(E, drill, code) {
    const names = drill.head.slice(drill.head.indexOf('(') + 1, -1);
    const f = new Function(...names.split(', '), code);
    state = 1;
    for (let round = 0; round < 20; round++) {
      const given = drill.make(random), right = drill.right(E, ...structuredClone(given));
      const yours = f(...structuredClone(given));
      if (differs(yours, right, drill.tolerance || 1e-9))
        return `Given ${names.split(', ').map((n, i) => `${n} = ${short(given[i])}`).join(', ')}: ` +
          `yours is ${short(yours)}, the header's ${short(right)}.`;
    }
    return '';
  }
  engineHere.then(E => {
    const lent = [];                       // rooms of one call, given back after
    E.give = list => { const r = E.doubles(list.length); r.all().set(list); lent.push(r.at); return r.at; };
    E.vector = (n, fill) => {
      const r = E.doubles(n);
      fill(r.at);
      const all = [...r.all()];
      E.raw.leave(r.at);
      lent.splice(0).forEach(at => E.raw.leave(at));
      return all;
    };
    for (const bench of document.querySelectorAll('[data-exercise]')) {
      const n = bench.dataset.exercise, drill = DRILLS[n];
      if (!drill) {
        element(bench, 'p', { class: 'ours' }, `This one is in C alone: make exercise ${n}`);
        continue;
      }
      const id = `drill-${n}`, label = element(bench, 'label', { for: id });
      element(label, 'code', {}, `function ${drill.head}`);
      if (drill.note) label.append(` ${drill.note}`);
      const code = element(bench, 'textarea', { id, rows: 4, spellcheck: 'false' });
      code.value = drill.start;
      const button = element(bench, 'button', { type: 'button' }, 'Check');
      const says = element(bench, 'p', { class: 'verdict', 'aria-live': 'polite' });
      button.addEventListener('click', () => {
        let wrong;
        try { wrong = check(E, drill, code.value); } catch (e) { wrong = `${e.message}.`; }
        says.textContent = wrong || 'Passed: 20 random inputs, as the header has it.';
        says.classList.toggle('up', !wrong);
      });
    }
  });
}());
