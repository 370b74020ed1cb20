/* loop.js - chapter 7: the whole of Algorithm 1 in a worker */

/* As the tool's --method has them (examples/tool/align_method.c). */
const METHODS = {
  sppo: 'loss=sppo',
  dpo: 'loss=dpo',
  ipo: 'loss=ipo',
  gpo: 'loss=gpo',
  rebel: 'loss=gap signal=score',
  dno: 'loss=dno keep-all=true',
  spo: 'loss=clip keep-all=true clip-range=1e9',
  rloo: 'loss=clip signal=score keep-all=true clip-range=1e9',
  grpo: 'loss=clip signal=score keep-all=true advantage=standard',
  inpo: 'loss=gap keep-all=true pull=0.33'
};
const WORDS = {
  signal: ['win', 'score', 'pair', 'hard'],
  advantage: ['leave-one-out', 'mean', 'standard'],
  'keep-all': ['false', 'true']
};
/* a and b are two answers to the prompt: how likely is a preferred? */
const JUDGES = {
  shorter: `// Likes the shorter one.
return 1 / (1 + Math.exp((a.length - b.length) / 10));`,
  longer: `// Likes the longer one: the bias that many judges have.
return 1 / (1 + Math.exp((b.length - a.length) / 10));`,
  repetition: `// Dislikes a word that comes twice.
const twice = text => {
  const words = text.split(' ');
  return words.length - new Set(words).size;
};
return 1 / (1 + Math.exp(twice(a) - twice(b)));`,
  circle: `// Goes in a circle, by the number of words modulo 3:
// 0 beats 1, 1 beats 2, 2 beats 0. No score can say so.
const kind = text => text.split(' ').length % 3;
const d = (kind(b) - kind(a) + 3) % 3;
return [0.5, 0.9, 0.1][d];`
};

