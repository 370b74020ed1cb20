/* book.cjs - the book's page, run as a reader runs it
 *
 *   node book.cjs models PAGE OUT           its models.bin
 *   node book.cjs engine PAGE NAME=VALUE .. its WebAssembly in node: the
 *                                           checksums, as native.c prints them
 *   node book.cjs links PAGE                anchors and files that are not there
 *   node book.cjs index PAGE HEADER         formulas of the header's two indices
 *                                           of which the page lacks something
 *   node book.cjs browser PAGE SCRATCH NATIVE MODELS TOOL
 *                                           every widget, in Chromium; NATIVE
 *                                           is the engine built for this machine,
 *                                           TOOL the command
 *
 * browser needs playwright-core (NODE_PATH) and a Chromium (CHROMIUM).      */
'use strict';
const fs = require('fs');
const path = require('path');
const { execFileSync } = require('child_process');

const text = page => fs.readFileSync(page, 'utf8');
function inside(page, id) {
    const from = page.indexOf('>', page.indexOf(`id="${id}"`)) + 1;
    return page.slice(from, page.indexOf('</script>', from));
}
const code = page => new Function(
    `${inside(page, 'engine-code')}; return { unpacked, filesOf, openEngine };`)();

async function models(file, out) {
    const page = text(file);
    fs.writeFileSync(out, await code(page).unpacked(inside(page, 'model-bytes')));
}

async function engine(file, settings) {
    const page = text(file), parts = code(page);
    const files = parts.filesOf(await parts.unpacked(inside(page, 'model-bytes')));
    const E = await parts.openEngine(await parts.unpacked(inside(page, 'engine-bytes')));
    const sum = () => console.log((E.raw.checksum() >>> 0).toString(16).padStart(8, '0'));
    E.load(files);
    E.prompts(new TextDecoder().decode(files.prompts).trim().split('\n')
        .map(line => JSON.parse(line).prompt));
    E.set(Object.fromEntries(settings.map(s => s.split('=')).map(([k, v]) => [k, +v])));
    E.must(E.raw.begin());
    sum();
    for (let phase = 0; phase !== 5 && phase >= 0;) {
        phase = E.raw.next(0);
        if (phase === 4) {
            sum();
            phase = E.raw.next(0);
        }
    }
}

function links(file) {
    const page = text(file), ids = new Set();
    for (const m of page.matchAll(/ id="([^"]+)"/g)) {
        if (ids.has(m[1])) console.log(`id ${m[1]} twice`);
        ids.add(m[1]);
    }
    for (const m of page.matchAll(/ href="([^"]+)"/g)) {
        const to = m[1];
        if (to.startsWith('#') ? !ids.has(to.slice(1))
            : !to.startsWith('data:') &&
              !fs.existsSync(path.resolve(path.dirname(file), to)))
            console.log(`${to} leads nowhere`);
    }
}

/* Of every formula: its function, a test that has its number, a figure, a
   lesson.  What the network is made of has no numbers in the paper. */
