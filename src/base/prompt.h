/* A thread that is to run as soon as something is there for it to do.
 * Linux gives every thread turns of the same length (milliseconds) and adds up to 50 microseconds to its sleeps, so that it
 * wakes with others.  Whoever does little at a time, and is waited for, is better off with short turns: it has no more of the
 * processor for it, but comes first when it wakes while others are in the middle of theirs. */
#ifndef UNDERSTUDY_BASE_PROMPT_H
#define UNDERSTUDY_BASE_PROMPT_H

#define PROMPT_SLICE_NS 100000 /* of a turn: the shortest that the kernel gives */

/* Short turns and exact sleeps for the calling thread; nice value and policy stay.  Needs no rights.  Turns of a length of
 * its own are known from Linux 6.12 on (sched(7), sched_setattr(2)); earlier ones leave all as it was. */
void prompt_thread(void);

#endif