(function loop() {
  const PHASES = ['sampling', 'judging', 'selecting', 'fitting', 'advancing', 'done'];
  const rows = [];
  let worker = null, stopped = false, prompts = [], bar = $('loop-bar').firstElementChild;
  const say = text => { $('loop-says').textContent = text; };

  modelFiles.then(files => {
    prompts = new TextDecoder().decode(files.prompts).trim().split('\n')
      .map(line => JSON.parse(line).prompt);
  });
  function settingsOf(E, name) {
    const all = {};
    for (const word of METHODS[name].split(' ')) {
      const [key, value] = word.split('=');
      if (key === 'loss') {
        let i = 0;
        while (E.read(E.raw.loss_name(i)) !== value) i++;
        all.loss = i;
      } else all[key] = WORDS[key] ? WORDS[key].indexOf(value) : +value;
    }
    return all;
  }
  async function settings() {
    const mine = $('loop-judge').value === 'you';
    return { k: mine ? 3 : 5, iterations: 3, 'prompts-per-iteration': mine ? 5 : 32,
      batch: 16, epochs: mine ? 8 : 2, eta: eta.get(), lr: 3e-4, clip: 1, seed: 1,
      'max-tokens': 40, ...settingsOf(await engineHere, $('loop-method').value) };
  }
  function progress({ phase, done, total }) {
    bar.style.width = `${100 * done / Math.max(1, total)}%`;
    $('loop-phase').textContent = `iteration ${rows.length + 1}: ${PHASES[phase]} ${done} of ${total}`;
  }

  /* ---- the reader as the judge ---- */

  /* Shows every two of each prompt's answers; resolves to the squares. */
  async function askReader(round) {
    const box = $('loop-ask'), squares = [];
    const pairs = round.length * round[0].win.length * (round[0].win.length - 1) / 2;
    let asked = 0;
    box.hidden = false;
    for (const { prompt, responses } of round) {
      const k = responses.length, P = Array(k * k).fill(0.5);
      for (let i = 0; i < k; i++)
        for (let j = i + 1; j < k; j++) {
          $('ask-prompt').textContent = `${++asked} of ${pairs}: ${prompt}`;
          $('ask-a').textContent = responses[i] || '(nothing)';
          $('ask-b').textContent = responses[j] || '(nothing)';
          const p = responses[i] === responses[j] ? 0.5 : await new Promise(choose => {
            $('ask-a').onclick = () => choose(0.95);
            $('ask-b').onclick = () => choose(0.05);
            $('ask-same').onclick = () => choose(0.5);
            $('ask-a').focus({ preventScroll: true });
          });
          P[i * k + j] = p;
          P[j * k + i] = 1 - p;
        }
      squares.push(P);
    }
    box.hidden = true;
    return squares;
  }

  /* ---- the run ---- */

  async function iteration() {
    const you = $('loop-judge').value === 'you';
    let phase = 0, last, squares;
    while (phase !== 5 && !stopped) {
      if (phase === 1 && you) {
        const round = await worker.ask('round', { first: 0, count: 5 });
        squares = await askReader(round);
      }
      last = await worker.ask('next', { squares: phase === 1 ? squares : null });
      if (phase === 4) return last;
      phase = last.phase;
    }
    return last;
  }
  async function run() {
    stopped = false;
    rows.length = 0;
    $('loop-rows').textContent = '';
    $('loop-texts').textContent = '';
    const judge = $('loop-judge').value;
    worker = await startWorker(progress);
    $('loop-checksum').textContent = worker.loaded.checksum;
    const chosen = await settings();
    $('loop-run').dataset.settings = JSON.stringify(chosen);
    await worker.ask('begin', { settings: chosen, prompts,
      judge: judge === 'model' || judge === 'you' ? 'model' : $('loop-code').value, reset: true });
    for (let t = 1; t <= 3 && !stopped; t++) {
      const last = await iteration();
      const won = await worker.ask('evaluate', { samples: 2, seed: 7 });
      rows.push({ ...last, ...won });
      show(t);
      const own = `${$('loop-prompt').value.trim()}\n`;
      const [[before, after]] = await worker.ask('answers', { prompts: [own], seed: t });
      if (t === 1) line($('loop-texts'), 'before', before);
      line($('loop-texts'), `after ${t}`, after);
    }
    say(verdict());
  }
  function line(body, name, text) {
    const row = element(body, 'tr');
    element(row, 'th', { scope: 'row' }, name);
    element(row, 'td', {}, text || '(nothing)');
  }
  function show(t) {
    const r = rows[t - 1], row = element($('loop-rows'), 'tr');
    element(row, 'th', { scope: 'row' }, t);
    for (const text of [`${r.win_rate.toFixed(3)} (${r.low.toFixed(3)} to ${r.high.toFixed(3)})`,
      r.length_policy.toFixed(1), r.kl.toFixed(2), r.finished.toFixed(3), r.checksum])
      element(row, 'td', {}, text);
    $('loop-checksum').textContent = r.checksum;
    const svg = $('loop-picture'), X = i => 60 + 130 * i, Y = w => 200 - 190 * w;
    svg.textContent = '';
    for (const w of [0, 0.5, 1]) {
      draw(svg, 'path', { class: w === 0.5 ? 'soft-line' : 'grid', d: `M60 ${Y(w)}H460` });
      draw(svg, 'text', { x: 50, y: Y(w) + 5, 'text-anchor': 'end', class: 'quiet' }, w);
    }
    draw(svg, 'path', { class: 'up-line', d: path([[X(0), Y(0.5)],
      ...rows.map((row, i) => [X(i + 1), Y(row.win_rate)])]) });
    rows.forEach((row, i) => {
      draw(svg, 'path', { class: 'cross', d: `M${X(i + 1)} ${Y(row.low)}V${Y(row.high)}` });
      draw(svg, 'circle', { class: 'up-dot', cx: X(i + 1), cy: Y(row.win_rate), r: 6 });
      draw(svg, 'text', { x: X(i + 1), y: 226, 'text-anchor': 'middle', class: 'quiet' }, `after ${i + 1}`);
    });
    draw(svg, 'text', { x: X(0), y: 226, 'text-anchor': 'middle', class: 'quiet' }, 'before');
  }
  function verdict() {
    if (stopped) return 'Stopped.';
    const r = rows[rows.length - 1], first = rows[0];
    const grew = r.length_policy - r.length_first;
    const broken = r.finished < 0.5 || r.kl > 30;
    return `${broken ? 'It broke: most answers no longer end, or the policy is far from where it began. ' : ''}` +
      `The policy now wins ${(100 * r.win_rate).toFixed(0)} % against the one it was, ` +
      `${(100 * first.win_rate).toFixed(0)} % after the first iteration; its answers are ` +
      `${Math.abs(grew).toFixed(1)} tokens ${grew < 0 ? 'shorter' : 'longer'}.` +
      ($('loop-judge').value === 'you' ? ' The win rate is by the tiny preference model, for you saw only the pairs.' : '');
  }
  const running = on => {
    $('loop-run').disabled = on;
    $('loop-stop').disabled = !on;
  };
  $('loop-run').addEventListener('click', async () => {
    running(true);
    say('Running: the header trains in a thread of its own.');
    try { await run(); } catch (e) { if (!stopped) say(`That did not work: ${e.message}.`); }
    if (worker) worker.end();
    $('loop-ask').hidden = true;
    running(false);
  });
  $('loop-stop').addEventListener('click', () => {
    stopped = true;
    if (worker) worker.end();
    $('loop-ask').hidden = true;
    say('Stopped.');
    running(false);
  });
  $('loop-judge').addEventListener('change', () => {
    const code = JUDGES[$('loop-judge').value];
    $('loop-code').value = code || '';
    $('loop-code-box').hidden = !code;
  });
  const eta = dial('loop-eta', 0, () => {});
  $('loop-break').addEventListener('click', () => eta.set(1000));
  for (const name in METHODS)
    element($('loop-method'), 'option', { value: name }, name);
}());
