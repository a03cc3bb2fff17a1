package main

import "golang.org/x/sys/unix"

const processor = unix.AUDIT_ARCH_AARCH64

// elsewhere are the calls that other processors do not have: here, none.
var elsewhere = map[int32]shape{}
