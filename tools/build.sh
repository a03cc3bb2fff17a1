# shellcheck shell=sh
# Builds bin/sslpipe. Sourced by the launcher and by the Makefile, with $root
# naming the checkout; defines functions and runs nothing.
: "${root:?}"

# sources ACTION... does an action of find for each file that the program is
# made of: everything but tests.
sources() {
	(cd "$root" && find cmd internal testdata third_party tools go.mod go.sum -type f ! -name '*_test.go' "$@")
}

# stale compares the list of sources, in which new ones are marked, with the
# list that the program was built from, so that deleted files count too. -cnewer
# asks for the last change of a file's inode, which is also new where a file was
# moved here or unpacked with an old time of modification.
stale() {
	[ -x "$root/bin/sslpipe" ] || return 0
	! sources \( -cnewer bin/sslpipe -printf 'new ' , -print \) | cmp -s - "$root/bin/.sources"
}

build_if_stale() {
	stale || return 0
	mkdir -p "$root/bin"
	(
		. "$root/tools/goenv.sh"
		need_tools
		if command -v flock >/dev/null; then flock 9; fi
		# Whoever held the lock may have built it.
		if stale; then build; fi
	) 9>"$root/bin/.build.lock"
}

# build makes the program in a file of its own and renames it, so that nobody
# starts half of one. It must run in a subshell, which the traps belong to.
build() {
	new=$root/bin/.sslpipe.$$
	trap 'rm -f "$new" "$new.time" "$new.log" "$new.sources"' EXIT
	trap 'exit 130' INT TERM HUP
	if [ -x "$root/bin/sslpipe" ]; then
		echo "building sslpipe (its sources have changed) ..." >&2
	else
		echo "building sslpipe (once, about a minute) ..." >&2
	fi
	: >"$new.time"
	sources -print >"$new.sources"
	if ! (cd "$root" && go build -trimpath -buildvcs=false -o "$new" ./cmd/sslpipe) >"$new.log" 2>&1; then
		cat "$new.log" >&2
		echo "sslpipe: the build failed" >&2
		exit 1
	fi
	# A source that changed during the build must count as newer than it.
	touch -r "$new.time" "$new"
	mv -f "$new.sources" "$root/bin/.sources"
	mv -f "$new" "$root/bin/sslpipe"
}

need_tools() {
	compiler=${CC:-gcc}
	if ! command -v go >/dev/null; then
		echo "sslpipe: go is needed to build this program, 1.21 or newer (Debian, Ubuntu: apt-get install golang-go; or https://go.dev/dl)" >&2
		exit 1
	fi
	if ! command -v "${compiler%% *}" >/dev/null; then
		echo "sslpipe: a C compiler is needed to build this program (Debian, Ubuntu: apt-get install gcc libc6-dev)" >&2
		exit 1
	fi
}