function index(file, header) {
    const rows = [...text(header).matchAll(
        /^ \*   (Sec|Eq|App|Thm|Alg|Net) (\S+) .* (s\w+) +test_\w+$/gm)];
    const chapters = text(file).split('<section class="chapter"').slice(1);
    const listings = chapter => [...chapter.matchAll(/role="region" aria-label="(\w+) in /g)]
        .map(m => m[1]);
    if (rows.length < 50) console.log(`only ${rows.length} rows in the index`);
    for (const [, kind, number, name] of rows) {
        const tag = `${kind} ${number}`, own = new RegExp(
            `^${kind.toLowerCase()}_(?:.*_)?${number.toLowerCase().replace('.', '_')}_`);
        const of = chapters.filter(c => listings(c).includes(name));
        const lacks = (what, has) => of.some(has) || console.log(`${tag}, ${name}: no ${what}`);
        if (!of.length) { console.log(`${tag}: ${name} is not shown`); continue; }
        lacks('figure', c => /class="figure">[^]*?<b>[^<]*\d/.test(c));
        lacks('lesson', c => c.includes('examples/lessons/'));
        lacks('formula', c => c.includes('<math display="block"'));
        lacks('test', c => kind === 'Net' ? listings(c).some(t => t.includes('differences'))
            : listings(c).some(t => own.test(t)));
    }
}

/* ---- in the browser ---- */

let failed = 0;
function check(name, good, why = '') {
    console.log(`${good ? 'ok    ' : 'FAIL  '}${name}${good ? '' : `  ${why}`}`);
    failed += !good;
}
const near = (a, b, tolerance) => Math.abs(a - b) <= tolerance;

/* Opens the page; what it complains of or asks for goes to `wrong`. */
async function open(browser, file, wrong, options = {}) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 },
        reducedMotion: 'reduce', ...options });
    page.on('console', m => m.type() === 'error' && wrong.push(m.text()));
    page.on('pageerror', e => wrong.push(e.message));
    page.on('request', r => /^(file|blob|data):/.test(r.url()) || wrong.push(r.url()));
    await page.goto(`file://${path.resolve(file)}`);
    return page;
}
const number = async (page, selector) =>
    +(await page.innerText(selector)).replace('\u2212', '-');
const slide = (page, id, value) => page.evaluate(([i, v]) => {
    const e = document.getElementById(i);
    e.value = v;
    e.dispatchEvent(new Event('input', { bubbles: true }));
}, [id, value]);

async function firstPicture(page) {
    const ring = page.locator('#start-simplex .handle');
    const was = await ring.getAttribute('transform');
    await ring.focus();
    await page.keyboard.press('ArrowUp');
    const keyed = await ring.getAttribute('transform');
    check('ring_moves_by_keys', keyed !== was, keyed);
    const box = await page.locator('#start-simplex .ring').boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + 60, box.y - 40, { steps: 4 });
    await page.mouse.up();
    check('ring_moves_by_mouse', await ring.getAttribute('transform') !== keyed);
    const gaps = await page.textContent('#start-gaps');
    const [, last, mean] = gaps.match(/last ([\d.]+)[\s\S]*average ([\d.]+)/) || [];
    check('average_has_the_smaller_gap', +mean < 0.1 && +last > 3 * +mean, gaps);
}

/* A sheet of names that a formula and its code share: each lights up in both. */
async function symbols(page) {
    const dark = await page.evaluate(() => {
        const wrong = [];
        for (const spread of document.querySelectorAll('.spread')) {
            const names = part => new Set([...spread.querySelectorAll(`${part} [data-s]`)]
                .map(e => e.dataset.s));
            const formula = names('.formula math'), code = names('.code');
            const nowhere = new Set([...spread.querySelectorAll('.symbols button')]
                .filter(b => !b.querySelector('code').textContent).map(b => b.dataset.s));
            const title = spread.querySelector('h3').textContent;
            for (const s of formula) {
                if (nowhere.has(s)) continue;
                if (!code.has(s)) wrong.push(`${title}: ${s} is not in the code`);
                spread.querySelector(`.formula [data-s="${s}"]`).dispatchEvent(
                    new PointerEvent('pointerover', { bubbles: true }));
                for (const e of spread.querySelectorAll(`[data-s="${s}"]`))
                    if (!e.classList.contains('lit')) wrong.push(`${title}: ${s} stays dark`);
            }
            for (const s of code)
                if (!formula.has(s) && !names('.note').has(s))
                    wrong.push(`${title}: ${s} is in the code alone`);
        }
        return wrong;
    });
    check('symbols_light_up_in_formula_and_code', dark.length === 0, dark.join('; '));
}

