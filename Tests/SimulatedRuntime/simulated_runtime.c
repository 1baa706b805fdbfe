#define _GNU_SOURCE
#include "simulated_runtime.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SWIFTCALL __attribute__((swiftcall))

// The runtime's hooks (stdlib/public/Concurrency of Swift, and swift/ABI/Task.h). Each receives the original function last.
typedef SWIFTCALL void (*enqueue_hook)(void *job, void *original);
typedef SWIFTCALL void (*delay_hook)(uint64_t nanoseconds, void *job, void *original);
typedef SWIFTCALL void (*deadline_hook)(long long seconds, long long nanoseconds, long long tolerance_seconds,
                                        long long tolerance_nanoseconds, int clock, void *job, void *original);

extern enqueue_hook swift_task_enqueueGlobal_hook;
extern enqueue_hook swift_task_enqueueMainExecutor_hook;
extern delay_hook swift_task_enqueueGlobalWithDelay_hook;
extern deadline_hook swift_task_enqueueGlobalWithDeadline_hook;

SWIFTCALL void swift_job_run(void *job, void *executor_identity, uintptr_t executor_implementation);

static const int64_t nanoseconds_per_second = 1000000000;

// Dispatch starts a thread of its own, which reads the clock and runs nothing.
static _Atomic int64_t simulated_time = -1;
static simulated_enqueue enqueue_now;
static simulated_enqueue_at enqueue_later;

static SWIFTCALL void on_enqueue(void *job, void *original) {
    (void)original;
    enqueue_now(job);
}

static SWIFTCALL void on_delay(uint64_t nanoseconds, void *job, void *original) {
    (void)original;
    enqueue_later(simulated_time + (int64_t)nanoseconds, job);
}

static SWIFTCALL void on_deadline(long long seconds, long long nanoseconds, long long tolerance_seconds,
                                  long long tolerance_nanoseconds, int clock, void *job, void *original) {
    (void)tolerance_seconds;
    (void)tolerance_nanoseconds;
    (void)clock;
    (void)original;
    enqueue_later(seconds * nanoseconds_per_second + nanoseconds, job);
}

void simulated_runtime_install(simulated_enqueue now, simulated_enqueue_at later) {
    enqueue_now = now;
    enqueue_later = later;
    swift_task_enqueueGlobal_hook = on_enqueue;
    swift_task_enqueueMainExecutor_hook = on_enqueue;
    swift_task_enqueueGlobalWithDelay_hook = on_delay;
    swift_task_enqueueGlobalWithDeadline_hook = on_deadline;
}

void simulated_runtime_run(void *job) { swift_job_run(job, NULL, 0); }

void simulated_runtime_set_time(int64_t nanoseconds) { simulated_time = nanoseconds; }

// The two functions below take the place of the C library's and of Dispatch's in the whole process: the dynamic linker finds a
// symbol of the program before those of libraries. The clocks of Swift read the time through the first. In Swift 6.3 a sleep on the
// default executor calls the second, and not the hook of deadlines.

int clock_gettime(clockid_t clock, struct timespec *time) {
    const int64_t now = simulated_time;
    if (now < 0) return (int)syscall(SYS_clock_gettime, clock, time);
    time->tv_sec = now / nanoseconds_per_second;
    time->tv_nsec = now % nanoseconds_per_second;
    return 0;
}

void dispatch_after_f(uint64_t when, void *queue, void *context, void (*work)(void *)) {
    // dispatch_time_t: the highest bits name the clock, the others are its nanoseconds.
    static const uint64_t time_bits = 0x3fffffffffffffff;
    (void)queue;
    (void)work;
    if (enqueue_later == NULL) {
        fputs("dispatch_after_f outside a simulation\n", stderr);
        abort();
    }
    // The runtime's only use: the context is the job.
    enqueue_later((int64_t)(when & time_bits), context);
}
