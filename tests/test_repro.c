/* test_repro.c - the statistics, verdicts and colours of the reproduction
 *
 * On made-up numbers whose answers are known: quantiles from tables, intervals
 * by hand, and for each kind of question a case of every verdict.           */
#include "../examples/reproduction/statistics.h"
#include "../examples/reproduction/store.h"
#include "../examples/lessons/svg_heat.h"
#include "check.h"

static void interval_of_three_by_hand(void)
{
    static const double x[3] = { 1.0, 2.0, 3.0 };
    const interval r = student_interval(x, 3);

    CHECK(r.n == 3);
    CHECK_NEAR(r.mean, 2.0, 1e-15);
    CHECK_NEAR(r.high - r.mean, 4.303 / sqrt(3.0), 1e-12);  // sd 1
    CHECK_NEAR(r.mean - r.low, r.high - r.mean, 1e-12);
}

static void interval_of_one_is_everything(void)
{
    static const double x[1] = { 0.5 };
    const interval r = student_interval(x, 1);

    CHECK(r.low < -1e300 && r.high > 1e300);
    CHECK(student_interval(x, 0).n == 0);
}

static void student_falls_to_the_normal(void)
{
    int i;

    CHECK_NEAR(student(1), 12.706, 1e-9);
    CHECK_NEAR(student(7), 2.365, 1e-9);
    CHECK_NEAR(student(20), 2.086, 1e-9);
    CHECK_NEAR(student(21), 2.0796, 1e-4);  // of tables, to their last digit
    CHECK_NEAR(student(40), 2.0211, 1e-4);
    CHECK_NEAR(student(79), 1.9905, 1e-4);
    for (i = 2; i < 200; i++)
        CHECK(student(i) <= student(i - 1) && student(i) > 1.96);
}

/* Groups of two whose sums are off by 2 and -2: squares 8, times 2 over 1. */
static void groups_are_one_witness_each(void)
{
    static const double x[4] = { 1.0, 5.0, 2.0, 0.0 };
    static const double group[4] = { 7.0, 7.0, 9.0, 9.0 };
    const interval r = grouped_interval(x, group, 4);

    CHECK_NEAR(r.mean, 2.0, 1e-15);
    CHECK_NEAR(r.high - r.mean, 12.706 * 4.0 / 4.0, 1e-12);
    CHECK_NEAR(r.mean - r.low, 12.706, 1e-12);
    CHECK(grouped_interval(x, group, 2).high > 1e300);  // one group
    CHECK(grouped_interval(x, group, 3).n == 3);
}

static void paired_chance_knows_the_normal_tail(void)
{
    double d[400];
    int i;

    // mean 0.098, sd 1 up to n - 1: 0.098 sqrt(400) = 1.96 deviations
    for (i = 0; i < 400; i++)
        d[i] = 0.098 + (i % 2 ? 1.0 : -1.0) * sqrt(399.0 / 400.0);
    CHECK_NEAR(paired_chance(d, 400), 0.05, 1e-4);
    for (i = 0; i < 400; i++)
        d[i] = 0.0;
    CHECK_NEAR(paired_chance(d, 400), 1.0, 0.0);
    for (i = 0; i < 400; i++)
        d[i] = 0.5;
    CHECK_NEAR(paired_chance(d, 400), 0.0, 0.0);
}

static interval made(double low, double high)
{
    interval r = { 0.0, 0.0, 0.0, 5 };

    r.low = low;
    r.high = high;
    r.mean = (low + high) / 2;
    return r;
}

static void more_needs_the_interval_above_zero(void)
{
    const double none = (double)NAN;

    CHECK(decide(IS_MORE, made(0.01, 0.03), 0.01, none) == HOLDS);
    CHECK(decide(IS_MORE, made(-0.01, 0.03), 0.01, none) == UNDECIDED);
    CHECK(decide(IS_MORE, made(-0.05, -0.01), 0.01, none) == FAILS);
    CHECK(decide(IS_MORE, made(0.0, 0.03), 0.01, none) == UNDECIDED);
}

static void more_fails_when_it_is_less_than_the_margin(void)
{
    const double none = (double)NAN;

    CHECK(decide(IS_MORE, made(-0.004, 0.006), 0.01, none) == FAILS);
    CHECK(decide(IS_MORE, made(-0.004, 0.011), 0.01, none) == UNDECIDED);
    CHECK(decide(IS_MORE, made(0.001, 0.006), 0.01, none) == HOLDS);
}

