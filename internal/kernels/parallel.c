#include "parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#if defined(__x86_64__)
#define PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define PAUSE() __asm__ volatile("yield")
#else
#define PAUSE() ((void)0)
#endif

enum {
	MAX_HELPERS = 255,
	// Turns of waiting before a thread goes to sleep: some 50 microseconds or less. A layer
	// has up to ten phases, and to be woken takes as long as a short one.
	SPINS = 4000,
};

// A call, on the caller's stack. It stays there until no helper holds it.
typedef struct call {
	int tasks;
	void (*run)(void *, int, int);
	void *job;
	atomic_int next, done;
	int wanted, joined; // helpers, under the lock
	atomic_int inside;  // helpers that still look at this call
	struct call *below; // the next one that wants helpers
} call;

static struct {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	call *top;        // calls that want helpers
	atomic_int calls; // grows with every call: what idle helpers watch
	int helpers, asleep;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static void work(call *c, int worker) {
	int task, finished = 0;
	while ((task = atomic_fetch_add_explicit(&c->next, 1, memory_order_relaxed)) < c->tasks) {
		c->run(c->job, task, worker);
		finished++;
	}
	atomic_fetch_add_explicit(&c->done, finished, memory_order_release);
}

// take joins a call that wants helpers, under the lock.
static call *take(int *worker) {
	call *c = pool.top;
	if (c == NULL) return NULL;
	*worker = ++c->joined;
	atomic_fetch_add(&c->inside, 1);
	if (c->joined == c->wanted) pool.top = c->below;
	return c;
}

static void *helper(void *unused) {
	(void)unused;
	// Signals are for the program's own threads.
	sigset_t all;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	for (;;) {
		int worker, seen = atomic_load(&pool.calls);
		pthread_mutex_lock(&pool.lock);
		call *c = take(&worker);
		pthread_mutex_unlock(&pool.lock);
		if (c != NULL) {
			work(c, worker);
			atomic_fetch_sub(&c->inside, 1);
			continue;
		}
		for (int i = 0; i < SPINS && atomic_load_explicit(&pool.calls, memory_order_acquire) == seen; i++) PAUSE();
		if (atomic_load(&pool.calls) != seen) continue;
		pthread_mutex_lock(&pool.lock);
		pool.asleep++;
		while (atomic_load(&pool.calls) == seen) pthread_cond_wait(&pool.wake, &pool.lock);
		pool.asleep--;
		pthread_mutex_unlock(&pool.lock);
	}
	return NULL;
}

// offer makes a call known to helpers, and starts those that are missing.
static void offer(call *c) {
	pthread_mutex_lock(&pool.lock);
	while (pool.helpers < c->wanted) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, helper, NULL) != 0) break; // the caller does their part
		pthread_detach(thread);
		pool.helpers++;
	}
	c->below = pool.top;
	pool.top = c;
	atomic_fetch_add(&pool.calls, 1);
	if (pool.asleep > 0) pthread_cond_broadcast(&pool.wake);
	pthread_mutex_unlock(&pool.lock);
}

// withdraw lets no more helpers in.
static void withdraw(call *c) {
	pthread_mutex_lock(&pool.lock);
	for (call **p = &pool.top; *p != NULL; p = &(*p)->below) {
		if (*p == c) {
			*p = c->below;
			break;
		}
	}
	pthread_mutex_unlock(&pool.lock);
}

void sslpipe_parallel(int tasks, int threads, void (*run)(void *, int, int), void *job) {
	if (threads > tasks) threads = tasks;
	if (threads > MAX_HELPERS + 1) threads = MAX_HELPERS + 1;
	if (threads <= 1) {
		for (int i = 0; i < tasks; i++) run(job, i, 0);
		return;
	}
	call c = {.tasks = tasks, .run = run, .job = job, .wanted = threads - 1};
	offer(&c);
	work(&c, 0);
	withdraw(&c);
	for (int i = 0; atomic_load_explicit(&c.done, memory_order_acquire) < tasks || atomic_load(&c.inside) > 0; i++) {
		if (i < SPINS) PAUSE();
		else sched_yield();
	}
}
