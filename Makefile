# sppo.h: everything is built under build/. `make help` lists the targets.

CC ?= cc
MPICC ?= mpicc
PREFIX ?= /usr/local
STD = -std=c99
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion \
       -Wstrict-prototypes
# The fast build is the default: -march=native triples the speed, and without
# errno square roots are vectors, with the same bits. For a binary that runs
# elsewhere: make NATIVE=   Without threads: make OPENMP=
# Not into /dev/null: tcc puts a file in its place, where it may.
accepts = $(shell mkdir -p build; echo 'int main(void) { return 0; }' | \
            $(CC) $(1) -x c - -o build/accepts.$$$$ 2>/dev/null && \
            echo $(1); rm -f build/accepts.$$$$)
NATIVE := $(call accepts,-march=native)
OPENMP := $(call accepts,-fopenmp)
NO_ERRNO := $(call accepts,-fno-math-errno)
CFLAGS ?= -O3 $(NO_ERRNO)
# Beside each object the compiler lists the headers that it saw.
LISTS = -MMD -MP
COMPILE = $(CC) $(STD) $(WARN) $(CFLAGS) $(NATIVE) $(OPENMP) $(LISTS)
# Tests check results, not speed: -O1 and SPPO_STATIC compile faster.
STATIC = -DSPPO_STATIC
TEST_COMPILE = $(CC) $(STD) $(WARN) -O1 -g $(NATIVE) $(OPENMP) $(LISTS)
LINK = $(CC) $(CFLAGS) $(NATIVE) $(OPENMP) $(LDFLAGS)

TOOLS = build/sppo build/instruct build/plot build/story_judge
LESSONS = $(patsubst examples/lessons/%.c,%,$(wildcard examples/lessons/0*.c))
EXAMPLES = $(LESSONS:%=build/%)
TESTS = base json kernels policy sample optim prefer train game methods update \
        play ranks traffic files data repro memory calls edges
PROGRAMS = $(TESTS:%=build/tests/%) $(TESTS:%=build/tests/%-double)

.PHONY: help all examples exercise letters book book-keep lib man demo test \
        check-all programs audit mutate sanitize coverage fuzz faults soak \
        models repro repro-full repro-second \
        repro-keep bench bench-growth bench-torch strict ports mpi clean

all: $(TOOLS)  ## the command-line tool and its helpers, under build/

examples: $(EXAMPLES)  ## the teaching programs 00 to 09

# In `make exercise 3` the number is no target, but which one is meant.
ifeq ($(firstword $(MAKECMDGOALS)),exercise)
EXERCISE = $(wordlist 2,9,$(MAKECMDGOALS))
ifneq ($(EXERCISE),)
.PHONY: $(EXERCISE)
$(EXERCISE): exercise
	@:
endif
endif

exercise:  ## exercises that check themselves; make exercise 3; HINT=1
	@CC='$(CC)' sh examples/exercises/exercise.sh build/exercise $(EXERCISE)

letters:  ## examples/book/letters.md: what papers call what
	@mkdir -p build
	@sh examples/book/letters.sh > build/letters.md
	@mv build/letters.md examples/book/letters.md

help:  ## this list
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16

demo:  ## align the tiny policy for three iterations, in under a minute
	@$(MAKE) -j2 all
	@sh examples/instruct/demo.sh build/demo

test:  ## every test, in float and in double
	@$(MAKE) -j2 all examples lib build/exhaust build/reproduce build/book/page build/book/native programs $(if $(shell command -v $(MPICC) 2>/dev/null),mpi)
	@sh tests/run.sh $(TESTS)

check-all:  ## all that can be checked, hours: strict to mutate
	@for part in strict ports test fuzz faults sanitize coverage soak audit \
	    mutate; do $(MAKE) $$part || exit 1; done

audit:  ## the paper row by row: item, function, figure, tolerance
	@$(MAKE) -s -j2 $(TESTS:%=build/tests/%-double)
	@sh tests/audit.sh

mutate:  ## one-character errors in the update and games: all must be noticed
	@sh tests/mutate.sh sppo.h build/mutants

sanitize:  ## memory, undefined behaviour, races: sanitizers and valgrind
	@sh tests/sanitize.sh build/sanitize $(PARTS)

coverage:  ## lines and branches that the tests reach, file by file; floors
	@sh tests/coverage.sh build/coverage

fuzz:  ## clang's libFuzzer on every reader, 20 s each; MINUTES=n for longer
	@sh tests/fuzz/run.sh $(if $(MINUTES),$$((60 * $(MINUTES))),20)