static void more_needs_the_paired_test_too(void)
{
    CHECK(decide(IS_MORE, made(0.01, 0.03), 0.01, 0.04) == HOLDS);
    CHECK(decide(IS_MORE, made(0.01, 0.03), 0.01, 0.06) == UNDECIDED);
    CHECK(decide(IS_MORE, made(-0.03, -0.01), 0.01, 0.04) == FAILS);
}

static void same_needs_the_interval_within_the_margin(void)
{
    const double none = (double)NAN;

    CHECK(decide(IS_SAME, made(-0.01, 0.015), 0.02, none) == HOLDS);
    CHECK(decide(IS_SAME, made(0.005, 0.015), 0.02, none) == HOLDS);
    CHECK(decide(IS_SAME, made(-0.01, 0.025), 0.02, none) == UNDECIDED);
    CHECK(decide(IS_SAME, made(0.021, 0.03), 0.02, none) == FAILS);
    CHECK(decide(IS_SAME, made(-0.05, -0.03), 0.02, none) == FAILS);
    CHECK(decide(IS_SAME, made(0.01, 0.03), 0.02, none) == UNDECIDED);
}

static void not_less_looks_at_one_side(void)
{
    const double none = (double)NAN;

    CHECK(decide(IS_NOT_LESS, made(-0.01, 0.5), 0.02, none) == HOLDS);
    CHECK(decide(IS_NOT_LESS, made(-0.03, 0.5), 0.02, none) == UNDECIDED);
    CHECK(decide(IS_NOT_LESS, made(-0.06, -0.03), 0.02, none) == FAILS);
}

static void nothing_measured_is_not_run(void)
{
    const interval nothing = student_interval(NULL, 0);

    CHECK(decide(IS_MORE, nothing, 0.01, (double)NAN) == NOT_RUN);
    CHECK(decide(IS_SAME, nothing, 0.01, (double)NAN) == NOT_RUN);
}

static void one_seed_decides_nothing(void)
{
    static const double x[1] = { 0.9 };
    int asked;

    for (asked = IS_MORE; asked <= IS_NOT_LESS; asked++)
        CHECK(decide((question)asked, student_interval(x, 1), 0.01, 1e-9) ==
              UNDECIDED);
}

static void a_claim_holds_when_all_parts_do(void)
{
    static const ruling all[] = { HOLDS, HOLDS };
    static const ruling open[] = { HOLDS, UNDECIDED };
    static const ruling bad[] = { UNDECIDED, FAILS, HOLDS };
    static const ruling missing[] = { FAILS, NOT_RUN };

    CHECK(decide_all(all, 2) == HOLDS);
    CHECK(decide_all(open, 2) == UNDECIDED);
    CHECK(decide_all(bad, 3) == FAILS);
    CHECK(decide_all(missing, 2) == NOT_RUN);
    CHECK(decide_all(all, 0) == UNDECIDED);
}

static void a_verdict_stands_where_both_sets_agree(void)
{
    static const ruling both[] = { FAILS, FAILS };
    static const ruling apart[] = { HOLDS, FAILS };
    static const ruling open[] = { UNDECIDED, HOLDS };
    static const ruling missing[] = { HOLDS, NOT_RUN };

    CHECK(agreed(both, 2) == FAILS);
    CHECK(agreed(apart, 2) == UNDECIDED);
    CHECK(agreed(open, 2) == UNDECIDED);
    CHECK(agreed(missing, 2) == NOT_RUN);
    CHECK(agreed(apart, 1) == HOLDS);
    CHECK(agreed(apart, 0) == NOT_RUN);
}

static void every_verdict_has_a_name(void)
{
    CHECK(strcmp(verdict_name(HOLDS), "holds") == 0);
    CHECK(strcmp(verdict_name(FAILS), "does not hold") == 0);
    CHECK(strcmp(verdict_name(UNDECIDED), "undecided") == 0);
    CHECK(strcmp(verdict_name(NOT_RUN), "not run") == 0);
}