/* From the first control to the last by Tab, and what a screen reader is told. */
async function keyboard(page) {
    const tree = await (await page.context().newCDPSession(page)).send('Accessibility.getFullAXTree');
    const control = /^(button|slider|spinbutton|textbox|combobox|checkbox|radio|link|image|group|region|DisclosureTriangle)$/;
    const nodes = tree.nodes.filter(n => !n.ignored && control.test(n.role.value));
    const silent = nodes.filter(n => n.role.value !== 'group' && !(n.name && n.name.value.trim()));
    check('every_control_has_a_name', nodes.length > 200 && silent.length === 0,
        `${nodes.length}: ${silent.map(n => n.role.value).join()}`);
    await page.evaluate(() => {
        document.activeElement.blur();
        scrollTo(0, 0);
        window.passed = new Set();
    });
    let steps = 0, trapped = '', unseen = '';
    for (; steps < 3000 && !trapped; steps++) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate(() => {
            const e = document.activeElement, style = getComputedStyle(e);
            if (e === document.body) return { end: true };
            const again = window.passed.has(e), ring = e.querySelector('.ring');
            window.passed.add(e);
            return { again, what: e.outerHTML.slice(0, 70), end: false,
                shown: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1 ||
                    !!ring && parseFloat(getComputedStyle(ring).strokeWidth) >= 4 };
        });
        if (at.end || at.again && steps > 100) break;
        if (at.again) trapped = at.what;
        else if (!at.shown) unseen += at.what;
    }
    const last = await page.evaluate(() => [...document.querySelectorAll('button, input, textarea')]
        .filter(e => e.checkVisibility() && !e.disabled).every(e => window.passed.has(e)));
    check('tab_reaches_every_control', steps > 200 && !trapped && last, `${steps} ${trapped}`);
    check('focus_is_seen', !unseen, unseen);
}

async function winRates(page) {
    const cell = (i, j) => page.locator(
        `#win-square [aria-label="probability that y${i} is preferred to y${j}"]`);
    await cell(1, 2).focus();
    await page.keyboard.press('9');
    check('a_digit_sets_a_cell', await cell(1, 2).innerText() === '0.90');
    check('the_mirrored_cell_follows', await cell(2, 1).innerText() === '0.10');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('+');
    const row = [0.5, 0.9, +(await cell(1, 3).innerText()),
        +(await cell(1, 4).innerText()), +(await cell(1, 5).innerText())];
    const mean = row.reduce((a, b) => a + b) / 5;
    const shown = await number(page, '#win-square .rate >> nth=0');
    check('win_rate_is_the_mean', near(shown, mean, 5e-3)  /* cells show two digits */, `${shown} ${mean}`);
    const box = await cell(2, 3).boundingBox(), before = await cell(2, 3).innerText();
    await page.mouse.move(box.x + 9, box.y + 9);
    await page.mouse.down();
    await page.mouse.move(box.x + 49, box.y + 9, { steps: 3 });
    await page.mouse.up();
    check('a_cell_is_dragged', near(await number(page, '#win-square [aria-label="probability that y2 is preferred to y3"]'),
        +before + 0.25, 0.011), before);
    await page.click('[data-judge=circle]');
    check('a_circle_teaches_nothing', /learns nothing/.test(await page.innerText('#win-says')));
    await page.click('[data-judge=scores]');
}

