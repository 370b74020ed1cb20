// align.cc - a policy, a judge and a run from C++11: what fails is thrown
//
//   c++ -std=c++11 -O3 -march=native -fopenmp examples/bindings/align.cc
//   ./a.out                         in the folder that has tiny_models
#define SPPO_IMPLEMENTATION
#include "../../sppo.h"

#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>

struct Context : sppo_ctx {
    Context() : sppo_ctx() {}
    void operator()(sppo_result r) { if (r) throw std::runtime_error(message); }
};

// A struct of the header that is let go of where its scope ends.
template <class T, void (*let_go)(sppo_ctx *, T *)> struct Owned : T {
    explicit Owned(Context &c) : T(), ctx(c) {}
    Owned(const Owned &) = delete;
    ~Owned() { let_go(&ctx, this); }
    Context &ctx;
};

// P(a is better than b) of two texts; nothing may be thrown through C.
using Taste = std::function<double(const std::string &, const std::string &)>;

static sppo_result compare(sppo_ctx *ctx, void *taste, const char *,
                           const char *const *text, const int *, int k,
                           double *pairwise) try {
    for (int i = 0; i < k * k; i++)
        pairwise[i] = (*static_cast<Taste *>(taste))(text[i / k], text[i % k]);
    return SPPO_OK;
} catch (const std::exception &e) {
    return sppo_fail(ctx, SPPO_E_JUDGE, "%s", e.what());
}

int main() try {
    const char *const prompt = "tell me a story about a red cat .\n";
    Context ctx;
    Owned<sppo_model, sppo_model_free> policy(ctx);
    Owned<sppo_tokenizer, sppo_tokenizer_free> tok(ctx);
    Owned<sppo_lists, sppo_lists_free> prompts(ctx);
    Owned<sppo_play, sppo_play_free> play(ctx);
    Taste brief = [](const std::string &a, const std::string &b) {
        return sppo_sigmoid((double(b.size()) - double(a.size())) / 10);
    };
    sppo_text_judge texts = { &tok, &policy.config, compare, &brief };
    sppo_judge judge = { sppo_judge_texts, &texts };
    sppo_play_config config = {};
    char text[400];

    config.eta = 30;
    config.optim.lr = 3e-4;
    config.epochs = 8;
    ctx(sppo_model_load(&ctx, &policy, "tiny_models/policy"));
    ctx(sppo_tokenizer_load(&ctx, &tok, "tiny_models/policy/tokenizer.bin",
                            policy.config.vocab));
    for (int i = 0; i < 48; i++)
        ctx(sppo_lists_add_text(&ctx, &prompts, &tok, prompt));
    for (int aligned = 0; aligned < 2; aligned++) {
        if (aligned) {
            ctx(sppo_play_init(&ctx, &play, &config, &policy, &prompts));
            ctx(sppo_play_run(&ctx, &play, &judge));
        }
        ctx(sppo_sample_text(&ctx, &policy, &tok, prompt, &config.sampling, 1,
                             text, sizeof text));
        std::cout << (aligned ? "after   " : "before  ") << text << "\n";
    }
} catch (const std::exception &e) {
    std::cerr << "align: " << e.what() << "\n";
    return 1;
}
