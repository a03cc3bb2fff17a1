// A few threads for the tasks of one layer; see parallel.c.
#ifndef SSLPIPE_PARALLEL_H
#define SSLPIPE_PARALLEL_H

// sslpipe_parallel calls run(job, task, worker) for each task from 0, in the calling thread and
// in up to threads-1 others, and returns when all are done. Worker is less than threads, and no
// two tasks that run at the same time have the same.
void sslpipe_parallel(int tasks, int threads, void (*run)(void *job, int task, int worker), void *job);

#endif