/* Chapters 1 to 4, compared with the command and with sums made here. */
async function circles(page, scratch, tool) {
    const says = id => page.innerText(`#${id}`);
    await slide(page, 'score-0', 2);
    const miss = [[2, 0], [0, -1], [-1, 2]].reduce((sum, [a, b]) => {
        const p = 1 / (1 + Math.exp(b - a));
        return sum - (0.8 * Math.log(p) + 0.2 * Math.log(1 - p)) / 3;
    }, 0);
    check('scores_miss_a_circle', near(await number(page, '#score-mine'), miss, 6e-4) &&
        near(parseFloat(await says('score-best')), Math.LN2, 6e-4), `${await says('score-mine')} ${miss}`);
    await page.click('#score-turn');
    await page.click('#score-fit');
    check('scores_fit_an_order', await says('score-mine-right') === '3 of 3');

    await page.click('#micro-all');
    await page.waitForFunction(() => /After 400/.test(document.getElementById('micro-says').textContent));
    const lesson = path.join(path.dirname(tool), '00_micro_sppo');
    if (fs.existsSync(lesson)) {
        const printed = execFileSync(lesson, { encoding: 'utf8' }).trim();
        check('lesson_00_is_the_native_one', (await page.textContent('#micro-printed')).trim() === printed,
            await page.textContent('#micro-printed'));
    }

    await page.click('[data-hunt=uneven]');
    await page.click('#hunt-show');
    check('equilibrium_of_the_uneven', /equilibrium is 0\.364, 0\.273, 0\.364/.test(await says('hunt-says')),
        await says('hunt-says'));
    const was = await says('hunt-says');
    await page.locator('#hunt-simplex .handle').focus();
    await page.keyboard.press('ArrowDown');
    check('the_hunter_moves_by_keys', await says('hunt-says') !== was);

    const matrix = path.join(scratch, 'circle.csv');
    fs.writeFileSync(matrix, '0.5,1,0\n0,0.5,1\n1,0,0.5\n');
    await page.waitForFunction(() => [...document.querySelectorAll('#lab-methods td:nth-child(3)')]
        .every(e => e.textContent));
    const pull = ['--alpha', '0.1'], OWN = { 'nash-md': pull, inpo: pull, extragradient: pull,
        'mirror-prox': pull, comal: [...pull, '--magnet-every', '50'] };
    for (const row of await page.locator('#lab-methods tr').all()) {
        const [method, last, mean] = (await row.locator('th, td').allInnerTexts());
        const said = execFileSync(tool, ['game', '--matrix', matrix, '--start', '0.6,0.2,0.2',
            '--eta', '0.1', '--method', method, '--steps', '2000', '--quiet', ...OWN[method] || []],
        { encoding: 'utf8' });
        const ends = said.trim().split('\n').pop().trim().split(/\s+/).slice(1, 3);
        check(`gaps_of_${method}`, [last, mean].every((t, i) =>
            near(+t.replace('\u2212', '-'), +ends[i], 1e-3)), `${last} ${mean}, ${said.trim().split('\n').slice(-4).join(' | ')}`);
    }
    const before = await says('lab-says');
    await slide(page, 'lab-eta', 0.4);
    check('eta_changes_the_path', await says('lab-says') !== before);

    await page.click('[data-half-eta="0"]');
    await page.click('[data-half=order]');
    const win = [0.9, 0.7, 0.5, 0.3, 0.1];           // in the order: 1 against those behind
    const logZ = Math.log(win.reduce((sum, w) => sum + Math.exp(w) / 5, 0));
    check('log_z_is_the_mean_of_weights', (await says('half-says')).includes(`log Z is ${logZ.toPrecision(4)}`),
        `${await says('half-says')} ${logZ}`);
    await page.click('[data-half=circle]');
    check('a_circle_has_the_half', /exactly/.test(await says('half-says')));
}

/* Chapter 8: each loss passes against differences, and a flipped sign does not. */
async function losses(page) {
    const verdicts = async () => (await page.innerText('#plane-test-w')) + (await page.innerText('#plane-test-l'));
    const keys = await page.locator('#plane-loss option').evaluateAll(all => all.map(o => o.value));
    for (const key of keys) {
        await page.selectOption('#plane-loss', key);
        const right = await verdicts();
        await page.click('#plane-flip-w');
        const wrong = await verdicts();
        check(`slopes_of_${key}`, right === 'passedpassed' && wrong === 'FAILEDpassed', `${right} ${wrong}`);
    }
    await page.selectOption('#plane-loss', 'ipo');
    await page.click('#plane-roll');
    const [w, l] = (await page.innerText('#plane-at')).replace(/\u2212/g, '-').split(', ').map(Number);
    check('ipo_rolls_into_its_valley', near(w - l, 1, 1e-3) && near(w, -l, 1e-3), `${w} ${l}`);
    await page.locator('#plane-picture .handle').focus();
    await page.keyboard.press('ArrowLeft');
    check('the_two_ratios_move_by_keys', near(await page.innerText('#plane-at').then(t => parseFloat(t)), w - 0.05, 6e-3));
}