faults:  ## at each call: failures, out of memory, kills, power cuts; all: ALL=1
	@sh tests/faults/run.sh build/faults/run
	@sh tests/faults/power.sh build/faults/power

soak: all  ## kill, resume, compare, 200 times each command: KILLS=n SEED=n
	@sh tests/soak.sh build/sppo build $(or $(KILLS),200) $(SEED)

programs: $(PROGRAMS)

models: all  ## make tiny_models/ again from its seed
	@sh examples/instruct/models.sh tiny_models build/models

repro: build/reproduce  ## do the paper's claims hold? 2 seeds, 3 to 6 minutes
	@build/reproduce quick build/repro
	@cat build/repro/short.md
	@echo "build/repro/report.md"

SHOW_REPRO = cat build/repro/short.md; sed 1,2d build/repro/methods-short.md; \
             echo "build/repro/report.md build/repro/methods.md"

repro-full: build/reproduce  ## the same, 5 seeds; ten methods, 4: 45 minutes
	@build/reproduce full build/repro
	@build/reproduce methods build/repro
	@$(SHOW_REPRO)

repro-second: build/reproduce  ## other seeds, 45 minutes; reports of both sets
	@build/reproduce full build/repro --set second
	@build/reproduce methods build/repro --set second
	@$(SHOW_REPRO)

