/* test_data.c - the tool's parts that read other projects' data: the
 * length-controlled win rate, Hugging Face's tokenizer.json                 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include "../examples/length_control.h"
#include "check.h"

/* ==== the length-controlled win rate ===================================== */

enum { MOST = 20000 };
static double win[MOST], longer[MOST];

/* Lengths as judges see them: the model's is mostly the longer one. */
static void draw_lengths(int count, double mean)
{
    int i;

    for (i = 0; i < count; i++)
        longer[i] = floor(mean + 300.0 * sppo_random_normal(11, (uint64_t)i));
}

static double sigma(double z)
{
    return 1.0 / (1.0 + exp(-z));
}

/* Mean 3.2 / 5; squares around it 0.652 in sum, over 4; lengths likewise. */
static void win_rate_and_its_error(void)
{
    static const double five[] = { 0.0, 1.0, 0.9, 0.5, 0.8 };
    static const double length[] = { 5, -3, 2, 0, 8 };
    length_control c;

    length_control_measure(&c, five, length, 5);
    CHECK_NEAR(c.win_rate, 0.64, 1e-15);
    CHECK_NEAR(c.standard_error, sqrt(0.652 / 4.0 / 5.0), 1e-15);
    CHECK(c.wins == 3 && c.losses == 1 && c.draws == 1);
    CHECK_NEAR(c.sd, sqrt(73.2 / 4.0), 1e-12);
    length_control_measure(&c, five + 4, length + 4, 1);
    CHECK(c.win_rate == 0.8 && c.standard_error != c.standard_error);
}

/* The judge is the model that is fitted: its coefficients come back. */
static void coefficients_are_recovered(void)
{
    length_control c;
    double sd, rate = 0.0, information = 0.0;
    int i;

    draw_lengths(MOST, 150.0);
    sample_moments(longer, MOST, &sd);
    for (i = 0; i < MOST; i++) {
        win[i] = sigma(-0.4 + 1.7 * tanh(longer[i] / sd));
        rate += win[i] / MOST;
        information += win[i] * (1.0 - win[i]);
    }
    length_control_measure(&c, win, longer, MOST);
    CHECK_NEAR(c.theta, -0.4, 5e-5);  // the penalty weighs 1 in 10^5 here
    CHECK_NEAR(c.phi, 1.7, 5e-5);
    CHECK_NEAR(c.controlled, sigma(-0.4), 1e-5);
    CHECK_NEAR(c.win_rate, rate, 1e-12);
    CHECK(c.win_rate > 0.5 && c.controlled < 0.41);
    for (i = 0; i < MOST; i++)  // heads or tails instead of probabilities
        win[i] = sppo_random_uniform(12, (uint64_t)i) < win[i] ? 1.0 : 0.0;
    length_control_measure(&c, win, longer, MOST);
    CHECK_NEAR(c.theta, -0.4, 4.0 * sqrt(2.0 / information));
    CHECK_NEAR(c.phi, 1.7, 8.0 * sqrt(2.0 / information));
}

/* A judge who sees nothing but length: 77 % to the longer-winded model, half
 * of it at equal length. The data are separable, the fit is finite.         */
static void length_alone_gives_a_half(void)
{
    length_control c;
    int i;

    draw_lengths(805, 220.0);
    for (i = 0; i < 805; i++)
        win[i] = longer[i] > 0.0 ? 1.0 : longer[i] < 0.0 ? 0.0 : 0.5;
    length_control_measure(&c, win, longer, 805);
    CHECK(c.win_rate > 0.72);
    CHECK_NEAR(c.controlled, 0.5, 0.05);
    CHECK(c.phi > 10.0 && c.phi < 1e3);
}

/* One who does not see it: control changes nothing. */
static void no_length_bias_leaves_the_rate(void)
{
    length_control c;
    int i;

    draw_lengths(MOST, 220.0);
    for (i = 0; i < MOST; i++)
        win[i] = 0.7;
    length_control_measure(&c, win, longer, MOST);
    CHECK_NEAR(c.controlled, 0.7, 1e-5);
    CHECK_NEAR(c.phi, 0.0, 1e-4);
}

/* The other way round gives the other's rate: 1 - it, the same phi. */
static void control_is_antisymmetric(void)
{
    length_control c, d;
    int i;

    draw_lengths(500, 100.0);
    for (i = 0; i < 500; i++)
        win[i] = sppo_random_uniform(13, (uint64_t)i);
    length_control_measure(&c, win, longer, 500);
    for (i = 0; i < 500; i++) {
        win[i] = 1.0 - win[i];
        longer[i] = -longer[i];
    }
    length_control_measure(&d, win, longer, 500);
    CHECK_NEAR(c.controlled + d.controlled, 1.0, 1e-12);
    CHECK_NEAR(c.phi, d.phi, 1e-10);
}

static void extremes_stay_finite(void)
{
    static const double none[] = { 1, 1, 1 }, length[] = { 4, -2, 9 };
    static const double same[] = { 7, 7, 7 }, zero[] = { 0, 0, 0 };
    static const double mixed[] = { 1, 1, 0.25 };
    length_control c;

    length_control_measure(&c, none, length, 3);
    CHECK(c.win_rate == 1.0 && c.standard_error == 0.0);
    CHECK(c.controlled > 0.9 && c.controlled < 1.0);
    length_control_measure(&c, mixed, zero, 3);
    CHECK_NEAR(c.controlled, 0.75, 5e-3);
    length_control_measure(&c, mixed, same, 3);
    CHECK(c.controlled != c.controlled);
    CHECK_NEAR(c.win_rate, 0.75, 1e-15);
}

/* Slope and curvature against differences of the loss. */
static void slopes_are_those_of_the_loss(void)
{
    const double at[2] = { 0.3, -0.8 }, h = 1e-4;
    double slope[2], curve[3], spare[3], unused[2];
    int i;

    draw_lengths(50, 100.0);
    for (i = 0; i < 50; i++)
        win[i] = sppo_random_uniform(14, (uint64_t)i);
    length_loss(win, longer, 50, at, 200.0, slope, curve);
    for (i = 0; i < 2; i++) {
        double up[2] = { at[0], at[1] }, down[2] = { at[0], at[1] };
        double above[2], below[2], difference;
        up[i] += h;
        down[i] -= h;
        difference = length_loss(win, longer, 50, up, 200.0, above, spare) -
                     length_loss(win, longer, 50, down, 200.0, below, spare);
        CHECK_NEAR(slope[i], difference / (2.0 * h), 1e-6);
        CHECK_NEAR(curve[i], (above[0] - below[0]) / (2.0 * h), 1e-6);
        CHECK_NEAR(curve[i + 1], (above[1] - below[1]) / (2.0 * h), 1e-6);
    }
    length_fit(win, longer, 50, 200.0, unused);
    length_loss(win, longer, 50, unused, 200.0, slope, curve);
    CHECK_NEAR(slope[0], 0.0, 1e-8);  // a minimum
    CHECK_NEAR(slope[1], 0.0, 1e-8);
}

static const check_case cases[] = {
    CASE(win_rate_and_its_error),
    CASE(coefficients_are_recovered),
    CASE(length_alone_gives_a_half),
    CASE(no_length_bias_leaves_the_rate),
    CASE(control_is_antisymmetric),
    CASE(extremes_stay_finite),
    CASE(slopes_are_those_of_the_loss)
};

int main(int argc, char **argv)
{
    return check_main(cases, COUNT(cases), argc, argv);
}