/* Chapter 9: two heads learn the circle, one cannot. */
async function heads(page) {
    for (let i = 0; i < 2; i++) await page.click('#heads-train');
    check('a_circle_is_no_scores', /Pair and embed say what is in the square/.test(
        await page.innerText('#heads-says')), await page.innerText('#heads-says'));
    await page.click('[data-hands=order]');
    for (let i = 0; i < 4; i++) await page.click('#heads-train');
    check('scores_learn_an_order', /All three/.test(await page.innerText('#heads-says')),
        await page.innerText('#heads-says'));
}

async function bowl(page) {
    const verdicts = async () => (await page.locator('.tests b').allInnerTexts()).slice(0, 4)
        .map(t => t === 'passed' ? 1 : 0).join('');
    check('header_passes_its_tests', await verdicts() === '1111', await verdicts());
    await page.click('#bowl-flip-gap');
    check('a_wrong_target_fools_differences', await verdicts() === '1000', await verdicts());
    await page.click('#bowl-flip-gap');
    await page.click('#bowl-flip-slope');
    check('a_wrong_slope_does_not', (await verdicts()).startsWith('01'), await verdicts());
    await page.click('#bowl-restore');
    await page.fill('#bowl-gap', 'ratio - ');
    check('nonsense_is_said', /not an expression/.test(await page.innerText('#bowl-says')));
    await page.click('#bowl-restore');
    for (let i = 0; i < 30; i++) await page.click('#bowl-step');
    check('it_rolls_to_the_target', near(await number(page, '#bowl-coded'), 0, 1e-2));
}

async function onePrompt(page) {
    await page.click('#one-sample');
    await page.waitForSelector('#one-fit:not([disabled])', { timeout: 60000 });
    check('five_answers', await page.locator('#one-answers tr').count() === 5);
    await page.locator('#one-square [role=spinbutton]').first().focus();
    await page.keyboard.press('9');
    await page.click('#one-fit');
    await page.waitForFunction(() => /After 40|did not/.test(
        document.getElementById('one-says').textContent), null, { timeout: 120000 });
    const says = (await page.innerText('#one-says')).replace(/\u2212/g, '-');
    const n = [...says.matchAll(/from 0 to (-?\d+\.\d), its target is (-?\d+\.\d)/g)];
    check('ratios_come_to_their_targets', n.length === 2 &&
        n.every(m => near(+m[1], +m[2], 0.5 + 0.2 * Math.abs(+m[2]))), says);
}

async function wholeLoop(page, native, modelsFile) {
    await page.click('#loop-run');
    await page.waitForSelector('#loop-run:not([disabled])', { timeout: 240000 });
    const sums = await page.locator('#loop-rows td:last-child').allInnerTexts();
    const settings = JSON.parse(await page.getAttribute('#loop-run', 'data-settings'));
    const ours = execFileSync(native, [modelsFile,
        ...Object.entries(settings).map(([k, v]) => `${k}=${v}`)], { encoding: 'utf8' })
        .trim().split('\n');
    check('weights_are_the_native_ones', ours.slice(1).join() === sums.join(),
        `${ours} here, ${sums} in the page`);
    check('before_and_after_are_shown', await page.locator('#loop-texts tr').count() === 4);
}