repro-keep:  ## keep the reports of both sets in examples/reproduction
	@grep -q '^# Reproduction report (full)' build/repro/report.md
	@grep -q '^seeds 1 to 5 and 11 to 15' build/repro/report.md
	@grep -q '^# Methods side by side (methods)' build/repro/methods.md
	@grep -q '^seeds 1 to 4 and 11 to 14' build/repro/methods.md
	@mkdir -p examples/reproduction
	cp build/repro/*.md build/repro/*.svg build/repro/*.csv \
	    examples/reproduction

bench: build/bench  ## speed: tokens per second, share of the machine's peak
	@build/bench --csv build/bench.csv

bench-growth: build/bench  ## the same for longer contexts, larger models; memory
	@build/bench --growth --csv build/bench_growth.csv

bench-torch: build/bench  ## both in turn, where PyTorch is installed
	@env -u OPENBLAS_CORETYPE python3 tests/bench_torch.py build/bench

man: build/sppo  ## build/sppo.1, the manual page of the tool
	@sh examples/packaging/man.sh build/sppo > build/sppo.1

book: build/book/page build/sppo  ## build/book/index.html, the annotated paper; needs clang's wasm32
	@sh examples/book/build.sh build/book/index.html

book-keep: build/book/page build/sppo  ## measure, make, and keep it in examples/book
	@sh examples/book/measure.sh
	@sh examples/book/build.sh examples/book/index.html

lib: build/libsppo.so  ## a shared library; examples/bindings has Python's

mpi: build/mpi_align  ## align on many machines: mpirun -n 4 build/mpi_align

strict:  ## all compilers and builds with warnings as errors
	@mkdir -p build && sh tests/test_build.sh build/strict

ports:  ## other machines, systems and compilers, under emulation
	@mkdir -p build && sh tests/test_port.sh build/ports

VERSION = $(shell sed -n 's/^\#define SPPO_VERSION "\(.*\)"/\1/p' sppo.h)
SHARE = $(DESTDIR)$(PREFIX)/share
pack = sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' \
       examples/packaging/$(notdir $(1)) > "$(SHARE)/$(1)"

install:  ## the header, for pkg-config and CMake too: PREFIX=/usr DESTDIR=
	mkdir -p "$(DESTDIR)$(PREFIX)/include" "$(SHARE)/pkgconfig" \
	    "$(SHARE)/cmake/sppo"
	cp sppo.h "$(DESTDIR)$(PREFIX)/include/sppo.h"
	$(call pack,pkgconfig/sppo.pc)
	$(call pack,cmake/sppo/sppo-config.cmake)
	$(call pack,cmake/sppo/sppo-config-version.cmake)

clean:  ## remove build/
	rm -rf build

# ---- programs, each from its objects: build/obj/PATH.o is of PATH.c ----

object = $(patsubst %.c,build/obj/%.o,$(1))

build/sppo: $(call object,$(wildcard examples/tool/*.c))
# The tool with an allocator that refuses one call.
build/exhaust: $(call object,tests/exhaust.c $(filter-out %/library.c, \
                 $(wildcard examples/tool/*.c)))
# The small language and its judge, of two programs.
LANGUAGE = $(call object,$(patsubst %,examples/instruct/%.c, \
             language prompts writers judge))
# What a method's name means to the tool, it means to the experiment.
build/reproduce: $(call object,$(wildcard examples/reproduction/*.c) \
                   $(patsubst %,examples/tool/%.c,length_control interval \
                     align_method settings options buffer)) $(LANGUAGE)
build/instruct: $(call object,$(patsubst %,examples/instruct/%.c, \
                  instruct rows pairs)) $(LANGUAGE)
build/story_judge: $(call object,examples/instruct/story_judge.c)
build/book/page: $(call object,$(patsubst %,examples/book/%.c, \
                   book cut exercise figures markdown math text) \
                   examples/tool/buffer.c)
# The page's engine for this machine, without multiply-adds as WebAssembly is.
build/book/native: $(wildcard examples/book/engine*.c) examples/book/native.c \
    examples/book/engine.h examples/tool/game_methods.c sppo.h tests/slow.h
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) -O2 -ffp-contract=off -DSPPO_NO_STDIO \
	    $(filter %.c,$^) -o $@ -lm
build/plot: $(call object,examples/lessons/plot.c)
build/bench: $(call object,tests/bench.c)
$(EXAMPLES): build/%: build/obj/examples/lessons/%.o

$(TOOLS) $(EXAMPLES) build/exhaust build/reproduce build/bench build/book/page:
	@mkdir -p $(@D)
	$(LINK) $^ -o $@ -lm

build/libsppo.so: examples/bindings/library.c
	@mkdir -p $(@D) build/obj
	$(COMPILE) -MF build/obj/libsppo.d -MT $@ -fPIC -shared $(LDFLAGS) $< \
	    -o $@ -lm

# With the files of the tool that read a tokenizer.
build/mpi_align: examples/cluster/mpi_align.c \
    $(call object,$(patsubst %,examples/tool/%.c,codec files buffer \
      tokenizer_json tokenizer_parts tokenizer_read tokenizer_llama \
      tokenizer_write))
	@mkdir -p $(@D) build/obj
	$(MPICC) $(STD) $(WARN) $(CFLAGS) $(NATIVE) $(OPENMP) $(LISTS) \
	    -MF build/obj/mpi_align.d -MT $@ $(filter %.c %.o,$^) -o $@ -lm

# A test is built twice, in float and in double.
$(TESTS:%=build/tests/%): build/tests/%: build/obj/tests/test_%-test.o
$(TESTS:%=build/tests/%-double): \
    build/tests/%-double: build/obj/tests/test_%-double.o

# Parts of the examples that have tests; for them SPPO_STATIC would be too much.
FOREIGN = $(patsubst %,examples/tool/%, \
           columns length_control tokenizer_json tokenizer_parts tokenizer_read \
           tokenizer_llama tokenizer_write tfevents settings options \
           buffer)
STORE = examples/tool/interval \
        examples/reproduction/statistics examples/reproduction/store
build/tests/data: $(FOREIGN:%=build/obj/%-test.o)
build/tests/data-double: $(FOREIGN:%=build/obj/%-double.o)
build/tests/repro: $(STORE:%=build/obj/%-test.o)
build/tests/repro-double: $(STORE:%=build/obj/%-double.o)
build/obj/tests/test_data-%.o build/obj/examples/%.o: STATIC =

$(PROGRAMS):
	@mkdir -p $(@D)
	$(LINK) $^ -o $@ -lm

# ---- objects ----

# With other flags than the last time all are made again.
build/obj/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(COMPILE) $(TEST_COMPILE)' | cmp -s - $@ || \
	    echo '$(COMPILE) $(TEST_COMPILE)' > $@
FORCE:

build/obj/%-double.o: %.c build/obj/flags
	@mkdir -p $(@D)
	$(TEST_COMPILE) $(STATIC) -DSPPO_REAL=double -c $< -o $@

build/obj/%-test.o: %.c build/obj/flags
	@mkdir -p $(@D)
	$(TEST_COMPILE) $(STATIC) -c $< -o $@

# The flags are what --version says of the build.
build/obj/examples/tool/info.o: \
    COMPILE += -DSPPO_FLAGS='"$(subst ",\",$(strip $(STD) $(CFLAGS) \
      $(NATIVE) $(OPENMP)))"'
build/obj/%.o: %.c build/obj/flags
	@mkdir -p $(@D)
	$(COMPILE) -c $< -o $@

-include $(wildcard build/obj/*.d build/obj/*/*.d build/obj/*/*/*.d)
