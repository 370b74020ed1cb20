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

/* ==== curves ============================================================= */

static const double far_off[6] = { 0.0, 0.5, 1.0, 1.5, 2.0, 3.0 };

/* Points that lie on a curve: it is found, with no error left. */
static void a_curve_is_found_again(void)
{
    int form, i;

    for (form = 0; form < CURVES; form++) {
        const curve_fit truth = { 2.0, 0.5, 0.0 };
        double gain[6];
        curve_fit fit;

        for (i = 0; i < 6; i++)
            gain[i] = curve_at((curve)form, &truth, far_off[i]);
        fit = fit_curve((curve)form, far_off, gain, 6);
        CHECK_NEAR(fit.a, 2.0, 1e-12);
        CHECK_NEAR(fit.b, 0.5, 1e-12);
        CHECK_NEAR(fit.error, 0.0, 1e-12);
    }
}

/* By hand: 3 x 1.5 - 0.5 x 9 and 2 (2 - 0.5 log 2). */
static void curves_are_those_of_their_formulas(void)
{
    const curve_fit fit = { 1.5, 0.5, 0.0 }, other = { 2.0, 0.5, 0.0 };

    CHECK_NEAR(curve_at(SQUARE, &fit, 3.0), 0.0, 1e-15);
    CHECK_NEAR(curve_at(LOGARITHM, &other, 2.0), 4.0 - log(2.0), 1e-15);
    CHECK_NEAR(curve_at(SQUARE, &fit, 0.0), 0.0, 0.0);
    CHECK_NEAR(curve_at(LOGARITHM, &fit, 0.0), 0.0, 0.0);
}

/* What is added stands at right angles to d and d d at 1, 2, 3: the same curve,
 * and an error of 0.1 sqrt((9 + 9 + 1) / 3).  Where the distance is 0 no curve
 * can say anything.                                                         */
static void what_no_curve_follows_is_its_error(void)
{
    static const double d[4] = { 1.0, 2.0, 3.0, 0.0 };
    static const double off[3] = { 3.0, -3.0, 1.0 };
    const curve_fit truth = { 2.0, 0.5, 0.0 };
    double gain[4] = { 0.0, 0.0, 0.0, 7.0 };
    curve_fit fit;
    int i;

    for (i = 0; i < 3; i++)
        gain[i] = curve_at(SQUARE, &truth, d[i]) + 0.1 * off[i];
    fit = fit_curve(SQUARE, d, gain, 4);
    CHECK_NEAR(fit.a, 2.0, 1e-12);
    CHECK_NEAR(fit.b, 0.5, 1e-12);
    CHECK_NEAR(fit.error, 0.1 * sqrt(19.0 / 3.0), 1e-12);
}

/* The form that the points do not have leaves an error. */
static void the_other_form_is_further_off(void)
{
    int form, i;

    for (form = 0; form < CURVES; form++) {
        const curve_fit truth = { 2.0, 0.5, 0.0 };
        double gain[6];

        for (i = 0; i < 6; i++)
            gain[i] = curve_at((curve)form, &truth, far_off[i]);
        CHECK(fit_curve((curve)!form, far_off, gain, 6).error > 0.05);
    }
}

static void a_curve_needs_two_distances(void)
{
    static const double same[3] = { 1.5, 1.5, 0.0 }, gain[3] = { 1, 2, 0 };
    static const double two[3] = { 1.5, 2.5, 0.0 };
    int form;

    for (form = 0; form < CURVES; form++) {
        CHECK(isnan(fit_curve((curve)form, same, gain, 3).a));
        CHECK(isnan(fit_curve((curve)form, same, gain, 1).b));
        CHECK(isnan(fit_curve((curve)form, same, gain, 0).error));
        CHECK_NEAR(fit_curve((curve)form, two, gain, 3).error, 0.0, 1e-12);
    }
}