/* What is handed out fails; what is right passes. */
async function exercises(page) {
    const says = n => page.innerText(`[data-exercise="${n}"] .verdict`);
    const press = n => page.click(`[data-exercise="${n}"] button`);
    const ANSWERS = {
        1: 'return P.map(r => r.reduce((a, b) => a + b) / k);',
        2: 'return eta * (win - 0.5);',
        3: 'const gap = ratio - target; return [gap * gap, 2 * gap];',
        5: 'const w = pi.map((p, i) => p * Math.exp(eta * win[i]));' +
            'const z = w.reduce((a, b) => a + b); return w.map(x => x / z);',
        9: 'const s = 1 / (1 + Math.exp(-(r - other) / eta));' +
            'return [(s - q) / eta, (q - s) / eta];',
        12: 'return p.map((x, v) => upstream * ((v === token) - x));'
    };
    for (const box of await page.locator('[data-exercise] button').all())
        await box.click();
    const verdicts = await page.locator('[data-exercise] .verdict').allInnerTexts();
    check('at_least_twelve_exercises', verdicts.length >= 12, verdicts.length);
    check('what_is_handed_out_fails', verdicts.every(v => v && !v.startsWith('Passed')),
        verdicts.join(' | '));
    for (const n in ANSWERS) {
        await page.fill(`#drill-${n}`, ANSWERS[n]);
        await press(n);
        check(`exercise_${n}_is_solved`, (await says(n)).startsWith('Passed'), await says(n));
    }
    await page.fill('#drill-2', 'return eta * (');
    await press(2);
    check('a_slip_is_said', !(await says(2)).startsWith('Passed'));
}

/* The pictures of chapters 10 and 13. */
async function networkAndSpeed(page) {
    await page.click('#sees-look');
    await page.waitForFunction(() => /sees|did not/.test(
        document.getElementById('sees-says').textContent), null, { timeout: 60000 });
    const says = await page.innerText('#sees-says');
    const [, all, prompt, one, two] = says.match(
        /sees (\d+) tokens: (\d+) of the prompt, (\d+) of answer 1, (\d+) of answer 2/) || [];
    check('answer_2_does_not_see_answer_1', +prompt > 2 && +one === 0 &&
        +two > 1 && +all === +prompt + +two, says);
    await page.selectOption('#fast-size', '64');
    await page.click('#fast-run');
    await page.waitForFunction(() => document.getElementById('fast-says').textContent);
    check('tiles_have_the_same_bits', /equal to the bit/.test(await page.innerText('#fast-says')),
        await page.innerText('#fast-says'));
}

/* A judge of the reader's own, one that is wrong, and the reader himself. */
async function otherJudges(page) {
    const done = () => page.waitForSelector('#loop-run:not([disabled])', { timeout: 240000 });
    await page.selectOption('#loop-judge', 'shorter');
    await page.fill('#loop-code', 'return 7;');
    await page.click('#loop-run');
    await done();
    check('a_wrong_judge_is_said', /returned 7/.test(await page.innerText('#loop-says')),
        await page.innerText('#loop-says'));
    await page.selectOption('#loop-judge', 'you');
    await page.click('#loop-run');
    for (let i = 0; i < 3; i++) {
        await page.waitForSelector('#ask-a:visible', { timeout: 60000 });
        await page.click(i ? '#ask-b' : '#ask-a');
    }
    check('the_reader_judges', /^[34] of 15/.test(await page.innerText('#ask-prompt')),
        await page.innerText('#ask-prompt'));
    await page.click('#loop-stop');
    await done();
    check('a_run_is_stopped', /Stopped/.test(await page.innerText('#loop-says')));
}

/* Nothing moves by itself, with the folds closed; nothing is too wide with all
   of them open. */
async function layout(browser, file, wrong) {
    for (const width of [400, 1000, 1440]) {
        const page = await browser.newPage({ viewport: { width, height: 900 } });
        page.on('pageerror', e => wrong.push(e.message));
        await page.addInitScript(() => {
            window.shift = 0;
            new PerformanceObserver(list => list.getEntries().forEach(e => {
                window.shift += e.value;
            })).observe({ type: 'layout-shift', buffered: true });
        });
        await page.goto(`file://${path.resolve(file)}`);
        await page.waitForFunction(() => document.querySelector('#win-square .rate'));
        await page.waitForTimeout(400);
        const shift = await page.evaluate(() => window.shift);
        check(`nothing_jumps_${width}`, shift === 0, shift);
        const over = await page.evaluate(() => {
            document.querySelectorAll('details').forEach(d => { d.open = true; });
            return document.documentElement.scrollWidth - innerWidth;
        });
        check(`open_folds_fit_${width}`, over <= 0, `${over} pixels too wide`);
        await page.close();
    }
}

