// A driver's library with two GPUs, for driver_test.go.
#include <stddef.h>
#include <stdio.h>

#ifndef INIT
#define INIT 0
#endif

int cuDriverGetVersion(int *version) { *version = 12040; return 0; }
#ifndef LACKING
int cuInit(unsigned flags) { return INIT; }
#endif
int cuDeviceGetCount(int *n) { *n = 2; return 0; }
int cuDeviceGet(int *device, int i) { *device = i; return 0; }
int cuDeviceGetName(char *name, int size, int device) { snprintf(name, size, "Made-up %d", device); return 0; }
int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = (size_t)(device + 1) << 30; return 0; }
int cuDeviceGetAttribute(int *value, int attribute, int device) { *value = attribute == 75 ? 9 : attribute == 76 ? device : -1; return 0; }