static void the_store_finds_what_was_added(void)
{
    static store s;
    double list[4];

    CHECK(store_add(&s, 1, "sppo", 2, "gold", -1, 0.5));
    CHECK(store_add(&s, 1, "sppo", 2, "gold", 0, 0.25));
    CHECK(store_add(&s, 1, "sppo", 2, "gold", 1, 0.75));
    CHECK(store_add(&s, 2, "sppo", 2, "gold", -1, 0.6));
    CHECK_NEAR(store_get(&s, 1, "sppo", 2, "gold", -1), 0.5, 0.0);
    CHECK_NEAR(store_get(&s, 2, "sppo", 2, "gold", -1), 0.6, 0.0);
    CHECK_NEAR(store_get(&s, 1, "sppo", 2, "gold", 1), 0.75, 0.0);
    CHECK(isnan(store_get(&s, 1, "sppo", 3, "gold", -1)));
    CHECK(isnan(store_get(&s, 1, "dpo", 2, "gold", -1)));
    CHECK(store_list(&s, 1, "sppo", 2, "gold", list, 4) == 2);
    CHECK_NEAR(list[0] + 10 * list[1], 7.75, 0.0);
    CHECK(store_list(&s, 1, "sppo", 2, "length", list, 4) == 0);
    CHECK(!store_add(&s, 1, "a name that is far too long for it", 0, "gold",
                     -1, 0.0));
    store_free(&s);
    CHECK(s.rows == 0);
    CHECK(isnan(store_get(&s, 1, "sppo", 2, "gold", -1)));
}

static void the_store_grows(void)
{
    static store s;
    static double list[6000];
    int i, wrong = 0;

    for (i = 0; i < 6000; i++)
        wrong += !store_add(&s, i % 3, "run", 1, "x", i / 3, i);
    for (i = 0; i < 6000; i++)
        wrong += store_get(&s, i % 3, "run", 1, "x", i / 3) != i;
    CHECK(wrong == 0 && s.rows == 6000);
    CHECK(store_list(&s, 2, "run", 1, "x", list, 6000) == 2000);
    CHECK_NEAR(list[1999], 5999.0, 0.0);
    CHECK(store_list(&s, 2, "run", 1, "x", list, 7) == 7);
    CHECK(store_add(&s, 0, "run", 1, "x", 0, 99.0));  // the first one stays
    CHECK_NEAR(store_get(&s, 0, "run", 1, "x", 0), 0.0, 0.0);
    store_free(&s);
}

/* The contrast of black or white figures on every colour that a cell can have:
 * 4.5 is what the Web Content Accessibility Guidelines ask for.             */
static void every_figure_of_a_heat_map_can_be_read(void)
{
    double least = 21.0;
    int i;

    for (i = 0; i <= 1000; i++) {
        double rgb[3], ground, ink;

        svg_heat_colour(i / 1000.0, rgb);
        ground = svg_luminance(rgb);
        ink = strcmp(svg_heat_ink(rgb), "#fff") == 0 ? 1.0 : 0.0;
        least = fmin(least, ink > ground ? 1.05 / (ground + 0.05)
                                         : (ground + 0.05) / 0.05);
    }
    CHECK(least >= 4.5);
}

/* As much above one half as below is as far from the middle; white at it. */
static void a_heat_map_diverges_around_one_half(void)
{
    double middle[3], low[3], high[3];

    svg_heat_colour(0.5, middle);
    svg_heat_colour(0.1, low);
    svg_heat_colour(0.9, high);
    CHECK(middle[0] > 240.0 && middle[1] > 240.0 && middle[2] > 240.0);
    CHECK(low[0] > low[2] && high[2] > high[0]);  // orange, blue
}

static const check_case cases[] = {
    CASE(interval_of_three_by_hand),
    CASE(interval_of_one_is_everything),
    CASE(student_falls_to_the_normal),
    CASE(groups_are_one_witness_each),
    CASE(paired_chance_knows_the_normal_tail),
    CASE(more_needs_the_interval_above_zero),
    CASE(more_fails_when_it_is_less_than_the_margin),
    CASE(more_needs_the_paired_test_too),
    CASE(same_needs_the_interval_within_the_margin),
    CASE(not_less_looks_at_one_side),
    CASE(nothing_measured_is_not_run),
    CASE(one_seed_decides_nothing),
    CASE(a_claim_holds_when_all_parts_do),
    CASE(a_verdict_stands_where_both_sets_agree),
    CASE(every_verdict_has_a_name),
    CASE(the_store_finds_what_was_added),
    CASE(the_store_grows),
    CASE(every_figure_of_a_heat_map_can_be_read),
    CASE(a_heat_map_diverges_around_one_half)
};

int main(int argc, char **argv)
{
    return check_main(cases, COUNT(cases), argc, argv);
}
