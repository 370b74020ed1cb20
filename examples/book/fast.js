/* fast.js - chapter 13: the same product twice, timed here */

(function fast() {
  const say = text => { $('fast-says').textContent = text; };
  $('fast-run').addEventListener('click', async () => {
    $('fast-run').disabled = true;
    try {
      const n = +$('fast-size').value, worker = await sharedWorker();
      const { plain, tiled, apart } = await worker.ask('product', { n });
      const rate = seconds => 2e-9 * n ** 3 / seconds, most = rate(tiled);
      for (const [id, seconds] of [['fast-plain', plain], ['fast-tiled', tiled]]) {
        $(id).style.width = `${100 * rate(seconds) / most}%`;
        $(`${id}-out`).textContent = `${rate(seconds).toFixed(1)} GFLOP/s`;
      }
      say(`In tiles the product of two ${n} by ${n} matrices is ${(plain / tiled).toFixed(1)} times ` +
        `as fast, with the same ${(2e-6 * n ** 3).toFixed(0)} million operations. ` +
        (apart === 0 ? 'The results are equal to the bit: each sum is added in the same order.'
          : `The results differ by at most ${apart.toExponential(1)}, in rounding.`));
    } catch (e) {
      say(`That did not work: ${e.message}.`);
    }
    $('fast-run').disabled = false;
  });
}());