/* Nowhere near is it higher; where b is not positive it rises for ever. */
static void a_curve_is_highest_at_its_peak(void)
{
    const curve_fit fit = { 2.0, 0.5, 0.0 }, rises = { 2.0, -0.5, 0.0 };
    const curve_fit falls = { -2.0, 0.5, 0.0 };
    int form;

    CHECK_NEAR(curve_peak(SQUARE, &fit), 2.0, 1e-15);
    CHECK_NEAR(curve_peak(LOGARITHM, &fit), exp(3.0), 1e-12);
    for (form = 0; form < CURVES; form++) {
        const double top = curve_peak((curve)form, &fit);
        const double there = curve_at((curve)form, &fit, top);

        CHECK(there > curve_at((curve)form, &fit, 0.99 * top));
        CHECK(there > curve_at((curve)form, &fit, 1.01 * top));
        CHECK(isnan(curve_peak((curve)form, &rises)));
    }
    CHECK(isnan(curve_peak(SQUARE, &falls)));
}

/* Seeds whose curves have a = 1, 2, 3: the interval of a is that of 1, 2, 3. */
static void a_fit_has_the_interval_of_its_seeds(void)
{
    double a[3], gain[6];
    interval r;
    int seed, i;

    for (seed = 0; seed < 3; seed++) {
        const curve_fit truth = { seed + 1.0, 0.1 * seed, 0.0 };

        for (i = 0; i < 6; i++)
            gain[i] = curve_at(LOGARITHM, &truth, far_off[i]);
        a[seed] = fit_curve(LOGARITHM, far_off, gain, 6).a;
    }
    r = student_interval(a, 3);
    CHECK_NEAR(r.mean, 2.0, 1e-12);
    CHECK_NEAR(r.high - r.mean, 4.303 / sqrt(3.0), 1e-12);
}

/* The rank u of the best of n has the density n u^(n - 1) on 0 to 1. */
static void the_kl_of_best_of_n_is_its_integral(void)
{
    int n, i;

    CHECK_NEAR(best_of_kl(1), 0.0, 0.0);
    CHECK_NEAR(best_of_kl(2), log(2.0) - 0.5, 1e-15);
    for (n = 2; n <= 16; n *= 2) {
        double sum = 0.0;

        for (i = 0; i < 100000; i++) {
            const double u = (i + 0.5) / 100000;
            const double density = n * pow(u, n - 1);

            sum += density * log(density) / 100000;
        }
        CHECK_NEAR(best_of_kl(n), sum, 1e-5);  // the midpoint rule
    }
}

static void a_path_is_straight_between_its_points(void)
{
    static const double d[3] = { 2.0, 1.0, 3.0 }, gain[3] = { 5.0, 1.0, 2.0 };

    CHECK_NEAR(path_at(d, gain, 3, 0.0), 0.0, 0.0);
    CHECK_NEAR(path_at(d, gain, 3, 0.5), 0.5, 1e-15);
    CHECK_NEAR(path_at(d, gain, 3, 1.0), 1.0, 1e-15);
    CHECK_NEAR(path_at(d, gain, 3, 1.25), 2.0, 1e-15);
    CHECK_NEAR(path_at(d, gain, 3, 2.5), 3.5, 1e-15);
    CHECK_NEAR(path_at(d, gain, 3, 3.0), 2.0, 1e-15);
    CHECK_NEAR(path_at(d, gain, 3, 9.0), 2.0, 1e-15);  // as the last one
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
    CASE(a_curve_is_found_again),
    CASE(curves_are_those_of_their_formulas),
    CASE(what_no_curve_follows_is_its_error),
    CASE(the_other_form_is_further_off),
    CASE(a_curve_needs_two_distances),
    CASE(a_curve_is_highest_at_its_peak),
    CASE(a_fit_has_the_interval_of_its_seeds),
    CASE(the_kl_of_best_of_n_is_its_integral),
    CASE(a_path_is_straight_between_its_points),
    CASE(every_figure_of_a_heat_map_can_be_read),
    CASE(a_heat_map_diverges_around_one_half)
};

int main(int argc, char **argv)
{
    return check_main(cases, COUNT(cases), argc, argv);
}
