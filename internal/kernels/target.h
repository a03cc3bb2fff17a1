// TARGET compiles what follows, until TARGET_END, for more instructions than the rest of the program. Compilers
// spell it differently.
#ifndef SSLPIPE_TARGET_H
#define SSLPIPE_TARGET_H

#define PRAGMA(x) _Pragma(#x)
#if defined(__clang__)
#define TARGET(features) PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define TARGET_END PRAGMA(clang attribute pop)
#else
#define TARGET(features) PRAGMA(GCC target(features))
#define TARGET_END
#endif

#endif
