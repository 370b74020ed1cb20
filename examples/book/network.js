/* network.js - chapter 10: which token sees which, found by changing each */

(function attention() {
  const svg = $('sees-picture'), say = text => { $('sees-says').textContent = text; };
  let tree = null, at = 0;
  const position = i => segmentOf(i) === 2 ? i - tree.n[1] : i;
  const segmentOf = i => i < tree.n[0] ? 0 : i < tree.n[0] + tree.n[1] ? 1 : 2;
  const NAMES = ['prompt', 'answer 1', 'answer 2'];

  function picture() {
    const t = tree.tokens.length, side = 22, left = 118;
    svg.textContent = '';
    put(svg, { viewBox: `0 0 ${left + t * side + 8} ${t * side + 96}` });
    tree.tokens.forEach((word, i) => {
      const up = `rotate(-60 ${left + i * side + 8} 84)`;
      draw(svg, 'text', { x: left + i * side + 8, y: 84, transform: up,
        class: 'quiet', style: 'font-size:13px' }, word);
      draw(svg, 'text', { x: left - 8, y: 96 + i * side + 15, 'text-anchor': 'end',
        class: i === at ? 'say-up' : 'quiet', style: 'font-size:13px' }, word);
      for (let j = 0; j < t; j++)
        draw(svg, 'rect', { x: left + j * side + 1, y: 96 + i * side + 1, width: side - 2,
          height: side - 2, rx: 2, style: tree.sees[i * t + j]
            ? `fill:var(--${i === at ? 'up' : 'edge'})` : 'fill:var(--rule);opacity:.45' });
    });
    const hit = draw(svg, 'rect', { x: left, y: 96, width: t * side, height: t * side,
      style: 'fill:transparent;cursor:pointer' });
    hit.addEventListener('pointerdown', e => {
      const q = new DOMPoint(e.clientX, e.clientY).matrixTransform(svg.getScreenCTM().inverse());
      choose(Math.floor((q.y - 96) / side));
    });
  }
  function choose(i) {
    at = clamp(i, 0, tree.tokens.length - 1);
    picture();
    const t = tree.tokens.length;
    const seen = upTo(t).filter(j => tree.sees[at * t + j]);
    const of = s => seen.filter(j => segmentOf(j) === s).length;
    say(`"${tree.tokens[at]}" of the ${NAMES[segmentOf(at)]} stands at position ${position(at)} ` +
      `and sees ${seen.length} tokens: ${of(0)} of the prompt, ${of(1)} of answer 1, ${of(2)} of answer 2.`);
  }
  async function look() {
    $('sees-look').disabled = true;
    try {
      const worker = await sharedWorker();
      tree = await worker.ask('attention', { prompt: `${$('sees-prompt').value.trim()}\n`,
        a: $('sees-a').value, b: $('sees-b').value });
      choose(tree.tokens.length - 1);
    } catch (e) {
      say(`That did not work: ${e.message}.`);
    }
    $('sees-look').disabled = false;
  }
  $('sees-look').addEventListener('click', look);
  svg.addEventListener('keydown', e => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[e.key];
    if (!by || !tree) return;
    e.preventDefault();
    choose(at + by);
  });
}());
