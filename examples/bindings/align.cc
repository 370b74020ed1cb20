// align.cc - a policy, a judge and a run from C++11: what fails is thrown
//
//   c++ -std=c++11 -O3 -march=native -fopenmp examples/bindings/align.cc
//   ./a.out                         in the folder that has tiny_models
#define SPPO_IMPLEMENTATION
#include "../../sppo.h"

#include <iostream>
#include <stdexcept>
#include <string>

static sppo_ctx ctx;
static void must(int r) { if (r) throw std::runtime_error(ctx.message); }

// A struct of the header, zero at first and let go of where its scope ends.
template <class T, void (*let_go)(sppo_ctx *, T *)> struct Owned : T {
    Owned() : T() {}
    Owned(const Owned &) = delete;
    ~Owned() { let_go(&ctx, this); }
};

// P(answer i is better than answer j): the shorter one is.  A judge that fails
// returns sppo_fail(..), as nothing may be thrown through C.
static sppo_result brief(sppo_ctx *, void *, const char *,
                         const char *const *text, const int *, int k, double *p)
{
    auto length = [&](int i) { return double(std::string(text[i]).size()); };
    for (int i = 0; i < k * k; i++)
        p[i] = sppo_sigmoid((length(i % k) - length(i / k)) / 10);
    return SPPO_OK;
}

int main() try {
    Owned<sppo_model, sppo_model_free> policy;
    Owned<sppo_tokenizer, sppo_tokenizer_free> tok;
    Owned<sppo_lists, sppo_lists_free> prompts;
    Owned<sppo_play, sppo_play_free> play;
    sppo_play_config config = {};
    sppo_text_judge texts = { &tok, &policy.config, brief, nullptr };
    sppo_judge judge = { sppo_judge_texts, &texts };
    const char *const prompt = "tell me a story about a red cat .\n";
    auto say = [&](const char *when) {
        char text[400];
        must(sppo_sample_text(&ctx, &policy, &tok, prompt, &config.sampling, 1,
                              text, sizeof text));
        std::cout << when << text << "\n";
    };
    config.eta = 30, config.optim.lr = 3e-4, config.epochs = 8;
    must(sppo_model_load(&ctx, &policy, "tiny_models/policy"));
    must(sppo_tokenizer_load(&ctx, &tok, "tiny_models/policy/tokenizer.bin",
                             policy.config.vocab));
    for (int i = 0; i < 48; i++)
        must(sppo_lists_add_text(&ctx, &prompts, &tok, prompt));
    say("before  ");
    must(sppo_play_init(&ctx, &play, &config, &policy, &prompts));
    must(sppo_play_run(&ctx, &play, &judge));
    say("after   ");
} catch (const std::exception &e) {
    return std::cerr << "align: " << e.what() << "\n", 1;
}
