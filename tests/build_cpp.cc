/* build_cpp.cc - the header compiled as C++11, and used from it */
#define SPPO_IMPLEMENTATION
#include "../sppo.h"
#include "../sppo.h"

#include <cstdio>
#include <cstring>

#include "build_play.h"

/* A context that a C++ program would wrap; all zero is valid. */
class Context {
public:
    Context() : ctx() {}
    sppo_ctx *get() { return &ctx; }

private:
    sppo_ctx ctx;
};

int main()
{
    Context context;
    const unsigned long sum = build_play(context.get(), NULL);

    if (!sum || context.get()->held) {
        std::fprintf(stderr, "build_cpp: %s\n", context.get()->message);
        return 1;
    }
    std::printf("%08lx\n", sum);
    return 0;
}