async function looks(browser, file, scratch, wrong) {
    for (const scheme of ['light', 'dark'])
        for (const width of [400, 1000, 1440, 2000]) {
            const page = await open(browser, file, wrong,
                { viewport: { width, height: 900 }, colorScheme: scheme });
            await page.waitForTimeout(300);
            const over = await page.evaluate(() =>
                document.documentElement.scrollWidth - innerWidth);
            check(`fits_${width}_${scheme}`, over <= 0, `${over} pixels too wide`);
            await page.screenshot({ path: path.join(scratch, `book-${width}-${scheme}.png`) });
            await page.close();
        }
    const plain = await open(browser, file, wrong, { javaScriptEnabled: false });
    const words = await plain.innerText('main');
    check('text_is_there_without_javascript', words.length > 10000 &&
        words.includes('sppo_loss_point'), `${words.length} characters`);
    check('widgets_are_not', await plain.locator('.widget:visible').count() === 0);
    await plain.close();
}

async function inBrowser(file, scratch, native, modelsFile, tool) {
    const { chromium } = require('playwright-core');
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM,
        args: ['--no-sandbox', '--disable-gpu', '--disable-component-update'] });
    try {
        await everything(browser, file, scratch, native, modelsFile, tool);
    } finally {                      // an open browser keeps node from ending
        await browser.close();
    }
    process.exitCode = failed ? 1 : 0;
}

async function printed(browser, file, wrong) {
    const page = await open(browser, file, wrong);
    const pages = async () => (await page.pdf({ format: 'A4' })).toString('latin1')
        .match(/\/Type\s*\/Page\b/g).length;
    const all = await pages();
    check('it_prints', all > 40, `${all} pages`);
    const whole = await page.evaluate(() => {
        document.body.replaceChildren(document.querySelector('.letters'));
        return document.body.innerText.length > 2000;
    });
    const one = await pages();
    check('letters_are_one_page', whole && one === 1, `${one} pages`);
    await page.close();
}

async function everything(browser, file, scratch, native, modelsFile, tool) {
    const wrong = [], page = await open(browser, file, wrong);
    page.setDefaultTimeout(60000);
    await page.waitForFunction(() => document.querySelector('#win-square .rate'));
    const paint = await page.evaluate(() =>
        performance.getEntriesByName('first-contentful-paint')[0].startTime);
    console.log(`first paint after ${paint.toFixed(0)} ms`);
    await symbols(page);
    await keyboard(page);
    await firstPicture(page);
    await circles(page, scratch, tool);
    await losses(page);
    await heads(page);
    await winRates(page);
    await bowl(page);
    await exercises(page);
    await networkAndSpeed(page);
    await onePrompt(page);
    await wholeLoop(page, native, modelsFile);
    check('nothing_is_asked_from_outside', wrong.length === 0, wrong.join('; '));
    await otherJudges(page);
    await page.click('#theme');
    check('theme_is_changed', await page.evaluate(() =>
        document.documentElement.dataset.theme) === 'dark');
    await layout(browser, file, wrong);
    await looks(browser, file, scratch, wrong);
    await printed(browser, file, wrong);
    check('no_error_in_the_console', wrong.length === 0, wrong.join('; '));
}

const [, , what, file, ...rest] = process.argv;
const work = { models, links, index, browser: inBrowser,
    engine: (page, ...settings) => engine(page, settings) }[what];
Promise.resolve(work(file, ...rest)).catch(e => {
    console.log(`FAIL  ${what}  ${e.stack}`);
    process.exitCode = 1;
});
