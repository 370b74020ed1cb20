// llama_greedy.mjs FOLDER MODEL.gguf TOKENS PROMPT... - greedy text of llama.cpp
//
// FOLDER is where npm has installed node-llama-cpp.  Prints a line for each
// prompt: the text as JSON.  For tests/test_gguf.sh.
import path from 'path';
import { pathToFileURL } from 'url';

const [folder, modelPath, most, ...prompts] = process.argv.slice(2);
const entry = path.join(path.resolve(folder),
    'node_modules/node-llama-cpp/dist/index.js');
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(entry));

const llama = await getLlama({
    gpu: false, build: 'never', logLevel: LlamaLogLevel.error, maxThreads: 1
});
const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
const context = await model.createContext({
    contextSize: Math.min(256, model.trainContextSize), threads: 1,
    batchSize: 128
});
const sequence = context.getSequence();

for (const prompt of prompts) {
    const asked = prompt === '' ? [] : model.tokenize(prompt, false);
    const said = [];

    await sequence.clearHistory();
    for await (const token of sequence.evaluate(
        [model.tokens.bos].concat(asked),
        { temperature: 0, yieldEogToken: true })) {
        if (token === model.tokens.eos)
            break;
        said.push(token);
        if (said.length >= +most)
            break;
    }
    console.log(JSON.stringify(model.detokenize(said).trim()));
}
process.exit(0);
