#ifndef SIMULATED_RUNTIME_H
#define SIMULATED_RUNTIME_H

#include <stdint.h>

/// Receives a job that can run now.
typedef void (*simulated_enqueue)(void *_Nonnull job);
/// Receives a job that can run at a time of the simulated clock, in nanoseconds.
typedef void (*simulated_enqueue_at)(int64_t nanoseconds, void *_Nonnull job);

/// Redirects every job of the Swift runtime, now and later, to these functions. No thread of the runtime runs a job afterwards.
void simulated_runtime_install(simulated_enqueue _Nonnull now, simulated_enqueue_at _Nonnull later);

/// Runs a job on the calling thread until it suspends.
void simulated_runtime_run(void *_Nonnull job);

/// Sets the time that every clock of this process shows, in nanoseconds. A negative time shows the real clocks again.
void simulated_runtime_set_time(int64_t nanoseconds);

#endif
