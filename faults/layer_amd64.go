package main

import "golang.org/x/sys/unix"

const processor = unix.AUDIT_ARCH_X86_64

// elsewhere are the calls that newer processors do not have.
var elsewhere = map[int32]shape{
	unix.SYS_OPEN:   opening(onPath("open", -1, 0, 1)),
	unix.SYS_CREAT:  onPath("create", -1, 0, -1),
	unix.SYS_MKDIR:  onPath("mkdir", -1, 0, -1),
	unix.SYS_RMDIR:  onPath("rmdir", -1, 0, -1),
	unix.SYS_UNLINK: onPath("unlink", -1, 0, -1),
	unix.SYS_RENAME: onPaths("rename", -1, 0, -1, 1, -1),
	unix.SYS_LINK:   onPaths("link", -1, 0, -1, 1, -1),
}
