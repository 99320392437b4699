/* What the files of follow.h share; for them only. */
#ifndef UNDERSTUDY_TRANSFER_FOLLOW_PARTS_H
#define UNDERSTUDY_TRANSFER_FOLLOW_PARTS_H

#include "transfer/follow.h"

/* -- follow_trouble.c -- */

void trouble_clear(struct follow *f);
/* What a round has found is over. */
void trouble_forget_round(struct follow *f);
/* A copy at our serial failed. */
void trouble_same(struct follow *f, const struct why *why, bool of_signatures);
/* The primary's content at our serial is ours now; or its signatures are. */
void trouble_same_over(struct follow *f);
void trouble_signatures_same(struct follow *f);
/* A round went well: nothing is wrong any more but, maybe, a copy at our serial. */
void trouble_settle(struct follow *f, int64_t now_s);
/* A round failed: the worst of it is what is wrong with the zone. */
void trouble_stays(struct follow *f, int64_t now_s);
/* A primary of this round failed. */
void trouble_blame(struct follow *f, const struct why *why);
/* A copy failed, and why is worth a question. */
void trouble_probe(struct follow *f, const struct why *why);
struct why trouble_probed(const struct follow *f);
/* The last round failed by what a primary sent, not by the way to it: trying again at once would bring the same. */
bool trouble_is_of_content(const struct follow *f);

/* -- follow_times.c -- */

bool follow_serves(const struct follow *f);
struct timers times_bounded(const struct follow *f, const struct follow_env *env);
int64_t times_retry_at(const struct follow *f, const struct follow_env *env);
/* The version expires this long after a primary has confirmed it now. */
uint32_t times_expire_wait(uint32_t expire_s, uint32_t cut_s);
int64_t times_expire_at(const struct follow *f, const struct timers *bounded);
/* A primary has the version; is_new: we did not have it before. */
void times_prolong(struct follow *f, const struct follow_env *env, bool is_new);

/* -- follow_round.c: each ends in a decision -- */

struct choice *follow_choice(struct follow *f); /* made if there is none */
struct follow_decision round_start(struct follow *f, const struct follow_env *env, enum urgency urgency,
                                   bool forced);
/* Now, or soon if the last round failed just before. */
struct follow_decision round_for_notify(struct follow *f, const struct follow_env *env);
bool round_holds_notified(const struct follow *f);
struct follow_decision round_ask(struct follow *f); /* the primary at its place */
struct follow_decision round_next_primary(struct follow *f, const struct follow_env *env);
/* The primary has our serial, and nothing else is to be had of it. */
struct follow_decision round_same(struct follow *f, const struct follow_env *env);
/* Everybody was asked. */
struct follow_decision round_asked(struct follow *f, const struct follow_env *env);
struct follow_decision round_copy_from(struct follow *f, const struct follow_env *env, unsigned primary,
                                       enum follow_cause cause);
struct follow_decision round_copy_best(struct follow *f, const struct follow_env *env);
/* What was copied can't be used: who else has something? */
struct follow_decision round_copy_failed(struct follow *f, const struct follow_env *env);
/* A primary has, or gave us, the version that we hold. */
struct follow_decision round_confirm(struct follow *f, const struct follow_env *env);
struct follow_decision round_failed(struct follow *f, const struct follow_env *env);

#endif
